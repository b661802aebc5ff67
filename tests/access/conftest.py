"""The market of the matrix of rights: made once on each engine, copied per test."""

from collections.abc import Iterator

import pytest
from anyio.from_thread import BlockingPortal
from fastapi import FastAPI

from app.core.database import Database
from tests.access.cast import Cast, make_cast
from tests.clients import AppClient
from tests.databases import Templates
from tests.factories import World

_TEMPLATE = "access"


@pytest.fixture
def cast(engine: str, templates: Templates, application: FastAPI, portal: BlockingPortal) -> Cast:
    """Return the callers; the database is that of the fixture `stored`."""

    def make(database: Database) -> Cast:
        application.state.database = database.as_nobody()
        return make_cast(World(AppClient(application, portal), database))

    templates.fill(engine, _TEMPLATE, make)
    made: Cast = templates.made(engine, _TEMPLATE)
    return made


@pytest.fixture
def stored(engine: str, templates: Templates, application: FastAPI, cast: Cast) -> Iterator[Database]:  # noqa: ARG001 - fills the template
    """Return a fresh copy of the market's database, under the application."""
    with templates.copy(engine, _TEMPLATE) as url:
        database = templates.open(url)
        application.state.database = database.as_nobody()
        application.state.recent_actors.forget()  # their keys are the same in every copy, what became of them is not
        yield database
