"""Plans over HTTP: asked, computed, read, cancelled; by whom, and by whom not."""

import csv
import io

import pytest
from sqlalchemy import select
from sqlalchemy.orm import undefer

from app.core.database import Database
from app.plans.models import Plan
from tests.factories import FULING, HECHUAN, Body, Member, World
from tests.plans.asking import ask, finish, levers_of
from tests.plans.planned import compute_plan

_PLANT = {
    "kind": "add_plant",
    "use": "cement_retarder",
    "capacity_t_per_year": 24000,
    "latitude": HECHUAN["latitude"],
    "longitude": HECHUAN["longitude"],
    "name": "=cmd|' /C calc'!A0",
}


def trade(world: World) -> tuple[Member, Member, Body, Body]:
    """Make 12 000 t of phosphogypsum, and 9 000 t of room for it 35 km away."""
    producer, recycler = world.producer(), world.recycler()
    lot = world.lot(producer, quantity_t=12000, price_cny_per_t=-15)
    demand = world.demand(recycler, quantity_t=9000)
    return producer, recycler, lot, demand


@pytest.mark.usefixtures("worker")
def test_an_empty_market_has_an_explained_answer(world: World) -> None:
    plan = ask(world.government("50"))
    assert "Nothing is to be placed" in plan["explanation"]
    assert (plan["reachable_rate_pct"], plan["allocated_t"], plan["unplaced"], plan["flows"]) == (None, 0, [], 0)
    assert plan["progress"] == {"done": 6, "total": 6, "step": None}


@pytest.mark.usefixtures("worker")
def test_without_a_demand_it_is_said_why(world: World) -> None:
    world.lot(world.producer())
    plan = ask(world.operator())
    assert "no demand is open" in plan["explanation"]
    assert plan["unplaced"] == [{"cause": "no_demand_in_range", "parameter": None, "quantity_t": 12000}]
    assert plan["reachable_rate_pct"] == 0


@pytest.mark.usefixtures("worker")
def test_a_lot_goes_to_the_demand_that_can_take_it(world: World) -> None:
    _, _, lot, demand = trade(world)
    authority = world.government("50")
    plan = ask(authority)
    assert (plan["allocated_t"], plan["offered_t"], plan["room_t"]) == (9000, 12000, 9000)
    assert plan["unplaced"] == [{"cause": "capacity", "parameter": None, "quantity_t": 3000}]
    assert plan["reachable_rate_pct"] == 75
    assert "not a forecast" in plan["bound"]
    (flow,) = authority.get(f"/plans/{plan['id']}/flows")["items"]
    assert (flow["lot_id"], flow["demand_id"], flow["quantity_t"]) == (lot["id"], demand["id"], 9000)
    assert plan["cost_cny"] == pytest.approx(9000 * flow["delivered_cny_per_t"])
    assert plan["t_km"] == pytest.approx(9000 * flow["distance_km"], abs=1)
    (price,) = plan["prices"]
    assert (price["side"], price["key"], price["allocated_t"]) == ("demand", "cement_retarder", 1)
    assert price["site"]["id"] == demand["site"]["id"]


@pytest.mark.usefixtures("worker")
def test_what_ifs_are_compared_with_the_present_market(world: World) -> None:
    trade(world)
    authority = world.government("50")
    plan = ask(authority, {"changes": [_PLANT]})
    assert plan["comparison"]["base"]["allocated_t"] == 9000
    assert plan["comparison"]["change"] == {
        **plan["comparison"]["change"],
        "allocated_t": 2000,  # a month of what the plant takes in a year
        "reachable_rate_pct": pytest.approx(16.6667),
    }
    refused = authority.request("POST", f"/plans/{plan['id']}/publish")
    assert (refused.status_code, refused.json()["code"]) == (409, "hypothetical_plan")


@pytest.mark.usefixtures("worker")
def test_levers_are_changes_that_can_be_asked_for(world: World) -> None:
    trade(world)
    authority = world.government("50")
    plan = ask(authority)
    ranked = levers_of(authority, plan)
    assert ranked["status"] == "done", ranked
    assert [lever["rank"] for lever in ranked["items"]] == list(range(1, len(ranked["items"]) + 1))
    best = ranked["items"][0]
    assert best["gain_t"] == pytest.approx(3000, rel=0.01)
    asked = ask(authority, {"changes": [best["change"]]})
    assert asked["reachable_rate_pct"] == best["reachable_rate_pct"]
    assert asked["comparison"]["change"]["allocated_t"] == best["gain_t"]


@pytest.mark.usefixtures("worker")
def test_flows_are_files_too(world: World) -> None:
    producer, recycler = world.producer(), world.recycler()
    world.lot(producer, quantity_t=12000, site_id=world.site(producer, name="=1+1")["id"])
    world.demand(recycler, quantity_t=9000, site_id=world.site(recycler, **FULING, name="涪陵水泥厂")["id"])
    authority = world.government("50")
    plan = ask(authority, {"changes": [_PLANT]})
    path = f"/plans/{plan['id']}/flows"
    answer = authority.request("GET", path, params={"format": "csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert {row["origin_site 产废场地"] for row in rows} == {"'=1+1"}
    assert sorted(float(row["quantity_t 数量（吨）"]) for row in rows) == [2000, 9000]
    lines = authority.request("GET", path, params={"format": "geojson"}).json()
    ends = {tuple(feature["geometry"]["coordinates"][1]) for feature in lines["features"]}
    assert ends == {tuple(place[axis] for axis in ("longitude", "latitude")) for place in (FULING, HECHUAN)}
    assert {feature["properties"]["origin_site"] for feature in lines["features"]} == {"=1+1"}


def test_identical_markets_give_identical_plans(world: World, database: Database) -> None:
    trade(world)
    authority = world.government("50")
    question = {"months": 3, "changes": [_PLANT]}
    plans = [authority.post("/plans", question, status=202)["id"] for _ in range(2)]
    for plan in plans:
        compute_plan(database, plan)
    with database.read() as session:
        kept = session.scalars(select(Plan).options(undefer(Plan.input), undefer(Plan.solution))).all()
    assert len({plan.input_sha256 for plan in kept}) == 1
    assert len({(plan.input, plan.solution) for plan in kept}) == 1
    assert len({tuple(map(str, authority.get(f"/plans/{plan}/flows")["items"])) for plan in plans}) == 1


def test_plans_are_of_whoever_asked(world: World, database: Database) -> None:
    authority, other, operator = world.government("50"), world.government("50"), world.operator()
    plan = authority.post("/plans", {}, status=202)
    for member in (other, operator):
        for method, path in (
            ("GET", ""),
            ("POST", "/cancel"),
            ("GET", "/flows"),
            ("GET", "/levers"),
            ("POST", "/publish"),
        ):
            assert member.request(method, f"/plans/{plan['id']}{path}").status_code == 404
        assert member.get("/plans")["items"] == []
    waiting = authority.request("POST", f"/plans/{plan['id']}/publish")
    assert (waiting.status_code, waiting.json()["code"]) == (409, "plan_not_done")
    compute_plan(database, plan["id"])
    assert [each["status"] for each in authority.get("/plans")["items"]] == ["done"]


def test_an_authority_plans_within_its_jurisdiction(world: World) -> None:
    authority, producer = world.government("5001"), world.producer()
    refused = authority.request("POST", "/plans", json={"district": "50"})
    assert (refused.status_code, refused.json()["code"]) == (403, "outside_jurisdiction")
    assert authority.post("/plans", {}, status=202)["question"]["district"] == "5001"
    assert producer.request("POST", "/plans", json={}).status_code == 403
    assert world.operator().post("/plans", {"district": "51"}, status=202)["status"] == "queued"


def test_a_waiting_plan_is_cancelled(world: World) -> None:
    authority = world.government("50")
    plan = authority.post("/plans", {}, status=202)
    assert (plan["status"], plan["progress"]["done"]) == ("queued", 0)
    assert authority.post(f"/plans/{plan['id']}/cancel", status=200)["status"] == "cancelled"
    again = authority.request("POST", f"/plans/{plan['id']}/cancel")
    assert (again.status_code, again.json()["code"]) == (409, "invalid_state")


def test_changes_name_sites_and_demands_that_are_there(world: World) -> None:
    authority = world.government("50")
    nobody = authority.id
    changes = [
        {"kind": "add_treatment", "site_id": nobody, "treatment": "washing_phosphogypsum"},
        {"kind": "raise_distance", "max_distance_km": 500},
        {"kind": "add_capacity", "demand_id": nobody, "capacity_t_per_year": 1000},
    ]
    answer = authority.request("POST", "/plans", json={"changes": changes})
    faults = {fault["pointer"]: fault["code"] for fault in answer.json()["errors"]}
    assert faults == {"/changes/0/site_id": "unknown_site", "/changes/2/demand_id": "unknown_demand"}
    assert authority.get("/plans")["items"] == []


def test_what_ends_before_the_plan_is_computed_the_plan_tells(world: World, request: pytest.FixtureRequest) -> None:
    recycler, authority = world.recycler(), world.government("50")
    demand = world.demand(recycler)
    more = {"kind": "add_capacity", "demand_id": demand["id"], "capacity_t_per_year": 1000}
    plan = authority.post("/plans", {"changes": [more]}, status=202)
    recycler.post(f"/demands/{demand['id']}/withdraw", status=200)
    request.getfixturevalue("worker")
    failed = finish(authority, plan)
    assert (failed["status"], failed["error"]["code"]) == ("failed", "unknown_demand")


@pytest.mark.parametrize(
    ("question", "pointer"),
    [
        ({"changes": [{"kind": "add_plant", "use": "nonsense"}]}, "/changes/0/use"),
        ({"changes": [{"kind": "close_route", "use": "cement_retarder"}]}, "/changes/0/material"),
        ({"changes": [{"kind": "nonsense"}]}, "/changes/0"),
        ({"months": 13}, "/months"),
        ({"objective": "min_cost_for_rate"}, ""),
        ({"target_rate_pct": 70}, ""),
        ({"district": "nowhere"}, "/district"),
    ],
)
def test_what_is_wrong_is_said_where_it_is(world: World, question: Body, pointer: str) -> None:
    answer = world.operator().request("POST", "/plans", json=question)
    assert answer.status_code == 422
    assert pointer in [fault["pointer"] for fault in answer.json()["errors"]]
