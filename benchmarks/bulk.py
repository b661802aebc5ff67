"""Rows into a migrated database as fast as its driver takes them: COPY on PostgreSQL, executemany on SQLite."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import psycopg

from app.core.engines import sqlite_module

_Rows = Iterable[tuple[Any, ...]]


class Loader(Protocol):
    """Loads rows; ids are 32 hex digits, days and instants ISO text."""

    def load(self, table: str, columns: Sequence[str], rows: _Rows) -> None:
        """Add rows to a table."""

    def run(self, statement: str) -> None:
        """Run a statement."""

    def as_uuid(self, expression: str) -> str:
        """Return the SQL of an id, from that of its 32 digits."""


@contextmanager
def loading(url: str) -> Iterator[Loader]:
    """Yield a loader of an empty, migrated database; statistics of the planner are made at the end."""
    if url.startswith("sqlite"):
        with _loading_sqlite(url) as loader:
            yield loader
    else:
        with _loading_postgresql(url) as loader:
            yield loader


class _Sqlite:
    def __init__(self, connection: Any) -> None:  # noqa: ANN401 - of whichever SQLite module
        self._connection = connection

    def load(self, table: str, columns: Sequence[str], rows: _Rows) -> None:
        marks = ", ".join("?" * len(columns))
        self._connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)  # noqa: S608

    def run(self, statement: str) -> None:
        self._connection.execute(statement)

    def as_uuid(self, expression: str) -> str:
        return expression


@contextmanager
def _loading_sqlite(url: str) -> Iterator[Loader]:
    connection = sqlite_module().connect(url.removeprefix("sqlite:///"))
    connection.isolation_level = None
    # A log of gigabytes would be searched for every page; DELETE is the way from WAL to none.
    journal = ("journal_mode=DELETE", "journal_mode=OFF")
    for setting in (*journal, "synchronous=OFF", "foreign_keys=OFF", "cache_size=-500000"):
        connection.execute(f"PRAGMA {setting}")
    connection.execute("BEGIN IMMEDIATE")
    yield _Sqlite(connection)
    connection.execute("COMMIT")
    connection.execute("ANALYZE")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()


class _Postgresql:
    def __init__(self, connection: "psycopg.Connection[Any]") -> None:
        self._connection = connection

    def load(self, table: str, columns: Sequence[str], rows: _Rows) -> None:
        statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
        with self._connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
            for row in rows:
                copy.write_row(row)

    def run(self, statement: str) -> None:
        self._connection.execute(statement.encode())

    def as_uuid(self, expression: str) -> str:
        return f"CAST({expression} AS UUID)"


@contextmanager
def _loading_postgresql(url: str) -> Iterator[Loader]:
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        connection.execute("SET timezone = 'UTC'")
        connection.execute("SET session_replication_role = replica")  # eight million foreign keys are sound by making
        yield _Postgresql(connection)
        connection.commit()
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")
