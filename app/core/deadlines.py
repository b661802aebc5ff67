"""Statements that must not run for longer than some seconds: the database itself stops them."""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from psycopg.errors import QueryCanceled
from sqlalchemy import Row, Select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

#: SQLite asks for the time after so many of its own steps, a fraction of a millisecond.
_STEPS = 10_000
_INTERRUPTED = sqlite3.SQLITE_INTERRUPT


class TookTooLong(Exception):
    """A statement was stopped: it had run for as long as it may."""


def run_within(session: Session, query: Select[Any], seconds: float) -> Sequence[Row[Any]]:
    """Return all rows of a query of a snapshot session; raises TookTooLong, after which the session is of no use."""
    stopping = _stop_postgresql if session.get_bind().dialect.name == "postgresql" else _stop_sqlite
    try:
        with stopping(session, seconds):
            return session.execute(query).all()
    except OperationalError as error:
        if isinstance(error.orig, QueryCanceled) or getattr(error.orig, "sqlite_errorcode", None) == _INTERRUPTED:
            raise TookTooLong(f"stopped after {seconds} s") from error
        raise


@contextmanager
def _stop_postgresql(session: Session, seconds: float) -> Iterator[None]:
    # For what is left of this transaction; 0 would mean no limit.
    session.execute(text(f"SET LOCAL statement_timeout = {max(1, round(seconds * 1000))}"))
    yield


@contextmanager
def _stop_sqlite(session: Session, seconds: float) -> Iterator[None]:
    connection: Any = session.connection().connection.driver_connection
    end = time.monotonic() + seconds
    connection.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
    try:
        yield
    finally:
        connection.set_progress_handler(None, _STEPS)
