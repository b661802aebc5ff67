"""Backup and restoring of a PostgreSQL database with its own programs pg_dump and pg_restore."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO
from zipfile import ZipFile

from psycopg.conninfo import make_conninfo
from sqlalchemy import Connection, Engine, NullPool, create_engine

from app.backups.archive import put_database, read_database
from app.backups.manifest import Totals, count_totals, read_revision
from app.core.errors import Conflict
from app.core.row_security import Reach
from app.core.timeouts import Purpose

_KEPT_ASIDE = "swx_replaced"
#: Every row, also for a role that row-level security holds.
_REACH = f"-c swx.reach={Reach.EXCHANGE}"


def back_up_server(url: str, archive: ZipFile, programs: Path | None) -> tuple[str, int, str, Totals]:
    """Dump a database into an archive as one snapshot sees it; return SHA-256, size, revision and totals."""
    with _engine(url).connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        snapshot = connection.exec_driver_sql("SELECT pg_export_snapshot()").scalar_one()
        revision, totals = read_revision(connection), count_totals(connection)
        # Roles are the server's, not the database's: what they may do is said anew where it is restored.
        plain = ("--format=custom", "--no-owner", "--no-privileges", "--enable-row-security")
        command = [_find("pg_dump", programs), *plain, f"--snapshot={snapshot}"]
        with _running(command, url) as process:
            assert process.stdout is not None  # noqa: S101 - a pipe, as asked for
            return *put_database(archive, process.stdout, compress=False), revision, totals


def restore_server(url: str, archive: ZipFile, totals: Totals, programs: Path | None, *, may_replace: bool) -> None:
    """Restore the database of an archive; what was there is dropped once the totals are right, else it is put back.

    Raises Conflict for a database that is not empty and may not be replaced, or that servers or workers use.
    """
    command = [
        _find("pg_restore", programs),
        "--exit-on-error",
        "--single-transaction",
        "--no-owner",
        "--no-privileges",
    ]
    engine = _engine(url)
    with engine.begin() as connection:
        _check_unused(connection)
        is_empty = not _count_tables(connection)
        if not is_empty and not may_replace:
            raise Conflict("not_empty", "The database holds tables already; --replace puts the backup in their place.")
        if not is_empty:
            connection.exec_driver_sql(f"ALTER SCHEMA public RENAME TO {_KEPT_ASIDE}")
            _make_schema(connection)
    is_done = False
    try:
        with read_database(archive) as content, _running(command, url, feeds=True) as process:
            assert process.stdin is not None  # noqa: S101 - a pipe, as asked for
            shutil.copyfileobj(content, process.stdin)
            process.stdin.close()
        with engine.connect() as connection:
            is_done = count_totals(connection) == totals
        if not is_done:
            raise Conflict("totals_differ", "The restored database has other totals than the backup says.")
    finally:
        with engine.begin() as connection:
            _tidy(connection, is_done=is_done, is_empty=is_empty)


def _tidy(connection: Connection, *, is_done: bool, is_empty: bool) -> None:
    """Drop what was replaced; after a failure, drop what was restored and put back what was there."""
    if not is_done:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        if is_empty:
            _make_schema(connection)
        else:
            connection.exec_driver_sql(f"ALTER SCHEMA {_KEPT_ASIDE} RENAME TO public")
    elif not is_empty:
        connection.exec_driver_sql(f"DROP SCHEMA {_KEPT_ASIDE} CASCADE")


def _make_schema(connection: Connection) -> None:
    """Make the schema as every new database has it."""
    connection.exec_driver_sql("CREATE SCHEMA public AUTHORIZATION pg_database_owner")
    connection.exec_driver_sql("GRANT USAGE ON SCHEMA public TO PUBLIC")


def _count_tables(connection: Connection) -> int:
    query = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
    return int(connection.exec_driver_sql(query).scalar_one())


def _check_unused(connection: Connection) -> None:
    names = ", ".join(f"'{purpose}'" for purpose in (Purpose.SERVER, Purpose.WORKER))
    users = connection.exec_driver_sql(
        "SELECT DISTINCT application_name FROM pg_stat_activity "  # noqa: S608 - names of ours
        f"WHERE datname = current_database() AND application_name IN ({names})"
    ).scalars()
    if found := sorted(users):
        raise Conflict("in_use", f"{' and '.join(found)} run on this database; stop them first.")


def _engine(url: str) -> Engine:
    options = f"-c idle_in_transaction_session_timeout=0 -c statement_timeout=0 -c lock_timeout=10s {_REACH}"
    return create_engine(url, poolclass=NullPool, connect_args={"options": options})


def _find(program: str, programs: Path | None) -> str:
    found = shutil.which(program, path=None if programs is None else str(programs))
    if found is None:
        where = "on the PATH" if programs is None else f"in {programs}"
        raise Conflict(
            "program_missing",
            f"There is no {program} {where}; install PostgreSQL's client programs or name their folder in "
            "SWX_POSTGRESQL_BIN.",
        )
    return found


@contextmanager
def _running(command: Sequence[str], url: str, *, feeds: bool = False) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a program on a database; raises Conflict with its own words when it fails."""
    engine = _engine(url)
    _, given = engine.dialect.create_connect_args(engine.url)
    given.pop("context", None)  # of the driver, the rest is libpq's
    # Not among the arguments, which every user of the machine can list.
    secret = {"PGPASSWORD": str(given.pop("password"))} if "password" in given else {}
    given["options"] = f"{given.get('options', '')} {_REACH}"
    target = f"--dbname={make_conninfo(**given)}"
    pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(  # noqa: S603 - PostgreSQL's own programs
            [*command, target],
            env=os.environ | secret,
            stdin=pipe if feeds else nothing,
            stdout=nothing if feeds else pipe,
            stderr=said,
        )
        with process, suppress(BrokenPipeError):  # it has ended early; why, it says itself
            yield process
        if process.returncode:
            raise Conflict("program_failed", f"{Path(command[0]).name} failed: {_last_words(said)}")


def _last_words(said: IO[bytes]) -> str:
    said.seek(0)
    return said.read().decode(errors="replace").strip()[-2000:]
