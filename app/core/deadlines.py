"""Time limits: a request that has had its time runs no further statement, and the database stops the one that runs."""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from psycopg.errors import LockNotAvailable, QueryCanceled
from sqlalchemy import Engine, Row, Select, event, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

#: SQLite asks for the time after so many of its own steps: a fraction of a millisecond where a limit is near, some ten
#: milliseconds elsewhere, because each time it waits for Python's lock.
_STEPS, _STEPS_OF_REQUESTS = 10_000, 1_000_000
_INTERRUPTED = sqlite3.SQLITE_INTERRUPT
_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


class TookTooLong(Exception):
    """A statement was stopped: it had run for as long as it may."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Let what runs inside, in threads too, start no statement after so many seconds: it raises TookTooLong."""
    before = _deadline.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(before)


def is_time_over() -> bool:
    """Tell whether a limit was set and has passed."""
    deadline = _deadline.get()
    return deadline is not None and time.monotonic() > deadline


def patience(seconds: float) -> float:
    """Return how long to wait for something: `seconds`, or what is left of the time limit if that is less."""
    deadline = _deadline.get()
    return seconds if deadline is None else max(0.0, min(seconds, deadline - time.monotonic()))


def keep_time(engine: Engine) -> None:
    """Let an engine keep to time limits; on PostgreSQL the one statement that runs is stopped by its own time-out."""
    event.listen(engine, "before_cursor_execute", _stop_late)


def stop_when_late(connection: Any) -> None:  # noqa: ANN401 - a DB-API connection
    """Let SQLite stop what runs on a connection once the time of whoever runs it is over."""
    connection.set_progress_handler(is_time_over, _STEPS_OF_REQUESTS)


def _stop_late(*_: object) -> None:
    if is_time_over():
        raise TookTooLong("its time was over before all statements had run")


def was_stopped(error: DBAPIError) -> bool:
    """Tell whether a statement failed because its time was over, or that of waiting for another one's rows."""
    return (
        isinstance(error.orig, (QueryCanceled, LockNotAvailable))
        or getattr(error.orig, "sqlite_errorcode", None) == _INTERRUPTED
    )


def run_within(session: Session, query: Select[Any], seconds: float) -> Sequence[Row[Any]]:
    """Return all rows of a query of a snapshot session; raises TookTooLong, after which the session is of no use."""
    stopping = _stop_postgresql if session.get_bind().dialect.name == "postgresql" else _stop_sqlite
    try:
        with stopping(session, seconds):
            return session.execute(query).all()
    except OperationalError as error:
        if was_stopped(error):
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
        stop_when_late(connection)
