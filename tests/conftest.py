"""Both databases for every test: migrated once into a template, copied per test; the application over them."""

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from app.core.database import Database
from app.core.revisions import migrate
from app.core.settings import Settings
from app.main import create_app
from fastapi import FastAPI
from starlette.testclient import TestClient

from tests.factories import World
from tests.postgres import PostgresServer, start_postgres

ENGINES = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """Start one PostgreSQL for this worker, with a migrated template database."""
    server = start_postgres()
    server.create_database("template_exchange")
    database = Database(server.url("template_exchange"))
    migrate(database.engine)
    database.dispose()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a migrated SQLite file to copy."""
    file = tmp_path_factory.mktemp("template") / "exchange.db"
    database = Database(f"sqlite:///{file}")
    migrate(database.engine)
    database.dispose()
    return file


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Return the URL of a fresh, migrated database; the test runs once on each engine."""
    if request.param == "sqlite":
        file = tmp_path / "exchange.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), file)
        yield f"sqlite:///{file}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = f"test_{uuid.uuid4().hex}"
    server.create_database(name, template="template_exchange")
    yield server.url(name)
    server.drop_database(name)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Return a fresh database."""
    fresh = Database(database_url)
    yield fresh
    fresh.dispose()


@pytest.fixture(scope="session")
def application(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    """Return the application, made once; each test puts its own database under it."""
    app = create_app(Settings(data_dir=tmp_path_factory.mktemp("unused")))
    app.state.database.dispose()
    return app


@pytest.fixture
def client(application: FastAPI, database: Database) -> TestClient:
    """Return an HTTP client of the application over the test's database; failures are answers, not exceptions."""
    application.state.database = database
    return TestClient(application, raise_server_exceptions=False)


@pytest.fixture
def world(client: TestClient, database: Database) -> World:
    """Return a small market to act in over HTTP."""
    return World(client, database)
