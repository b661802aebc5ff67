"""Statutory table 3 over HTTP: a month of a site that sends out 50 000 loads, as a workbook."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from app.auth.actor import Role
from app.core.clock import today
from app.core.database import Database, new_id
from app.core.settings import Settings
from app.organisations.models import OrganisationStatus
from app.organisations.service import enrol
from benchmarks.bulk import Loader, loading
from benchmarks.client import connect
from benchmarks.figures import Goal, Row, at_most
from benchmarks.servers import Served, describe_engine, fresh_database, load_average, serve

LOADS = 50_000
_SECONDS, _GROWTH_MB = 8.0, 100.0
_LOOK_SECONDS = 0.02
_MATERIAL = "phosphogypsum"
_CREATED = "2025-01-01 00:00:00.000000"
_SITE = (
    *("id", "organisation_id", "name", "latitude", "longitude", "given_datum", "given_latitude", "given_longitude"),
    *("district_code", "created_at", "version"),
)
_AGREEMENT = (
    *("id", "lot_id", "material", "origin_site_id", "destination_site_id", "producer_organisation_id"),
    *("recycler_organisation_id", "proposed_by", "quantity_kg", "shipped_kg", "price_fen_per_t", "starts_on"),
    *("ends_on", "status", "created_at", "version"),
)
_LOAD = (
    *("id", "agreement_id", "material", "origin_site_id", "destination_site_id", "producer_organisation_id"),
    *("recycler_organisation_id", "ticket_no", "vehicle_plate", "dispatched_at", "net_kg", "carrier", "driver_name"),
    *("driver_phone", "handler", "transport_mode", "dispatched_beyond_kg", "status", "disputed", "created_at"),
    "version",
)
_LOT = (
    *("id", "organisation_id", "site_id", "material", "quantity_kg", "reserved_kg", "shipped_kg", "available_from"),
    *("available_to", "price_fen_per_t", "status", "created_at", "version"),
)


def measure(engine: str) -> Iterator[Row]:
    """Yield the rows of one engine."""
    with fresh_database(engine) as url:
        name = f"{describe_engine(url)}, {LOADS:,} loads of one month"
        month = (today().replace(day=1) - timedelta(days=1)).replace(day=1)
        (producer, key), (recycler, _) = _enrol(url)
        with loading(url) as loader:
            site_id = _make_loads(loader, producer, recycler, month)
        for form, has_goal in (("xlsx", True), ("csv", False), ("json", False)):
            query = {"site_id": str(site_id), "month": f"{month:%Y-%m}", "format": form}
            with serve(url) as served, connect(served.address, key) as http, _watched(served) as peak:
                before, begun = served.resident_mb(), time.perf_counter()
                busy = _processor_seconds(served)
                content = http.get("/v1/ledger/tables/3", query)
                took, busy = time.perf_counter() - begun, _processor_seconds(served) - busy
            remark = f"{busy:.1f} s of a core; {len(content) / 1e6:.1f} MB; the first request of its server"
            yield from _rows(form, name, took, max(peak) - before, remark, has_goal=has_goal)


def _rows(form: str, name: str, took: float, growth_mb: float, remark: str, *, has_goal: bool) -> Iterator[Row]:
    def goal(value: float, limit: float) -> Goal | None:
        return at_most(value, limit) if has_goal else None

    measured, load = f"table 3 as {form.upper()}", load_average()
    yield Row(f"{measured}, request to last byte", name, took, "s", load, goal(took, _SECONDS), remark)
    yield Row(f"{measured}, growth of the worker", name, growth_mb, "MB", load, goal(growth_mb, _GROWTH_MB), "at most")


def _processor_seconds(served: Served) -> float:
    """Return the time of a core that the server has had, which a busy machine hardly changes."""
    spent = Path(f"/proc/{served.process.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(int(ticks) for ticks in spent) / os.sysconf("SC_CLK_TCK")


@contextmanager
def _watched(served: Served) -> Iterator[list[float]]:
    """Yield the sizes that the server has meanwhile, in MB."""
    sizes, done = [served.resident_mb()], threading.Event()

    def look() -> None:
        while not done.wait(_LOOK_SECONDS):
            sizes.append(served.resident_mb())

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield sizes
    finally:
        done.set()
        watcher.join()


def _enrol(url: str) -> list[tuple[UUID, str]]:
    """Return producer and recycler with their keys."""
    database = Database(url)
    pepper = Settings(_env_file=None).secret.get_secret_value().encode()
    made: list[tuple[UUID, str]] = []
    with database.write() as session:
        for role in (Role.PRODUCER, Role.RECYCLER):
            name = f"{role} 重庆长寿化工有限公司"
            organisation, key = enrol(session, [role], pepper, name=name, status=OrganisationStatus.ACTIVE)
            made.append((organisation.id, key))
        session.commit()
    database.dispose()
    return made


def _make_loads(loader: Loader, producer: UUID, recycler: UUID, month: date) -> UUID:
    """Store a site with its loads, evenly over 28 days; return its id."""
    origin, destination, lot, agreement = (new_id() for _ in range(4))
    place = (29.8, 107.1)
    gates = ((origin, producer, "500115"), (destination, recycler, "500102"))
    loader.load(
        "sites",
        _SITE,
        ((site.hex, owner.hex, "长寿厂区", *place, "wgs84", *place, code, _CREATED, 1) for site, owner, code in gates),
    )
    window = (str(month), str(month + timedelta(days=60)))
    terms = (2_000_000_000, 0, 0, *window, -1500, "open", _CREATED, 1)
    loader.load("lots", _LOT, [(lot.hex, producer.hex, origin.hex, _MATERIAL, *terms)])
    parties = (_MATERIAL, origin.hex, destination.hex, producer.hex, recycler.hex)
    deal = (producer.hex, 2_000_000_000, 0, -1500, *window, "accepted", _CREATED, 1)
    loader.load("agreements", _AGREEMENT, [(agreement.hex, lot.hex, *parties, *deal)])
    loader.load("shipments", _LOAD, _loads(agreement, parties, month))
    return origin


def _loads(agreement: UUID, parties: tuple[str, ...], month: date) -> Iterator[tuple[Any, ...]]:
    begin = datetime(month.year, month.month, month.day, tzinfo=UTC)
    step = timedelta(days=28) / LOADS
    for number in range(LOADS):
        at = f"{begin + number * step:%Y-%m-%d %H:%M:%S.%f}"
        lorry = (f"渝A{number % 10_000:05d}", at, 30_000 + number % 5000, "重庆长江运输公司", f"司机{number % 300}")
        rest = (f"1380000{number % 10_000:04d}", "李经办", "road", 0, "dispatched", False, _CREATED, 1)
        yield new_id().hex, agreement.hex, *parties, f"T-{number}", *lorry, *rest
