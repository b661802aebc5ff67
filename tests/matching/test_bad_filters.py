"""Searches that are refused: every fault named, all at once, with what to write instead."""

import pytest

from tests.factories import World

NEAR, ACTIVE = {"near": "29.5,106.5"}, {"sort": "delivered_price_active"}
REFUSED: list[tuple[dict[str, str], str, str, str]] = [
    ({"spec": "foo>=1"}, "spec", "unknown_parameter", "'foo'; GET /v1/parameters"),
    ({"spec": "p2o5_soluble<=0.2"}, "spec", "unknown_parameter", "did you mean soluble_p2o5"),
    ({"spec": "soluble_p205<=0.2"}, "spec", "unknown_parameter", "did you mean soluble_p2o5"),
    ({"spec": "ph>=abc"}, "spec", "not_a_number", "'abc'"),
    ({"spec": "ph>=nan"}, "spec", "not_a_number", ""),
    ({"spec": "ph>=1e400"}, "spec", "not_a_number", ""),
    ({"spec": "ph>="}, "spec", "not_a_number", ""),
    ({"spec": "ph=6..x"}, "spec", "not_a_number", "'x'"),
    ({"spec": "ph=9..6"}, "spec", "empty_range", ""),
    ({"spec": "ph>6"}, "spec", "strict_limit", "ph>=6"),
    ({"spec": "ph<9"}, "spec", "strict_limit", "ph<=9"),
    ({"spec": "ph"}, "spec", "invalid_spec", "parameter>=number"),
    ({"spec": "ph>=1.0000000000000001"}, "spec", "too_many_digits", "15"),
    ({"spec": "waste_class>=1"}, "spec", "wrong_kind", "waste_class=value"),
    ({"spec": "waste_class=III"}, "spec", "unknown_value", "I, II"),
    ({"spec": "uncontaminated=maybe"}, "spec", "unknown_value", "true or false"),
    ({"near": "91,0"}, "near", "invalid_position", "latitude"),
    ({"near": "29.5,181"}, "near", "invalid_position", "longitude"),
    ({"near": "Chongqing"}, "near", "invalid_position", "29.56,106.55"),
    ({"near": "nan,nan"}, "near", "invalid_position", ""),
    ({"near": "29.5"}, "near", "invalid_position", ""),
    ({"near": "29.5,106.5", "datum": "wgs72"}, "datum", "enum", ""),
    ({"near": "29.5,106.5", "within_km": "-1"}, "within_km", "greater_than_equal", ""),
    ({"near": "29.5,106.5", "within_km": "inf"}, "within_km", "finite_number", ""),
    ({"within_km": "10"}, "within_km", "near_required", "near="),
    ({"max_delivered_cny_per_t": "10"}, "max_delivered_cny_per_t", "near_required", "near="),
    ({"sort": "distance"}, "sort", "near_required", "near="),
    ({"sort": "delivered_price"}, "sort", "near_required", "near="),
    ({"sort": "delivered_price_dry"}, "sort", "near_required", "near="),
    ({"sort": "delivered_price_active", "use": "cement_retarder"}, "sort", "near_required", "near="),
    (NEAR | ACTIVE, "sort", "active_component_required", "cement_retarder"),
    (NEAR | ACTIVE | {"use": "road_base"}, "sort", "active_component_required", "cement_retarder"),
    (NEAR | ACTIVE | {"use": "cement_retarding"}, "use", "unknown_use", "cement_retarder"),
    ({"near": "29.5,106.5", "sort": "cheapest"}, "sort", "enum", "delivered_price"),
    ({"grade": "gbt23456_2018"}, "grade", "unknown_grade", "did you mean gbt23456_2018_i"),
    ({"grade": "gbt9776_2022_common"}, "grade", "product_grade", "building_gypsum"),
    ({"material": "phosphogipsum"}, "material", "unknown_material", "did you mean phosphogypsum"),
    ({"use": "cement_retarding"}, "use", "unknown_use", "did you mean cement_retarder"),
    ({"district": "99"}, "district", "unknown_district", ""),
    ({"verdict": "pass,maybe"}, "verdict", "unknown_verdict", "'maybe'"),
    ({"verdict": ""}, "verdict", "unknown_verdict", ""),
    ({"min_quantity_t": "-1"}, "min_quantity_t", "greater_than_equal", ""),
    ({"min_quantity_t": "0.0001"}, "min_quantity_t", "decimal_max_places", ""),
    ({"available_on": "2026-02-30"}, "available_on", "date_from_datetime_parsing", ""),
    ({"limit": "0"}, "limit", "greater_than_equal", ""),
    ({"cursor": "nonsense"}, "cursor", "invalid_cursor", ""),
    ({"colour": "grey"}, "colour", "unknown_parameter", "material"),
]
#: What counts, which have neither order nor pages, do not take.
OF_PAGES = {"sort", "limit", "cursor"}


@pytest.mark.parametrize("path", ["/lots", "/lots/facets"])
def test_bad_filters_are_refused_by_name(world: World, path: str) -> None:
    recycler = world.recycler()
    for params, pointer, code, hint in REFUSED:
        if path == "/lots/facets" and params.keys() & OF_PAGES:
            continue
        response = recycler.request("GET", path, params=params)
        assert response.status_code == 422, params
        (fault,) = response.json()["errors"]
        assert (fault["pointer"], fault["code"]) == (pointer, code), params
        assert hint in fault["detail"], (params, fault)


def test_counts_take_no_order_and_no_page(world: World) -> None:
    params = {"sort": "newest", "limit": 5, "cursor": "x"}
    response = world.recycler().request("GET", "/lots/facets", params=params)
    assert response.status_code == 422
    assert {(fault["pointer"], fault["code"]) for fault in response.json()["errors"]} == {
        (name, "unknown_parameter") for name in OF_PAGES
    }


def test_all_faults_come_at_once(world: World) -> None:
    params = {
        "spec": ["foo>=1", "ph>=abc", "ph>=6"],
        "near": "91,0",
        "within_km": -1,
        "grade": "nothing_like_it",
        "material": ["fly_ash", "fly_ashes"],
        "use": "x",
        "sort": "distance",
        "limit": 1000,
    }
    response = world.recycler().request("GET", "/lots", params=params)
    assert response.status_code == 422
    pointers = [fault["pointer"] for fault in response.json()["errors"]]
    assert sorted(pointers) == ["grade", "limit", "material", "near", "spec", "spec", "use", "within_km"]


@pytest.mark.parametrize("path", ["/demands/{}/matches", "/lots/{}/matches"])
def test_bad_choices_of_matches_are_refused(world: World, path: str) -> None:
    member = world.producer() if path.startswith("/lots") else world.recycler()
    mine = world.lot(member) if path.startswith("/lots") else world.demand(member)
    response = member.request("GET", path.format(mine["id"]), params={"sort": "price", "verdict": "good"})
    assert response.status_code == 422
    assert {fault["pointer"] for fault in response.json()["errors"]} == {"sort", "verdict"}


def test_cost_of_an_active_component_needs_a_use_that_names_one(world: World) -> None:
    recycler = world.recycler()
    demand = world.demand(recycler, use="road_base", materials=["steel_slag"])
    response = recycler.request("GET", f"/demands/{demand['id']}/matches", params=ACTIVE)
    assert (response.status_code, response.json()["code"]) == (422, "active_component_required")
    assert response.json()["errors"][0]["pointer"] == "sort"


@pytest.mark.parametrize("sort", ["delivered_price_dry", "delivered_price_active", "nearest_miss"])
def test_demands_for_a_lot_have_fewer_orders(world: World, sort: str) -> None:
    producer = world.producer()
    response = producer.request("GET", f"/lots/{world.lot(producer)['id']}/matches", params={"sort": sort})
    assert response.status_code == 422
    assert [fault["pointer"] for fault in response.json()["errors"]] == ["sort"]


def test_cursor_fits_only_the_sort_that_made_it(world: World) -> None:
    producer, recycler = world.producer(), world.recycler()
    site = world.site(producer)
    for _ in range(2):
        world.lot(producer, site_id=site["id"])
    cursor = recycler.get("/lots", limit=1)["next_cursor"]
    assert len(recycler.get("/lots", limit=1, cursor=cursor)["items"]) == 1
    params = {"limit": 1, "cursor": cursor, "near": "29.5,106.5"}
    response = recycler.request("GET", "/lots", params=params)
    assert (response.status_code, response.json()["code"]) == (422, "invalid_cursor")
