"""A database on PostgreSQL that serves one test after another: what a test has left in it is put as it was.

To copy a template, and to connect to the copy, costs a test more than what it does there.
"""

from typing import Any, LiteralString

import psycopg
from psycopg import sql

#: Rows taken out of it leave traces, which make it slower: after so many, a new copy is as cheap.
_MOST_ROWS = 5_000
_TABLES = """
SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname
"""
_OTHERS = """
SELECT count(*) FILTER (WHERE state = 'idle'), count(*) FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
_LOCKS = """
SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database
WHERE datname = current_database() AND locktype = 'advisory'
"""
#: The number that the next transaction which writes will have, in any database of the server.
_NEXT_WRITE = "SELECT pg_snapshot_xmax(pg_current_snapshot())"


class Restored:
    """A fresh copy of a template, as the superuser has it: no guard and no foreign key holds him."""

    def __init__(self, dsn: str) -> None:
        """Look at the fresh copy, which `restore` will make again."""
        self._connection = psycopg.connect(dsn, autocommit=True, options="-c session_replication_role=replica")
        self._tables = [sql.Identifier(name) for (name,) in self._rows(_TABLES)]
        filled = sql.SQL("SELECT {number} WHERE EXISTS (SELECT FROM {table})")
        self._which_are_filled = sql.SQL(" UNION ALL ").join(
            filled.format(number=sql.Literal(number), table=table) for number, table in enumerate(self._tables)
        )
        self._at_first = {number: self._read(number) for number in self._filled()}
        self._next_write = self._rows(_NEXT_WRITE)
        self._taken_out = 0

    def restore(self, idle: int) -> bool:
        """Make it what it was at first; False when that cannot be, and it must be dropped.

        It cannot where others than `idle` connections, which tests keep, may still write or hold something.
        """
        if self._rows(_OTHERS) != [(idle, idle)] or self._rows(_LOCKS) != [(0,)]:
            return False
        if self._rows(_NEXT_WRITE) != self._next_write:
            with self._connection.transaction():
                for number in self._at_first.keys() | self._filled():
                    self._restore(number)
            self._next_write = self._rows(_NEXT_WRITE)
        return self._taken_out <= _MOST_ROWS

    def close(self) -> None:
        """Leave it."""
        self._connection.close()

    def _filled(self) -> set[int]:
        return {number for (number,) in self._rows(self._which_are_filled)}

    def _restore(self, number: int) -> None:
        at_first = self._at_first.get(number)
        if at_first is not None and self._read(number) == at_first:
            return
        self._taken_out += self._connection.execute(sql.SQL("DELETE FROM {}").format(self._tables[number])).rowcount
        if at_first is not None:
            with self._connection.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(self._tables[number])) as copy:
                copy.write(at_first)

    def _read(self, number: int) -> bytes:
        with self._connection.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(self._tables[number])) as copy:
            return b"".join(copy)

    def _rows(self, question: LiteralString | sql.Composed) -> list[tuple[Any, ...]]:  # of what is asked for
        return self._connection.execute(question).fetchall()
