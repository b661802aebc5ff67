"""Five times as many requests as the server can answer: quick refusals, no crash, nothing lost, and soon as before."""

import asyncio
import itertools
import json
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import text

from app.core.clock import today
from app.core.database import Database
from tests.drills import IS_LONG, examples, tell
from tests.factories import Deal, World
from tests.reliability.flood import Answer, Ask, Caller, ask
from tests.served import Served, serving

CLIENTS = 8
TIMES = 5
MEASURING_SECONDS = examples(2, 10)
SECONDS = examples(3, 30)
REQUEST_SECONDS = 10
#: Beside other tests the clock says less: the short form leaves them room.
REFUSED_WITHIN = 1 if IS_LONG else 5
NORMAL_WITHIN = 5 if IS_LONG else 30
#: Of what eight clients wait for usually.
MOST_SLOWER = 2 if IS_LONG else 5
#: Beside its own time a request may wait for the loop that answers all of them.
SLACK_SECONDS = 1 if IS_LONG else 20


def _asks(deals: Sequence[Deal]) -> Iterator[Ask]:
    """Yield loads that are dispatched and lots that are read, in turns."""
    for number in itertools.count():
        deal = deals[number // 2 % len(deals)]
        if number % 2:
            yield ask("read", deal.recycler, "GET", f"/v1/lots/{deal.lot['id']}")
        else:
            ticket = {"ticket_no": f"F-{number}", "vehicle_plate": "渝A12345", "net_t": 1}
            ticket["dispatched_at"] = f"{today().year - 1}-06-01T12:00:00+08:00"
            yield ask("write", deal.producer, "POST", f"/v1/agreements/{deal.agreement['id']}/shipments", ticket)


@dataclass
class Seen:
    """What a flood was answered, and how it was before and after."""

    rate: float
    usual_seconds: float
    flood: list[Answer]
    ready: list[Answer]
    all: list[Answer]
    normal_after: float
    took: float
    held_back: int

    def refused(self) -> list[float]:
        """Return after how long each request that found no place was refused, the quickest first."""
        return sorted(answer.seconds for answer in self.flood if b'"overloaded"' in answer.body)


async def _play(port: int, asks: Iterator[Ask]) -> Seen:
    caller = Caller(port)
    before = await caller.take_turns(asks, CLIENTS, MEASURING_SECONDS)
    rate, usual = len(before) / MEASURING_SECONDS, statistics.median(answer.seconds for answer in before)
    begun = time.monotonic()
    looking = asyncio.create_task(caller.take_turns(_looks(), 1, SECONDS))
    sent = await caller.flood(asks, TIMES * rate, SECONDS)
    after, normal_after = await _wait_until_normal(caller, asks, usual)
    flood = await asyncio.gather(*sent)
    took = time.monotonic() - begun
    ready = await looking
    caller.close()
    return Seen(rate, usual, flood, ready, [*before, *flood, *after], normal_after, took, caller.held_back)


def _looks() -> Iterator[Ask]:
    return itertools.repeat(ask("ready", None, "GET", "/ready"))


async def _wait_until_normal(caller: Caller, asks: Iterator[Ask], usual: float) -> tuple[list[Answer], float]:
    """Return once a load and a read are answered as quickly as usual, with all answers and the seconds it took."""
    begun, answers = time.monotonic(), []
    while True:
        pair = [await caller.send(next(asks)) for _ in range(2)]
        answers += pair
        seconds = time.monotonic() - begun
        is_normal = all(answer.status in {200, 201} and answer.seconds <= MOST_SLOWER * usual for answer in pair)
        if is_normal or seconds > NORMAL_WITHIN:
            return answers, seconds
        await asyncio.sleep(0.05)


@pytest.mark.drill
def test_five_times_as_much_as_it_can_take(engine: str, database_url: str, tmp_path: Path) -> None:
    database = Database(database_url).as_exchange()
    with serving(Served(database_url, tmp_path)) as served:
        with served.connect() as client:
            world = World(client, database)  # type: ignore[arg-type]  # it has the same `request`
            deals = [world.deal(1_000_000) for _ in range(CLIENTS)]
        seen = asyncio.run(_play(served.port, _asks(deals)))
        assert served.running.poll() is None, "the server crashed"
    with database.read() as session:
        stored = session.execute(text("SELECT count(*) FROM shipments")).scalar_one()
    database.dispose()
    tell(f"{engine}: {_describe(seen)}")
    assert {answer.status for answer in seen.flood} <= {200, 201, 429, 503}
    assert {answer.status for answer in seen.ready} == {200}
    assert stored == sum(answer.status == 201 for answer in seen.all), "acknowledged and lost, or refused and stored"
    assert seen.refused(), "nobody was refused: this was no flood"
    assert _percentile(seen.refused(), 95) <= REFUSED_WITHIN
    assert max(answer.seconds for answer in seen.flood) <= REQUEST_SECONDS + SLACK_SECONDS
    assert seen.normal_after <= NORMAL_WITHIN


def _percentile(ordered: Sequence[float], percent: int) -> float:
    return ordered[len(ordered) * percent // 100]


def _describe(seen: Seen) -> str:
    served = sorted(answer.seconds for answer in seen.flood if answer.status in {200, 201})
    codes = Counter(json.loads(answer.body)["code"] if answer.status == 503 else answer.status for answer in seen.flood)
    refused = _percentile(seen.refused(), 95)
    return (
        f"{seen.rate:.0f}/s usually, each after {seen.usual_seconds:.3f} s; {TIMES} times as many for {SECONDS} s: "
        f"{dict(codes)}, {seen.held_back} unsent; {len(served) / seen.took:.0f}/s served; refused p95 {refused:.3f} s; "
        f"served p50 {_percentile(served, 50):.3f} s, p95 {_percentile(served, 95):.3f} s, most {served[-1]:.3f} s, "
        f"/ready most {max(answer.seconds for answer in seen.ready):.3f} s; normal after {seen.normal_after:.2f} s"
    )
