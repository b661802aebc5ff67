"""A worker over the test's database, and a producer with a site to import for."""

from collections.abc import Iterator
from functools import partial
from threading import Event, Thread

import pytest

from app.core.database import Database
from app.imports.kinds import ImportKind
from app.imports.readers import Reader
from app.imports.running import run_import
from app.jobs.running import run_jobs
from tests.factories import Member, World

SITE = "长寿北门"


@pytest.fixture(scope="session")
def reader() -> Iterator[Reader]:
    """Return a reading process, for all tests."""
    made = Reader()
    yield made
    made.close()


@pytest.fixture
def worker(database: Database, reader: Reader) -> Iterator[None]:
    """Do jobs in a thread while the test runs."""
    stop = Event()
    handlers = {kind.value: partial(run_import, reader) for kind in ImportKind}
    thread = Thread(target=partial(run_jobs, database, handlers, stop, is_alone=True))
    thread.start()
    yield
    stop.set()
    thread.join()


@pytest.fixture
def producer(world: World) -> Member:
    """Return a producer with a site."""
    member = world.producer()
    world.site(member, name=SITE)
    return member
