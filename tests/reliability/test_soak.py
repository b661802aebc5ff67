"""A mixed load for a long time: memory stays, nothing fails, answers come as soon at the end as at the beginning."""

import random
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

import httpx2
import pytest

from app.core.clock import today
from app.core.database import Database
from tests.drills import IS_LONG, examples, tell
from tests.factories import Deal, World
from tests.served import Served, serving

#: In the short form a span is too short for the slowest hundredth and for slow growth: it shows that nothing fails.
SECONDS = examples(5, 600)
WARM_UP_SECONDS = examples(2, 60)
FIRST_SECONDS = examples(2, 60)
CLIENTS = 4
MOST_GROWTH = 0.05 if IS_LONG else 0.25
MOST_SLOWER = 2 if IS_LONG else 10


@dataclass
class Client:
    """One caller who searches, reads, dispatches, receives and asks for statistics in turn, and keeps what it took."""

    served: Served
    deal: Deal
    number: int
    took: list[tuple[float, float]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def work(self, stop: Event) -> None:
        """Ask one thing after another until told to stop."""
        chance, count = random.Random(self.number), 0
        with self.served.connect() as client:
            while not stop.is_set():
                count += 1
                self._ask(client, chance.random(), count)

    def _ask(self, client: httpx2.Client, drawn: float, count: int) -> None:
        seller, buyer = self.deal.producer, self.deal.recycler
        day = f"{today().year - 1}-06-01"
        if drawn < 0.4:
            query = {"near": "29.70,107.39", "within_km": "300", "material": "phosphogypsum"}
            self._time(client, buyer.key, "GET", "/lots", params=query)
        elif drawn < 0.6:
            self._time(client, buyer.key, "GET", f"/lots/{self.deal.lot['id']}")
        elif drawn < 0.7:
            year = today().year - 1
            query = {"from": f"{year}-01", "to": f"{year}-12", "group_by": "month,material"}
            self._time(client, seller.key, "GET", "/statistics/utilisation", params=query)
        elif drawn < 0.8:
            self._time(client, seller.key, "GET", "/events", params={"limit": "50"})
        else:
            ticket = {"ticket_no": f"S-{self.number}-{count}", "vehicle_plate": "渝A1", "net_t": 1}
            ticket["dispatched_at"] = f"{day}T08:00:00+08:00"
            path = f"/agreements/{self.deal.agreement['id']}/shipments"
            load = self._time(client, seller.key, "POST", path, json=ticket)
            receipt = {"received_at": f"{day}T12:00:00+08:00", "net_t": 1}
            self._time(client, buyer.key, "POST", f"/shipments/{load['id']}/receipt", json=receipt)

    def _time(self, client: httpx2.Client, key: str, method: str, path: str, **options: object) -> dict[str, object]:
        begun = time.monotonic()
        headers = {"Authorization": f"Bearer {key}"}
        answer = client.request(method, f"/v1{path}", headers=headers, **options)  # type: ignore[arg-type]  # params, json
        self.took.append((begun, time.monotonic() - begun))
        if answer.status_code not in {200, 201}:
            self.failures.append(f"{method} {path}: {answer.status_code} {answer.text}")
            return {"id": "none"}
        body: dict[str, object] = answer.json()
        return body


def _slowest_hundredth(took: list[float]) -> float:
    return statistics.quantiles(took, n=100)[-1]


@pytest.mark.drill
def test_a_long_day(engine: str, database_url: str, tmp_path: Path) -> None:
    database = Database(database_url).as_exchange()
    with serving(Served(database_url, tmp_path, variables={"SWX_WORKER": "on"})) as served:
        with served.connect() as client:
            world = World(client, database)  # type: ignore[arg-type]  # it has the same `request`
            clients = [Client(served, world.deal(1_000_000), number) for number in range(CLIENTS)]
        stop = Event()
        threads = [Thread(target=client.work, args=(stop,)) for client in clients]
        for thread in threads:
            thread.start()
        stop.wait(WARM_UP_SECONDS)
        warm, measured_from = served.resident_mb(), time.monotonic()
        stop.wait(SECONDS)
        grown = served.resident_mb() / warm - 1
        stop.set()
        for thread in threads:
            thread.join()
    database.dispose()
    took = [sample for client in clients for sample in client.took if sample[0] >= measured_from]
    first = _slowest_hundredth([seconds for begun, seconds in took if begun < measured_from + FIRST_SECONDS])
    later = _slowest_hundredth([seconds for begun, seconds in took if begun >= measured_from + FIRST_SECONDS])
    megabytes = f"{warm:.0f} MB {grown:+.1%}"
    tell(f"{engine}: {len(took)} requests in {SECONDS} s, {megabytes}, p99 {first:.3f} s, then {later:.3f} s")
    assert [failure for client in clients for failure in client.failures] == []
    assert grown < MOST_GROWTH
    assert later <= MOST_SLOWER * first
