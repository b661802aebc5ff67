"""Sightings of plates: what the database keeps beside the loads is what the loads say, whatever happens to them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text

from app.anomalies.models import PlateSighting
from app.core.database import Database
from app.core.geo import distance_km
from app.core.revisions import migrate
from app.exchange.models import Shipment
from app.organisations.models import Site
from tests.factories import HECHUAN, Body, Deal, World

DAY, NEXT_DAY = "2025-03-05", "2025-03-06"
PLATE = "渝C1"
CLIENTS = 6


def _kept(database: Database) -> list[tuple[Any, ...]]:
    key = (PlateSighting.vehicle_plate, PlateSighting.at, PlateSighting.shipment_id, PlateSighting.gate)
    columns = (*key, PlateSighting.site_id, PlateSighting.before_at, PlateSighting.before_site_id)
    with database.read() as session:
        rows = session.execute(select(*columns, PlateSighting.before_shipment_id).order_by(*key))
        return [tuple(row) for row in rows]


def _told_by_the_loads(database: Database) -> list[tuple[Any, ...]]:
    with database.read() as session:
        loads = session.scalars(select(Shipment).where(Shipment.status != "voided")).all()
    left = [(load.vehicle_plate, load.dispatched_at, load.id, "1", load.origin_site_id) for load in loads]
    arrived = [
        (load.vehicle_plate, load.received_at, load.id, "2", load.destination_site_id)
        for load in loads
        if load.received_at is not None
    ]
    told: list[tuple[Any, ...]] = []
    for _, sightings in groupby(sorted([*left, *arrived]), lambda seen: seen[0]):
        before: tuple[Any, ...] = (None,) * 5
        for seen in sightings:
            told.append((*seen, before[1], before[4], before[2]))
            before = seen
    return told


def check(database: Database) -> int:
    """Check the links against the loads, and that no speed is kept that is too low; return how many there are."""
    kept = _kept(database)
    assert kept == _told_by_the_loads(database)
    with database.read() as session:
        places: dict[UUID, tuple[float, float]] = {
            site.id: (site.latitude, site.longitude) for site in session.scalars(select(Site))
        }
        for seen in session.scalars(select(PlateSighting)):
            if seen.before_site_id is None or seen.before_at is None:
                assert seen.km_h_at_most is None
                continue
            assert seen.km_h_at_most is not None
            hours = max((seen.at - seen.before_at).total_seconds() / 3600, 1e-4)
            km = distance_km(places[seen.site_id], places[seen.before_site_id])
            assert km <= seen.km_h_at_most * hours <= 1.6 * km + 1e-6
    return len(kept)


def _send(deal: Deal, clock: str, plate: str = PLATE) -> Body:
    return deal.dispatch(30, DAY, dispatched_at=f"{DAY}T{clock}:00+08:00", vehicle_plate=plate)


@pytest.fixture
def deals(world: World) -> list[Deal]:
    """Return deals from two sites to one."""
    deal = world.deal()
    far = world.site(deal.producer, **HECHUAN)["id"]
    return [deal, Deal(deal.producer, deal.recycler, far, deal.destination, {}, {}).offer(1000).agree(1000)]


def test_in_whatever_order_loads_are_recorded(deals: list[Deal], database: Database) -> None:
    near, far = deals
    late = _send(near, "16:00")
    early = _send(far, "08:00")
    assert check(database) == 2
    _send(near, "12:00")
    _send(near, "12:00")
    _send(far, "12:00", plate="渝C2")
    near.receive(late, NEXT_DAY)
    far.receive(early, DAY)  # at three, after the loads of noon
    assert check(database) == 7


def test_after_corrections_and_voids(deals: list[Deal], database: Database) -> None:
    near, far = deals
    first, second, third = _send(near, "08:00"), _send(far, "09:00"), _send(near, "10:00")
    near.receive(first, DAY)
    near.producer.post(f"/shipments/{second['id']}/void", status=200)
    assert check(database) == 3
    for load, changes in (
        (first, {"vehicle_plate": "渝C9"}),
        (first, {"received_at": f"{NEXT_DAY}T15:00:00+08:00"}),
        (third, {"dispatched_at": f"{DAY}T07:00:00+08:00"}),
        (third, {"vehicle_plate": "渝C9", "dispatched_at": f"{NEXT_DAY}T07:00:00+08:00"}),
        (first, {"vehicle_plate": PLATE, "net_t": 30.02}),
    ):
        wish = near.producer.post(f"/shipments/{load['id']}/corrections", changes | {"comment": "copied wrongly"})
        near.recycler.post(f"/corrections/{wish['id']}/approve", status=200)
        assert check(database) == 3


def test_a_site_that_moves_is_judged_where_it_is(deals: list[Deal], world: World, database: Database) -> None:
    near, far = deals
    authority, period = world.government("50"), {"from": "2025-03", "to": "2025-03"}
    _send(near, "08:00")
    _send(far, "08:20")
    _send(near, "09:40")

    def found() -> int:
        return len(authority.get("/statistics/anomalies", kind="plate_at_two_places", **period)["items"])

    assert found() == 1
    far.producer.patch(f"/sites/{far.origin}", {"latitude": 29.84, "longitude": 107.08})
    assert check(database) == 3
    assert found() == 0
    far.producer.patch(f"/sites/{far.origin}", {"latitude": 28, "longitude": 105.5})
    assert check(database) == 3
    assert found() == 2


def test_the_one_before_may_lie_before_the_period(deals: list[Deal], world: World) -> None:
    near, far = deals
    near.dispatch(30, "2025-02-28", dispatched_at="2025-02-28T23:50:00+08:00", vehicle_plate=PLATE)
    far.dispatch(30, "2025-03-01", dispatched_at="2025-03-01T00:10:00+08:00", vehicle_plate=PLATE)
    authority = world.government("50")
    (found,) = authority.get("/statistics/anomalies", **{"from": "2025-03", "to": "2025-03"})["items"]
    assert (found["kind"], found["figures"]["minutes"]) == ("plate_at_two_places", 20)
    assert authority.get("/statistics/anomalies", **{"from": "2025-02", "to": "2025-02"})["items"] == []


def test_loads_of_one_plate_at_once(world: World, database: Database) -> None:
    deals = [world.deal() for _ in range(CLIENTS)]

    def send(deal: Deal, number: int) -> Callable[[], Body]:
        return lambda: _send(deal, f"10:{number:02d}")

    calls = [send(deal, number) for number, deal in enumerate(deals)]
    with ThreadPoolExecutor(CLIENTS) as pool:
        assert len({load["id"] for load in pool.map(lambda call: call(), calls)}) == CLIENTS
    assert check(database) == CLIENTS


def test_loads_on_file_are_seen_by_the_migration(deals: list[Deal], database: Database, owned: Database) -> None:
    near, far = deals
    near.receive(_send(near, "08:00"), NEXT_DAY)
    _send(far, "09:00")
    near.producer.post(f"/shipments/{_send(near, '10:00')['id']}/void", status=200)
    before = _kept(database)
    migrate(owned.engine, "0015")
    with database.read() as session:
        assert session.execute(text("SELECT count(*) FROM shipments")).scalar_one() == 3
    migrate(owned.engine)
    assert check(database) == 3
    assert _kept(database) == before


def test_the_page_is_read_from_the_index_of_the_fast_ones(engine: str, database: Database) -> None:
    if engine == "postgresql":  # chooses by what it has counted, and in an empty table by nothing
        query = "SELECT indexdef FROM pg_indexes WHERE indexname = 'ix_plate_sightings_fast'"
    else:
        query = (
            "EXPLAIN QUERY PLAN SELECT * FROM plate_sightings WHERE km_h_at_most > 80 AND km_h_at_most > 100 "
            "ORDER BY shipment_id DESC, gate DESC"
        )
    with database.read() as session:
        (row,) = session.execute(text(query)).all()
    assert "ix_plate_sightings_fast" in str(row)
