"""Statements that the database stops: in time, and without harm to what is asked next."""

import time
from typing import Any

import pytest
from sqlalchemy import Select, func, literal, select, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from app.core.database import Database
from app.core.deadlines import TookTooLong, run_within


def _counting_to(number: int) -> Select[Any]:
    first = select(literal(1).label("x")).cte("numbers", recursive=True)
    numbers = first.union_all(select(first.c.x + 1).where(first.c.x < number))
    return select(func.max(numbers.c.x))


def test_what_takes_too_long_is_stopped(database: Database) -> None:
    started = time.monotonic()
    with database.snapshot() as session, pytest.raises(TookTooLong):
        run_within(session, _counting_to(10**9), 0.2)
    assert time.monotonic() - started < 5
    with database.snapshot() as session:
        assert run_within(session, _counting_to(1000), 60) == [(1000,)]


def test_the_limit_ends_with_its_session(database: Database) -> None:
    with database.snapshot() as session:
        run_within(session, _counting_to(10), 0.05)
    with database.snapshot() as session:  # on the same connection
        started = time.monotonic()
        assert session.scalar(_counting_to(1_000_000)) == 1_000_000
        assert time.monotonic() - started > 0.05


def test_any_other_failure_stays_what_it_is(database: Database) -> None:
    with database.snapshot() as session, pytest.raises((OperationalError, ProgrammingError)):
        run_within(session, select(text("nothing FROM nowhere")), 1)
