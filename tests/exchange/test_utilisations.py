"""Use: oldest received first or by named loads, never more than is there, reversible."""

from app.core.clock import today
from app.core.database import Database
from app.ledger.verification import find_differences
from tests.factories import World

YEAR = today().year - 1


def test_use_draws_on_the_oldest_received_first(world: World, database: Database) -> None:
    deal = world.deal()
    later = deal.dispatch(10, f"{YEAR}-03-01")
    earlier = deal.dispatch(10, f"{YEAR}-03-02")
    deal.receive(earlier, f"{YEAR}-03-03")
    deal.receive(later, f"{YEAR}-03-04")
    used = deal.use(15, f"{YEAR}-03-05")
    assert {draw["shipment_id"]: draw["quantity_t"] for draw in used["draws"]} == {earlier["id"]: 10, later["id"]: 5}
    assert deal.balances()["utilised", YEAR] == 15
    deal.recycler.post(f"/utilisations/{used['id']}/reverse", status=200)
    assert deal.balances()["received", YEAR] == 20
    again = deal.recycler.post(f"/utilisations/{used['id']}/reverse", status=409)
    assert again["code"] == "invalid_state"
    with database.snapshot() as session:
        assert list(find_differences(session)) == []


def test_use_of_named_loads(world: World) -> None:
    deal = world.deal()
    first, second = deal.dispatch(10, f"{YEAR}-03-01"), deal.dispatch(10, f"{YEAR}-03-01")
    for load in (first, second):
        deal.receive(load, f"{YEAR}-03-02")
    used = deal.use(6, f"{YEAR}-03-05", shipment_ids=[second["id"]])
    assert used["draws"] == [{"shipment_id": second["id"], "quantity_t": 6}]
    short = deal.use(5, f"{YEAR}-03-05", status=409, shipment_ids=[second["id"]])
    assert (short["code"], short["in_stock_t"]) == ("insufficient_stock", 4)


def test_nothing_is_used_before_it_is_received(world: World) -> None:
    deal = world.deal()
    deal.receive(deal.dispatch(10, f"{YEAR}-03-01"), f"{YEAR}-03-03")
    early = deal.use(5, f"{YEAR}-03-02", status=422)
    assert (early["code"], early["errors"][0]["pointer"]) == ("before_receipt", "/utilised_on")
    assert deal.use(11, f"{YEAR}-03-02", status=409)["in_stock_t"] == 10


def test_a_batch_number_counts_once(world: World) -> None:
    deal = world.deal()
    deal.receive(deal.dispatch(10, f"{YEAR}-03-01"), f"{YEAR}-03-03")
    deal.use(5, f"{YEAR}-03-04", batch_no="B1")
    assert deal.use(5, f"{YEAR}-03-04", status=409, batch_no="B1")["code"] == "batch_exists"


def test_an_unknown_use_says_what_was_meant(world: World) -> None:
    deal = world.deal()
    problem = deal.use(5, f"{YEAR}-03-04", status=422, use="cement_retader", material="phosphogypsun")
    assert [fault["pointer"] for fault in problem["errors"]] == ["/material", "/use"]
    assert "cement_retarder" in problem["errors"][1]["detail"]
