"""Demands over HTTP: what they may ask for, who sees them, how they change."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from app.catalogue.reference import reference
from app.core.clock import today
from app.demands.models import Demand
from tests.factories import Body, World

NOBODY = "01990000-0000-7000-8000-000000000009"


def _faults(problem: Body) -> dict[str, str]:
    return {fault["pointer"]: fault["code"] for fault in problem["errors"]}


def _body(site: Body, **changes: Any) -> Body:  # noqa: ANN401 - JSON
    return {
        "site_id": site["id"],
        "use": "cement_retarder",
        "materials": ["phosphogypsum"],
        "grade": "gbt23456_2018_i",
        "criteria": [{"parameter": "soluble_p2o5", "max": 0.2}, {"parameter": "waste_class", "equals": "I"}],
        "quantity_t": 30000.001,
        "needed_from": "2026-08-01",
        "needed_to": str(today() + timedelta(days=60)),
        "max_distance_km": 300,
        "max_delivered_cny_per_t": -1.25,
        "accept_unknown": False,
        "end_product": "P.O 42.5",
    } | changes


def test_a_demand_is_stored_and_read_back(world: World) -> None:
    recycler = world.recycler()
    site = world.site(recycler)
    response = recycler.request("POST", "/demands", json=_body(site))
    assert response.status_code == 201, response.text
    demand = response.json()
    assert response.headers["Location"] == f"/v1/demands/{demand['id']}"
    assert response.headers["ETag"] == '"1"'
    criteria = [
        {"parameter": "soluble_p2o5", "min": None, "max": 0.2, "equals": None},
        {"parameter": "waste_class", "min": None, "max": None, "equals": "I"},
    ]
    expected = _body(site, criteria=criteria, status="open", version=1)
    del expected["site_id"]
    assert {name: demand[name] for name in expected} == expected
    assert demand["site"]["id"] == site["id"]
    assert demand["organisation"] == {"id": recycler.id, "name": recycler.name}
    assert recycler.get(f"/demands/{demand['id']}") == demand
    assert recycler.get("/demands")["items"] == [demand]


def test_what_is_left_out_has_its_default(world: World) -> None:
    demand = world.demand(world.recycler())
    assert demand["materials"] == list(reference().uses["cement_retarder"].materials)
    assert (demand["grade"], demand["grade_lapsed"], demand["grade_successor"]) == (None, False, None)
    assert (demand["criteria"], demand["accept_unknown"], demand["end_product"]) == ([], True, None)
    assert (demand["max_distance_km"], demand["max_delivered_cny_per_t"]) == (None, None)


def test_own_demands_come_in_pages(world: World) -> None:
    recycler = world.recycler()
    ids = [world.demand(recycler)["id"] for _ in range(3)]
    page = recycler.get("/demands", limit=2)
    rest = recycler.get("/demands", limit=2, cursor=page["next_cursor"])
    assert [item["id"] for item in page["items"] + rest["items"]] == ids[::-1]
    assert rest["next_cursor"] is None


def test_a_lapsed_grade_is_stored_and_names_its_successor(world: World) -> None:
    lapsed = next(grade for grade in reference().grades.values() if grade.successor and not grade.in_force(today()))
    material = next(name for name in lapsed.materials if name in reference().uses[lapsed.uses[0]].materials)
    demand = world.demand(world.recycler(), use=lapsed.uses[0], materials=[material], grade=lapsed.key)
    assert (demand["grade_lapsed"], demand["grade_successor"]) == (True, lapsed.successor)


FAULTS: list[tuple[Body, dict[str, str]]] = [
    ({"use": "cement_retarders"}, {"/use": "unknown_use"}),
    ({"materials": []}, {"/materials": "too_short"}),
    ({"materials": ["phosphogypsum", "gypsum"]}, {"/materials/1": "unknown_material"}),
    ({"materials": ["fly_ash"], "grade": None}, {"/materials/0": "material_not_accepted"}),
    ({"grade": "gbt23456"}, {"/grade": "unknown_grade"}),
    ({"grade": "gbt1596_2017_concrete_i_f"}, {"/grade": "grade_not_applicable"}),
    ({"materials": None, "grade": "gbt1596_2017_concrete_i_f"}, {"/grade": "grade_not_applicable"}),
    ({"criteria": [{"parameter": "p2o5"}]}, {"/criteria/0/parameter": "unknown_parameter"}),
    ({"criteria": [{"parameter": "ph"}]}, {"/criteria/0": "limit_missing"}),
    ({"criteria": [{"parameter": "ph", "min": 9, "max": 6}]}, {"/criteria/0/min": "min_above_max"}),
    ({"criteria": [{"parameter": "ph", "equals": "7"}]}, {"/criteria/0/equals": "wrong_kind"}),
    ({"criteria": [{"parameter": "ph", "min": 1e300}]}, {"/criteria/0/min": "decimal_max_digits"}),
    ({"criteria": [{"parameter": "waste_class", "max": 1}]}, {"/criteria/0/max": "wrong_kind"}),
    ({"criteria": [{"parameter": "waste_class", "equals": 1}]}, {"/criteria/0/equals": "wrong_kind"}),
    ({"criteria": [{"parameter": "waste_class", "equals": "III"}]}, {"/criteria/0/equals": "unknown_value"}),
    ({"criteria": [{"parameter": "uncontaminated", "equals": "yes"}]}, {"/criteria/0/equals": "wrong_kind"}),
    ({"criteria": [{"parameter": "polymer", "equals": "P" * 81}]}, {"/criteria/0/equals": "wrong_kind"}),
    (
        {"criteria": [{"parameter": "ph", "min": 6}, {"parameter": "ph", "max": 9}]},
        {"/criteria/1/parameter": "duplicate_parameter"},
    ),
    ({"quantity_t": 0}, {"/quantity_t": "greater_than"}),
    ({"recurring": {"per": "month", "quantity_t": 1}}, {"/quantity_t": "one_quantity"}),
    ({"needed_from": "2099-01-01"}, {"/needed_to": "before_needed_from"}),
    ({"needed_to": "2026-08-31"}, {"/needed_to": "in_the_past"}),
    ({"max_distance_km": 0}, {"/max_distance_km": "greater_than"}),
    ({"max_delivered_cny_per_t": 1.001}, {"/max_delivered_cny_per_t": "decimal_max_places"}),
    ({"site_id": NOBODY}, {"/site_id": "unknown_site"}),
    (
        {"use": "retarder", "materials": ["mud"], "grade": "i", "quantity_t": -1, "criteria": [{"parameter": "x"}]},
        {
            "/use": "unknown_use",
            "/materials/0": "unknown_material",
            "/grade": "unknown_grade",
            "/quantity_t": "greater_than",
            "/criteria/0/parameter": "unknown_parameter",
        },
    ),
]


def test_faults_come_all_at_once_and_nothing_is_stored(world: World) -> None:
    recycler = world.recycler()
    site = world.site(recycler)
    for change, faults in FAULTS:
        assert _faults(recycler.post("/demands", _body(site, **change), status=422)) == faults
    with world.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Demand)) == 0


def test_a_grade_of_a_product_is_refused(world: World) -> None:
    product_grade = next(grade.key for grade in reference().grades.values() if grade.is_product)
    recycler = world.recycler()
    body = _body(world.site(recycler), grade=product_grade)
    assert _faults(recycler.post("/demands", body, status=422)) == {"/grade": "product_grade"}


def test_demands_are_the_owners_alone(world: World) -> None:
    demand, other = world.demand(world.recycler()), world.recycler()
    path = f"/demands/{demand['id']}"
    assert other.get("/demands")["items"] == []
    assert [other.request("GET", path).status_code, other.request("POST", f"{path}/withdraw").status_code] == [404, 404]
    other.patch(path, {"quantity_t": 1}, status=404)
    world.producer().patch(path, {"quantity_t": 1}, status=403)
    body = _body(world.site(other), site_id=demand["site"]["id"])
    assert _faults(other.post("/demands", body, status=422)) == {"/site_id": "unknown_site"}


def test_a_demand_changes(world: World) -> None:
    recycler = world.recycler()
    demand = recycler.post("/demands", _body(world.site(recycler)))
    path = f"/demands/{demand['id']}"
    change = {"quantity_t": 5, "criteria": [], "grade": None, "end_product": None, "max_distance_km": 12.5}
    changed = recycler.patch(path, change | {"materials": None})
    everything = list(reference().uses["cement_retarder"].materials)
    ungraded = {"grade_lapsed": False, "grade_successor": None}
    assert changed == demand | change | ungraded | {"materials": everything, "version": 2, "open_t": 5}
    stale = recycler.request("PATCH", path, json={"quantity_t": 6}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_version")


def test_contradictory_changes_point_to_what_was_sent(world: World) -> None:
    recycler = world.recycler()
    path = f"/demands/{recycler.post('/demands', _body(world.site(recycler)))['id']}"
    cases: list[tuple[Body, dict[str, str]]] = [
        ({"materials": ["fly_ash"]}, {"/materials/0": "material_not_accepted"}),
        ({"grade": "gbt1596_2017_concrete_i_f"}, {"/grade": "grade_not_applicable"}),
        ({"needed_from": "2098-01-01"}, {"/needed_from": "before_needed_from"}),
        ({"needed_to": "2020-01-01"}, {"/needed_to": "in_the_past"}),
        ({"accept_unknown": None}, {"/accept_unknown": "null_not_allowed"}),
        ({"use": "road_base"}, {"/use": "extra_forbidden"}),
        ({"criteria": [{"parameter": "ph"}]}, {"/criteria/0": "limit_missing"}),
    ]
    for change, faults in cases:
        assert _faults(recycler.patch(path, change, status=422)) == faults
    assert recycler.get(path)["version"] == 1


def test_a_demand_is_withdrawn_once(world: World) -> None:
    recycler = world.recycler()
    path = f"/demands/{world.demand(recycler)['id']}"
    assert recycler.post(f"{path}/withdraw", status=200)["status"] == "withdrawn"
    problem = recycler.post(f"{path}/withdraw", status=409)
    assert (problem["code"], problem["allowed"]) == ("invalid_state", [])
    recycler.patch(path, {"quantity_t": 1}, status=409)


def test_an_expired_demand_reopens_with_another_last_day(world: World) -> None:
    recycler = world.recycler()
    demand = world.demand(recycler, needed_from="2026-01-01")
    with world.database.write() as session:
        yesterday = today() - timedelta(days=1)
        session.execute(update(Demand).where(Demand.id == UUID(demand["id"])).values(needed_to=yesterday))
        session.commit()
    path = f"/demands/{demand['id']}"
    assert recycler.get(path)["status"] == "expired"
    assert recycler.post(f"{path}/withdraw", status=409)["allowed"] == ["change"]
    assert recycler.patch(path, {"needed_to": "2099-01-01"})["status"] == "open"
