"""The database's schema: where it stands, where it should stand, and the way there (Alembic)."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg.errors import DeadlockDetected, LockNotAvailable
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from app.core.row_security import BEGIN, CALLER, EXCHANGE

FOLDER = Path(__file__).resolve().parents[2] / "migrations"
#: PostgreSQL queues everyone behind a lock that is waited for: a step waits no longer than others can bear.
_LOCK_SECONDS = 3
#: How often a step is tried that did not get its locks; long transactions end in between.
_TRIES = 20
_PAUSE_SECONDS = 2.0
#: Any number, of which all who migrate know.
_ADVISORY_LOCK = 5_811_470


class Standing(StrEnum):
    """How a database's schema stands to what this program needs."""

    CURRENT = "current"
    NEWER = "newer"
    BEHIND = "behind"
    EMPTY = "empty"
    UNKNOWN = "unknown"

    @property
    def is_fit(self) -> bool:
        """Tell whether this program can work with it: migrations only add, so it can with a newer one."""
        return self in {Standing.CURRENT, Standing.NEWER}


def make_config() -> Config:
    """Return Alembic's settings."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("path_separator", "os")
    return config


def current_revision(engine: Engine) -> str | None:
    """Return the revision of the database; None for an empty one. Takes no lock of writers."""
    with engine.execution_options(**{BEGIN: "BEGIN"}).connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


@cache
def known_revisions() -> tuple[str, ...]:
    """Return the revisions that this program knows, the first one first."""
    scripts = ScriptDirectory.from_config(make_config()).walk_revisions()
    return tuple(script.revision for script in scripts)[::-1]


def head_revision() -> str:
    """Return the revision that this program needs."""
    return known_revisions()[-1]


def standing_of(revision: str | None) -> Standing:
    """Tell how a database at a revision stands; ids are numbers that grow, so a larger one is of a later program."""
    if revision is None:
        return Standing.EMPTY
    if revision == head_revision():
        return Standing.CURRENT
    if revision in known_revisions():
        return Standing.BEHIND
    return Standing.NEWER if revision.isdecimal() and revision > head_revision() else Standing.UNKNOWN


def is_at_head(engine: Engine) -> bool:
    """Tell whether the database is at the revision that this program needs."""
    return standing_of(current_revision(engine)) is Standing.CURRENT


def migrate(engine: Engine, revision: str = "head") -> None:
    """Bring the database to `revision`, up or down ("base" undoes all).

    SQLite goes all the way in one transaction. PostgreSQL, on which others work meanwhile, goes step by step, each in
    a transaction of its own: one that does not get its locks at once stands aside and is tried again.
    """
    if engine.dialect.name == "sqlite":
        with engine.begin() as connection:
            _go(connection, revision)
        return
    # The driver begins: a step that leaves the transaction (an index built beside others' work) finds it as it was.
    stepping = engine.execution_options(**{"isolation_level": "READ COMMITTED", CALLER: EXCHANGE})
    with stepping.connect() as connection, _alone(connection):
        for tries in range(1, _TRIES + 1):
            try:
                _go(connection, revision)
            except OperationalError as error:
                connection.rollback()
                if not isinstance(error.orig, (LockNotAvailable, DeadlockDetected)) or tries == _TRIES:
                    raise
                time.sleep(_PAUSE_SECONDS)
            else:
                return


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """Set the times of a migration, and wait until nobody else migrates.

    Asked for again and again: who waits inside a statement would hold up an index that is built beside others' work.
    """
    connection.detach()  # what is set here is closed with it and never comes back to the pool
    with connection.begin():
        for name, seconds in (("lock", _LOCK_SECONDS), ("statement", 0), ("idle_in_transaction_session", 0)):
            connection.exec_driver_sql(f"SET {name}_timeout = '{seconds}s'")
    while not connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({_ADVISORY_LOCK})").scalar_one():
        connection.rollback()
        time.sleep(_PAUSE_SECONDS)
    connection.rollback()  # the lock is the session's and stays
    yield


def _go(connection: Connection, revision: str) -> None:
    config = make_config()
    config.attributes["connection"] = connection
    current = MigrationContext.configure(connection).get_current_revision()
    if connection.dialect.name != "sqlite":
        connection.rollback()  # what reading began; each step begins its own
    if revision == "base" or revision in _before(current):
        command.downgrade(config, revision)
    else:
        command.upgrade(config, revision)


def _before(revision: str | None) -> set[str]:
    """Return the revisions that lead to one."""
    known = known_revisions()
    return set(known[: known.index(revision)]) if revision in known else set()


def let_in(engine: Engine, role: str) -> None:
    """Let a role of PostgreSQL, which owns nothing, do what servers and workers do; also in tables yet to come.

    Whoever owns the tables says so. Raises ProgrammingError where there is no such role.
    """
    name = engine.dialect.identifier_preparer.quote(role)
    rows = "SELECT, INSERT, UPDATE, DELETE ON"
    with engine.begin() as connection:
        for statement in (
            f"GRANT USAGE ON SCHEMA public TO {name}",
            f"GRANT {rows} ALL TABLES IN SCHEMA public TO {name}",
            f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {name}",
            f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {name}",
            # Of whatever schema: a backup that is restored comes into a new one.
            f"ALTER DEFAULT PRIVILEGES GRANT {rows} TABLES TO {name}",
            f"ALTER DEFAULT PRIVILEGES GRANT USAGE ON SEQUENCES TO {name}",
            f"ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO {name}",
        ):
            connection.exec_driver_sql(statement)
