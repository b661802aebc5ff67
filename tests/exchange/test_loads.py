"""Loads: two weights, tolerance, refusal, dispute, void, and what each does to lot, agreement and ledger."""

from app.core.clock import today
from app.core.database import Database
from app.ledger.verification import find_differences
from tests.factories import Deal, World

YEAR = today().year - 1
DAY, NEXT_DAY = f"{YEAR}-03-05", f"{YEAR}-03-06"


def _lot(deal: Deal) -> dict[str, float]:
    lot = deal.producer.get(f"/lots/{deal.lot['id']}")
    return {name: lot[name] for name in ("quantity_t", "available_t")}


def _agreement_shipped(deal: Deal) -> float:
    shipped: float = deal.producer.get(f"/agreements/{deal.agreement['id']}")["shipped_t"]
    return shipped


def test_a_small_difference_counts_as_weighing_difference(world: World) -> None:
    deal = world.deal()
    load = deal.dispatch(40, DAY)
    received = deal.receive(load, NEXT_DAY, gross_t=54.8, tare_t=15)
    assert received["status"] == "received"
    assert received["disputed"] is False
    assert received["received_net_t"] == 39.8
    assert deal.balances() == {
        ("generation", YEAR): -40,
        ("received", YEAR): 39.8,
        ("weighing_difference", YEAR): 0.2,
    }


def test_tolerance_is_the_larger_of_half_a_percent_and_100_kg(world: World) -> None:
    deal = world.deal()
    edge = deal.receive(deal.dispatch(10, DAY), NEXT_DAY, net_t=9.9)
    beyond = deal.receive(deal.dispatch(10, DAY), NEXT_DAY, net_t=9.899)
    large = deal.receive(deal.dispatch(200, DAY), NEXT_DAY, net_t=201)
    heavier = deal.receive(deal.dispatch(200, DAY), NEXT_DAY, net_t=201.001)
    assert [load["disputed"] for load in (edge, beyond, large, heavier)] == [False, True, False, True]


def test_a_disputed_load_leaves_the_rest_in_transit(world: World) -> None:
    deal = world.deal()
    received = deal.receive(deal.dispatch(40, DAY), NEXT_DAY, net_t=35, accepted_t=30, refused_t=5, reason="wet")
    assert received["disputed"] is True
    assert received["status"] == "partly_refused"
    balances = deal.balances()
    assert balances["received", YEAR] == 30
    assert balances["storage", YEAR] == 5
    assert balances["in_transit", YEAR] == 5


def test_more_received_than_dispatched_never_takes_in_more(world: World) -> None:
    deal = world.deal()
    deal.receive(deal.dispatch(40, DAY), NEXT_DAY, net_t=45)
    balances = deal.balances()
    assert balances["received", YEAR] == 40
    assert ("in_transit", YEAR) not in balances


def test_a_refused_load_is_the_producers_again(world: World) -> None:
    deal = world.deal(100)
    refused = deal.receive(deal.dispatch(40, DAY), NEXT_DAY, net_t=40, refused_t=40, reason="wrong material")
    assert refused["status"] == "refused"
    assert deal.balances() == {("generation", YEAR): -40, ("storage", YEAR): 40}
    assert _agreement_shipped(deal) == 0
    assert _lot(deal) == {"quantity_t": 100, "available_t": 0}
    again = deal.dispatch(100, DAY)
    assert again["net_t"] == 100
    assert deal.balances()["generation", YEAR] == -100


def test_refused_after_cancelling_is_free_on_the_lot(world: World) -> None:
    deal = world.deal(100)
    load = deal.dispatch(40, DAY)
    deal.producer.post(f"/agreements/{deal.agreement['id']}/cancel", status=200)
    assert _lot(deal)["available_t"] == 60
    deal.receive(load, NEXT_DAY, net_t=40, refused_t=40, reason="wet")
    assert _lot(deal)["available_t"] == 100


def test_void_undoes_the_dispatch(world: World, database: Database) -> None:
    deal = world.deal(100)
    load = deal.dispatch(40, DAY, ticket_no="T-void")
    voided = deal.producer.post(f"/shipments/{load['id']}/void", status=200)
    assert voided["status"] == "voided"
    assert deal.balances() == {}
    assert _agreement_shipped(deal) == 0
    assert deal.dispatch(40, DAY, ticket_no="T-void")["status"] == "dispatched"
    again = deal.producer.post(f"/shipments/{load['id']}/void", status=409)
    assert (again["code"], again["allowed"]) == ("invalid_state", [])
    with database.snapshot() as session:
        assert list(find_differences(session)) == []


def test_void_keeps_what_the_declaration_says_was_generated(world: World) -> None:
    deal = world.deal(100)
    load = deal.dispatch(40, DAY)
    deal.declare(f"{YEAR}-03", 50)
    deal.producer.post(f"/shipments/{load['id']}/void", status=200)
    assert deal.balances() == {("generation", YEAR): -50, ("storage", YEAR): 50}


def test_void_of_a_load_beyond_the_declaration_takes_the_excess_back(world: World) -> None:
    deal = world.deal(100)
    deal.declare(f"{YEAR}-03", 30)
    load = deal.dispatch(40, DAY)
    assert load["dispatched_beyond_t"] == 10
    assert deal.balances()["generation", YEAR] == -40
    deal.producer.post(f"/shipments/{load['id']}/void", status=200)
    assert deal.balances() == {("generation", YEAR): -30, ("storage", YEAR): 30}


def test_a_received_load_cannot_be_voided_nor_received_twice(world: World) -> None:
    deal = world.deal()
    load = deal.dispatch(40, DAY)
    deal.receive(load, NEXT_DAY)
    assert deal.producer.post(f"/shipments/{load['id']}/void", status=409)["code"] == "invalid_state"
    assert deal.receive(load, NEXT_DAY, status=409)["allowed"] == ["correct"]


def test_the_parties_only_act_in_their_turn(world: World) -> None:
    deal = world.deal().offer(500).propose(100)
    path = f"/agreements/{deal.agreement['id']}"
    own = deal.recycler.post(f"{path}/accept", status=403)
    assert own["code"] == "not_your_turn"
    assert deal.producer.post(f"{path}/withdraw", status=403)["code"] == "not_your_turn"
    early = deal.producer.post(f"{path}/complete", status=409)
    assert early["allowed"] == ["accept", "decline"]
    assert world.recycler().request("GET", path).status_code == 404


def test_a_load_may_exceed_the_remainder_by_five_percent_if_the_lot_has_it(world: World) -> None:
    deal = world.deal(100).offer(210).agree(200)
    assert deal.dispatch(211, DAY, status=409)["code"] == "agreement_exceeded"
    over = deal.dispatch(210, DAY)
    assert over["net_t"] == 210
    assert _lot(deal) == {"quantity_t": 210, "available_t": 0}
    short = deal.dispatch(1, DAY, status=409)
    assert (short["code"], short["remaining_t"]) == ("agreement_exceeded", 0)


def test_accepting_more_than_is_free_says_what_is(world: World) -> None:
    deal = world.deal().offer(100).agree(70)
    second = deal.propose(40)
    refused = deal.producer.post(f"/agreements/{second.agreement['id']}/accept", status=409)
    assert (refused["code"], refused["available_t"]) == ("insufficient_quantity", 30)


def test_bad_tickets_name_every_fault_and_store_nothing(world: World) -> None:
    deal = world.deal()
    path = f"/agreements/{deal.agreement['id']}/shipments"
    ticket = {
        "ticket_no": "T1",
        "vehicle_plate": "渝A12345",
        "dispatched_at": f"{YEAR + 5}-01-01T00:00:00Z",
        "gross_t": 10,
        "tare_t": 12,
    }
    problem = deal.producer.post(path, ticket, status=422)
    faults = {(fault["pointer"], fault["code"]) for fault in problem["errors"]}
    assert faults == {("/tare_t", "tare_not_below_gross"), ("/dispatched_at", "in_future")}
    late = {"ticket_no": "T1", "vehicle_plate": "渝A12345", "dispatched_at": f"{YEAR - 9}-01-01T00:00:00Z", "net_t": 1}
    outside = deal.producer.post(path, late | {"stock_year": YEAR}, status=422)
    codes = {(fault["pointer"], fault["code"]) for fault in outside["errors"]}
    assert codes == {("/dispatched_at", "outside_agreement"), ("/stock_year", "stock_year_in_future")}
    assert deal.producer.get("/shipments")["items"] == []
    twice = deal.dispatch(10, DAY)
    again = deal.dispatch(10, DAY, status=409, ticket_no=twice["ticket_no"])
    assert again["code"] == "ticket_exists"


def test_bad_receipts(world: World) -> None:
    deal = world.deal()
    load = deal.dispatch(40, DAY)
    early = deal.receive(load, f"{YEAR}-03-01", status=422, net_t=40)
    assert (early["errors"][0]["pointer"], early["code"]) == ("/received_at", "before_dispatch")
    silent = deal.receive(load, NEXT_DAY, status=422, gross_t=40, refused_t=1)
    codes = {(fault["pointer"], fault["code"]) for fault in silent["errors"]}
    assert codes == {("/tare_t", "gross_and_tare"), ("/reason", "reason_needed")}
    unequal = deal.receive(load, NEXT_DAY, status=422, net_t=40, accepted_t=39.999)
    assert unequal["errors"][0]["pointer"] == "/accepted_t"
    assert deal.recycler.get(f"/shipments/{load['id']}")["status"] == "dispatched"


def test_prior_stock_is_shipped_only_as_far_as_it_is_there(world: World) -> None:
    deal = world.deal(100, stock_year=YEAR - 1)
    short = deal.dispatch(40, DAY, status=409)
    assert (short["code"], short["in_stock_t"]) == ("insufficient_stock", 0)
    deal.opening(50, YEAR - 1)
    deal.dispatch(40, DAY)
    assert deal.balances() == {("opening", YEAR - 1): -50, ("storage", YEAR - 1): 10, ("in_transit", YEAR - 1): 40}
    less = deal.opening(30, YEAR - 1, status=409)
    assert (less["code"], less["least_stored_t"]) == ("opening_less_than_used", 40)
    deal.opening(45, YEAR - 1)
    assert deal.balances()["storage", YEAR - 1] == 5


def test_completing_waits_for_loads_in_transit(world: World) -> None:
    deal = world.deal(100)
    load = deal.dispatch(40, DAY)
    path = f"/agreements/{deal.agreement['id']}/complete"
    assert deal.recycler.post(path, status=409)["ticket_nos"] == [load["ticket_no"]]
    deal.receive(load, NEXT_DAY)
    assert deal.recycler.post(path, status=200)["status"] == "completed"
    assert _lot(deal)["available_t"] == 60


def test_own_lot_to_own_site_is_refused(world: World) -> None:
    deal = world.deal()
    own_site = world.site(deal.producer)
    body = {
        "lot_id": deal.lot["id"],
        "destination_site_id": own_site["id"],
        "quantity_t": 1,
        "price_cny_per_t": 0,
        "starts_on": DAY,
        "ends_on": DAY,
    }
    assert deal.producer.post("/agreements", body, status=422)["errors"][0]["code"] == "own_lot"


def test_nothing_is_agreed_with_a_suspended_side(world: World) -> None:
    deal = world.deal().offer(100).propose(30)
    world.operator().post(f"/organisations/{deal.recycler.id}/suspend", status=200)
    refused = deal.producer.post(f"/agreements/{deal.agreement['id']}/accept", status=409)
    assert refused["code"] == "organisation_suspended"
    assert _lot(deal)["available_t"] == 100
