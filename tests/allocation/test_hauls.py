"""The hauls of a plan are the matches of the market: the same pairs, distances and costs, on both engines."""

from datetime import timedelta
from random import Random
from typing import Any

import pytest

from app.auth.actor import Role
from app.core.clock import today
from app.core.database import Database
from tests.allocation.reading import hauls, pose
from tests.factories import Body, Member, World

STREAMS: dict[str, tuple[str, dict[str, tuple[float, float]]]] = {
    "phosphogypsum": ("dihydrate", {"caso4_2h2o": (70, 95), "soluble_p2o5": (0.05, 0.6), "moisture": (5, 30)}),
    "fly_ash": ("pulverised_coal_boiler", {"fineness_45um": (10, 50), "loi": (1, 12), "moisture": (0.2, 2)}),
    "steel_slag": ("converter", {"f_cao": (1, 6), "metallic_iron": (0.5, 4)}),
}
WISHES: list[Body] = [
    {"use": "cement_retarder", "criteria": [{"parameter": "caso4_2h2o", "min": 85}]},
    {"use": "cement_retarder", "grade": "gbt23456_2018_i"},
    {"use": "concrete_admixture", "grade": "gbt1596_2017_concrete_ii_f"},
    {"use": "concrete_admixture", "criteria": [{"parameter": "loi", "max": 8}, {"parameter": "moisture", "max": 1}]},
    {"use": "cement_mixing_material"},
    {"use": "road_base", "criteria": [{"parameter": "f_cao", "max": 3}], "accept_unknown": False},
    {"use": "kiln_raw_mix"},
]
PLACES = [(29.3 + 0.23 * row, 106.2 + 0.31 * row) for row in range(5)]


def _site(world: World, member: Member, random: Random) -> str:
    latitude, longitude = random.choice(PLACES)
    site = world.site(member, latitude=latitude, longitude=longitude + random.randint(0, 9) / 100)
    return str(site["id"])


def _assay(ranges: dict[str, tuple[float, float]], random: Random) -> Body | None:
    known = random.sample(sorted(ranges), random.randint(0, len(ranges)))
    results = [{"parameter": name, "value": round(random.uniform(*ranges[name]), 2)} for name in known]
    sampled_on = today() - timedelta(days=random.choice([0, 30, 400]))
    return {"sampled_on": str(sampled_on), "results": results} if results else None


def _offer(world: World, member: Member, random: Random) -> Body:
    material = random.choice(list(STREAMS))
    origin, ranges = STREAMS[material]
    first = today() + timedelta(days=random.choice([0, 0, 20]))
    changes: Body = {
        "site_id": _site(world, member, random),
        "material": material,
        "price_cny_per_t": random.randint(-40, 60) / 2,
        "origin": random.choice([None, {"process": origin}, {"process": "waste_incinerator"}]),
        "assay": _assay(ranges, random),
        "available_from": str(first),
        "available_to": str(first + timedelta(days=random.choice([3, 60]))),
    }
    if random.random() < 0.3:
        changes |= {"quantity_t": None, "recurring": {"per": "month", "quantity_t": 500}}
    return world.lot(member, **changes)


def _need(world: World, member: Member, random: Random) -> Body:
    first = today() + timedelta(days=random.choice([0, 0, 20]))
    changes: dict[str, Any] = {
        **random.choice(WISHES),
        "site_id": _site(world, member, random),
        "needed_from": str(first),
        "needed_to": str(first + timedelta(days=random.choice([3, 60]))),
        "max_distance_km": random.choice([None, 60, 120]),
        "max_delivered_cny_per_t": random.choice([None, 40]),
    }
    if random.random() < 0.3:
        changes |= {"freight_cny_per_t_km": 0.35, "freight_fixed_cny_per_t": 6.5}
    if random.random() < 0.3:
        changes |= {"quantity_t": None, "recurring": {"per": "month", "quantity_t": 700}}
    return world.demand(member, **changes)


@pytest.mark.parametrize("seed", range(3))
def test_hauls_are_the_matches_of_the_demands(world: World, database: Database, seed: int) -> None:
    random = Random(seed)
    # One of them is both: its own lots and demands never match.
    both = world.member(Role.PRODUCER, Role.RECYCLER)
    producers, recyclers = [world.producer(), both], [world.recycler(), both]
    for _ in range(25):
        _offer(world, random.choice(producers), random)
    needs = [(member, _need(world, member, random)) for member in random.choices(recyclers, k=12)]
    expected = {}
    for member, need in needs:
        for item in member.get(f"/demands/{need['id']}/matches", limit=100)["items"]:
            pair = item["lot"]["id"], need["id"]
            expected[pair] = (round(item["distance_km"] * 1000), round(item["delivered_cny_per_t"] * 100))
    assert hauls(pose(database, months=12)) == expected
    assert len(expected) > 5
    near = {pair: terms for pair, terms in expected.items() if terms[0] <= 70_000}
    assert hauls(pose(database, months=12, max_distance_km=70.0)) == near
