"""`python -m benchmarks.cluster`: a primary, its streaming replica and two processes of the API, side by side."""

import itertools
import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any

import psycopg
import typer

from app.auth.actor import Role
from app.core.clock import today
from app.core.database import Database
from app.core.settings import Settings
from app.samples.members import enrol_member
from benchmarks.bulk import loading
from benchmarks.client import Client, connect
from benchmarks.entries import FIRST_YEAR, YEARS, make_ledger
from benchmarks.figures import Row, Series, as_dated_table, at_most, record_table
from benchmarks.market import Market, make_market
from benchmarks.search import QUESTION
from benchmarks.servers import (
    POSTGRES_SETTINGS,
    Served,
    describe_engine,
    durable_postgres,
    load_average,
    make_tables,
    processor_seconds,
    serve,
    served_url,
)
from tests.postgres import PostgresServer
from tests.standby import start_standby

CLIENTS = 8
_NAME, _PART = "exchange", "cluster"
_WARM_UP_SECONDS, _LOOK_SECONDS = 2.0, 0.0005
_LAST_YEAR = FIRST_YEAR + YEARS - 1
_STATISTICS = {"from": f"{_LAST_YEAR}-01", "to": f"{_LAST_YEAR}-12", "group_by": "month,material"}
_MONTH = f"{today().year - 1}-03"
#: What a client asks next, by its number of the request.
_Ask = Callable[[Client, int], object]


@dataclass(frozen=True)
class _Cluster:
    """Both servers, the market on them, and keys of who reads it."""

    primary: PostgresServer
    standby: PostgresServer
    market: Market
    searcher: str
    authority: str

    @property
    def url(self) -> str:
        return self.primary.url(_NAME)

    @property
    def read_url(self) -> str:
        return self.standby.url(_NAME)


@dataclass(frozen=True)
class _Setting:
    """How the exchange is served; `has_replica` says that reads of many rows may go there."""

    name: str
    processes: int
    has_replica: bool


_SETTINGS = (
    _Setting("1 process, primary alone", 1, has_replica=False),
    _Setting("2 processes, primary alone", 2, has_replica=False),
    _Setting("2 processes, replica", 2, has_replica=True),
)


def main(
    lots: Annotated[int, typer.Option(help="Open lots of the market.")] = 20_000,
    entries: Annotated[int, typer.Option(help="Entries of the ledger.")] = 200_000,
    seconds: Annotated[int, typer.Option(min=1, max=60, help="Length of each series.")] = 10,
    *,
    record: Annotated[bool, typer.Option(help="Put the table into README.md.")] = False,
) -> None:
    """Measure reads with and without a replica, how far it lags, and whether anybody misses a write of its own.

    Stops by itself after some minutes; everything it starts is stopped and removed.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ended so, it cleans up as well
    rows: list[Row] = []
    with _start(lots, entries) as cluster:
        for setting in _SETTINGS:
            for row in _measure(cluster, setting, seconds):
                typer.echo(f"{row.on} · {row.measure}: {row.value:.2f} {row.unit} {row.remark}", err=True)
                rows.append(row)
    table = as_dated_table(rows)
    typer.echo(table)
    if record:
        record_table(_PART, table)
    if any(row.goal is not None and not row.goal.is_reached for row in rows):
        raise typer.Exit(1)


@contextmanager
def _start(lots: int, entries: int) -> Iterator[_Cluster]:
    settings = [f"--{setting}" for setting in POSTGRES_SETTINGS]
    with durable_postgres() as primary:
        primary.create_database(_NAME)
        url = primary.url(_NAME)
        make_tables(url)
        database = Database(url)
        with loading(url) as loader:
            market = make_market(loader, lots)
            make_ledger(loader, entries)
        searcher, authority = _enrol(database, Role.RECYCLER), _enrol(database, Role.GOVERNMENT, "50")
        database.dispose()
        with start_standby(primary, ["-D", "data", "--listen_addresses=", *settings]) as standby:
            yield _Cluster(primary, standby, market, searcher, authority)


def _enrol(database: Database, role: Role, jurisdiction: str | None = None) -> str:
    pepper = Settings(_env_file=None).secret.get_secret_value().encode()
    with database.write() as session:
        key = enrol_member(session, role, f"benchmark {role}", pepper, jurisdiction).key_text
        session.commit()
    return key


def _measure(cluster: _Cluster, setting: _Setting, seconds: int) -> Iterator[Row]:
    options = [] if setting.processes == 1 else ["--workers", str(setting.processes)]
    replica = {"SWX_READ_DATABASE_URL": served_url(cluster.read_url)} if setting.has_replica else {}
    name = f"{describe_engine(cluster.url)}, {setting.name}"
    with serve(cluster.url, *options, SWX_WORKER="off", SWX_RATE_LIMIT="0", **replica) as served:
        for what, key, ask in _reads(cluster, served):
            _ask(served, key, ask, _WARM_UP_SECONDS)
            servers = (cluster.primary.process.pid, cluster.standby.process.pid, served.process.pid)
            before = [processor_seconds(pid) for pid in servers]
            series = _ask(served, key, ask, seconds)
            spent = [processor_seconds(pid) - earlier for pid, earlier in zip(servers, before, strict=True)]
            of_core = [1000 * each / len(series.ms) for each in spent]
            remark = (
                f"median {series.median:.1f} ms, p95 {series.p95:.1f} ms; of a core a read: primary {of_core[0]:.1f} ms"
                f", replica {of_core[1]:.1f} ms, exchange {of_core[2]:.1f} ms"
            )
            yield Row(f"{what}, {CLIENTS} clients", name, len(series.ms) / seconds, "/s", load_average(), None, remark)
        if setting.processes > 1:
            yield from _write_and_read(cluster, served, name, seconds)


def _reads(cluster: _Cluster, served: Served) -> Iterator[tuple[str, str, _Ask]]:
    """Yield what is read, by whom."""
    centres = [QUESTION.parameters(centre, "distance") for centre in cluster.market.centres(200, seed=2)]
    with connect(served.address, cluster.searcher) as http:
        pages = [json.loads(http.get("/v1/lots", centre))["items"] for centre in centres[:20]]
    lots = [f"/v1/lots/{item['lot']['id']}" for page in pages for item in page]
    yield "searches", cluster.searcher, lambda http, turn: http.get("/v1/lots", centres[turn % len(centres)])
    yield "one lot by id", cluster.searcher, lambda http, turn: http.get(lots[turn % len(lots)])
    yield (
        "a year of statistics",
        cluster.authority,
        lambda http, _: http.get("/v1/statistics/utilisation", _STATISTICS),
    )


def _ask(served: Served, key: str, ask: _Ask, seconds: float) -> Series:
    """Let all clients ask for some seconds, each on one connection; the kernel hands these to the processes."""
    turns = itertools.count()
    start = threading.Barrier(CLIENTS)

    def work(_: int) -> list[float]:
        took = []
        with connect(served.address, key) as http:
            start.wait()
            end = time.perf_counter() + seconds
            while (begun := time.perf_counter()) < end:
                ask(http, next(turns))
                took.append((time.perf_counter() - begun) * 1000)
        return took

    with ThreadPoolExecutor(CLIENTS) as pool:
        return Series(tuple(sorted(itertools.chain.from_iterable(pool.map(work, range(CLIENTS))))))


def _write_and_read(cluster: _Cluster, served: Served, name: str, seconds: int) -> Iterator[Row]:
    """Let members declare a month and read their statistics at once, on a new connection, while the lag is taken."""
    database = Database(cluster.url)
    keys = [_enrol(database, Role.PRODUCER) for _ in range(CLIENTS)]
    database.dispose()
    done = threading.Event()
    with ThreadPoolExecutor(CLIENTS + 1) as pool:
        watching = pool.submit(_watch_lag, cluster, done)
        writing = [pool.submit(_declare, served, key, seconds) for key in keys]
        results = [future.result() for future in writing]
        done.set()
        lag = watching.result()
    writes, missed = (sum(column) for column in zip(*results, strict=True))
    load = load_average()
    remark = f"{writes} declarations by {CLIENTS} clients, {writes / seconds:.0f}/s, each read back at once"
    yield Row("own writes not seen", name, missed, "", load, at_most(missed, 0), remark)
    remark = f"p95 {lag.p95:.1f} ms, slowest {lag.ms[-1]:.0f} ms; meanwhile, {len(lag.ms)} positions of the log"
    yield Row("lag of the replica, median", name, lag.median, "ms", load, None, remark)


def _declare(served: Served, key: str, seconds: float) -> tuple[int, int]:
    """Return how often was written, and how often the figure read was another."""
    with connect(served.address, key) as http:
        place: dict[str, Any] = {"latitude": 29.8, "longitude": 107.1, "district_code": "500115"}
        site = http.post("/v1/sites", {"name": "gate"} | place)["id"]
    body = {"site_id": site, "material": "phosphogypsum", "month": _MONTH}
    end, missed = time.perf_counter() + seconds, 0
    for figure in itertools.count(1):
        with connect(served.address, key) as http:  # of either process
            http.post("/v1/declarations", body | {"generated_t": figure})
        with connect(served.address, key) as http:
            answer = json.loads(http.get("/v1/statistics/utilisation", {"from": _MONTH, "to": _MONTH}))
        missed += answer["total"]["generated_t"] != figure
        if time.perf_counter() > end:
            return figure, missed
    raise AssertionError


def _watch_lag(cluster: _Cluster, done: threading.Event) -> Series:
    """Take positions of the primary's log, and how long until the replica has replayed each."""
    took: list[float] = []
    with _open(cluster.primary) as primary, _open(cluster.standby) as standby:
        while not done.wait(0.01):
            position = _ask_one(primary, "SELECT pg_current_wal_flush_lsn()")
            begun = time.perf_counter()
            while not _ask_one(standby, "SELECT pg_last_wal_replay_lsn() >= %s", position):
                time.sleep(_LOOK_SECONDS)
            took.append((time.perf_counter() - begun) * 1000)
    return Series(tuple(sorted(took)))


def _open(server: PostgresServer) -> "psycopg.Connection[tuple[Any, ...]]":
    return psycopg.connect(server.dsn(_NAME), autocommit=True)


def _ask_one(connection: "psycopg.Connection[tuple[Any, ...]]", query: str, *values: object) -> object:
    row = connection.execute(query.encode(), values or None).fetchone()
    return None if row is None else row[0]


if __name__ == "__main__":
    typer.run(main)
