"""Lots for a demand and demands for a lot: the same rules from both sides."""

from datetime import timedelta
from typing import Any

from app.auth.actor import Role
from app.core.clock import today
from tests.factories import FULING, HECHUAN, Body, Member, World


def _assay(**values: Any) -> Body:  # noqa: ANN401 - JSON
    results = [{"parameter": name, "value": value} for name, value in values.items()]
    return {"sampled_on": str(today()), "results": results}


def _lots(member: Member, demand: Body, **params: Any) -> list[str]:  # noqa: ANN401 - query parameters
    return [item["lot"]["id"] for item in member.get(f"/demands/{demand['id']}/matches", **params)["items"]]


def _demands(member: Member, lot: Body, **params: Any) -> list[str]:  # noqa: ANN401 - query parameters
    return [item["demand"]["id"] for item in member.get(f"/lots/{lot['id']}/matches", **params)["items"]]


def test_both_sides_see_the_same_terms(world: World) -> None:
    producer, recycler = world.producer(), world.recycler()
    lot = world.lot(producer, assay=_assay(caso4_2h2o=91.2, moisture=16.3))
    limits = {"max_distance_km": 50, "max_delivered_cny_per_t": 7.18}
    demand = world.demand(recycler, criteria=[{"parameter": "caso4_2h2o", "min": 85}], **limits)
    (for_demand,) = recycler.get(f"/demands/{demand['id']}/matches")["items"]
    (for_lot,) = producer.get(f"/lots/{lot['id']}/matches")["items"]
    assert for_demand.pop("lot")["id"] == lot["id"]
    shown = for_lot.pop("demand")
    assert for_demand == for_lot
    assert (for_lot["distance_km"], for_lot["delivered_cny_per_t"], for_lot["verdict"]) == (34.126, 7.18, "pass")
    assert [(found["source"], found["margin"]) for found in for_lot["criteria"]] == [("demand", 6.2)]
    assert shown == {
        "id": demand["id"],
        "use": "cement_retarder",
        "materials": ["fgd_gypsum", "phosphogypsum", "titanium_gypsum"],
        "grade": None,
        "criteria": [{"parameter": "caso4_2h2o", "min": 85.0, "max": None, "equals": None}],
        "quantity_t": 30000.0,
        "recurring": None,
        "needed_from": demand["needed_from"],
        "needed_to": demand["needed_to"],
        "site": demand["site"],
        "organisation": {"id": recycler.id, "name": recycler.name},
    }


LATER = today() + timedelta(200)
UNSERVED: list[tuple[Body, Body]] = [
    ({"max_distance_km": 34.126}, {}),
    ({"max_delivered_cny_per_t": 7.17}, {}),
    ({"materials": ["fgd_gypsum"]}, {}),
    ({"grade": "gbt1596_2017_cement_f", "use": "cement_mixing_material", "materials": ["fly_ash"]}, {}),
    ({"criteria": [{"parameter": "caso4_2h2o", "min": 92}]}, {}),
    ({"accept_unknown": False, "criteria": [{"parameter": "ph", "min": 6}]}, {}),
    ({"needed_from": str(LATER), "needed_to": str(LATER)}, {}),
    ({"needed_to": str(today() + timedelta(9))}, {"available_from": str(today() + timedelta(10))}),
]


def test_what_a_demand_excludes_neither_side_sees(world: World) -> None:
    producer, recycler = world.producer(), world.recycler()
    site, gate = world.site(producer)["id"], world.site(recycler, **FULING)["id"]
    for demanded, offered in UNSERVED:
        lot = world.lot(producer, site_id=site, assay=_assay(caso4_2h2o=91.2), **offered)
        served = world.demand(recycler, site_id=gate)
        unserved = world.demand(recycler, site_id=gate, **demanded)
        assert lot["id"] in _lots(recycler, served), demanded
        assert lot["id"] not in _lots(recycler, unserved), demanded
        found = _demands(producer, lot)
        assert served["id"] in found, demanded
        assert unserved["id"] not in found, demanded


def test_days_that_touch_are_enough(world: World) -> None:
    producer, recycler = world.producer(), world.recycler()
    day = str(today() + timedelta(10))
    lot = world.lot(producer, available_from=day)
    demand = world.demand(recycler, needed_to=day)
    assert _lots(recycler, demand) == [lot["id"]]
    assert _demands(producer, lot) == [demand["id"]]


def test_near_misses_come_when_asked_for(world: World) -> None:
    producer, recycler = world.producer(), world.recycler()
    criteria = [{"parameter": "caso4_2h2o", "min": 85}]
    bad = world.lot(producer, assay=_assay(caso4_2h2o=80))
    unmeasured = world.lot(producer, site_id=bad["site"]["id"])
    lax = world.demand(recycler, criteria=criteria)
    strict = world.demand(recycler, criteria=criteria, accept_unknown=False, site_id=lax["site"]["id"])
    assert _lots(recycler, lax) == [unmeasured["id"]]
    assert _lots(recycler, lax, verdict="fail") == [bad["id"]]
    assert _lots(recycler, strict) == []
    assert _lots(recycler, strict, verdict="pass,unknown,fail") == [bad["id"], unmeasured["id"]]
    assert _demands(producer, bad) == []
    assert _demands(producer, bad, verdict="fail") == [lax["id"], strict["id"]]
    # A lot that is unknown is no match for who accepts none: nothing tells the producer of that demand.
    assert _demands(producer, unmeasured, verdict="pass,unknown,fail") == [lax["id"]]


def test_law_and_grade_of_a_demand_decide(world: World) -> None:
    producer, recycler = world.producer(), world.recycler()
    slag = world.lot(producer, material="steel_slag")
    closed = world.demand(recycler, use="cement_mixing_material", materials=["steel_slag"])
    # What the law closes is no near-miss: nothing that anybody does to the lot opens the use.
    for verdict in ("pass,unknown", "fail", "pass,unknown,fail"):
        assert _demands(producer, slag, verdict=verdict) == []
        assert _lots(recycler, closed, verdict=verdict) == []
    graded = world.demand(recycler, use="cement_retarder", grade="gbt21371_2019")
    gypsum = world.lot(producer)
    (match,) = recycler.get(f"/demands/{graded['id']}/matches")["items"]
    assert match["lot"]["id"] == gypsum["id"]
    assert [found["reason"] for found in match["criteria"]] == ["limits_not_on_file"]


def test_sorts_of_matches(world: World) -> None:
    producer, recycler = world.producer(), world.recycler()
    near, far = world.site(producer), world.site(producer, **HECHUAN)
    dear = world.lot(producer, site_id=near["id"], price_cny_per_t=200)
    cheap = world.lot(producer, site_id=far["id"], price_cny_per_t=-15)
    newest = world.lot(producer, site_id=far["id"], price_cny_per_t=300)
    demand = world.demand(recycler)
    in_order = {"distance": [dear, cheap, newest], "delivered_price": [cheap, dear, newest]}
    in_order["newest"] = [newest, cheap, dear]
    # Nothing is asked and nothing measured: all of them tie, and come by id.
    for sort in ("nearest_miss", "delivered_price_dry", "delivered_price_active"):
        in_order[sort] = [dear, cheap, newest]
    for sort, lots in in_order.items():
        assert _lots(recycler, demand, sort=sort) == [lot["id"] for lot in lots]
    remote = world.demand(recycler, site_id=world.site(recycler, latitude=45.0, longitude=126.0)["id"])
    assert _demands(producer, dear) == [demand["id"], remote["id"]]
    assert _demands(producer, dear, sort="newest") == [remote["id"], demand["id"]]


def test_own_lots_and_demands_never_match(world: World) -> None:
    both, recycler = world.member(Role.PRODUCER, Role.RECYCLER), world.recycler()
    lot, own = world.lot(both), world.demand(both)
    assert _lots(both, own) == []
    other = world.demand(recycler)
    assert _demands(both, lot) == [other["id"]]


def test_what_left_the_market_matches_nothing(world: World) -> None:
    producer, recycler = world.producer(), world.recycler()
    lot, demand = world.lot(producer), world.demand(recycler)
    other = world.demand(recycler)
    recycler.post(f"/demands/{other['id']}/withdraw", status=200)
    assert _demands(producer, lot) == [demand["id"]]
    assert _lots(recycler, other) == []
    world.operator().post(f"/organisations/{recycler.id}/suspend", status=200)
    assert _demands(producer, lot) == []
    producer.post(f"/lots/{lot['id']}/withdraw", status=200)
    assert _demands(producer, lot) == []


def test_matches_are_for_the_owner_alone(world: World) -> None:
    producer, recycler = world.producer(), world.recycler()
    lot, demand = world.lot(producer), world.demand(recycler)
    for stranger in (world.producer(), world.recycler(), world.operator(), world.government()):
        assert stranger.request("GET", f"/lots/{lot['id']}/matches").status_code == 404
        assert stranger.request("GET", f"/demands/{demand['id']}/matches").status_code == 404
    assert recycler.request("GET", f"/lots/{lot['id']}/matches").status_code == 404
    assert producer.request("GET", f"/demands/{demand['id']}/matches").status_code == 404
    assert world.client.get(f"/v1/lots/{lot['id']}/matches").status_code == 401
