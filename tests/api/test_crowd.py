"""How many requests may be under way: the next one is refused at once, and slow clients take nobody's place."""

import asyncio
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from app.api.crowd import Crowd
from app.core.settings import Metrics, Settings
from app.main import create_app

AT_ONCE = 2


class Room:
    """A crowd before an application that reads the body, works until it is let go, and answers."""

    def __init__(self) -> None:
        self.crowd = Crowd(self._work, AT_ONCE)
        self.is_sent, self.is_worked, self.is_taken = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.statuses: list[int] = []
        self.fails = False

    def ask(self, path: str = "/v1/lots") -> asyncio.Task[None]:
        """Begin a request; its client sends, its work ends and its answer is taken once the events say so."""
        return asyncio.create_task(self.crowd({"type": "http", "path": path}, self._send_body, self._take))

    async def _work(self, _scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await self.is_worked.wait()
        if self.fails:
            raise RuntimeError
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def _send_body(self) -> Message:
        await self.is_sent.wait()
        return {"type": "http.request", "body": b"", "more_body": False}

    async def _take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.statuses.append(message["status"])
            if message["status"] == 200:
                await self.is_taken.wait()


async def _come(room: Room, number: int) -> list[asyncio.Task[None]]:
    tasks = [room.ask() for _ in range(number)]
    for _ in range(10):
        await asyncio.sleep(0)  # each goes as far as it can
    return tasks


def test_who_comes_when_it_is_full_is_refused_at_once() -> None:
    async def play() -> list[int]:
        room = Room()
        room.is_sent.set()
        room.is_taken.set()
        first = await _come(room, AT_ONCE + 1)
        assert room.statuses == [503]
        served = [room.ask(path) for path in ("/health", "/ready", "/metrics")]
        room.is_worked.set()
        await asyncio.gather(*first, *served)
        await asyncio.gather(*await _come(room, 1))
        return room.statuses

    assert asyncio.run(play()) == [503] + [200] * (AT_ONCE + 4)


def test_a_failure_frees_the_place() -> None:
    async def play() -> list[int]:
        room = Room()
        for event in (room.is_sent, room.is_worked, room.is_taken):
            event.set()
        room.fails = True
        failures = await asyncio.gather(*await _come(room, AT_ONCE), return_exceptions=True)
        assert [type(failure) for failure in failures] == [RuntimeError] * AT_ONCE
        room.fails = False
        await room.ask()
        return room.statuses

    assert asyncio.run(play()) == [200]


@pytest.mark.parametrize("slow", ["is_sent", "is_taken"])
def test_clients_that_send_or_take_slowly_keep_nobody_out(slow: str) -> None:
    async def play() -> list[int]:
        room = Room()
        for name in {"is_sent", "is_worked", "is_taken"} - {slow}:
            getattr(room, name).set()
        clients = await _come(room, 10 * AT_ONCE)
        getattr(room, slow).set()
        await asyncio.gather(*clients)
        return room.statuses

    assert asyncio.run(play()) == [200] * (10 * AT_ONCE)


def test_whose_body_has_come_takes_a_place() -> None:
    async def play() -> list[int]:
        room = Room()
        clients = await _come(room, AT_ONCE)
        room.is_sent.set()
        clients += await _come(room, 1)
        assert room.statuses == [503]
        room.is_worked.set()
        room.is_taken.set()
        await asyncio.gather(*clients)
        return room.statuses

    assert asyncio.run(play()) == [503, *[200] * AT_ONCE]


@pytest.fixture
def crowded(database_url: str) -> Iterator[TestClient]:
    """Return a client of an application that has no place left."""
    settings = Settings(database_url=database_url, rate_limit=0, metrics=Metrics.ON, requests_at_once=1)
    full = create_app(settings)
    with TestClient(full) as client:
        client.get("/health")  # only now its layers are there
        layer: object = full.middleware_stack
        while not isinstance(layer, Crowd):
            layer = layer.app  # type: ignore[attr-defined]  # each has the one inside it
        layer._under_way.add("somebody")  # noqa: SLF001
        yield client


@pytest.mark.parametrize("engine", ["sqlite"])
def test_the_refusal_is_a_problem_and_is_counted(crowded: TestClient) -> None:
    answer = crowded.get("/v1/materials", headers={"X-Request-Id": "mine"})
    assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.headers["retry-after"], answer.headers["x-request-id"]) == ("1", "mine")
    head = crowded.head("/v1/materials")
    assert (head.status_code, head.content) == (503, b"")
    assert 'swx_requests_total{method="GET",route="unknown",status="503"} 1.0' in crowded.get("/metrics").text
    assert crowded.get("/ready").status_code == 200
