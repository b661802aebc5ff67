"""Near-misses: which failing lots are shown, in which order, with which remedy; and assays that are too old."""

from datetime import date
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from random import Random
from typing import Any

import pytest
from sqlalchemy import select

from app.catalogue.schemas import Rounding
from app.core.clock import today
from app.core.database import Database
from app.lots.models import Lot
from app.matching.conditions import limit_values
from app.matching.conventions import months_before
from app.matching.nearness import nearest_miss_ppb
from app.matching.specification import make_criterion
from app.matching.verdict import Specification
from tests.factories import Body, Member, World
from tests.matching.market import OWN, LotMade, Market, SiteMade, make_owners

SPECS = ["soluble_p2o5<=0.2", "ph=6..9", "caso4_2h2o>=85"]
GOOD = {"soluble_p2o5": 0.2, "ph": 7, "caso4_2h2o": 91.2, "moisture": 16.3}
NEAR = "29.70613,107.39028"


def _assay(sampled_on: date | None = None, **values: Any) -> Body:  # noqa: ANN401 - JSON
    results = [{"parameter": name, "value": value} for name, value in values.items()]
    return {"sampled_on": str(sampled_on or today()), "results": results}


def _lot(world: World, producer: Member, sampled_on: date | None = None, **values: Any) -> str:  # noqa: ANN401 - JSON
    lot_id: str = world.lot(producer, assay=_assay(sampled_on, **GOOD | values))["id"]
    return lot_id


def _found(member: Member, path: str = "/lots", **params: Any) -> list[str]:  # noqa: ANN401 - query parameters
    return [item["lot"]["id"] for item in member.get(path, **params)["items"]]


def test_near_misses_fail_two_criteria_at_most_and_the_nearest_come_first(world: World) -> None:
    producer, recycler = world.producer(), world.recycler()
    _lot(world, producer, soluble_p2o5=0.21, ph=5.9, caso4_2h2o=84.9)  # three: no near-miss, however close
    half = _lot(world, producer, soluble_p2o5=0.3)
    twentieth = _lot(world, producer, soluble_p2o5=0.21)
    two = _lot(world, producer, soluble_p2o5=0.22, ph=9.1)
    same = _lot(world, producer, caso4_2h2o=84.0, soluble_p2o5=0.21)
    good = _lot(world, producer)
    limits = [
        {"parameter": "soluble_p2o5", "max": 0.2},
        {"parameter": "ph", "min": 6, "max": 9},
        {"parameter": "caso4_2h2o", "min": 85},
    ]
    demand = world.demand(recycler, criteria=limits, max_distance_km=None, max_delivered_cny_per_t=None)
    for path, asked in (("/lots", {"spec": SPECS}), (f"/demands/{demand['id']}/matches", {})):
        params: Body = asked | {"sort": "nearest_miss"}
        assert _found(recycler, path, **params, verdict="fail") == [twentieth, same, two, half]
        assert _found(recycler, path, **params, verdict="pass,unknown,fail") == [good, twentieth, same, two, half]
        assert _found(recycler, path, **params) == [good]
        first = recycler.get(path, **params, verdict="fail", limit=1)
        rest = recycler.get(path, **params, verdict="fail", cursor=first["next_cursor"])
        assert [item["lot"]["id"] for item in rest["items"]] == [same, two, half]


def test_excluded_origins_are_no_near_misses(world: World) -> None:
    producer, recycler = world.producer(), world.recycler()
    ash: Body = {"material": "fly_ash", "assay": _assay(fineness_45um=32)}
    missed = world.lot(producer, **ash, origin={"process": "pulverised_coal_boiler"})["id"]
    world.lot(producer, **ash, origin={"process": "waste_incinerator"})
    asked = {"grade": "gbt1596_2017_concrete_ii_f", "verdict": "pass,unknown,fail"}
    assert _found(recycler, **asked) == [missed]
    (item,) = recycler.get("/lots", **asked)["items"]
    assert [remedy["treatment"] for remedy in item["remedies"]] == ["air_classification_fly_ash", "fine_grinding"]


def test_item_names_its_remedies_and_what_to_do(world: World) -> None:
    producer, recycler = world.producer(), world.recycler()
    _lot(world, producer, soluble_p2o5=0.24)
    asked: Body = {"spec": ["soluble_p2o5<=0.2"], "verdict": "fail"}
    (item,) = recycler.get("/lots", **asked)["items"]
    lime, washing = item["remedies"]
    assert lime["treatment"] == "lime_neutralisation_phosphogypsum"
    assert {name: washing[name] for name in washing if name != "effects"} == {
        "treatment": "washing_phosphogypsum",
        "name_zh": "水洗",
        "name_en": "Water washing",
        "fixes": ["soluble_p2o5"],
        "claimed": True,
        "source": "memory:general literature values",
    }
    treatments = {entry["key"]: entry for entry in recycler.get("/treatments", limit=100)["items"]}
    assert washing["effects"] == treatments["washing_phosphogypsum"]["effects"]
    assert item["advice"].startswith("Water-soluble phosphorus as P2O5 is 0.24 %, but must be at most 0.2 %. Lime")
    chinese = recycler.request("GET", "/lots", params=asked, headers={"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"})
    assert chinese.json()["items"][0]["advice"].startswith(
        "水溶性五氧化二磷为 0.24 %，要求不大于 0.2 %。据称石灰中和或水洗"
    )
    (passed,) = recycler.get("/lots", spec=["ph=6..9"])["items"]
    assert (passed["remedies"], passed["advice"]) == ([], "")


def test_old_assays_prove_nothing(world: World) -> None:
    producer, recycler = world.producer(), world.recycler()
    limit = months_before(today(), 12)
    day_before = date.fromordinal(limit.toordinal() - 1)
    fresh = _lot(world, producer, limit)
    old = _lot(world, producer, day_before)
    bad = _lot(world, producer, day_before, ph=5)
    demand = world.demand(recycler, criteria=[{"parameter": "ph", "min": 6}], accept_unknown=False)
    assert _found(recycler, spec=["ph=6..9"], verdict="pass") == [fresh]
    assert _found(recycler, spec=["ph=6..9"], verdict="unknown") == [bad, old]
    assert _found(recycler, spec=["ph=6..9"], verdict="fail") == []
    assert _found(recycler, f"/demands/{demand['id']}/matches") == [fresh]
    assert producer.get(f"/lots/{old}/matches")["items"] == []
    item = recycler.get("/lots", spec=["ph=6..9", "cl<=0.1"], verdict="unknown")["items"][0]
    ph, chloride = item["criteria"]
    assert (ph["verdict"], ph["reason"], ph["value"], ph["margin"]) == ("unknown", "assay_too_old", 5.0, None)
    assert ph["assay_on"] == str(day_before)
    assert chloride["reason"] == "not_measured"
    assert item["advice"] == (
        f"Test chloride ion and repeat the assay of {day_before}, which is too old, then it qualifies."
    )
    producer.post(f"/lots/{bad}/assays", _assay(ph=7))
    assert _found(recycler, spec=["ph=6..9"], verdict="pass") == [bad, fresh]


def test_cost_of_the_active_component(world: World) -> None:
    producer, recycler = world.producer(), world.recycler()
    rich = _lot(world, producer)
    poor = _lot(world, producer, caso4_2h2o=50)
    unknown = world.lot(producer, assay=_assay(caso4_2h2o=99))["id"]
    asked: Body = {"near": NEAR, "use": "cement_retarder", "sort": "delivered_price_active"}
    items = recycler.get("/lots", **asked)["items"]
    found = [(item["lot"]["id"], item["delivered_cny_per_active_t"]) for item in items]
    # 7.18 / 0.837 / 0.912 and / 0.5, from a price of -15 and a freight of 22.18
    assert found == [(rich, 9.41), (poor, 17.16), (unknown, None)]
    assert [item["delivered_cny_per_active_t"] for item in recycler.get("/lots", near=NEAR)["items"]] == [None] * 3
    first = recycler.get("/lots", **asked, limit=2)
    assert [item["lot"]["id"] for item in recycler.get("/lots", **asked, cursor=first["next_cursor"])["items"]] == [
        unknown
    ]
    assert _found(recycler, near=NEAR, sort="delivered_price_dry")[-1] == unknown
    demand = world.demand(recycler)
    matches = f"/demands/{demand['id']}/matches"
    assert _found(recycler, matches, sort="delivered_price_active") == [rich, poor, unknown]
    (taker,) = producer.get(f"/lots/{rich}/matches")["items"]
    assert taker["delivered_cny_per_active_t"] == 9.41


@pytest.mark.parametrize("rounding", list(Rounding))
@pytest.mark.parametrize(
    ("low", "high"), [("70.0", None), (None, "12.0"), ("6", "9"), (None, "0.06"), (None, "0"), ("-2.5", "0.0")]
)
def test_rank_is_the_margin_over_the_limit(
    database: Database, rounding: Rounding, low: str | None, high: str | None
) -> None:
    random = Random(11)
    bounds = [None if bound is None else Decimal(bound) for bound in (low, high)]
    steps = [Decimal(step) for step in ("0.005", "0.015", "0.05", "0.15", "0.25", "0.5", "1.5", "0.0500000001")]
    steps += [Decimal(random.randint(1, 10**6)) / 10**5 for _ in range(40)]
    values = [bound + side * step for bound in bounds if bound is not None for step in steps for side in (1, -1)]
    market = Market(database, make_owners(database))
    market.fill([SiteMade((29.8, 107.0), None, OWN)], [_made(float(value)) for value in values])
    criterion = make_criterion("so3", "request", minimum=bounds[0], maximum=bounds[1], rounding=rounding)
    with database.read() as session:
        specification = Specification((criterion,))
        query = select(Lot.id, nearest_miss_ppb(specification)).params(**limit_values(specification))
        found = {str(lot_id): rank for lot_id, rank in session.execute(query)}
    for lot_id, value in zip(market.ids, values, strict=True):
        assert found[str(lot_id)] == _rank(value, bounds, rounding), value


def _rank(value: Decimal, bounds: list[Decimal | None], rounding: Rounding) -> int:
    worst = Decimal(0)
    for bound, side in zip(bounds, (1, -1), strict=True):
        if bound is not None:
            last_place = Decimal(1).scaleb(-len(str(bound).partition(".")[2]))
            compared = value if rounding is Rounding.NONE else value.quantize(last_place, rounding=ROUND_HALF_EVEN)
            worst = max(worst, (bound - compared) * side / (abs(bound) or 1))
    return int((worst * 10**9).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def _made(value: float) -> LotMade:
    offered = today(), today()
    return LotMade(0, "fly_ash", Decimal(0), Decimal(9), Decimal(0), offered, "open", None, {"so3": value})


def test_hostile_limits_and_figures_do_no_harm(world: World) -> None:
    producer, recycler = world.producer(), world.recycler()
    huge = world.lot(producer, price_cny_per_t=9_999_999.99, assay=_assay(leach_f=999_999_999_999, moisture=99.99))
    tiny = f"leach_f<=0.{'0' * 180}1"
    asked: Body = {"spec": [tiny], "verdict": "fail", "sort": "nearest_miss"}
    assert _found(recycler, **asked) == [huge["id"]]
    for sort in ("delivered_price_dry", "delivered_price_active"):
        (item,) = recycler.get("/lots", near=NEAR, use="cement_retarder", sort=sort)["items"]
        assert item["delivered_cny_per_dry_t"] is None
