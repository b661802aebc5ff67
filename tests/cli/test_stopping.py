"""A server that is told to stop: no longer ready at once, what is under way is answered, exit code 0."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from threading import Event

import httpx2
import pytest
from sqlalchemy import make_url, select, text

from app.core.database import Database
from app.core.engines import sqlite_module
from app.jobs.models import Job
from tests.factories import CHANGSHOU, Member, World
from tests.imports.files import lot_row, write_csv
from tests.programs import PATIENCE_SECONDS, Swx
from tests.served import Served, connect, serving

POSTS = 6


@contextmanager
def _serving(url: str, folder: Path, *options: object, **variables: str) -> Iterator[tuple[Swx, httpx2.Client]]:
    """Run a server over a database and yield it with a client that keeps no connection."""
    served = Served(url, folder, ("--log-format", "json", *options), variables)
    limits = httpx2.Limits(max_keepalive_connections=0)
    with serving(served), connect(served.address, limits) as client:
        yield served.running, client


@contextmanager
def _writers_held_up(database: Database, url: str) -> Iterator[Event]:
    """Keep every writer of sites waiting until the event is set."""
    let_go = Event()

    def hold(held: Event) -> None:
        if database.engine.dialect.name == "postgresql":
            with database.write() as session:
                session.execute(text("LOCK TABLE sites IN EXCLUSIVE MODE"))
                held.set()
                let_go.wait(PATIENCE_SECONDS)
            return
        with closing(sqlite_module().connect(make_url(url).database, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            held.set()
            let_go.wait(PATIENCE_SECONDS)
            connection.execute("ROLLBACK")

    with ThreadPoolExecutor(1) as pool:
        held = Event()
        holding = pool.submit(hold, held)
        assert held.wait(PATIENCE_SECONDS)
        try:
            yield let_go
        finally:
            let_go.set()
            holding.result()


def _post_site(client: httpx2.Client, member: Member) -> int:
    headers = {"Authorization": f"Bearer {member.key}"}
    return client.post("/v1/sites", json={"name": "gate", **CHANGSHOU}, headers=headers).status_code


def _wait_for_request(client: httpx2.Client) -> None:
    """Return once a request besides this one is under way."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while "swx_requests_under_way 2.0" not in client.get("/metrics").text:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_request_under_way_is_answered_and_the_server_ends_with_0(
    world: World, database: Database, database_url: str, tmp_path: Path
) -> None:
    producer = world.producer()
    with (
        _serving(database_url, tmp_path, SWX_NOTICE_SECONDS="1") as (server, client),
        _writers_held_up(database, database_url) as let_go,
        ThreadPoolExecutor(1) as pool,
    ):
        posting = pool.submit(_post_site, client, producer)
        _wait_for_request(client)
        server.send_signal(signal.SIGTERM)
        while (answer := client.get("/ready")).status_code == 200:
            assert server.poll() is None
        assert answer.json()["code"] == "stopping"
        assert client.get("/health").status_code == 200  # within the notice, requests are taken still
        let_go.set()
        assert posting.result(PATIENCE_SECONDS) == 201
        assert server.wait() == 0, server.messages
    assert "Traceback" not in server.messages
    assert server.messages.count('"event": "stopping"') == 1
    assert len(producer.get("/sites")["items"]) == 1


@pytest.mark.parametrize("engine", ["postgresql"])
@pytest.mark.parametrize("is_hurried", [False, True])
def test_several_processes_give_notice_answer_and_leave_nobody_behind(
    *, is_hurried: bool, world: World, database: Database, database_url: str, tmp_path: Path
) -> None:
    """Told by a supervisor's SIGTERM; or by Ctrl-C, which a terminal sends to every process, and then once more."""
    producer = world.producer()
    notice_seconds = 300 if is_hurried else 3
    with (
        _serving(database_url, tmp_path, "--workers", 2, SWX_NOTICE_SECONDS=str(notice_seconds)) as (server, client),
        _writers_held_up(database, database_url) as let_go,
        ThreadPoolExecutor(POSTS) as pool,
    ):
        _until(lambda: len(_children_of(server)) >= 2)
        posting = [pool.submit(_post_site, client, producer) for _ in range(POSTS)]
        _until(lambda: _waiting_for_locks(database) == POSTS)
        children = _children_of(server)
        send, signalled = (os.killpg, signal.SIGINT) if is_hurried else (os.kill, signal.SIGTERM)
        stop = partial(send, server.pid, signalled)
        stop()
        _until(lambda: {client.get("/ready").status_code for _ in range(10)} == {503})
        assert client.get("/health").status_code == 200
        if is_hurried:
            stop()
        let_go.set()
        assert [posted.result(PATIENCE_SECONDS) for posted in posting] == [201] * POSTS
        assert server.wait() == 0, server.messages
    assert "Traceback" not in server.messages
    assert server.messages.count('"event": "stopping"') == 1
    _until(lambda: not any(Path(f"/proc/{child}").exists() for child in children))
    assert len(producer.get("/sites")["items"]) == POSTS


def _children_of(server: Swx) -> list[int]:
    tasks = Path(f"/proc/{server.pid}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


def _waiting_for_locks(database: Database) -> int:
    with database.read() as session:
        query = "SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database"
        return int(session.scalar(text(f"{query} WHERE datname = current_database())")) or 0)


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_request_that_does_not_end_in_time_is_given_up(
    world: World, database: Database, database_url: str, tmp_path: Path
) -> None:
    producer = world.producer()
    with (
        _serving(database_url, tmp_path, SWX_DRAIN_SECONDS="1") as (server, client),
        _writers_held_up(database, database_url),
        ThreadPoolExecutor(1) as pool,
    ):
        posting = pool.submit(_post_site, client, producer)
        _wait_for_request(client)
        assert server.end(signal.SIGTERM) == 0, server.messages
        assert posting.exception(PATIENCE_SECONDS) is not None or posting.result() >= 500
    assert producer.get("/sites")["items"] == []


def test_the_worker_gives_its_job_back(world: World, database: Database, database_url: str, tmp_path: Path) -> None:
    producer = world.producer()
    site = world.site(producer)["name"]
    rows = [lot_row(site, quantity_t=1 + row) for row in range(20_000)]
    with _serving(database_url, tmp_path, SWX_WORKER="on") as (server, _):
        headers = {"Content-Type": "text/csv"}
        answer = producer.request("POST", "/lots/import", content=write_csv(rows), headers=headers)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not producer.get(f"/jobs/{answer.json()['id']}")["done"]:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert server.end(signal.SIGTERM) == 0, server.messages
    with database.read() as session:
        job = session.scalars(select(Job)).one()
        assert (job.status, job.leased_by, job.attempts) == ("running", None, 0)
