"""Databases that serve one test after another: nothing of a test is left, and what cannot be restored is dropped."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from anyio.from_thread import BlockingPortal
from fastapi import FastAPI
from sqlalchemy import inspect, make_url, text

from app.core.database import Database
from tests.clients import AppClient
from tests.databases import Templates, as_owner
from tests.factories import World


def _made_at(database: Database) -> object:
    """Return what another database of the same name would have another one of."""
    with database.read() as session:
        return session.scalar(text("SELECT oid FROM pg_database WHERE datname = current_database()"))


def _rows(database: Database) -> dict[str, list[str]]:
    with database.read() as session:
        tables = inspect(session.connection()).get_table_names()
        asked = {table: session.execute(text(f"SELECT * FROM {table}")) for table in tables}  # noqa: S608 - our tables
        return {table: sorted(map(str, rows)) for table, rows in asked.items()}


@contextmanager
def _copy(templates: Templates) -> Iterator[Database]:
    with templates.copy("postgresql") as url:
        yield templates.open(url)


def test_what_a_test_has_left_is_gone(templates: Templates, application: FastAPI, portal: BlockingPortal) -> None:
    with _copy(templates) as database:
        made_at, rows = _made_at(database), _rows(database)
        application.state.database = database.as_nobody()
        World(AppClient(application, portal), database).deal(100)
        assert _rows(database) != rows
    with _copy(templates) as again:
        assert (_made_at(again), _rows(again)) == (made_at, rows)


def test_a_test_that_fails_leaves_nothing_either(
    templates: Templates, application: FastAPI, portal: BlockingPortal
) -> None:
    kept: dict[str, list[str]] = {}

    def fail() -> None:
        with _copy(templates) as database:
            kept.update(_rows(database))
            application.state.database = database.as_nobody()
            World(AppClient(application, portal), database).producer()
            raise ValueError("failed")

    with pytest.raises(ValueError, match="failed"):
        fail()
    with _copy(templates) as again:
        assert _rows(again) == kept


def test_what_its_owner_has_changed_is_dropped(templates: Templates) -> None:
    with _copy(templates) as database:
        made_at = _made_at(database)
        with as_owner(database) as session:
            session.execute(text("DROP TABLE utilisations CASCADE"))
    with _copy(templates) as another:
        assert _made_at(another) != made_at
        assert _rows(another)["utilisations"] == []


def test_what_somebody_is_still_at_work_in_is_dropped(templates: Templates) -> None:
    with _copy(templates) as database:
        made_at = _made_at(database)
        url = make_url(database.url)
        stranger = psycopg.connect(f"host={url.query['host']} port=5432 user={url.username} dbname={url.database}")
        stranger.execute("SELECT 1")
    with _copy(templates) as another:
        assert _made_at(another) != made_at
    stranger.close()
