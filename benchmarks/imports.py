"""Bulk import over HTTP: from the POST of a file to its job being done, events included, by the server's own worker."""

import io
import json
import time
from collections.abc import Iterator
from datetime import timedelta
from http import HTTPStatus
from random import Random

import xlsxwriter

from app.auth.actor import Role
from app.catalogue.reference import reference
from app.core.clock import today
from app.core.database import Database
from app.core.settings import Settings
from app.organisations.models import OrganisationStatus
from app.organisations.service import enrol
from benchmarks.client import Client, connect
from benchmarks.figures import Row, at_least
from benchmarks.import_profiles import profile_import
from benchmarks.market import VALUES
from benchmarks.servers import Served, describe_engine, fresh_database, load_average, serve

CSV, XLSX = "text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LOTS = {CSV: 50_000, XLSX: 10_000}
_WANTED = {CSV: 5000, XLSX: 1500}
_NAMES = {CSV: "CSV", XLSX: "XLSX"}
_WARM_UP_LOTS, _PROFILED_LOTS = 2000, 20_000
_POLL_SECONDS, _PATIENCE_SECONDS = 0.2, 300
_MATERIAL = "phosphogypsum"
_Table = list[list[str | float]]


def measure(engine: str) -> Iterator[Row]:
    """Yield the rows of one engine."""
    with fresh_database(engine) as url:
        name = describe_engine(url)
        key = _enrol_producer(url)
        with serve(url) as served, connect(served.address, key) as http:
            site = http.post("/v1/sites", {"name": "gate", "latitude": 29.8, "longitude": 107.1, "district_code": None})
            _import(http, CSV, _write(CSV, site["id"], _WARM_UP_LOTS, seed=0))
            for number, (kind, lots) in enumerate(LOTS.items(), 1):
                content = _write(kind, site["id"], lots, seed=number)
                yield _row(served, http, kind, content, name)
        yield from profile_import(url, key, _write(CSV, site["id"], _PROFILED_LOTS, seed=9), name)


def _row(served: Served, http: Client, kind: str, content: bytes, name: str) -> Row:
    begun = time.perf_counter()
    _import(http, kind, content)
    per_second = LOTS[kind] / (time.perf_counter() - begun)
    remark = (
        f"{LOTS[kind]:,} lots, {VALUES} values each, {len(content) / 1e6:.1f} MB; server {served.resident_mb():.0f} MB"
    )
    on = f"{name}, worker in the server"
    measured = f"import of {_NAMES[kind]}, POST to job done, events included"
    return Row(measured, on, per_second, "lots/s", load_average(), at_least(per_second, _WANTED[kind]), remark)


def _import(http: Client, kind: str, content: bytes) -> None:
    """Send a file and wait until all of it has landed."""
    job = http.send("/v1/lots/import", content, kind, HTTPStatus.ACCEPTED)
    end = time.monotonic() + _PATIENCE_SECONDS
    while job["status"] in {"queued", "running"} and time.monotonic() < end:
        time.sleep(_POLL_SECONDS)
        job = json.loads(http.get(f"/v1/jobs/{job['id']}"))
    if job["status"] != "done" or job["landed"] != job["total"]:
        raise RuntimeError(f"the import did not land: {job}")


def _enrol_producer(url: str) -> str:
    database = Database(url)
    pepper = Settings(_env_file=None).secret.get_secret_value().encode()
    with database.write() as session:
        _, key = enrol(session, [Role.PRODUCER], pepper, name="importing works", status=OrganisationStatus.ACTIVE)
        session.commit()
    database.dispose()
    return key


def _write(kind: str, site_id: str, lots: int, seed: int) -> bytes:
    table = _draw_table(site_id, lots, Random(seed))  # noqa: S311 - a market, not a secret
    return _as_csv(table) if kind == CSV else _as_xlsx(table)


def _draw_table(site_id: str, lots: int, random: Random) -> _Table:
    """Return heads and rows of lots, each with a report of its own."""
    typical = reference().materials[_MATERIAL].typical_composition
    ranges = [entry for entry in typical if entry.low < entry.high][:VALUES]
    day = today()
    begins, ends, sampled = str(day), str(day + timedelta(days=180)), str(day - timedelta(days=20))
    heads = ["site_id", "material", "quantity_t", "available_from", "available_to", "price_cny_per_t"]
    heads += ["origin_process", "sampled_on", "laboratory", "report_no"]
    heads += [entry.parameter for entry in ranges]
    table: _Table = [[*heads]]
    for number in range(lots):
        values = [f"{random.uniform(float(entry.low), float(entry.high)):.4g}" for entry in ranges]
        tonnes, price_cny = random.randrange(500, 9000), random.randrange(-4000, 9000) / 100
        terms: list[str | float] = [site_id, _MATERIAL, tonnes, begins, ends, price_cny]
        report = ["dihydrate", sampled, "laboratory", f"R-{number}"]
        table.append([*terms, *report, *values])
    return table


def _as_csv(table: _Table) -> bytes:
    return "\n".join(",".join(map(str, row)) for row in table).encode()


def _as_xlsx(table: _Table) -> bytes:
    """Return a workbook whose texts are shared, as spreadsheet programs write them."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(table):
            sheet.write_row(number, 0, row)
    return file.getvalue()
