"""One year of a whole city by month and material: the answer over HTTP against summing the entries in SQL."""

import json
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import psycopg
import typer

from app.auth.actor import Role
from app.core.database import Database
from app.core.engines import sqlite_module
from app.core.settings import Settings
from app.samples.members import enrol_member
from benchmarks.bulk import loading
from benchmarks.client import Client, connect
from benchmarks.entries import FIRST_YEAR, PRODUCERS, RECYCLERS, YEARS, make_ledger
from benchmarks.figures import Clock, Row, at_least, at_most, calmest
from benchmarks.servers import describe_engine, fresh_database, serve

_ASKED, _WARM_UP, _SUMMED = 60, 10, 3
_WANTED_MS, _WANTED_GROWTH, _WANTED_RATIO = 40, 1.5, 30
#: The last year of the ledger, so that all others are stock before the period.
_FROM, _TO = f"{FIRST_YEAR + YEARS - 1}-01", f"{FIRST_YEAR + YEARS - 1}-12"
_QUERY = {"from": _FROM, "to": _TO, "group_by": "month,material"}
_PRIOR = "e.stock_year < CAST(substr(t.month, 1, 4) AS INTEGER)"
_STOCKS = "('storage', 'in_transit', 'received', 'weighing_difference')"
#: Generated, used, used of prior stock, stored, dispatched for use, and the stock: what the rates and balances need.
_SUMMING = f"""
SELECT CASE WHEN t.month < '{_FROM}' THEN 'before' ELSE t.month END AS bucket, e.material,
  -SUM(CASE WHEN e.account = 'generation' THEN e.quantity_kg ELSE 0 END),
  SUM(CASE WHEN e.account IN ('utilised', 'self_utilised', 'entrusted_utilised') THEN e.quantity_kg ELSE 0 END),
  SUM(CASE WHEN e.account IN ('utilised', 'self_utilised', 'entrusted_utilised') AND {_PRIOR}
    THEN e.quantity_kg ELSE 0 END),
  SUM(CASE WHEN e.account IN {_STOCKS} AND NOT {_PRIOR} THEN e.quantity_kg ELSE 0 END),
  SUM(CASE WHEN e.account = 'in_transit' AND t.kind IN ('dispatch', 'refusal') THEN e.quantity_kg ELSE 0 END),
  SUM(CASE WHEN e.account IN {_STOCKS} THEN e.quantity_kg ELSE 0 END)
FROM ledger_entries e JOIN ledger_transactions t ON t.id = e.transaction_id
JOIN sites s ON s.id = e.origin_site_id
WHERE t.month <= '{_TO}' AND s.district_code LIKE '50%'
GROUP BY 1, 2
"""  # noqa: S608 - constants of ours


class _Cursor(Protocol):
    def execute(self, statement: str) -> Any: ...  # noqa: ANN401 - of either driver

    def fetchall(self) -> list[tuple[Any, ...]]: ...


def measure(engine: str, sizes: Sequence[int], keep: Path | None) -> Iterator[Row]:
    """Yield the rows of one engine: each size, and the growth from the first to the last.

    Ledgers are kept in the folder `keep`, or found there.
    """
    medians: list[float] = []
    name, load = engine, 0.0
    for size in sizes:
        with _ledger(engine, size, keep) as url:
            name = f"{describe_engine(url)}, {size:,} entries"
            key = _enrol(url)
            with serve(url) as served, connect(served.address, key) as http, _cursor(url) as cursor:
                clock, load = calmest(partial(_ask_in_turn, http, cursor))
        answer, summing = clock.series("answer"), clock.series("summing")
        medians.append(answer.median)
        medians.append(answer.median)
        remark = f"p95 {answer.p95:.1f} ms; {PRODUCERS} producers, {RECYCLERS} recyclers, {YEARS} years"
        wanted = at_most(answer.median, _WANTED_MS)
        yield Row(
            "a year of the city by month and material, over HTTP", name, answer.median, "ms", load, wanted, remark
        )
        ratio = summing.median / answer.median
        remark = f"median {summing.median:,.0f} ms on an open connection; utilised and generated compared, row by row"
        yield Row(
            "… summing the entries in SQL, over that", name, ratio, "×", load, at_least(ratio, _WANTED_RATIO), remark
        )
    if len(sizes) > 1:
        growth = medians[-1] / medians[0]
        remark = f"median {medians[0]:.1f} ms at {sizes[0]:,} entries"
        yield Row("… over that of the fewest entries", name, growth, "×", load, at_most(growth, _WANTED_GROWTH), remark)


@contextmanager
def _ledger(engine: str, size: int, keep: Path | None) -> Iterator[str]:
    """Yield the URL of a database with a ledger; one that was kept is taken if it was made to its end."""
    folder = None if keep is None else keep / f"{size}-{engine}"
    filled = None if folder is None else folder.with_suffix(".filled")
    if folder is not None and filled is not None and not filled.exists():
        shutil.rmtree(folder, ignore_errors=True)
    with fresh_database(engine, folder) as url:
        if filled is None or not filled.exists():
            begun = time.perf_counter()
            with loading(url) as loader:
                make_ledger(loader, size)
            took = time.perf_counter() - begun
            typer.echo(f"{engine}: {size:,} entries made in {took:.0f} s", err=True)
            if filled is not None:
                filled.touch()
        yield url


def _ask_in_turn(http: Client, cursor: _Cursor) -> Clock:
    """Ask over HTTP, then sum; the run stops where they differ."""
    clock = Clock()
    for _ in range(_WARM_UP):
        body = http.get("/v1/statistics/utilisation", _QUERY)
    for number in range(_ASKED):
        body = clock.time("answer", partial(http.get, "/v1/statistics/utilisation", _QUERY))
        if number % (_ASKED // _SUMMED) == 0:
            rows = clock.time("summing", partial(_sum, cursor))
            _compare(json.loads(body), rows)
    return clock


def _sum(cursor: _Cursor) -> list[tuple[Any, ...]]:
    cursor.execute(_SUMMING)
    return cursor.fetchall()


def _compare(answer: Any, rows: Sequence[tuple[Any, ...]]) -> None:  # noqa: ANN401 - JSON
    told = {(row["month"], row["material"]): row for row in answer["items"]}
    summed = {(bucket, material): figures for bucket, material, *figures in rows if bucket != "before"}
    names = ("generated_t", "utilised_t", "utilised_from_prior_t", "stored_t")
    for key in told.keys() | summed.keys():
        figures = [told[key][name] for name in names]
        if figures != [int(kilograms) / 1000 for kilograms in summed[key][: len(names)]]:
            raise RuntimeError(f"{key}: told {figures}, summed {summed[key]}")
    closing = sum(int(row[-1]) for row in rows) / 1000
    if answer["total"]["closing_t"] != closing:
        raise RuntimeError(f"closing: told {answer['total']['closing_t']}, summed {closing}")


def _enrol(url: str) -> str:
    database = Database(url)
    pepper = Settings(_env_file=None).secret.get_secret_value().encode()
    with database.write() as session:
        key = enrol_member(session, Role.GOVERNMENT, "the city", pepper, "50").key_text
        session.commit()
    database.dispose()
    return key


@contextmanager
def _cursor(url: str) -> Iterator[_Cursor]:
    """Yield a cursor of the driver on a connection of its own."""
    if url.startswith("sqlite"):
        connection = sqlite_module().connect(url.removeprefix("sqlite:///"))
        connection.execute("PRAGMA cache_size=-200000")
    else:
        connection = psycopg.connect(url.replace("+psycopg", ""), autocommit=True)
    try:
        yield connection.cursor()
    finally:
        connection.close()
