"""Changing, withdrawing and assaying a lot over HTTP, and who sees it."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import update

from app.core.clock import today
from app.core.database import Database
from app.lots.models import Lot, LotId
from app.lots.service import lock_lot, reserve_tonnes
from tests.factories import FULING, Body, Member, World

OXIDES = [{"parameter": "na2o", "value": 1}, {"parameter": "k2o", "value": 2}]


def _reserve(database: Database, lot: Body, tonnes: int) -> None:
    with database.write() as session:
        reserve_tonnes(lock_lot(session, LotId(UUID(lot["id"]))), Decimal(tonnes))
        session.commit()


def _expire(database: Database, lot: Body) -> None:
    with database.write() as session:
        session.execute(update(Lot).where(Lot.id == UUID(lot["id"])).values(available_to=today() - timedelta(days=1)))
        session.commit()


def _pointers(problem: Body) -> list[tuple[str, str]]:
    return [(fault["pointer"], fault["code"]) for fault in problem["errors"]]


def test_terms_change_and_the_version_counts(world: World) -> None:
    producer = world.producer()
    lot = world.lot(producer, min_order_t=500, origin={"process": "dihydrate"})
    change = {
        "quantity_t": 9000.5,
        "min_order_t": None,
        "price_cny_per_t": 2.5,
        "available_from": "2026-01-01",
        "available_to": "2099-12-31",
        "origin": None,
    }
    changed = producer.patch(f"/lots/{lot['id']}", change)
    assert changed == lot | change | {"available_t": 9000.5, "version": 2}
    assert producer.patch(f"/lots/{lot['id']}", {}) == changed


def test_if_match_is_honoured(world: World) -> None:
    producer = world.producer()
    path = f"/lots/{world.lot(producer)['id']}"
    first = producer.request("PATCH", path, json={"price_cny_per_t": 1}, headers={"If-Match": '"1"'})
    assert (first.status_code, first.headers["ETag"]) == (200, '"2"')
    for method, route, body in (
        ("PATCH", path, {"price_cny_per_t": 2}),
        ("POST", f"{path}/withdraw", None),
        ("POST", f"{path}/assays", {"sampled_on": "2026-07-20", "results": OXIDES}),
    ):
        stale = producer.request(method, route, json=body, headers={"If-Match": '"1"'})
        assert (stale.status_code, stale.json()["code"]) == (412, "stale_version")
    assert producer.get(path)["price_cny_per_t"] == 1


def test_contradictory_changes_point_to_what_was_sent(world: World) -> None:
    producer = world.producer()
    path = f"/lots/{world.lot(producer, min_order_t=500)['id']}"
    cases: list[tuple[Body, list[tuple[str, str]]]] = [
        ({"quantity_t": 499}, [("/quantity_t", "min_order_above_quantity")]),
        ({"min_order_t": 12001}, [("/min_order_t", "min_order_above_quantity")]),
        ({"available_from": "2098-01-01"}, [("/available_from", "before_available_from")]),
        ({"available_to": "2020-01-01"}, [("/available_to", "in_the_past")]),
        (
            {"quantity_t": None, "price_cny_per_t": None},
            [("/quantity_t", "null_not_allowed"), ("/price_cny_per_t", "null_not_allowed")],
        ),
        ({"site_id": "x"}, [("/site_id", "extra_forbidden")]),
    ]
    for change, faults in cases:
        assert _pointers(producer.patch(path, change, status=422)) == faults
    assert producer.get(path)["version"] == 1


def test_committed_tonnes_hold_the_quantity_and_the_status_follows(world: World) -> None:
    producer = world.producer()
    lot = world.lot(producer)
    path = f"/lots/{lot['id']}"
    _reserve(world.database, lot, 9000)
    problem = producer.patch(path, {"quantity_t": 8999.999}, status=409)
    assert (problem["code"], problem["least_quantity_t"], problem["reserved_t"]) == ("quantity_committed", 9000, 9000)
    exhausted = producer.patch(path, {"quantity_t": 9000})
    assert (exhausted["status"], exhausted["available_t"], exhausted["reserved_t"]) == ("exhausted", 0, 9000)
    assert producer.patch(path, {"quantity_t": 9001})["status"] == "open"


def test_a_lot_is_withdrawn_once(world: World) -> None:
    producer = world.producer()
    path = f"/lots/{world.lot(producer)['id']}"
    assert producer.post(f"{path}/withdraw", status=200)["status"] == "withdrawn"
    for problem in (
        producer.post(f"{path}/withdraw", status=409),
        producer.patch(path, {"price_cny_per_t": 1}, status=409),
        producer.post(f"{path}/assays", {"sampled_on": "2026-07-20", "results": OXIDES}, status=409),
    ):
        assert (problem["code"], problem["state"], problem["allowed"]) == ("invalid_state", "withdrawn", [])


def test_an_expired_lot_reopens_with_another_last_day(world: World) -> None:
    producer = world.producer()
    lot = world.lot(producer, available_from="2026-01-01")
    path = f"/lots/{lot['id']}"
    _expire(world.database, lot)
    assert producer.get(path)["status"] == "expired"
    assert producer.post(f"{path}/withdraw", status=409)["allowed"] == ["change", "add_assay"]
    assert producer.patch(path, {"available_to": "2099-12-31"})["status"] == "open"


def test_the_newest_sample_is_the_current_assay(world: World) -> None:
    producer = world.producer()
    lot = world.lot(producer, assay={"sampled_on": "2026-07-20", "results": [{"parameter": "ph", "value": 6}]})
    path = f"/lots/{lot['id']}"

    def add(day: str, ph: float) -> Body:
        report = {"sampled_on": day, "results": [{"parameter": "ph", "value": ph}]}
        response = producer.request("POST", f"{path}/assays", json=report)
        assert response.status_code == 201, response.text
        assay: Body = response.json()
        assert response.headers["Location"] == f"/v1{path}/assays/{assay['id']}"
        assert producer.get(f"{path}/assays/{assay['id']}") == assay
        return assay

    older = add("2026-07-19", 5)
    assert producer.get(path)["assay"] == lot["assay"]
    same_day = add("2026-07-20", 7)
    assert producer.get(path)["assay"] == same_day
    assert producer.get(path)["version"] == 2
    page = producer.get(f"{path}/assays", limit=2)
    assert page["items"] == [same_day, older]
    assert producer.get(f"{path}/assays", limit=2, cursor=page["next_cursor"])["items"] == [lot["assay"]]


def test_faults_of_an_added_assay_have_no_prefix(world: World) -> None:
    producer = world.producer()
    path = f"/lots/{world.lot(producer)['id']}/assays"
    report = {
        "sampled_on": "2099-01-01",
        "results": [{"parameter": "ph", "value": 99}, {"parameter": "acid", "value": 1}],
    }
    assert _pointers(producer.post(path, report, status=422)) == [
        ("/sampled_on", "in_the_future"),
        ("/results/0/value", "impossible_value"),
        ("/results/1/parameter", "unknown_parameter"),
    ]
    assert producer.get(path)["items"] == []


def test_derived_values_are_marked(world: World) -> None:
    lot = world.lot(world.producer(), material="red_mud", assay={"sampled_on": "2026-07-20", "results": OXIDES})
    derived = {result["parameter"]: result["value"] for result in lot["assay"]["results"] if result["derived"]}
    assert derived == {"alkali_na2o_eq": 2.316, "alkali_sum": 3.0}


def _status_of_get(member: Member, lot: Body) -> int:
    status: int = member.request("GET", f"/lots/{lot['id']}").status_code
    return status


def test_open_lots_are_everyones_to_see_and_the_rest_the_owners(world: World) -> None:
    owner, other, recycler = world.producer(), world.producer(), world.recycler()
    operator, government = world.operator(), world.government("50")
    lot = world.lot(owner)
    everyone = (owner, other, recycler, operator, government)
    assert [_status_of_get(member, lot) for member in everyone] == [200] * 5
    _reserve(world.database, lot, 12000)
    assert [_status_of_get(member, lot) for member in everyone] == [200, 404, 404, 200, 404]
    assert recycler.request("GET", f"/lots/{lot['id']}/assays").status_code == 404
    expired, withdrawn = world.lot(owner), world.lot(owner)
    _expire(world.database, expired)
    owner.post(f"/lots/{withdrawn['id']}/withdraw", status=200)
    for gone in (expired, withdrawn):
        assert [_status_of_get(member, gone) for member in everyone] == [200, 404, 404, 200, 404]


def test_the_parties_of_an_agreement_keep_seeing_the_lot(world: World) -> None:
    owner, party, stranger = world.producer(), world.recycler(), world.recycler()
    lot = world.lot(owner)
    agreement = {
        "lot_id": lot["id"],
        "destination_site_id": world.site(party, **FULING)["id"],
        "quantity_t": 100,
        "price_cny_per_t": -15,
        "starts_on": str(today()),
        "ends_on": str(today() + timedelta(days=30)),
    }
    party.post("/agreements", agreement)
    owner.post(f"/lots/{lot['id']}/withdraw", status=200)
    assert _status_of_get(party, lot) == 200
    assert _status_of_get(stranger, lot) == 404


def test_the_lots_of_a_suspended_organisation_leave_the_market(world: World) -> None:
    owner, recycler, operator = world.producer(), world.recycler(), world.operator()
    lot = world.lot(owner)
    operator.post(f"/organisations/{owner.id}/suspend", status=200)
    assert _status_of_get(recycler, lot) == 404
    assert _status_of_get(operator, lot) == 200
    operator.post(f"/organisations/{owner.id}/approve", status=200)
    assert _status_of_get(recycler, lot) == 200


def test_only_the_owner_changes_a_lot(world: World) -> None:
    lot, other = world.lot(world.producer()), world.producer()
    report = {"sampled_on": "2026-07-20", "results": OXIDES}
    other.patch(f"/lots/{lot['id']}", {"price_cny_per_t": 1}, status=404)
    other.post(f"/lots/{lot['id']}/withdraw", status=404)
    other.post(f"/lots/{lot['id']}/assays", report, status=404)
    world.recycler().patch(f"/lots/{lot['id']}", {"price_cny_per_t": 1}, status=403)
    assert other.get(f"/lots/{lot['id']}") == lot
    for unknown in ("01990000-0000-7000-8000-000000000009", "nonsense"):
        assert other.request("GET", f"/lots/{unknown}").status_code == 404
