"""What a database means by its failures: it cannot be reached, its disk is full, or something else."""

import sqlite3
from typing import Any

from psycopg.errors import DiskFull
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from app.core.errors import Unavailable

#: The low byte of SQLite's codes is the failure, the rest its circumstances.
_PRIMARY = 0xFF

STORAGE_FULL = ("storage_full", "The disk of the database is full; nothing was stored. Try again later.")


def is_full(error: SQLAlchemyError) -> bool:
    """Tell whether the database had no room on its disk; what it refused so it has not stored."""
    original: Any = getattr(error, "orig", None)
    code = getattr(original, "sqlite_errorcode", 0) or 0
    return isinstance(original, DiskFull) or code & _PRIMARY == sqlite3.SQLITE_FULL


def is_gone(error: SQLAlchemyError) -> bool:
    """Tell whether the connection broke: what was under way has not been answered."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


def refuse_commit(error: SQLAlchemyError) -> Unavailable:
    """Return what to answer when a commit failed; one that was not answered may have been stored all the same."""
    if is_full(error):
        return Unavailable(*STORAGE_FULL)
    if is_gone(error):
        return Unavailable(
            "outcome_unknown",
            "The database went away while storing; it may be stored or not. Send it again with the same "
            "Idempotency-Key, or look first.",
        )
    return Unavailable("commit_failed", "The database refused to store it; nothing was. Try again.")


def name_failure(error: SQLAlchemyError) -> str:
    """Return a failure for the log: its kind and code, and what the driver said of the database's own state.

    Never of other failures: what a value was refused for often holds the value.
    """
    original: Any = getattr(error, "orig", None)
    if original is None:
        return type(error).__name__
    code = getattr(original, "sqlstate", None) or getattr(original, "sqlite_errorname", None)
    named = " ".join(part for part in (type(original).__name__, code) if part)
    said = str(original).strip().split("\n", maxsplit=1)[0] if isinstance(error, OperationalError) else ""
    return f"{named}: {said}" if said else named
