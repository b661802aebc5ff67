"""Anomalies: each kind with its evidence, seen by the authorities of its sites alone, page by page."""

from typing import Any

from app.core.clock import month_of, today
from tests.factories import HECHUAN, Body, Deal, Member, World

YEAR = today().year - 1
MARCH = f"{YEAR}-03"
DAY, NEXT_DAY = f"{MARCH}-05", f"{MARCH}-06"
#: A year ago at least, whenever the tests run.
NEW_YEAR = f"{YEAR}-01-05"
PERIOD = {"from": f"{YEAR}-01", "to": f"{YEAR}-12"}


def _found(member: Member, **query: Any) -> list[Body]:  # noqa: ANN401 - of any type
    items: list[Body] = member.get("/statistics/anomalies", **PERIOD, **query)["items"]
    return items


def _ids(anomaly: Body, kind: str) -> list[str]:
    return [item["id"] for item in anomaly["objects"] if item["kind"] == kind]


def test_weights_beyond_the_tolerance(world: World) -> None:
    deal, authority = world.deal(), world.government("50")
    deal.receive(deal.dispatch(40, DAY), NEXT_DAY, net_t=39.8)
    load = deal.receive(deal.dispatch(40, DAY, vehicle_plate="渝B00001"), NEXT_DAY, net_t=39.7)
    (found,) = _found(authority, kind="weight_outside_tolerance")
    assert found["figures"] == {"dispatched_t": 40, "received_t": 39.7, "difference_t": -0.3, "tolerance_t": 0.2}
    assert _ids(found, "shipment") == [load["id"]]
    assert _ids(found, "agreement") == [deal.agreement["id"]]
    assert _ids(found, "site") == [deal.origin, deal.destination]
    assert (found["month"], found["at"], found["material"]) == (MARCH, f"{NEXT_DAY}T07:00:00Z", "phosphogypsum")
    assert load["ticket_no"] in found["sentence_en"]
    assert "39.700吨" in found["sentence_zh"]
    assert (found["label_en"], found["label_zh"]) == ("Weights differ beyond the tolerance", "两次称重之差超出允许偏差")


def test_more_dispatched_than_declared(world: World) -> None:
    deal, authority = world.deal(), world.government("50")
    deal.declare(MARCH, 50)
    deal.dispatch(40, DAY)
    beyond = deal.dispatch(30, DAY)
    voided = deal.dispatch(5, DAY)
    deal.producer.post(f"/shipments/{voided['id']}/void", status=200)
    (found,) = _found(authority, kind="dispatched_beyond_declared")
    assert found["figures"] == {"net_t": 30, "dispatched_beyond_t": 20, "declared_t": 50}
    assert _ids(found, "shipment") == [beyond["id"]]
    deal.declare(MARCH, 75)
    assert _found(authority, kind="dispatched_beyond_declared")[0]["figures"]["declared_t"] == 75


def _at(day: str, clock: str) -> dict[str, Any]:
    return {"dispatched_at": f"{day}T{clock}+08:00"}


def test_a_plate_is_not_at_two_places_at_once(world: World) -> None:
    deal, authority = world.deal(), world.government("50")
    elsewhere = Deal(deal.producer, deal.recycler, world.site(deal.producer, **HECHUAN)["id"], deal.destination, {}, {})
    far = elsewhere.offer(1000).agree(1000)
    first = deal.dispatch(30, DAY, **_at(DAY, "08:00:00"), vehicle_plate="渝C1")
    second = far.dispatch(30, DAY, **_at(DAY, "08:20:00"), vehicle_plate="渝C1")
    far.dispatch(30, DAY, **_at(DAY, "08:20:00"), vehicle_plate="渝C2")
    deal.dispatch(30, DAY, **_at(DAY, "10:20:00"), vehicle_plate="渝C1")
    (found,) = _found(authority, kind="plate_at_two_places")
    assert _ids(found, "shipment") == [second["id"], first["id"]]
    assert _ids(found, "site") == [far.origin, deal.origin]
    figures = found["figures"]
    assert (figures["minutes"], figures["speed_limit_km_h"]) == (20, 100)
    assert 79 < figures["distance_km"] < 81
    assert found["at"] == f"{DAY}T00:20:00Z"
    assert "渝C1" in found["sentence_zh"]


def test_a_load_that_arrives_sooner_than_a_lorry_drives(world: World) -> None:
    deal, authority = world.deal(), world.government("50")
    fast, slow = (deal.dispatch(30, DAY, **_at(DAY, "14:48:00"), vehicle_plate=plate) for plate in ("渝D1", "渝D2"))
    deal.receive(fast, DAY)  # at three: 34 km in 12 minutes
    deal.recycler.post(
        f"/shipments/{slow['id']}/receipt", {"received_at": f"{DAY}T15:12:00+08:00", "net_t": 30}, status=200
    )
    (found,) = _found(authority, kind="plate_at_two_places")
    assert _ids(found, "shipment") == [fast["id"]]
    assert found["figures"]["minutes"] == 12


def test_two_gates_of_one_plant_are_one_place(world: World) -> None:
    deal, authority = world.deal(), world.government("50")
    gate = world.site(deal.producer, latitude=29.837, longitude=107.071)["id"]
    beside = Deal(deal.producer, deal.recycler, gate, deal.destination, {}, {}).offer(1000).agree(1000)
    deal.dispatch(30, DAY)
    beside.dispatch(30, DAY)
    assert _found(authority) == []


def test_storage_that_never_moves(world: World) -> None:
    deal, authority = world.deal(), world.government("500115")
    deal.opening(100, YEAR - 3)
    deal.opening(50, YEAR - 2)
    deal.declare(month_of(today()), 5, disposed_t=1)
    (old, young) = _found(authority, kind="storage_that_never_moves")
    months = 12 * (today().year - (YEAR - 2)) + today().month - 1
    assert old["figures"] == {"stored_t": 100, "stock_year": YEAR - 3, "idle_months": months}
    assert (old["month"], old["at"], _ids(old, "site")) == (f"{YEAR - 2}-01", None, [deal.origin])
    assert young["figures"]["stock_year"] == YEAR - 2
    deal.declare(month_of(today()), 5, disposed_t=101, disposed_from_prior_t=101)
    assert _found(authority, kind="storage_that_never_moves") == []


def test_what_a_recycler_never_uses_is_storage_too(world: World) -> None:
    deal = world.deal()
    deal.receive(deal.dispatch(30, NEW_YEAR), NEW_YEAR)
    (found,) = _found(world.government("500102"))
    assert (found["kind"], _ids(found, "site")) == ("storage_that_never_moves", [deal.destination, deal.origin])
    assert _found(world.government("500115")) == []


def test_an_authority_sees_its_own_jurisdiction(world: World) -> None:
    deal = world.deal()
    deal.receive(deal.dispatch(40, DAY), NEXT_DAY, net_t=30)
    for seeing in ("50", "500115", "500102", None):
        assert len(_found(world.government(seeing), kind="weight_outside_tolerance")) == 1
    assert _found(world.government("500117")) == []
    for member in (deal.producer, deal.recycler, world.operator()):
        answer = member.request("GET", "/statistics/anomalies")
        assert (answer.status_code, answer.json()["code"]) == (403, "role_required")


def test_all_kinds_page_by_page(world: World) -> None:
    deal, authority = world.deal(), world.government("50")
    deal.opening(100, YEAR - 3)
    deal.opening(100, YEAR - 2)
    deal.declare(NEW_YEAR[:7], 50)
    for number in range(3):
        load = deal.dispatch(40, NEW_YEAR, **_at(NEW_YEAR, f"0{number + 1}:00:00"), vehicle_plate=f"渝E{number}")
        body = {"received_at": f"{NEW_YEAR}T0{number + 1}:05:00+08:00", "net_t": 30}
        deal.recycler.post(f"/shipments/{load['id']}/receipt", body, status=200)
    whole = _found(authority, limit=100)
    assert [item["kind"] for item in whole] == (
        ["weight_outside_tolerance"] * 3
        + ["dispatched_beyond_declared"] * 2
        + ["plate_at_two_places"] * 3
        + ["storage_that_never_moves"] * 3
    )
    walked: list[Body] = []
    cursor = None
    while cursor is not None or not walked:
        query: dict[str, Any] = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = authority.get("/statistics/anomalies", **PERIOD, **query)
        walked += page["items"]
        cursor = page["next_cursor"]
    assert walked == whole


def test_what_cannot_be_asked(world: World) -> None:
    authority = world.government("50")
    for query, pointer in (
        ({"from": MARCH, "to": f"{YEAR}-01"}, "to"),
        ({"from": f"{YEAR - 1}-12", "to": f"{YEAR}-12"}, "to"),
        ({"from": "2026-13"}, "from"),
        ({"kind": "ghost"}, "kind"),
        ({"plate": "渝A12345"}, "plate"),
    ):
        answer = authority.request("GET", "/statistics/anomalies", params=query)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert authority.get("/statistics/anomalies") == {"items": [], "next_cursor": None}
