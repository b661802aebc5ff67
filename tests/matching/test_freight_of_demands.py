"""Demands with a freight tariff of their own: stored exactly, used from both sides, to the fen as in plain Python."""

from decimal import ROUND_HALF_UP, Decimal
from random import Random
from uuid import UUID

import numpy as np
import pytest
from geopy.distance import geodesic
from sqlalchemy import BigInteger, literal, select, update
from sqlalchemy.exc import IntegrityError

from app.auth.actor import Role
from app.core.clock import today
from app.core.database import Database
from app.demands.models import Demand
from app.matching.ranking import Tariff, freight_fen_per_t, make_haul
from app.matching.tariffs import freight_of_demands, tariff_for
from tests.factories import Body, Member, World
from tests.matching.market import SiteMade, make_owners, make_site

FEN = Decimal("0.01")
DEFAULT = Tariff(1.3, Decimal("0.5"), Decimal(0))
LOT_PLACE = (29.83615, 107.07041)


def _freight(km: float, demand: Demand, default: Tariff = DEFAULT) -> Decimal:
    """Return fixed part + rate times unrounded route, half-up, in exact decimals."""
    rate, fixed = demand.freight_cny_per_t_km, demand.freight_fixed_cny_per_t
    rate = default.per_t_km_cny if rate is None else rate
    fixed = default.fixed_cny_per_t if fixed is None else fixed
    return (fixed + rate * Decimal(km) * Decimal(str(default.detour_factor))).quantize(FEN, rounding=ROUND_HALF_UP)


def _random_tariff(random: Random) -> tuple[Decimal | None, Decimal | None]:
    rate = random.choice([None, Decimal(0), Decimal(10), Decimal(random.randint(0, 9999)) / 10_000])
    fixed = random.choice([None, Decimal(0), Decimal(10_000), Decimal(random.randint(0, 9999)) / 100])
    return rate, fixed


def _demand(owner: UUID, site: UUID, tariff: tuple[Decimal | None, Decimal | None], most: Decimal | None) -> Demand:
    return Demand(
        organisation_id=owner,
        site_id=site,
        use="cement_retarder",
        materials=["phosphogypsum"],
        criteria=[],
        quantity_t=Decimal(9),
        needed_from=today(),
        needed_to=today(),
        max_delivered_cny_per_t=most,
        freight_cny_per_t_km=tariff[0],
        freight_fixed_cny_per_t=tariff[1],
    )


def _store_demands(database: Database, owner: UUID, random: Random, count: int) -> list[tuple[Demand, float]]:
    """Store demands around, each with its distance from the lot in km."""
    stored = []
    with database.write() as session:
        for _ in range(count):
            place = round(random.uniform(28.2, 32.2), 5), round(random.uniform(105.2, 110.2), 5)
            site = make_site(owner, SiteMade(place, None, ""))
            session.add(site)
            session.flush()
            km = float(geodesic(LOT_PLACE, place).kilometers)
            demand = _demand(owner, site.id, _random_tariff(random), None)
            # Limits that hold to the fen, or miss by one.
            cost = _freight(km, demand) - 15
            demand.max_delivered_cny_per_t = random.choice([None, cost, cost - FEN, cost + FEN])
            session.add(demand)
            session.flush()
            stored.append((demand, km))
        session.commit()
    return stored


def _pages(member: Member, path: str, **params: str) -> list[Body]:
    items: list[Body] = []
    more: dict[str, str] = {}
    while True:
        page = member.get(path, limit=7, **params, **more)
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        more = {"cursor": page["next_cursor"]}


@pytest.mark.parametrize("seed", range(3))
def test_takers_come_as_loops_find_them(world: World, database: Database, seed: int) -> None:
    producer, recycler = world.producer(), world.recycler()
    lot = world.lot(producer)
    stored = _store_demands(database, UUID(recycler.id), Random(seed), 40)
    wanted = []
    for demand, km in stored:
        freight = _freight(km, demand)
        most = demand.max_delivered_cny_per_t
        if most is None or freight - 15 <= most:
            wanted.append((freight - 15, km, demand.id, freight))
    assert 15 < len(wanted) < 40
    for sort, rank in (("delivered_price", 0), ("distance", 1)):
        expected = sorted(wanted, key=lambda taker: (taker[rank], taker[2]))
        found = _pages(producer, f"/lots/{lot['id']}/matches", sort=sort)
        assert [
            (item["demand"]["id"], item["freight_cny_per_t"], item["delivered_cny_per_t"], item["route_source"])
            for item in found
        ] == [(str(key), float(freight), float(cost), "detour_factor") for cost, _, key, freight in expected]


def test_sql_numpy_and_python_compute_the_same_fen(database: Database) -> None:
    random, owner = Random(11), make_owners(database)["other"]
    defaults = [DEFAULT, Tariff(1.0, Decimal("0.4567"), Decimal("3.21")), Tariff(3.0, Decimal(10), Decimal(10_000))]
    distances_um = [0, 1, 384_615_385, 20_003_931_458_000, *(random.randrange(10**12) for _ in range(30))]
    with database.write() as session:
        site = make_site(owner, SiteMade((29.8, 107.0), None, ""))
        session.add(site)
        session.flush()
        demands = [_demand(owner, site.id, _random_tariff(random), None) for _ in range(20)]
        session.add_all(demands)
        session.flush()
        for default in defaults:
            for um in distances_um:
                column = freight_of_demands(literal(um, BigInteger), default)
                found = {row[0]: row[1] for row in session.execute(select(Demand.id, column))}
                for demand in demands:
                    tariff = tariff_for(demand, default)
                    shown = make_haul(um, tariff, None).freight_cny_per_t
                    fen = freight_fen_per_t(np.array([um]), tariff).tolist()
                    assert [found[demand.id] * FEN, [found[demand.id]]] == [shown, fen], (um, tariff)


def test_half_a_fen_goes_up() -> None:
    tariff = Tariff(1.0, Decimal("0.5"), Decimal("0.01"))
    # 0.5 CNY/t·km over 0.01 km is half a fen.
    assert make_haul(10_000_000, tariff, None).freight_cny_per_t == Decimal("0.02")
    assert make_haul(9_999_999, tariff, None).freight_cny_per_t == Decimal("0.01")
    assert make_haul(1, tariff, 10.0).freight_cny_per_t == Decimal("0.02")
    assert make_haul(1, tariff, 9.9).freight_cny_per_t == Decimal("0.01")


def test_a_demand_is_searched_for_with_its_own_tariff(world: World) -> None:
    producer, recycler = world.producer(), world.recycler()
    lot = world.lot(producer)
    gate = world.demand(recycler)["site"]["id"]
    # 34.12608 km, 44.3639 by road.
    for tariff, freight in (
        ({}, 22.18),
        ({"freight_cny_per_t_km": 0.4321}, 19.17),
        ({"freight_fixed_cny_per_t": 3.25}, 25.43),
        ({"freight_cny_per_t_km": 0, "freight_fixed_cny_per_t": 3.25}, 3.25),
        ({"freight_cny_per_t_km": "0.1", "freight_fixed_cny_per_t": "1"}, 5.44),
    ):
        most = round(freight - 15, 2)
        demand = world.demand(recycler, site_id=gate, max_delivered_cny_per_t=most, **tariff)
        (item,) = recycler.get(f"/demands/{demand['id']}/matches", sort="delivered_price")["items"]
        assert (item["freight_cny_per_t"], item["delivered_cny_per_t"]) == (freight, most)
        taker = producer.get(f"/lots/{lot['id']}/matches", sort="newest")["items"][0]
        assert taker.pop("demand")["id"] == demand["id"]
        item.pop("lot")
        assert taker == item
        too_little = world.demand(recycler, site_id=gate, max_delivered_cny_per_t=round(most - 0.01, 2), **tariff)
        assert recycler.get(f"/demands/{too_little['id']}/matches")["items"] == []


def test_own_tariffs_are_read_back_by_the_owner_alone(world: World) -> None:
    producer, recycler = world.producer(), world.recycler()
    lot, plain = world.lot(producer), world.demand(recycler)
    assert (plain["freight_cny_per_t_km"], plain["freight_fixed_cny_per_t"]) == (None, None)
    demand = world.demand(recycler, freight_cny_per_t_km=0.4567, freight_fixed_cny_per_t=12.34)
    path = f"/demands/{demand['id']}"
    assert (demand["freight_cny_per_t_km"], demand["freight_fixed_cny_per_t"]) == (0.4567, 12.34)
    assert recycler.get(path) == demand
    changed = recycler.patch(path, {"freight_cny_per_t_km": None, "freight_fixed_cny_per_t": 10_000})
    assert (changed["freight_cny_per_t_km"], changed["freight_fixed_cny_per_t"]) == (None, 10_000)
    assert recycler.get("/demands")["items"][0] == changed
    for item in producer.get(f"/lots/{lot['id']}/matches")["items"]:
        assert not [name for name in item["demand"] if name.startswith("freight")]


FAULTS: list[tuple[Body, str]] = [
    ({"freight_cny_per_t_km": -0.0001}, "greater_than_equal"),
    ({"freight_cny_per_t_km": 10.0001}, "less_than_equal"),
    ({"freight_cny_per_t_km": 0.12345}, "decimal_max_places"),
    ({"freight_cny_per_t_km": "NaN"}, "finite_number"),
    ({"freight_cny_per_t_km": "cheap"}, "decimal_parsing"),
    ({"freight_fixed_cny_per_t": -1}, "greater_than_equal"),
    ({"freight_fixed_cny_per_t": 10_000.01}, "less_than_equal"),
    ({"freight_fixed_cny_per_t": 1.234}, "decimal_max_places"),
    ({"freight_fixed_cny_per_t": "Infinity"}, "finite_number"),
]


def test_impossible_tariffs_are_refused(world: World) -> None:
    recycler = world.member(Role.RECYCLER)
    demand = world.demand(recycler)
    body = {"site_id": demand["site"]["id"], "use": "cement_retarder", "quantity_t": 1}
    body |= {"needed_from": str(today()), "needed_to": str(today())}
    for fault, code in FAULTS:
        (field,) = fault
        for problem in (
            recycler.post("/demands", body | fault, status=422),
            recycler.patch(f"/demands/{demand['id']}", fault, status=422),
        ):
            assert [(one["pointer"], one["code"]) for one in problem["errors"]] == [(f"/{field}", code)]
    assert recycler.get("/demands")["items"] == [demand]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("freight_cny_per_t_km", "-0.0001"),
        ("freight_cny_per_t_km", "10.0001"),
        ("freight_fixed_cny_per_t", "-0.01"),
        ("freight_fixed_cny_per_t", "10000.01"),
    ],
)
def test_the_database_keeps_the_bounds_too(world: World, field: str, value: str) -> None:
    demand = world.demand(world.recycler())
    change = update(Demand).where(Demand.id == UUID(demand["id"])).values({field: Decimal(value)})
    with world.database.write() as session, pytest.raises(IntegrityError):
        session.execute(change)
