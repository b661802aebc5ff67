"""Blends over HTTP, on both engines: the mix, its values, and what stands in the way of one.

The worked case. A needs 1 000 t of phosphogypsum with at most 0.20 % soluble P2O5 of the dry mass and 20 % moisture of
the wet mass. Cheap offers dry material with too much P2O5 (moisture 10 %, P2O5 0.30 %), Wet offers clean but wet
material (25 %, 0.10 %), both at 0 yuan at the gate next door; Fine (10 %, 0.10 %) costs 40 yuan.

Cheap and Wet, x the share of Cheap: moisture 25 - 15 x <= 20, so x >= 1/3. P2O5 by dry mass
(0.30 * 0.90 x + 0.10 * 0.75 (1 - x)) / (0.90 x + 0.75 (1 - x)) <= 0.20, so 0.09 x - 0.075 (1 - x) <= 0 and
x <= 5/11. By wet mass it would be x <= 1/2. Cheap is the cheaper of the two by a yuan: the mix is 5/11 of it.
"""

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import inspect

from app.auth.actor import Role
from app.core.clock import today
from app.core.database import Database, new_id
from app.lots.models import Lot
from app.organisations.models import Organisation
from tests.factories import FULING, HECHUAN, Body, World

P2O5 = {"parameter": "soluble_p2o5", "max": 0.2}
MOISTURE = {"parameter": "moisture", "max": 20}


def _assay(on: str = "", **values: Any) -> Body:  # noqa: ANN401 - JSON
    results = [{"parameter": name, "value": value} for name, value in values.items()]
    return {"sampled_on": on or str(today()), "results": results}


class _Market:
    """A recycler with a gate, and producers' lots beside it (freight 0), at prices of 0 unless said otherwise."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.recycler, self.producer = world.recycler(), world.producer()
        self.gate = world.site(self.recycler, **FULING)["id"]
        self.near = world.site(self.producer, **FULING)["id"]

    def lot(self, price: float = 0, values: Body | None = None, **changes: Any) -> str:  # noqa: ANN401 - JSON
        assay = {} if values is None else {"assay": _assay(**values)}
        terms = {"site_id": self.near, "price_cny_per_t": price, **assay, **changes}
        identifier: str = self.world.lot(self.producer, **terms)["id"]
        return identifier

    def demand(self, *criteria: Body, **changes: Any) -> Body:  # noqa: ANN401 - JSON
        terms = {"site_id": self.gate, "quantity_t": 1000, "criteria": list(criteria), **changes}
        return self.world.demand(self.recycler, **terms)

    def blend(self, demand: Body, body: Body | None = None, language: str = "en") -> Body:
        path = f"/demands/{demand['id']}/blends"
        answer = self.recycler.request("POST", path, json=body, headers={"Accept-Language": language})
        assert answer.status_code == 200, answer.text
        found: Body = answer.json()
        return found

    def mix(self, *criteria: Body, **changes: Any) -> dict[str, float]:  # noqa: ANN401 - JSON
        return _tonnes(self.blend(self.demand(*criteria, **changes)))

    def blocked(self, *criteria: Body, **changes: Any) -> list[tuple[Any, ...]]:  # noqa: ANN401 - JSON
        answer = self.blend(self.demand(*criteria, **changes))
        assert answer["mix"] == []
        assert answer["advice"]
        return [(found["cause"], found["parameter"], found["best_value"]) for found in answer["blocked_by"]]


@pytest.fixture
def market(world: World) -> _Market:
    return _Market(world)


def _tonnes(answer: Body) -> dict[str, float]:
    return {part["lot"]["id"]: part["quantity_t"] for part in answer["mix"]}


def test_the_worked_case(market: _Market) -> None:
    cheap = market.lot(-1, {"moisture": 10, "soluble_p2o5": 0.3})
    wet = market.lot(0, {"moisture": 25, "soluble_p2o5": 0.1})
    market.lot(40, {"moisture": 10, "soluble_p2o5": 0.1})
    answer = market.blend(market.demand(P2O5, MOISTURE))
    assert _tonnes(answer) == {wet: 545.455, cheap: 454.545}
    assert [part["share_pct"] for part in answer["mix"]] == [54.5455, 45.4545]
    assert answer["mix"][0]["lot"]["site"]["id"] == market.near
    assert answer["mix"][0]["lot"]["organisation"]["id"] == market.producer.id
    assert (answer["quantity_t"], answer["cost_cny"], answer["delivered_cny_per_t"]) == (1000, -454.55, -0.45)
    assert (answer["verdict"], answer["optimal"], answer["advice"], answer["blocked_by"]) == ("pass", True, "", [])
    dry = Fraction("0.9") * 454545, Fraction("0.75") * 545455
    p2o5 = (dry[0] * Fraction("0.3") + dry[1] * Fraction("0.1")) / sum(dry)
    values = {item["parameter"]: item["value"] for item in answer["assay"]}
    assert values == {"moisture": pytest.approx(18.181825), "soluble_p2o5": pytest.approx(float(p2o5), abs=1e-11)}
    assert p2o5 <= Fraction("0.2") < p2o5 + Fraction("1e-6")
    found = {item["parameter"]: (item["verdict"], item["value"], item["source"]) for item in answer["criteria"]}
    assert found["soluble_p2o5"] == ("pass", values["soluble_p2o5"], "demand")
    assert all(item["margin"] >= 0 for item in answer["criteria"])


def test_a_fine_lot_that_is_far_loses_against_a_mix_and_wins_where_it_is_cheaper(market: _Market) -> None:
    cheap = market.lot(0, {"moisture": 10, "soluble_p2o5": 0.3})
    clean = market.lot(20, {"moisture": 10, "soluble_p2o5": 0.1})
    far = market.world.site(market.producer, **HECHUAN)["id"]  # 114 km away: 74 yuan of freight
    market.lot(-50, {"moisture": 10, "soluble_p2o5": 0.15}, site_id=far)
    assert market.mix(P2O5) == {cheap: 500, clean: 500}
    best = market.lot(-70, {"moisture": 10, "soluble_p2o5": 0.2}, site_id=far)
    answer = market.blend(market.demand(P2O5))
    assert _tonnes(answer) == {best: 1000}
    assert answer["mix"][0]["share_pct"] == 100
    assert answer["mix"][0]["distance_km"] > 100
    assert market.mix(P2O5, max_distance_km=50) == {cheap: 500, clean: 500}


def test_what_pays_most_comes_first_within_what_is_there_and_its_least_order(market: _Market) -> None:
    paying = market.lot(-30, quantity_t=300)
    other = market.lot(-10)
    assert market.mix() == {paying: 300, other: 700}
    picky = market.lot(-20, min_order_t=800)
    assert market.mix() == {picky: 800, paying: 200}
    assert market.mix(quantity_t=900) == {picky: 800, paying: 100}
    assert market.mix(quantity_t=700) == {paying: 300, other: 400}


def test_the_body_sets_tonnes_and_number_of_lots(market: _Market) -> None:
    small = [market.lot(price, quantity_t=300) for price in (1, 2, 3, 4)]
    demand = market.demand()
    assert sorted(_tonnes(market.blend(demand)).values()) == [100, 300, 300, 300]
    assert _tonnes(market.blend(demand, {"quantity_t": 500.5, "max_lots": 2})) == {small[0]: 300, small[1]: 200.5}
    (blocker,) = market.blend(demand, {"max_lots": 3})["blocked_by"]
    assert (blocker["cause"], blocker["best_quantity_t"]) == ("quantity", 900)
    for body in ({"max_lots": 5}, {"max_lots": 0}, {"quantity_t": 0}, {"quantity_t": 10_000_001}, {"lots": 2}):
        assert market.recycler.request("POST", f"/demands/{demand['id']}/blends", json=body).status_code == 422
    huge = market.demand(quantity_t=20_000_000)
    answer = market.recycler.request("POST", f"/demands/{huge['id']}/blends")
    assert (answer.status_code, answer.json()["code"]) == (422, "quantity_too_large")
    assert market.blend(huge, {"quantity_t": 1000})["mix"]


def test_what_does_not_mix_must_pass_in_each_lot(market: _Market) -> None:
    sour = market.lot(-5, {"moisture": 10, "soluble_p2o5": 0.1, "ph": 3})
    unknown = market.lot(-4, {"moisture": 10, "soluble_p2o5": 0.1})
    mild = market.lot(0, {"moisture": 10, "soluble_p2o5": 0.1, "ph": 7})
    mixing = {"parameter": "ph", "min": 6, "max": 9}
    assert market.mix(P2O5) == {sour: 1000}
    assert market.mix(P2O5, mixing) == {mild: 1000}
    answer = market.blend(market.demand(P2O5, mixing))
    assert {item["parameter"]: item["value"] for item in answer["criteria"]} == {"soluble_p2o5": 0.1, "ph": 7}
    assert unknown not in _tonnes(answer)
    assert market.blocked({"parameter": "ph", "min": 8}) == [("limit", "ph", 7)]


def test_a_limit_that_no_mix_meets_is_named_with_the_nearest_value(market: _Market) -> None:
    market.lot(0, {"moisture": 10, "soluble_p2o5": 0.4, "caso4_2h2o": 95}, quantity_t=600)
    market.lot(0, {"moisture": 10, "soluble_p2o5": 0.3, "caso4_2h2o": 80}, quantity_t=800)
    pure = {"parameter": "caso4_2h2o", "min": 85}
    assert market.blocked(P2O5) == [("limit", "soluble_p2o5", 0.32)]
    # At 85 % CaSO4 there are at least 5/15 of the first lot in it.
    assert market.blocked(P2O5, pure) == [("limit", "soluble_p2o5", pytest.approx(1 / 3, abs=1e-6))]
    assert market.blocked({"parameter": "caso4_2h2o", "min": 99}, P2O5) == [
        ("limit", "caso4_2h2o", 89),
        ("limit", "soluble_p2o5", 0.32),
    ]


def test_advice_names_the_limit_in_both_languages(market: _Market) -> None:
    market.lot(0, {"moisture": 10, "soluble_p2o5": 0.4})
    demand = market.demand(P2O5)
    english = market.blend(demand)["advice"]
    assert english == (
        "Water-soluble phosphorus as P2O5 must be at most 0.2 %, and the nearest that a mix comes is 0.4 %."
    )
    chinese = market.blend(demand, language="zh")["advice"]
    assert chinese == "水溶性五氧化二磷要求不大于 0.2 %，任何配比最接近的为 0.4 %。"


def test_each_other_cause(market: _Market) -> None:
    assert market.blocked() == [("no_lots_in_reach", None, None)]
    market.lot(0, {"caso4_2h2o": 90, "moisture": 10}, min_order_t=2000)
    assert market.blocked() == [("min_order", None, None)]
    market.lot(0, {"caso4_2h2o": 90, "moisture": 10}, quantity_t=1500)
    assert market.blocked(quantity_t=15000) == [("quantity", None, None)]
    assert market.blocked(P2O5) == [("not_measured", "soluble_p2o5", None)]
    assert market.blocked({"parameter": "ph", "min": 6}) == [("not_measured", "ph", None)]
    assert market.blocked(max_delivered_cny_per_t=-1) == [("no_lots_in_reach", None, None)]


def test_an_old_assay_says_nothing(market: _Market) -> None:
    old = str(today() - timedelta(500))
    market.lot(0, {"on": old, "moisture": 10, "soluble_p2o5": 0.1})
    assert market.blocked(P2O5) == [("assay_too_old", "soluble_p2o5", None)]
    assert market.mix()


def test_a_withdrawn_demand_has_no_mix(market: _Market) -> None:
    market.lot()
    demand = market.demand()
    market.recycler.post(f"/demands/{demand['id']}/withdraw", status=200)
    assert [found["cause"] for found in market.blend(demand)["blocked_by"]] == ["demand_not_open"]


def test_own_lots_and_those_of_suspended_members_never_enter(market: _Market, database: Database) -> None:
    both = market.world.member(Role.PRODUCER, Role.RECYCLER)
    market.world.lot(both, price_cny_per_t=-90)
    others = market.lot(5)
    demand = market.world.demand(both, quantity_t=1000)
    path = f"/demands/{demand['id']}/blends"
    assert _tonnes(both.post(path, status=200)) == {others: 1000}
    with database.write() as session:
        session.get_one(Organisation, UUID(market.producer.id)).status = "suspended"
        session.commit()
    assert [found["cause"] for found in both.post(path, status=200)["blocked_by"]] == ["no_lots_in_reach"]


def test_it_is_for_the_recycler_whose_demand_it_is(market: _Market) -> None:
    path = f"/demands/{market.demand()['id']}/blends"
    assert market.world.recycler().request("POST", path).status_code == 404
    assert market.producer.request("POST", path).status_code == 403


def test_without_moisture_a_lot_makes_up_for_none_and_needs_none_to_make_up_for_it(market: _Market) -> None:
    poor = market.lot(-9, {"soluble_p2o5": 0.3}, quantity_t=600)
    good = market.lot(0, {"soluble_p2o5": 0.1}, quantity_t=600)
    assert market.blocked(P2O5) == [("moisture_not_measured", "soluble_p2o5", None)]
    fair = market.lot(1, {"soluble_p2o5": 0.2}, quantity_t=600)
    answer = market.blend(market.demand(P2O5))
    assert _tonnes(answer) == {good: 600, fair: 400}
    assert (answer["verdict"], answer["assay"]) == ("pass", [])
    (found,) = answer["criteria"]
    assert (found["verdict"], found["value"], found["reason"]) == ("pass", None, "moisture_not_measured")
    known = market.lot(-2, {"soluble_p2o5": 0.1, "moisture": 20})
    # What takes of the limit counts as if it were dry: 0.1 x <= 0.8 * 0.1 (1 - x).
    assert market.mix(P2O5) == {known: 555.556, poor: 444.444}
    alone = market.lot(-20, {"soluble_p2o5": 0.2})
    assert _values(market.blend(market.demand(P2O5))) == {"soluble_p2o5": 0.2}
    assert market.mix(P2O5) == {alone: 1000}


def _values(answer: Body) -> dict[str, float]:
    return {item["parameter"]: item["value"] for item in answer["assay"]}


GYPSUM = {"caso4_2h2o": 92, "soluble_p2o5": 0.1, "soluble_f": 0.05, "ira": 0.3, "igamma": 0.5}
GRADE = {"grade": "gbt23456_2018_i", "materials": ["phosphogypsum"]}


def test_drafts_come_first_and_reject_nobody_who_accepts_unknown(market: _Market) -> None:
    wet = market.lot(-9, {**GYPSUM, "moisture": 18})
    answer = market.blend(market.demand(**GRADE))
    assert (_tonnes(answer), answer["verdict"], answer["rests_on_drafts"]) == ({wet: 1000}, "unknown", False)
    assert answer["advice"] == "Free (attached) moisture is 18 %, but by a draft limit should be at most 15 %."
    assert market.blocked(**GRADE, accept_unknown=False) == [("limit", "moisture", 18)]
    dry = market.lot(30, {**GYPSUM, "moisture": 10})
    answer = market.blend(market.demand(**GRADE))
    assert (set(_tonnes(answer)), answer["verdict"], answer["rests_on_drafts"]) == ({wet, dry}, "pass", True)
    # Rounded to the limit's decimals, half to even: 15.5 would be 16, so the mix stays below it.
    assert (_tonnes(answer)[wet], answer["criteria"][0]["margin"]) == (687.499, 0)
    assert answer["optimal"]


def test_what_a_confirmed_limit_needs_must_be_measured(market: _Market) -> None:
    market.lot(0, {"moisture": 10, "caso4_2h2o": 92})
    assert market.blocked(**GRADE) == [("not_measured", "ira", None), ("not_measured", "igamma", None)]
    unmeasured = market.lot(9, {"ira": 0.3, "igamma": 0.5, "moisture": 10})
    answer = market.blend(market.demand(**GRADE))
    assert (_tonnes(answer), answer["verdict"]) == ({unmeasured: 1000}, "unknown")
    assert answer["advice"].startswith("Not shown of this mix: calcium sulfate dihydrate, ")


def test_limits_that_are_not_on_file_reject_only_who_wants_certainty(market: _Market) -> None:
    lot = market.lot()
    unfiled = {"grade": "gbt23456_2025", "materials": ["phosphogypsum"]}
    answer = market.blend(market.demand(**unfiled))
    assert (_tonnes(answer), answer["verdict"]) == ({lot: 1000}, "unknown")
    assert answer["advice"] == "Not shown of this mix: the limits of grade gbt23456_2025."
    assert market.blocked(**unfiled, accept_unknown=False) == [("limits_not_on_file", None, None)]


def test_the_law_and_the_origin_keep_lots_out(market: _Market) -> None:
    ash = {"use": "cement_mixing_material", "materials": ["fly_ash"], "grade": "gbt1596_2017_cement_f"}
    values = {"ira": 0.3, "igamma": 0.5, "moisture": 0}
    offered = {"material": "fly_ash", "origin": {"process": "circulating_fluidised_bed_boiler"}}
    market.lot(-50, values, **offered)
    assert market.blocked(**ash) == [("origin_excluded", None, None), ("law", None, None)]
    unstated = market.lot(0, values, material="fly_ash")
    answer = market.blend(market.demand(**ash))
    assert (_tonnes(answer), answer["verdict"]) == ({unstated: 1000}, "unknown")
    market.lot(0, material="steel_slag")
    assert market.blocked(use="cement_mixing_material", materials=["steel_slag"]) == [("law", None, None)]


def test_of_a_crowded_market_the_most_promising_are_considered(market: _Market, database: Database) -> None:
    known = market.lot(5, {"moisture": 10, "soluble_p2o5": 0.01}, quantity_t=400)
    with database.write() as session:
        model = session.get_one(Lot, UUID(known))
        columns = {column.key: getattr(model, column.key) for column in inspect(Lot).column_attrs}
        columns |= {"current_assay": {"moisture": 10.0, "soluble_p2o5": 0.3}, "current_assay_id": None}
        session.add_all(Lot(**columns | {"id": new_id(), "price_cny_per_t": Decimal(6)}) for _ in range(600))
        session.commit()
    answer = market.blend(market.demand(P2O5))
    assert (answer["lots_in_reach"], answer["optimal"]) == (601, False)
    assert answer["lots_considered"] < 400
    assert {part["lot"]["id"]: part["quantity_t"] for part in answer["mix"]}[known] > 345
    assert market.blend(market.demand())["cost_cny"] == 5600
