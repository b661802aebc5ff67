"""The database goes away and comes back: quick 503 meanwhile, and everything works again without a restart."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from app.cli.working import run_worker
from app.core.database import Database
from app.core.revisions import migrate
from app.core.settings import Settings
from tests.factories import CHANGSHOU, Member, World
from tests.imports.files import counts, finish, lot_row, send, write_csv
from tests.postgres import PostgresServer, start_postgres

PATIENCE_SECONDS = 60
#: Of an answer without a database; clients and balancers do something else then.
QUICK_SECONDS = 5


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """Return a server of the test's own."""
    with start_postgres() as running:
        running.create_database("market")
        yield running


@pytest.fixture
def own_world(server: PostgresServer, application: FastAPI) -> Iterator[World]:
    """Return a market on it."""
    database = Database(server.url("market"))
    migrate(database.engine)
    application.state.database = database
    yield World(TestClient(application, raise_server_exceptions=False), database)
    database.dispose()


def _refused(member: Member, method: str, path: str, **options: Any) -> None:  # noqa: ANN401 - of a request
    began = time.monotonic()
    answer = member.request(method, path, **options)
    assert time.monotonic() - began < QUICK_SECONDS
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable"), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) > 0


def test_requests_and_worker_outlive_their_database(
    own_world: World, server: PostgresServer, application: FastAPI, tmp_path: Path
) -> None:
    producer = own_world.producer()
    site = own_world.site(producer)
    gate = {"name": "second gate", **CHANGSHOU}
    local = TestClient(application, client=("127.0.0.1", 50_000))
    settings = Settings(database_url=server.url("market"), data_dir=tmp_path)
    with run_worker(settings) as threads:
        assert counts(finish(producer, send(producer, write_csv([lot_row(site["name"])])))) == ("done", 1, 0, 0)
        server.halt()
        for _ in range(3):
            _refused(producer, "GET", "/lots")
            _refused(producer, "POST", "/sites", json=gate)
        assert local.get("/ready").status_code == 503
        assert local.get("/health").status_code == 200
        assert "swx_database_up 0.0" in local.get("/metrics").text
        server.restart()
        assert local.get("/ready").status_code == 200
        assert len(producer.get("/lots")["items"]) == 1
        assert producer.post("/sites", gate)["name"] == "second gate"
        job = send(producer, write_csv([lot_row(site["name"], quantity_t=7)]))
        assert counts(finish(producer, job)) == ("done", 1, 0, 0)
        assert all(thread.is_alive() for thread in threads)
    assert [found["name"] for found in producer.get("/sites")["items"]] == ["second gate", site["name"]]


def test_a_connection_cut_in_mid_request_stores_nothing_or_says_so(own_world: World, server: PostgresServer) -> None:
    """The server closes every connection while requests are between their statements."""
    producer = own_world.producer()
    statement = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'market'"
    stored = 0
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as operator:
        for number in range(20):
            operator.execute(statement)
            answer = producer.request("POST", "/sites", json={"name": f"gate {number}", **CHANGSHOU})
            assert answer.status_code in {201, 503}, answer.text
            stored += answer.status_code == 201
    assert stored == len(producer.get("/sites", limit=100)["items"]) > 0
