"""How fast a caller may ask: by a clock that the test turns, with two applications on one database as two workers."""

import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import text
from starlette.testclient import TestClient

from app.api.examples import EXAMPLES
from app.core.database import Database, new_id
from app.core.settings import Settings
from app.main import create_app
from app.requests.limiter import Limiter
from tests.databases import Listen, as_owner
from tests.factories import Member, World

QUOTA = 10


class Clock:
    """Shows what it was turned to."""

    def __init__(self) -> None:
        self.at = 1_800_000_000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


Start = Callable[..., FastAPI]


@pytest.fixture
def start(database_url: str, clock: Clock) -> Iterator[Start]:
    """Return what starts one more worker on the test's database."""
    started: list[FastAPI] = []

    def start_one(rate_limit: int = QUOTA) -> FastAPI:
        app = create_app(Settings(database_url=database_url, rate_limit=rate_limit))
        app.state.limiter = Limiter(clock, patience_seconds=60)
        started.append(app)
        return app

    yield start_one
    for app in started:
        app.state.limiter.close()
        app.state.database.dispose()


def _through(member: Member, app: FastAPI) -> Callable[[], Any]:
    client = TestClient(app, raise_server_exceptions=False)
    return lambda: client.get("/v1/me", headers={"Authorization": f"Bearer {member.key}"})


def _statuses(ask: Callable[[], Any], times: int) -> list[int]:
    return [ask().status_code for _ in range(times)]


def _told(answer: Any, name: str = "key") -> tuple[int, int]:  # noqa: ANN401 - a response
    assert answer.headers["ratelimit-policy"].startswith(f'"{name}";q=')
    found = re.fullmatch(rf'"{name}";r=(\d+);t=(\d+)', answer.headers["ratelimit"])
    assert found, answer.headers["ratelimit"]
    return int(found[1]), int(found[2])


def test_a_key_has_so_many_requests_and_then_one_at_a_time(world: World, start: Start, clock: Clock) -> None:
    ask = _through(world.producer(), start())
    first = ask()
    assert first.headers["ratelimit-policy"] == '"key";q=10;w=60'
    assert _told(first) == (9, 6)
    assert _statuses(ask, 9) == [200] * 9
    refused = ask()
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
    assert refused.headers["content-type"] == "application/problem+json"
    assert _told(refused) == (0, 6)
    assert refused.headers["retry-after"] == "6"
    clock.at += 5
    assert ask().status_code == 429
    clock.at += 1
    assert _statuses(ask, 2) == [200, 429]
    clock.at += 60
    assert _statuses(ask, 11) == [200] * 10 + [429]


def test_keys_have_nothing_to_do_with_each_other(world: World, start: Start) -> None:
    app = start()
    assert _statuses(_through(world.producer(), app), 11)[-1] == 429
    assert _through(world.producer(), app)().status_code == 200


def test_refusals_of_other_kinds_are_told_and_count(world: World, start: Start) -> None:
    producer, client = world.producer(), TestClient(start())
    headers = {"Authorization": f"Bearer {producer.key}"}
    missing = client.get(f"/v1/shipments/{new_id()}", headers=headers)
    assert (missing.status_code, _told(missing)[0]) == (404, 9)
    forbidden = client.get("/v1/organisations", headers=headers)
    assert (forbidden.status_code, _told(forbidden)[0]) == (403, 8)
    unknown = client.get("/v1/me", headers={"Authorization": "Bearer swx_nothing"})
    assert unknown.status_code == 401
    assert "ratelimit" not in unknown.headers


def test_two_workers_keep_one_limit(world: World, start: Start, clock: Clock) -> None:
    """In one second each may grant a lease; what was too much is owed, and nothing passes until it has come back."""
    producer = world.producer()
    first, second = _through(producer, start()), _through(producer, start())
    assert _statuses(first, 11) == [200] * 10 + [429]
    assert _statuses(second, 11) == [200] * 10 + [429]
    clock.at += 2  # both have told the database, which knows of twenty
    assert (first().status_code, second().status_code) == (429, 429)
    clock.at += 58 + 5
    assert (first().status_code, second().status_code) == (429, 429)
    clock.at += 2
    assert sorted([first().status_code, second().status_code]) in ([200, 200], [200, 429])
    assert _statuses(first, 1) + _statuses(second, 1) == [429, 429]


def test_what_one_worker_granted_the_other_knows_a_second_later(world: World, start: Start, clock: Clock) -> None:
    producer = world.producer()
    first, second = _through(producer, start()), _through(producer, start())
    assert _statuses(first, 6) == [200] * 6
    clock.at += 1
    assert first().status_code == 200
    assert _statuses(second, 5)[-1] == 429


def test_once_a_second_the_database_is_asked(world: World, start: Start, clock: Clock, listen: Listen) -> None:
    app = start(1000)
    database: Database = app.state.database
    asked: list[str] = []
    listen(
        database.engine,
        "before_cursor_execute",
        lambda *told: asked.append(told[2]) if "rate_buckets" in told[2] else None,
    )
    ask = _through(world.producer(), app)
    assert set(_statuses(ask, 50)) == {200}
    assert len(asked) == 1
    for _ in range(5):
        clock.at += 0.5
        _statuses(ask, 5)
    assert len(asked) == 3


def test_many_at_once_get_no_more(world: World, start: Start) -> None:
    app, producer = start(), world.producer()
    with TestClient(app) as client, ThreadPoolExecutor(20) as pool:
        headers = {"Authorization": f"Bearer {producer.key}"}
        statuses = list(pool.map(lambda _: client.get("/v1/me", headers=headers).status_code, range(40)))
    assert statuses.count(200) == QUOTA


def test_a_database_that_is_busy_keeps_no_reader_waiting(world: World, start: Start) -> None:
    """The limit is kept by what the worker itself knows."""
    app, producer = start(), world.producer()
    app.state.limiter = Limiter(patience_seconds=0.05)
    ask = _through(producer, app)
    with app.state.database.write() as session:
        session.execute(text("INSERT INTO rate_buckets (bucket, full_at) VALUES ('other', 0)"))
        if session.get_bind().dialect.name == "postgresql":
            session.execute(text("LOCK TABLE rate_buckets"))
        asking = threading.Thread(target=ask)
        asking.start()
        asking.join(5)
        assert not asking.is_alive()
        assert _statuses(ask, 10) == [200] * 9 + [429]
        session.rollback()
    app.state.limiter.close()


def test_a_database_without_the_table_lets_pass(world: World, start: Start) -> None:
    app, producer = start(), world.producer()
    with as_owner(app.state.database) as session:
        session.execute(text("DROP TABLE rate_buckets"))
    assert _statuses(_through(producer, app), 11) == [200] * 10 + [429]


def test_strangers_are_limited_by_their_address(client: TestClient, start: Start) -> None:  # noqa: ARG001 - migrates
    app = start(50)
    body = EXAMPLES["post_organisation"].body
    stranger = TestClient(app, client=("203.0.113.7", 1))
    answers = [stranger.post("/v1/organisations", json=body) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [201] * 5 + [429]
    assert answers[0].headers["ratelimit-policy"] == '"applications";q=5;w=3600'
    assert int(answers[5].headers["retry-after"]) == 720
    assert TestClient(app, client=("203.0.113.8", 1)).post("/v1/organisations", json=body).status_code == 201
    networks = ["2001:db8::1", "2001:db8::2", "::ffff:203.0.113.7"]
    neighbours = [TestClient(app, client=(host, 1)).post("/v1/organisations", json=body) for host in networks]
    assert [_told(answer, "applications")[0] for answer in neighbours] == [4, 3, 0]


def test_without_a_limit_nothing_is_counted(world: World, start: Start) -> None:
    app = start(0)
    answer = _through(world.producer(), app)()
    assert "ratelimit" not in answer.headers
    with app.state.database.read() as session:
        assert session.scalar(text("SELECT count(*) FROM rate_buckets")) == 0
