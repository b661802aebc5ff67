"""The database goes away and comes back: quick 503 meanwhile, and everything works again without a restart."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
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


def _names_of_sites(member: Member) -> Iterator[str]:
    cursor: dict[str, str] = {}
    while True:
        page = member.get("/sites", limit=100, **cursor)
        yield from (site["name"] for site in page["items"])
        if page["next_cursor"] is None:
            return
        cursor = {"cursor": page["next_cursor"]}


def test_connections_cut_in_mid_request_store_nothing_twice_and_lose_nothing_acknowledged(
    own_world: World, server: PostgresServer
) -> None:
    """An operator closes every connection again and again while sites are registered."""
    producer = own_world.producer()
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'market'"
    end, answers = Event(), []

    def close_connections() -> None:
        with psycopg.connect(server.dsn("postgres"), autocommit=True) as operator:
            while not end.wait(0.02):
                operator.execute(cut)

    with ThreadPoolExecutor(1) as pool:
        closing = pool.submit(close_connections)
        for number in range(200):
            body = {"name": f"gate {number}", **CHANGSHOU}
            answers.append((body["name"], producer.request("POST", "/sites", json=body)))
        end.set()
        closing.result()
    stored = list(_names_of_sites(producer))
    assert len(stored) == len(set(stored))
    assert {answer.status_code for _, answer in answers} == {201, 503}
    acknowledged = {name for name, answer in answers if answer.status_code == 201}
    open_ended = {name for name, answer in answers if answer.json().get("code") == "outcome_unknown"}
    assert acknowledged <= set(stored) <= acknowledged | open_ended
