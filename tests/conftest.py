"""Both databases for every test, and the application over them."""

import logging
import os
import sys
from collections.abc import Callable, Iterator
from itertools import chain, groupby

import pytest
import structlog
from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import FastAPI
from sqlalchemy import event
from starlette.testclient import TestClient

from app.core.database import Database
from app.core.guarded_connections import Guard
from app.core.memory import settle_memory
from app.core.settings import Metrics, Settings
from app.main import create_app
from tests.clients import AppClient
from tests.databases import ENGINES, Listen, Templates, owner_url
from tests.drills import IS_LONG
from tests.factories import World

#: Their tests take longest, with those of reliability.
_LONG = {
    "test_alerts_against_search.py",
    "test_conservation.py",
    "test_demo.py",
    "test_processes.py",
    "test_real_plants.py",
    "test_search_against_loops.py",
    "test_stopping.py",
    "test_worker.py",
}
_SHARING = {"test_demo.py"}


def _log_warnings_alone() -> None:
    """Log no line for each request: it would bury what a failing test says."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))


_log_warnings_alone()


def pytest_configure() -> None:
    """Keep each of several processes, with all it starts, on a core of its own as far as there are some.

    A request goes through three threads, which wake each other sooner on the core they share: tests took a tenth longer
    without. Long drills have all cores.
    """
    name = os.environ.get("PYTEST_XDIST_WORKER")
    if name is None or IS_LONG or sys.platform != "linux":
        return
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[int(name.removeprefix("gw")) % len(cores)]})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have every process begin with its share of the longest tests, so that none works one off when all else is done.

    `--dist worksteal` gives each process an equal part of the list, in its order.
    """
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    others = [item for item in items if not _is_long(item)]
    long = [list(together) for _, together in groupby(filter(_is_long, items), _together)]
    dealt: list[pytest.Item] = []
    for number in range(processes):
        dealt += chain.from_iterable(long[number::processes])
        room = max(0, len(items) * (number + 1) // processes - len(dealt))
        dealt += others[:room]
        del others[:room]
    items[:] = dealt


def _is_long(item: pytest.Item) -> bool:
    return "reliability" in item.path.parts or item.path.name in _LONG


def _together(item: pytest.Item) -> str:
    """Return what is the same for long tests that one process should have: they share what takes long to make."""
    return item.path.name if item.path.name in _SHARING else item.nodeid


def pytest_collection_finish() -> None:
    """Keep the garbage collector from looking through application and tests again and again."""
    settle_memory()


@pytest.fixture(autouse=True)
def _logs_as_they_were() -> Iterator[None]:
    """Undo what a command that ran in this process has made of the log."""
    yield
    structlog.reset_defaults()
    _log_warnings_alone()


@pytest.fixture(scope="session")
def templates() -> Iterator[Templates]:
    """Return the databases to copy from; PostgreSQL starts with the first test that needs it."""
    made = Templates()
    yield made
    made.stop()


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Return the name of an engine: the test runs once on each."""
    name: str = request.param
    return name


@pytest.fixture
def database_url(engine: str, templates: Templates) -> Iterator[str]:
    """Return the URL of a fresh, migrated database."""
    with templates.copy(engine) as url:
        yield url


@pytest.fixture
def database(database_url: str, templates: Templates) -> Database:
    """Return a fresh database, of which the test sees every row; the application names who calls."""
    return templates.open(database_url)


@pytest.fixture
def listen() -> Iterator[Listen]:
    """Return what listens to events of SQLAlchemy until the test ends: later tests have the same engines."""
    heard: list[tuple[object, str, Callable[..., object]]] = []

    def start(target: object, name: str, hear: Callable[..., object]) -> None:
        event.listen(target, name, hear)
        heard.append((target, name, hear))

    yield start
    for each in heard:
        event.remove(*each)


@pytest.fixture
def owned(database_url: str, templates: Templates) -> Iterator[Database]:
    """Return the test's database as its owner has it, who may migrate it and change its guards."""
    owner = templates.open(owner_url(database_url))
    yield owner
    owner.dispose()


@pytest.fixture(scope="session")
def application(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    """Return the application, made once; each test puts its own database under it."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("unused"), rate_limit=0, metrics=Metrics.ON)
    app = create_app(settings)
    app.state.database.dispose()
    app.state.guard = Guard(resolve=_know_no_name)
    return app


async def _know_no_name(name: str) -> list[str]:
    """Look no name up: tests ask nobody outside."""
    raise OSError(name)


@pytest.fixture(scope="session")
def portal() -> Iterator[BlockingPortal]:
    """Return an event loop as the server has, one for all tests: each request would start its own."""
    with start_blocking_portal(backend_options={"use_uvloop": True}) as running:
        yield running


@pytest.fixture
def client(application: FastAPI, database: Database, portal: BlockingPortal) -> TestClient:
    """Return an HTTP client of the application over the test's database."""
    application.state.database = database.as_nobody()
    return AppClient(application, portal)


@pytest.fixture
def world(client: TestClient, database: Database) -> World:
    """Return a small market to act in over HTTP."""
    return World(client, database)
