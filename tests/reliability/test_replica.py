"""The replica stopped, lagging, promoted under load: reads fall back, no answer is old, own writes are visible."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Connection, event

from app.core.clock import today
from app.core.replica import Replica
from tests.cli.command import run_swx
from tests.drills import IS_LONG
from tests.factories import FULING, Body, Member, World
from tests.reliability.cluster import DATABASE, Cluster, start_cluster
from tests.standby import take_base_backup

WRITERS = 3
ROUNDS, CYCLES = (30, 5) if IS_LONG else (1, 1)
PATIENCE_SECONDS = 60
MONTH = f"{today().year - 1}-03"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Return a primary with its replica and two applications."""
    with start_cluster() as started:
        yield started


class Writer:
    """A producer and a recycler who write through one application and read through the other, in turns."""

    def __init__(self, cluster: Cluster, number: int) -> None:
        world = World(cluster.clients[0], cluster.databases[0].as_exchange())
        self.clients = cluster.clients
        self.producer, self.recycler = world.producer(), world.recycler()
        self.site = world.site(self.producer)["id"]
        self.gate = world.site(self.recycler, **FULING)["id"]
        self.lot = world.lot(self.producer, site_id=self.site)["id"]
        self.rounds = count(1)
        self.number = number
        self.violations: list[str] = []

    def round(self) -> None:
        """Write once of each kind and read it at once from the other side; note every answer that is not of now."""
        figure = next(self.rounds)
        there = self.clients[(figure + self.number) % 2]
        here = self.clients[(figure + self.number + 1) % 2]
        producer, reader, recycler = (
            replace(self.producer, client=there),
            replace(self.producer, client=here),
            replace(self.recycler, client=here),
        )
        self._declare(producer, reader, figure)
        self._reprice(producer, recycler, figure)
        self._ask(replace(self.recycler, client=there), recycler)

    def _declare(self, producer: Member, reader: Member, figure: int) -> None:
        body = {"site_id": self.site, "material": "phosphogypsum", "month": MONTH, "generated_t": figure}
        producer.post("/declarations", body)
        found = reader.get("/statistics/utilisation", **{"from": MONTH, "to": MONTH})["total"]["generated_t"]
        self._expect("generated", found, figure)

    def _reprice(self, producer: Member, recycler: Member, figure: int) -> None:
        """Let the counterparty look, who was told of the price and did not write it."""
        producer.patch(f"/lots/{self.lot}", {"price_cny_per_t": figure})
        items = recycler.get("/lots", material="phosphogypsum", limit=100)["items"]
        prices = [item["lot"]["price_cny_per_t"] for item in items if item["lot"]["id"] == self.lot]
        self._expect("price", prices, [figure])

    def _ask(self, writer: Member, reader: Member) -> None:
        year = today().year
        body: Body = {
            "site_id": self.gate,
            "use": "cement_retarder",
            "quantity_t": 10,
            "needed_from": f"{year}-01-01",
            "needed_to": f"{year + 1}-12-31",
        }
        demand = writer.post("/demands", body)
        answer = reader.request("GET", f"/demands/{demand['id']}/matches")
        self._expect("matches", answer.status_code, 200)

    def _expect(self, what: str, found: object, wanted: object) -> None:
        if found != wanted:
            self.violations.append(f"{what}: {found}, not {wanted}")


class Load:
    """Writers at work in threads, until told to stop."""

    def __init__(self, cluster: Cluster, pool: ThreadPoolExecutor) -> None:
        self.writers = [Writer(cluster, number) for number in range(WRITERS)]
        self._done = [0] * WRITERS
        self._stop = threading.Event()
        self._news = threading.Condition()
        self._running: list[Future[None]] = [pool.submit(self._work, number) for number in range(WRITERS)]

    def _work(self, number: int) -> None:
        try:
            while not self._stop.is_set():
                self.writers[number].round()
                with self._news:
                    self._done[number] += 1
                    self._news.notify_all()
        finally:
            with self._news:
                self._stop.set()
                self._news.notify_all()

    def wait_for_rounds(self, rounds: int) -> None:
        """Return when every writer has begun and done so many rounds from now on."""
        wanted = [done + rounds + 1 for done in self._done]
        self.wait_until(lambda: all(done >= least for done, least in zip(self._done, wanted, strict=True)))

    def wait_until(self, holds: Callable[[], bool]) -> None:
        """Return when something holds, looked at after every round; fails with the writer that failed."""
        with self._news:
            self._news.wait_for(lambda: self._stop.is_set() or holds(), PATIENCE_SECONDS)
        if self._stop.is_set():
            self.finish()
        assert holds()

    def finish(self) -> list[str]:
        """Stop and return all violations; raises what a writer failed with."""
        self._stop.set()
        for running in self._running:
            running.result(PATIENCE_SECONDS)
        return [violation for writer in self.writers for violation in writer.violations]


@pytest.mark.drill
def test_no_answer_is_old_whatever_happens_to_the_replica(cluster: Cluster) -> None:
    with ThreadPoolExecutor(WRITERS) as pool:
        load = Load(cluster, pool)
        try:
            for _ in range(CYCLES):
                _play(cluster, load)
        finally:
            violations = load.finish()
    assert violations == []


def _play(cluster: Cluster, load: Load) -> None:
    standby = cluster.standby
    _wait_for_replica(cluster, load)
    cluster.on_standby("SELECT pg_wal_replay_pause()")
    _spend_on_primary(cluster, load)
    cluster.on_standby("SELECT pg_wal_replay_resume()")
    _wait_for_replica(cluster, load)
    standby.halt(signal.SIGQUIT)
    _spend_on_primary(cluster, load)
    usual = standby.options
    standby.restart([*usual, "-c", "recovery_min_apply_delay=200ms"])
    load.wait_for_rounds(ROUNDS)
    standby.halt()
    standby.restart(usual)
    _wait_for_replica(cluster, load)
    # Promoted, and somebody writes there: none of it may ever be seen.
    cluster.on_standby("SELECT pg_promote()")
    cluster.on_standby("UPDATE lots SET price_fen_per_t = -99900")
    _spend_on_primary(cluster, load)
    standby.halt()
    take_base_backup(cluster.primary, standby.directory)
    standby.restart()
    _wait_for_replica(cluster, load)


def _spend_on_primary(cluster: Cluster, load: Load) -> None:
    load.wait_for_rounds(1)
    before = cluster.reads_of_replica()
    load.wait_for_rounds(ROUNDS)
    assert cluster.reads_of_replica() == before


def _wait_for_replica(cluster: Cluster, load: Load) -> None:
    before = cluster.reads_of_replica()
    load.wait_until(lambda: cluster.reads_of_replica() > before)


@pytest.mark.drill
def test_a_search_under_way_when_the_replica_crashes_is_answered_by_the_primary(cluster: Cluster) -> None:
    writer, (replica, _) = Writer(cluster, 0), cluster.replicas
    before = replica.counts.replica
    _until(lambda: writer.recycler.get("/lots")["items"] != [] and replica.counts.replica > before)
    crashes = count()

    def crash(*arguments: object) -> None:
        if "sites" in str(arguments[2]):  # the search itself, after the look at how fresh it is
            next(crashes)
            cluster.standby.halt(signal.SIGQUIT)

    event.listen(replica._engine, "before_cursor_execute", crash)  # noqa: SLF001
    try:
        found = writer.recycler.get("/lots")["items"]
    finally:
        event.remove(replica._engine, "before_cursor_execute", crash)  # noqa: SLF001
        cluster.standby.restart()
    assert found != []
    assert next(crashes) == 1


class _Trusting(Replica):
    """The naive variant: whatever the replica has is taken."""

    def _is_fresh(self, _connection: Connection, _wanted: tuple[object, ...]) -> bool:
        return True


@pytest.mark.drill
def test_without_the_look_at_the_log_a_paused_replica_gives_old_answers(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    for database in cluster.databases:
        found = database.replica
        assert found is not None
        monkeypatch.setattr(database, "replica", _Trusting(found._primary, found._engine))  # noqa: SLF001
    writer = Writer(cluster, 0)
    _until(lambda: writer.recycler.get("/lots")["items"] != [])  # the replica has heard of the lot
    cluster.on_standby("SELECT pg_wal_replay_pause()")
    try:
        writer.round()
    finally:
        cluster.on_standby("SELECT pg_wal_replay_resume()")
    assert len(writer.violations) == 3


def test_doctor_says_how_the_replica_stands(cluster: Cluster, tmp_path: Path) -> None:
    primary, replica = (server.url(DATABASE) for server in (cluster.primary, cluster.standby))
    _until(lambda: "follows, and has all" in _examine(primary, replica, tmp_path))
    other = _examine(primary, cluster.primary.url("postgres"), tmp_path)
    assert "FIX  replica" in other
    assert "not a replica of this database" in other
    nowhere = _examine(primary, "postgresql+psycopg://nobody@/exchange?host=/nowhere", tmp_path)
    assert "unreachable" in nowhere


def _examine(primary: str, replica: str, folder: Path) -> str:
    found: str = run_swx("doctor", folder=folder, url=primary, SWX_READ_DATABASE_URL=replica).stdout
    return found


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline
