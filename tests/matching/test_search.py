"""The recycler's search over HTTP: what an item says, and who finds which lots."""

from datetime import timedelta
from typing import Any

import pytest

from app.core.clock import today
from app.core.geo import Datum, from_wgs84
from tests.factories import CHANGSHOU, FULING, HECHUAN, Body, Member, World

NEAR = "29.70613,107.39028"
ASSAY = {"caso4_2h2o": 91.2, "soluble_p2o5": 0.24, "moisture": 16.3}


def _assay(**values: Any) -> Body:  # noqa: ANN401 - JSON
    results = [{"parameter": name, "value": value} for name, value in values.items()]
    return {"sampled_on": str(today()), "results": results}


def _found(member: Member, **params: Any) -> list[str]:  # noqa: ANN401 - query parameters
    return [item["lot"]["id"] for item in member.get("/lots", **params)["items"]]


def test_item_says_how_far_how_much_and_how_sure(world: World) -> None:
    producer, recycler = world.producer(), world.recycler()
    lot = world.lot(producer, assay=_assay(**ASSAY), price_cny_per_t=-15)
    spec = ["soluble_p2o5<=0.2", "ph=6..9"]
    (item,) = recycler.get("/lots", near=NEAR, within_km=40, spec=spec, verdict="pass,unknown,fail")["items"]
    assert item["lot"] == recycler.get(f"/lots/{lot['id']}")
    # geopy: 34.12608 km; 1.3 times that at 0.5 CNY/t·km is 22.18195; 7.18 / (1 - 0.163) = 8.578.
    assert item["distance_km"] == 34.126
    assert item["route_km"] == 44.364
    assert item["route_source"] == "detour_factor"
    assert item["freight_cny_per_t"] == 22.18
    assert item["delivered_cny_per_t"] == 7.18
    assert item["delivered_cny_per_dry_t"] == 8.58
    assert item["delivered_cny_per_active_t"] is None
    assert (item["verdict"], item["rests_on_drafts"], item["closed_by"]) == ("fail", False, None)
    assert item["criteria"] == [
        {
            "parameter": "soluble_p2o5",
            "basis": "dry",
            "unit": "%",
            "min": None,
            "max": 0.2,
            "equals": None,
            "value": 0.24,
            "origin": None,
            "verdict": "fail",
            "margin": -0.04,
            "source": "request",
            "limit_status": "confirmed",
            "assay_on": str(today()),
            "reason": None,
        },
        {
            "parameter": "ph",
            "basis": "slurry",
            "unit": "pH",
            "min": 6.0,
            "max": 9.0,
            "equals": None,
            "value": None,
            "origin": None,
            "verdict": "unknown",
            "margin": None,
            "source": "request",
            "limit_status": "confirmed",
            "assay_on": None,
            "reason": "not_measured",
        },
    ]


def test_without_a_place_there_is_no_distance_and_the_newest_come_first(world: World) -> None:
    producer, recycler = world.producer(), world.recycler()
    first, second = world.lot(producer, assay=_assay(**ASSAY)), world.lot(producer)
    assert _found(recycler) == [second["id"], first["id"]]
    item = recycler.get("/lots")["items"][1]
    distances = ["distance_km", "route_km", "route_source", "freight_cny_per_t", "delivered_cny_per_t"]
    costs = ["delivered_cny_per_dry_t", "delivered_cny_per_active_t"]
    assert [item[name] for name in [*distances, *costs]] == [None] * 7
    assert (item["verdict"], item["criteria"]) == ("pass", [])


def test_dry_price_needs_moisture(world: World) -> None:
    world.lot(world.producer(), assay=_assay(caso4_2h2o=90))
    (item,) = world.recycler().get("/lots", near=NEAR)["items"]
    assert item["delivered_cny_per_dry_t"] is None


def test_place_may_be_given_in_a_shifted_datum(world: World) -> None:
    world.lot(world.producer())
    latitude, longitude = from_wgs84(FULING["latitude"], FULING["longitude"], Datum.GCJ02)  # type: ignore[arg-type]
    (item,) = world.recycler().get("/lots", near=f"{latitude:.7f},{longitude:.7f}", datum="gcj02")["items"]
    assert item["distance_km"] == pytest.approx(34.126, abs=0.001)


def test_filters_join_by_and(world: World) -> None:
    producer, recycler = world.producer(), world.recycler()
    near_site, far_site = world.site(producer), world.site(producer, **HECHUAN)
    cheap = world.lot(producer, site_id=near_site["id"], price_cny_per_t=-20, quantity_t=500)["id"]
    dear = world.lot(producer, site_id=near_site["id"], price_cny_per_t=30, quantity_t=5000)["id"]
    far = world.lot(producer, site_id=far_site["id"], material="fly_ash", price_cny_per_t=0)["id"]
    assert _found(recycler, near=NEAR) == [cheap, dear, far]
    assert _found(recycler, near=NEAR, sort="newest") == [far, dear, cheap]
    assert _found(recycler, near=NEAR, sort="delivered_price") == [cheap, dear, far]
    assert _found(recycler, near=NEAR, within_km=100) == [cheap, dear]
    assert _found(recycler, near=NEAR, within_km=34.126) == []
    assert _found(recycler, near=NEAR, max_delivered_cny_per_t=2.18) == [cheap]
    assert _found(recycler, near=NEAR, max_delivered_cny_per_t=2.17) == []
    assert _found(recycler, max_price_cny_per_t=0) == [far, cheap]
    assert _found(recycler, min_quantity_t=500.001) == [far, dear]
    assert _found(recycler, material=["fly_ash", "red_mud"]) == [far]
    assert _found(recycler, material=["fly_ash", "phosphogypsum"], max_price_cny_per_t=-1) == [cheap]
    assert _found(recycler, district="500115") == [dear, cheap]
    assert _found(recycler, district="5001", near=NEAR) == [cheap, dear, far]
    assert _found(recycler, use="gypsum_board") == []
    assert _found(recycler, grade="gbt1596_2017_concrete_ii_f") == [far]
    assert _found(recycler, material="fly_ash", grade="gbt23456_2018_i") == []


def test_days_on_which_a_lot_is_on_offer(world: World) -> None:
    producer, recycler = world.producer(), world.recycler()
    later, last = today() + timedelta(30), today() + timedelta(60)
    lot = world.lot(producer, available_from=str(later), available_to=str(last))["id"]
    assert _found(recycler) == [lot]
    assert _found(recycler, available_on=later) == [lot]
    assert _found(recycler, available_on=last) == [lot]
    assert _found(recycler, available_on=later - timedelta(1)) == []
    assert _found(recycler, available_on=last + timedelta(1)) == []


def test_verdicts_to_show(world: World) -> None:
    producer, recycler = world.producer(), world.recycler()
    good = world.lot(producer, assay=_assay(caso4_2h2o=85))["id"]
    bad = world.lot(producer, assay=_assay(caso4_2h2o=84.9))["id"]
    unmeasured = world.lot(producer)["id"]
    spec = "caso4_2h2o>=85"
    assert _found(recycler, spec=spec) == [unmeasured, good]
    assert _found(recycler, spec=spec, verdict="pass") == [good]
    assert _found(recycler, spec=spec, verdict="unknown") == [unmeasured]
    assert _found(recycler, spec=spec, verdict="fail") == [bad]
    assert _found(recycler, spec=spec, verdict="fail, pass") == [bad, good]
    assert _found(recycler, spec=spec, verdict="pass,unknown,fail") == [unmeasured, bad, good]


def test_what_the_law_closes_is_no_near_miss(world: World) -> None:
    # Near-misses are what a treatment or a better assay may bring in; neither opens a use that the law closes.
    producer, recycler = world.producer(), world.recycler()
    slag, ash = world.lot(producer, material="steel_slag")["id"], world.lot(producer, material="fly_ash")["id"]
    for verdict in ("pass,unknown", "fail", "pass,unknown,fail"):
        assert slag not in _found(recycler, use="cement_mixing_material", verdict=verdict)
    assert _found(recycler, use="cement_mixing_material", verdict="pass,unknown,fail") == [ash]


def test_only_what_is_on_offer_is_found_and_all_of_ones_own(world: World) -> None:
    producer, rival, recycler = world.producer(), world.producer(), world.recycler()
    site = world.site(producer, **CHANGSHOU)
    offered = world.lot(producer, site_id=site["id"])["id"]
    withdrawn = world.lot(producer, site_id=site["id"])["id"]
    producer.post(f"/lots/{withdrawn}/withdraw", status=200)
    suspended = world.lot(rival)["id"]
    world.operator().post(f"/organisations/{rival.id}/suspend", status=200)
    for params in ({}, {"near": NEAR}, {"near": NEAR, "within_km": 300}, {"near": NEAR, "sort": "newest"}):
        assert _found(recycler, **params) == [offered]
        assert _found(recycler, **params, mine=True) == []
        assert suspended not in _found(producer, **params, mine=True)
        assert set(_found(producer, **params, mine=True)) == {offered, withdrawn}


def test_search_needs_a_key_and_its_scope(world: World) -> None:
    assert world.client.get("/v1/lots").status_code == 401
    recycler = world.recycler()
    key = recycler.post("/keys", {"name": "statistics only", "scopes": ["statistics:read"]})["key"]
    narrow = world.client.get("/v1/lots", headers={"Authorization": f"Bearer {key}"})
    assert (narrow.status_code, narrow.json()["code"]) == (403, "scope_required")
