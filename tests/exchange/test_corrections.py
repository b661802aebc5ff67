"""Corrections: consent of the other side, one at a time, old values kept, and a ledger that reverses and posts anew."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from app.core.clock import today
from app.core.database import Database
from app.ledger.verification import find_differences
from tests.factories import Body, Deal, Member, World

YEAR = today().year - 1
DAY, NEXT_DAY, LATER = f"{YEAR}-03-05", f"{YEAR}-03-06", f"{YEAR}-03-20"


@pytest.fixture
def database_is_sound(database: Database) -> Iterator[None]:
    yield
    with database.snapshot() as session:
        assert list(find_differences(session)) == []


pytestmark = pytest.mark.usefixtures("database_is_sound")


def _propose(by: Member, load: Body, status: int = 201, **changes: Any) -> Body:  # noqa: ANN401 - JSON
    path = f"/shipments/{load['id']}/corrections"
    correction: Body = by.post(path, {"comment": "misread", **changes}, status=status)
    return correction


def _correct(deal: Deal, load: Body, status: int = 200, **changes: Any) -> Body:  # noqa: ANN401 - JSON
    """Have the producer propose and the recycler approve; return the load, or the refusal of the approval."""
    correction = _propose(deal.producer, load, **changes)
    answer: Body = deal.recycler.post(f"/corrections/{correction['id']}/approve", status=status)
    return deal.producer.get(f"/shipments/{load['id']}") if status == 200 else answer


def _tonnes(deal: Deal) -> tuple[float, float, float]:
    """Return what the agreement has shipped, and what of the lot is reserved and shipped."""
    lot = deal.producer.get(f"/lots/{deal.lot['id']}")
    return deal.producer.get(f"/agreements/{deal.agreement['id']}")["shipped_t"], lot["reserved_t"], lot["shipped_t"]


def test_nothing_changes_before_the_other_side_approves(world: World) -> None:
    deal = world.deal(1000)
    load = deal.dispatch(40, DAY)
    correction = _propose(deal.producer, load, net_t=42, vehicle_plate="渝B1")
    assert correction["status"] == "pending"
    assert correction["changes"] == {"net_t": 42, "vehicle_plate": "渝B1"}
    assert correction["before"] == {"net_t": 40, "vehicle_plate": "渝A12345"}
    assert deal.producer.get(f"/shipments/{load['id']}") == load
    assert _tonnes(deal) == (40, 960, 40)
    approved = deal.recycler.post(f"/corrections/{correction['id']}/approve", status=200)
    assert approved["status"] == "approved"
    assert approved["before"] == correction["before"]
    after = deal.producer.get(f"/shipments/{load['id']}")
    assert (after["net_t"], after["vehicle_plate"], after["version"]) == (42, "渝B1", load["version"] + 1)
    assert _tonnes(deal) == (42, 958, 42)
    assert deal.balances() == {("generation", YEAR): -42, ("in_transit", YEAR): 42}


def test_a_rejected_one_leaves_all_as_it_is_and_makes_room_for_another(world: World) -> None:
    deal = world.deal()
    load = deal.dispatch(40, DAY)
    correction = _propose(deal.recycler, load, net_t=30)
    assert _propose(deal.producer, load, 409, net_t=41)["correction_id"] == correction["id"]
    assert deal.producer.post(f"/corrections/{correction['id']}/reject", status=200)["status"] == "rejected"
    assert deal.producer.get(f"/shipments/{load['id']}") == load
    again = deal.producer.post(f"/corrections/{correction['id']}/approve", status=409)
    assert (again["code"], again["allowed"]) == ("invalid_state", [])
    _propose(deal.producer, load, net_t=41)
    waiting = deal.recycler.get("/corrections", status="pending")["items"]
    assert [item["changes"] for item in waiting] == [{"net_t": 41}]
    assert len(deal.recycler.get("/corrections", shipment_id=load["id"])["items"]) == 2


def test_nobody_consents_to_what_he_proposed_himself(world: World) -> None:
    deal = world.deal()
    load = deal.dispatch(40, DAY)
    correction = _propose(deal.producer, load, net_t=41)
    for action in ("approve", "reject"):
        assert deal.producer.post(f"/corrections/{correction['id']}/{action}", status=403)["code"] == "not_your_turn"
    stranger = world.recycler()
    stranger.post(f"/corrections/{correction['id']}/approve", status=404)
    assert stranger.request("GET", f"/corrections/{correction['id']}").status_code == 404
    assert stranger.get("/corrections")["items"] == []
    _propose(stranger, load, 404, net_t=41)


def test_a_dispute_is_settled(world: World) -> None:
    deal = world.deal()
    load = deal.receive(deal.dispatch(40, DAY), NEXT_DAY, net_t=35)
    assert load["disputed"] is True
    assert deal.balances()["in_transit", YEAR] == 5
    settled = _correct(deal, load, received_net_t=39.9)
    assert (settled["disputed"], settled["accepted_t"], settled["received_net_t"]) == (False, 39.9, 39.9)
    assert deal.balances() == {
        ("generation", YEAR): -40,
        ("received", YEAR): 39.9,
        ("weighing_difference", YEAR): 0.1,
    }


def test_a_dispute_is_settled_by_the_weight_of_the_producer_too(world: World) -> None:
    deal = world.deal(1000)
    deal.declare(f"{YEAR}-03", 100)
    load = deal.receive(deal.dispatch(40, DAY), NEXT_DAY, net_t=35)
    settled = _correct(deal, load, net_t=35)
    assert settled["disputed"] is False
    assert deal.balances() == {("generation", YEAR): -100, ("received", YEAR): 35, ("storage", YEAR): 65}
    assert _tonnes(deal) == (35, 965, 35)


def test_refused_tonnes_follow(world: World) -> None:
    deal = world.deal(100)
    load = deal.receive(deal.dispatch(40, DAY), NEXT_DAY, net_t=40)
    refused = _correct(deal, load, refused_t=10, reason="wet")
    assert (refused["status"], refused["accepted_t"]) == ("partly_refused", 30)
    assert deal.balances() == {("generation", YEAR): -40, ("received", YEAR): 30, ("storage", YEAR): 10}
    assert _tonnes(deal) == (30, 70, 30)
    taken = _correct(deal, refused, refused_t=0)
    assert (taken["status"], taken["accepted_t"]) == ("received", 40)
    assert deal.balances() == {("generation", YEAR): -40, ("received", YEAR): 40}
    wholly = _correct(deal, taken, refused_t=40)
    assert wholly["status"] == "refused"
    assert _correct(deal, wholly, refused_t=39)["status"] == "partly_refused"
    assert deal.balances()["received", YEAR] == 1


def test_refused_tonnes_that_have_left_again_cannot_be_taken_back(world: World) -> None:
    deal = world.deal(100)
    load = deal.receive(deal.dispatch(40, DAY), NEXT_DAY, net_t=40, refused_t=40, reason="wet")
    deal.dispatch(35, LATER)
    refusal = _correct(deal, load, 409, refused_t=0)
    assert (refusal["code"], refusal["missing_t"]) == ("insufficient_stock", 35)
    assert deal.balances()["storage", YEAR] == 5
    assert deal.producer.get(f"/shipments/{load['id']}") == load


def test_what_is_used_is_not_corrected_away(world: World) -> None:
    deal = world.deal()
    load = deal.receive(deal.dispatch(40, DAY), NEXT_DAY, net_t=40)
    used = deal.use(39, LATER)
    for changes in (
        {"received_net_t": 38.9, "net_t": 38.9},
        {"received_net_t": 30},
        {"received_at": f"{LATER}T15:00Z"},
    ):
        refusal = _correct(deal, load, 409, **changes)
        assert (refusal["code"], refusal["used_t"]) == ("already_used", 39)
        waiting = deal.recycler.get("/corrections", status="pending")["items"][0]
        deal.recycler.post(f"/corrections/{waiting['id']}/reject", status=200)
    more = _correct(deal, load, net_t=41, received_net_t=41)
    assert more["accepted_t"] == 41
    assert deal.balances() == {("generation", YEAR): -41, ("received", YEAR): 2, ("utilised", YEAR): 39}
    deal.recycler.post(f"/utilisations/{used['id']}/reverse", status=200)
    assert _correct(deal, more, received_net_t=30)["disputed"] is True
    assert deal.balances()["received", YEAR] == 30


def test_a_load_of_another_year_and_another_month(world: World) -> None:
    deal = world.deal()
    deal.opening(500, YEAR - 1)
    load = deal.receive(deal.dispatch(40, DAY), NEXT_DAY, net_t=40)
    older = _correct(deal, load, stock_year=YEAR - 1)
    assert older["stock_year"] == YEAR - 1
    assert deal.balances() == {
        ("opening", YEAR - 1): -500,
        ("storage", YEAR - 1): 460,
        ("received", YEAR - 1): 40,
    }
    moved = _correct(deal, older, dispatched_at=f"{YEAR}-02-27T09:00:00+08:00")
    assert moved["dispatched_at"] == f"{YEAR}-02-27T01:00:00Z"
    assert _correct(deal, moved, 409, stock_year=YEAR - 2)["code"] == "insufficient_stock"


def test_more_than_the_lot_has_free_is_not_shipped_by_correction(world: World) -> None:
    deal = world.deal(50)
    load = deal.dispatch(40, DAY)
    assert _correct(deal, load, 409, net_t=50.001)["code"] == "insufficient_quantity"
    deal.recycler.post(f"/corrections/{deal.recycler.get('/corrections')['items'][0]['id']}/reject", status=200)
    deal.producer.post(f"/agreements/{deal.agreement['id']}/cancel", status=200)
    assert _correct(deal, load, net_t=50)["net_t"] == 50
    assert _tonnes(deal) == (50, 0, 50)
    assert _correct(deal, load, net_t=45)["net_t"] == 45
    assert _tonnes(deal) == (45, 0, 45)


def test_a_voided_load_is_not_corrected_and_a_corrected_one_can_be_voided(world: World) -> None:
    deal = world.deal()
    load = deal.dispatch(40, DAY)
    corrected = _correct(deal, load, net_t=44)
    waiting = _propose(deal.producer, corrected, net_t=45)
    deal.producer.post(f"/shipments/{load['id']}/void", status=200)
    assert deal.balances() == {}
    assert _tonnes(deal) == (0, 1000, 0)
    refusal = deal.recycler.post(f"/corrections/{waiting['id']}/approve", status=409)
    assert refusal["code"] == "invalid_state"
    deal.recycler.post(f"/corrections/{waiting['id']}/reject", status=200)
    assert _propose(deal.producer, load, 409, net_t=45)["code"] == "invalid_state"


def test_words_are_corrected_without_a_posting(world: World) -> None:
    deal = world.deal()
    load = deal.receive(deal.dispatch(40, DAY), NEXT_DAY, net_t=40)
    entries = deal.producer.get("/ledger/entries")["items"]
    assert _correct(deal, load, driver_name="李四", carrier=None)["driver_name"] == "李四"
    assert deal.producer.get("/ledger/entries")["items"] == entries


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({}, "", "nothing_changed"),
        ({"net_t": 40}, "", "nothing_changed"),
        ({"net_t": 0}, "/net_t", "greater_than"),
        ({"gross_t": 55}, "/tare_t", "gross_and_tare"),
        ({"gross_t": 55, "tare_t": 15, "net_t": 41}, "/net_t", "net_differs"),
        ({"vehicle_plate": None}, "/vehicle_plate", "string_type"),
        ({"received_net_t": 41}, "/received_net_t", "not_received"),
        ({"dispatched_at": "2099-01-01T00:00:00Z"}, "/dispatched_at", "in_future"),
        ({"dispatched_at": f"{YEAR - 1}-12-31T00:00:00Z"}, "/dispatched_at", "outside_agreement"),
        ({"stock_year": YEAR + 1}, "/stock_year", "stock_year_in_future"),
        ({"net": 41}, "/net", "extra_forbidden"),
        ({"net_t": 41, "comment": ""}, "/comment", "string_too_short"),
    ],
)
def test_values_that_could_not_be_recorded_are_refused(world: World, changes: Body, pointer: str, code: str) -> None:
    deal = world.deal()
    refusal = _propose(deal.producer, deal.dispatch(40, DAY), 422, **changes)
    assert [(fault["pointer"], fault["code"]) for fault in refusal["errors"]] == [(pointer, code)]
    assert deal.producer.get("/corrections")["items"] == []


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"received_net_t": 39, "accepted_t": 38}, "/accepted_t", "parts_differ_from_net"),
        ({"refused_t": 41, "reason": "wet"}, "/accepted_t", "parts_differ_from_net"),
        ({"refused_t": 1}, "/reason", "reason_needed"),
        ({"received_tare_t": 15}, "/received_tare_t", "gross_and_tare"),
        ({"received_at": f"{YEAR}-03-04T00:00:00Z"}, "/received_at", "before_dispatch"),
        ({"dispatched_at": f"{LATER}T00:00:00Z"}, "/dispatched_at", "before_dispatch"),
    ],
)
def test_receipts_that_could_not_be_recorded_are_refused(world: World, changes: Body, pointer: str, code: str) -> None:
    deal = world.deal()
    load = deal.receive(deal.dispatch(40, DAY), NEXT_DAY, net_t=40)
    refusal = _propose(deal.recycler, load, 422, **changes)
    assert [(fault["pointer"], fault["code"]) for fault in refusal["errors"]] == [(pointer, code)]


def test_a_ticket_number_stays_unique(world: World) -> None:
    deal = world.deal()
    load, other = deal.dispatch(40, DAY), deal.dispatch(30, DAY)
    assert _propose(deal.producer, load, 409, ticket_no=other["ticket_no"])["code"] == "ticket_exists"
    waiting = _propose(deal.producer, load, ticket_no="CS-9")
    deal.dispatch(10, DAY, ticket_no="CS-9")
    assert deal.recycler.post(f"/corrections/{waiting['id']}/approve", status=409)["code"] == "ticket_exists"


def test_two_who_propose_or_approve_at_once_do_it_once(world: World) -> None:
    deal = world.deal()
    load = deal.dispatch(40, DAY)
    sides = (deal.producer, deal.recycler) * 4
    path = f"/shipments/{load['id']}/corrections"
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda side: side.request("POST", path, json={"net_t": 41, "comment": "x"}), sides))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    made = next(answer.json() for answer in answers if answer.status_code == 201)
    other = deal.recycler if made["proposed_by"] == deal.producer.id else deal.producer
    approve = f"/corrections/{made['id']}/approve"
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: other.request("POST", approve), range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    assert deal.balances() == {("generation", YEAR): -41, ("in_transit", YEAR): 41}


def test_a_stale_version_is_refused(world: World) -> None:
    deal = world.deal()
    correction = _propose(deal.producer, deal.dispatch(40, DAY), net_t=41)
    stale = {"If-Match": '"7"'}
    answer = deal.recycler.request("POST", f"/corrections/{correction['id']}/approve", headers=stale)
    assert answer.status_code == 412


def test_a_load_that_names_the_year_of_its_dispatch_comes_out_of_storage(world: World) -> None:
    deal = world.deal()
    load = deal.dispatch(40, DAY)
    refused = _correct(deal, load, 409, stock_year=YEAR)  # it was generated by leaving: nothing lay there
    assert (refused["code"], refused["in_stock_t"]) == ("insufficient_stock", 0)
    assert deal.producer.get(f"/shipments/{load['id']}") == load
    stored = world.deal()
    stored.declare(f"{YEAR}-03", 100)
    before = stored.balances()
    load = stored.dispatch(40, DAY)
    after = stored.balances()
    assert _correct(stored, load, stock_year=YEAR)["stock_year"] == YEAR
    assert stored.balances() == after != before
    again = stored.producer.get(f"/shipments/{load['id']}")
    assert _correct(stored, again, stock_year=None)["stock_year"] is None
    assert stored.balances() == after
