"""Declarations and opening stocks: absolute totals, replaced by reversal, never below what has left."""

from app.core.clock import month_of, today
from app.core.database import Database
from app.ledger.verification import find_differences
from tests.factories import World

YEAR = today().year - 1
MARCH = f"{YEAR}-03"


def test_only_the_difference_to_what_dispatch_generated_is_posted(world: World) -> None:
    deal = world.deal()
    deal.dispatch(30, f"{MARCH}-01")
    deal.declare(MARCH, 50)
    assert deal.balances() == {("generation", YEAR): -50, ("in_transit", YEAR): 30, ("storage", YEAR): 20}


def test_a_later_declaration_replaces_the_earlier(world: World, database: Database) -> None:
    deal = world.deal()
    first = deal.declare(MARCH, 50, self_utilised_t=10, disposed_t=5, discarded_t=1)
    second = deal.declare(MARCH, 40, entrusted_utilised_t=8, entrusted_disposed_t=2)
    assert deal.balances() == {
        ("generation", YEAR): -40,
        ("storage", YEAR): 30,
        ("entrusted_utilised", YEAR): 8,
        ("entrusted_disposed", YEAR): 2,
    }
    assert deal.producer.get(f"/declarations/{first['id']}")["replaced_by"] == second["id"]
    assert [row["id"] for row in deal.producer.get("/declarations", month=MARCH)["items"]] == [
        second["id"],
        first["id"],
    ]
    with database.snapshot() as session:
        assert list(find_differences(session)) == []


def test_less_than_was_dispatched_names_the_least_figure(world: World) -> None:
    deal = world.deal()
    deal.dispatch(30, f"{MARCH}-01")
    refused = deal.declare(MARCH, 20, status=409, self_utilised_t=5)
    assert (refused["code"], refused["least_generated_t"]) == ("declared_less_than_dispatched", 35)
    assert deal.producer.get("/declarations")["items"] == []
    assert deal.declare(MARCH, 35, self_utilised_t=5)["generated_t"] == 35


def test_a_late_month_lets_a_later_one_declare_less_than_it_dispatched(world: World) -> None:
    deal = world.deal()
    deal.dispatch(30, f"{YEAR}-04-01")
    deal.declare(MARCH, 50)
    deal.declare(f"{YEAR}-04", 0)
    assert deal.balances() == {("generation", YEAR): -50, ("in_transit", YEAR): 30, ("storage", YEAR): 20}


def test_prior_parts_draw_on_the_oldest_year(world: World) -> None:
    deal = world.deal()
    deal.opening(10, YEAR - 2)
    deal.opening(20, YEAR - 1)
    deal.declare(MARCH, 5, self_utilised_t=15, self_utilised_from_prior_t=12, disposed_t=4, disposed_from_prior_t=4)
    assert deal.balances() == {
        ("opening", YEAR - 2): -10,
        ("opening", YEAR - 1): -20,
        ("generation", YEAR): -5,
        ("self_utilised", YEAR - 2): 10,
        ("self_utilised", YEAR - 1): 2,
        ("self_utilised", YEAR): 3,
        ("disposed", YEAR - 1): 4,
        ("storage", YEAR - 1): 14,
        ("storage", YEAR): 2,
    }
    short = deal.declare(f"{YEAR}-04", 0, status=409, self_utilised_t=15, self_utilised_from_prior_t=15)
    assert (short["code"], short["in_stock_t"]) == ("insufficient_stock", 14)


def test_all_faults_of_a_declaration_at_once(world: World) -> None:
    deal = world.deal()
    month = month_of(today().replace(year=today().year + 1))
    problem = deal.declare(month, 1, status=422, self_utilised_from_prior_t=1, disposed_from_prior_t=2)
    assert {fault["pointer"] for fault in problem["errors"]} == {
        "/month",
        "/self_utilised_from_prior_t",
        "/disposed_from_prior_t",
    }
    malformed = deal.declare("2026-13", -1, status=422, disposed_t="much", extra=1)
    assert {fault["pointer"] for fault in malformed["errors"]} == {
        "/month",
        "/generated_t",
        "/disposed_t",
        "/extra",
    }
    assert deal.producer.get("/declarations")["items"] == []


def test_a_foreign_site_is_a_fault_of_the_body(world: World) -> None:
    deal = world.deal()
    other = world.producer()
    body = {"site_id": deal.origin, "material": "phosphogypsum", "month": MARCH, "generated_t": 1}
    assert other.post("/declarations", body, status=422)["errors"][0]["pointer"] == "/site_id"


def test_an_opening_stock_is_of_an_earlier_year(world: World) -> None:
    deal = world.deal()
    assert deal.opening(5, today().year, status=422)["errors"][0]["pointer"] == "/stock_year"


def test_entries_show_who_holds_what(world: World) -> None:
    deal = world.deal()
    deal.receive(deal.dispatch(30, f"{MARCH}-01"), f"{MARCH}-02")
    seen = deal.producer.get("/ledger/entries")["items"]
    assert [(row["account"], row["quantity_t"]) for row in seen] == [
        (row["account"], row["quantity_t"]) for row in sorted(seen, key=lambda row: row["id"], reverse=True)
    ]
    assert sum(row["quantity_t"] for row in seen) == 0
    recycler_sees = {row["account"] for row in deal.recycler.get("/ledger/entries")["items"]}
    assert recycler_sees == {"received"}
    assert world.producer().get("/ledger/entries")["items"] == []
    authority_sees = {row["account"] for row in world.government("500102").get("/ledger/entries")["items"]}
    assert authority_sees == {"received"}
