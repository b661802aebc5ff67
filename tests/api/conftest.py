"""The market of examples on a fresh copy of its database."""

from collections.abc import Iterator

import pytest
from anyio.from_thread import BlockingPortal
from fastapi import FastAPI

from app.core.database import Database
from tests.api.market import Market
from tests.clients import AppClient
from tests.databases import Templates
from tests.factories import World


@pytest.fixture
def stored(engine: str, templates: Templates, application: FastAPI, portal: BlockingPortal) -> Iterator[Database]:
    """Return a fresh copy of the market's database, under the application."""

    def make(database: Database) -> Market:
        application.state.database = database.as_nobody()
        return Market(World(AppClient(application, portal), database))

    templates.fill(engine, "market", make)
    with templates.copy(engine, "market") as url:
        database = templates.open(url)
        application.state.database = database.as_nobody()
        application.state.recent_actors.forget()  # their keys are the same in every copy, what became of them is not
        yield database


@pytest.fixture
def market(engine: str, templates: Templates, stored: Database) -> Market:  # noqa: ARG001 - the database it acts on
    """Return the market."""
    made: Market = templates.made(engine, "market")
    return made
