"""A receiver, and a sender that may reach it."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI

from app.core.database import Database
from app.core.guarded_connections import Guard
from tests.webhooks.receiver import LOOPBACK, Receiver, Sending, receive


@pytest.fixture
def receiver(application: FastAPI) -> Iterator[Receiver]:
    """Return a receiver on loopback, which the application lets webhooks name."""
    before, application.state.guard = application.state.guard, Guard(LOOPBACK)
    with receive() as running:
        yield running
    application.state.guard = before


@pytest.fixture
def sending(database: Database) -> Sending:
    """Return what queues and sends on the test's database."""
    return Sending(database)
