"""Complete loads over HTTP: dispatched by producers, received by recyclers, every answer committed durably."""

import contextlib
import itertools
import os
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import cast

import httpx2
from starlette.testclient import TestClient

from app.core.clock import now
from app.core.database import Database
from benchmarks.figures import Goal, Row, Series, at_least, calmest
from benchmarks.profiles import profile_loads
from benchmarks.servers import SWX, Served, describe_engine, fresh_database, load_average, serve
from tests.factories import Deal, World

CLIENTS, SECONDS = 8, 15
_AGREED_T, _NET_T = 1_000_000, 30
_LORRIES = 1000
_WANTED = {("sqlite", 1): 50.0, ("postgresql", 2): 60.0}
_PROCESSES = {"sqlite": (1,), "postgresql": (1, 2)}
_WARM_UP_SECONDS = 2.0


def measure(engine: str) -> Iterator[Row]:
    """Yield the rows of one engine."""
    with fresh_database(engine) as url:
        name = describe_engine(url)
        deals: list[Deal] = []
        for processes in _PROCESSES[engine]:
            with contextlib.ExitStack() as stack:
                servers = [stack.enter_context(serve(url)) for _ in range(processes)]
                deals = deals or _make_deals(url, servers[0])
                _take_loads(deals, servers, _WARM_UP_SECONDS)
                series, load = calmest(partial(_take_loads, deals, servers, SECONDS))
                yield from _rows(engine, processes, name, series, load)
        row = profile_loads(url, deals[0].producer.key, deals[0].recycler.key, deals[0].agreement["id"], name)
        yield row
        yield _verify(url, name)


def _make_deals(url: str, served: Served) -> list[Deal]:
    """Make an agreement for each client, between organisations and sites of its own."""
    database = Database(url)
    with httpx2.Client(base_url=served.address, trust_env=False) as http:
        world = World(cast("TestClient", http), database)  # it sends requests, which both can
        deals = [world.deal(_AGREED_T) for _ in range(CLIENTS)]
    database.dispose()
    return deals


def _take_loads(deals: Sequence[Deal], servers: Sequence[Served], seconds: float) -> Series:
    """Let every client take load after load for some seconds; the clients share the servers evenly."""
    tickets = itertools.count(time.time_ns())
    start = threading.Barrier(len(deals))

    def work(number: int) -> list[float]:
        deal, took = deals[number], []
        address = servers[number % len(servers)].address
        with httpx2.Client(base_url=f"{address}/v1", trust_env=False, timeout=30) as http:
            start.wait()
            end = time.perf_counter() + seconds
            while (begun := time.perf_counter()) < end:
                _take_load(http, deal, next(tickets))
                took.append((time.perf_counter() - begun) * 1000)
        return took

    with ThreadPoolExecutor(len(deals)) as pool:
        return Series(tuple(sorted(itertools.chain.from_iterable(pool.map(work, range(len(deals)))))))


def _take_load(http: httpx2.Client, deal: Deal, ticket: int) -> None:
    body = {
        "ticket_no": f"T-{ticket}",
        "vehicle_plate": f"渝A{ticket % _LORRIES:05}",
        "dispatched_at": now().isoformat(),
        "net_t": _NET_T,
    }
    path = f"/agreements/{deal.agreement['id']}/shipments"
    dispatched = http.post(path, json=body, headers={"Authorization": f"Bearer {deal.producer.key}"})
    if dispatched.status_code != httpx2.codes.CREATED:
        raise RuntimeError(dispatched.text)
    receipt = {"received_at": now().isoformat(), "net_t": _NET_T}
    path = f"/shipments/{dispatched.json()['id']}/receipt"
    received = http.post(path, json=receipt, headers={"Authorization": f"Bearer {deal.recycler.key}"})
    if received.status_code != httpx2.codes.OK:
        raise RuntimeError(received.text)


def _rows(engine: str, processes: int, name: str, series: Series, load: float) -> Iterator[Row]:
    per_second = len(series.ms) / SECONDS
    limit = _WANTED.get((engine, processes))
    goal = None if limit is None else at_least(per_second, limit)
    on = f"{name}, {processes} process{'es' if processes > 1 else ''}"
    remark = f"median {series.median:.0f} ms, p95 {series.p95:.0f} ms a load of two requests"
    yield Row(f"complete loads, {CLIENTS} clients", on, per_second, "/s", load, goal, remark)


def _verify(url: str, name: str) -> Row:
    """Let `swx verify-ledger` recompute the ledger; raises CalledProcessError with differences."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("SWX_")}
    begun = time.perf_counter()
    said = subprocess.run(  # noqa: S603 - our own program
        [SWX, "verify-ledger"], env=environment | {"SWX_DATABASE_URL": url}, check=True, capture_output=True, text=True
    )
    took = time.perf_counter() - begun
    remark = said.stdout.split(";")[0].strip()
    return Row(
        "swx verify-ledger afterwards", name, took, "s", load_average(), Goal("no difference", is_reached=True), remark
    )
