"""Closing of months: what is closed never changes, and what comes late names the month it belongs to."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import text

from app.core.clock import month_of, today
from app.core.database import Database
from app.ledger.accounts import next_month
from app.ledger.declarations import declare_first
from app.ledger.posting import hold_open_months
from app.ledger.schemas import DeclarationPost
from app.ledger.verification import find_differences
from app.organisations.callers import authenticate
from tests.factories import PEPPER, Body, Deal, World
from tests.ledger.closing import assert_sound, close, newest_entries, published, rows_by_month, shown

YEAR = today().year - 1
JANUARY, FEBRUARY, MARCH, MAY = (f"{YEAR}-{number:02d}" for number in (1, 2, 3, 5))
DECEMBER, NEXT_JANUARY = f"{YEAR}-12", f"{YEAR + 1}-01"


def test_a_month_is_closed_once_and_everybody_can_read_it(world: World, database: Database) -> None:
    deal = world.deal()
    assert deal.producer.get("/ledger/periods") == {"items": [], "next_cursor": None, "earliest_open_month": None}
    deal.declare(JANUARY, 50)
    closed = close(world, JANUARY)
    assert (closed["month"], closed["flows"], len(closed["digest"])) == (JANUARY, 2, 64)
    close(world, FEBRUARY)
    page = deal.producer.get("/ledger/periods", limit=1)
    assert [period["month"] for period in page["items"]] == [FEBRUARY]
    assert page["earliest_open_month"] == MARCH
    assert deal.recycler.get("/ledger/periods", limit=1, cursor=page["next_cursor"])["items"] == [closed]
    told = [event for event in deal.recycler.get("/events")["items"] if event["type"] == "period.closed"]
    assert [event["data"]["month"] for event in told] == [JANUARY, FEBRUARY]
    assert_sound(database)


def test_what_cannot_be_closed_says_why(world: World) -> None:
    deal = world.deal()
    this_month = month_of(today())
    early = close(world, this_month, status=409)
    assert early["code"] == "month_not_over"
    assert early["last_day"].startswith(this_month)
    deal.declare(JANUARY, 50)
    skipping = close(world, MARCH, status=409)
    assert (skipping["code"], skipping["earliest_open_month"]) == ("earlier_month_open", JANUARY)
    assert JANUARY in skipping["detail"]
    close(world, JANUARY)
    skipping = close(world, MARCH, status=409)
    assert (skipping["code"], skipping["earliest_open_month"]) == ("earlier_month_open", FEBRUARY)
    again = close(world, JANUARY, status=409)
    assert (again["code"], again["earliest_open_month"]) == ("already_closed", FEBRUARY)
    assert close(world, f"{YEAR - 1}-06", status=409)["code"] == "already_closed"
    assert close(world, f"{YEAR}-13", status=404)["code"] == "not_found"
    assert [period["month"] for period in deal.producer.get("/ledger/periods")["items"]] == [JANUARY]


def test_only_the_operator_closes(world: World) -> None:
    for member in (world.producer(), world.recycler(), world.government("50")):
        assert member.post(f"/ledger/periods/{JANUARY}/close", status=403)["code"] == "role_required"
    assert world.client.post(f"/v1/ledger/periods/{JANUARY}/close").status_code == 401


#: What can come late for January, with the source that its posting names.
_LATE: dict[str, tuple[Callable[[Deal, dict[str, Body]], object], str, str]] = {
    "load": (lambda deal, _: deal.dispatch(7, f"{JANUARY}-20"), "dispatch", f"{JANUARY}-20"),
    "void": (lambda deal, made: _void(deal, made["unwanted"]), "void", f"{JANUARY}-04"),
    "receipt": (lambda deal, made: deal.receive(made["on_the_way"], f"{JANUARY}-21"), "receipt", f"{JANUARY}-21"),
    "disputed receipt": (
        lambda deal, made: deal.receive(made["on_the_way"], f"{JANUARY}-21", net_t=5),
        "receipt",
        f"{JANUARY}-21",
    ),
    "refusal": (
        lambda deal, made: deal.receive(made["on_the_way"], f"{JANUARY}-21", net_t=10, refused_t=4, reason="wet"),
        "refusal",
        f"{JANUARY}-21",
    ),
    "use": (lambda deal, _: deal.use(9, f"{JANUARY}-22"), "utilisation", f"{JANUARY}-22"),
    "reversal of a use": (
        lambda deal, made: deal.recycler.post(f"/utilisations/{made['use']['id']}/reverse", status=200),
        "utilisation_reversal",
        f"{JANUARY}-06",
    ),
    "repeated declaration": (
        lambda deal, _: deal.declare(JANUARY, 120, self_utilised_t=6, disposed_t=3, discarded_t=2),
        "declaration",
        f"{JANUARY}-31",
    ),
    "first declaration": (
        lambda deal, _: deal.declare(f"{YEAR - 1}-12", 11, self_utilised_t=6, discarded_t=2),
        "declaration",
        f"{YEAR - 1}-12-31",
    ),
    "repeated opening stock": (lambda deal, _: deal.opening(80, YEAR - 1), "opening_stock", f"{JANUARY}-01"),
    "first opening stock": (lambda deal, _: deal.opening(80, YEAR - 3), "opening_stock", f"{YEAR - 2}-01-01"),
}


def _void(deal: Deal, load: Body) -> None:
    deal.producer.post(f"/shipments/{load['id']}/void", status=200)


def _live_january(deal: Deal) -> dict[str, Body]:
    """Do some of everything in January."""
    deal.opening(100, YEAR - 1)
    deal.declare(JANUARY, 90, self_utilised_t=15, self_utilised_from_prior_t=5, disposed_t=4, discarded_t=1)
    deal.receive(deal.dispatch(30, f"{JANUARY}-03"), f"{JANUARY}-05")
    return {
        "unwanted": deal.dispatch(8, f"{JANUARY}-04"),
        "on_the_way": deal.dispatch(10, f"{JANUARY}-05"),
        "use": deal.use(12, f"{JANUARY}-06"),
    }


@pytest.mark.parametrize("what", _LATE)
def test_what_comes_late_counts_in_the_earliest_open_month(what: str, world: World, database: Database) -> None:
    deal, authority = world.deal(), world.government("50")
    made = _live_january(deal)
    close(world, JANUARY)
    before = published(authority, f"{YEAR - 3}-01", JANUARY)
    act, source_type, day = _LATE[what]
    act(deal, made)
    for entry in newest_entries(deal, source_type):
        assert (entry["occurred_on"], entry["month"], entry["belongs_to"]) == (day, FEBRUARY, day[:7])
    assert published(authority, f"{YEAR - 3}-01", JANUARY) == before
    rows_by_month(authority, f"{YEAR - 3}-01", DECEMBER)
    assert_sound(database)
    deal.dispatch(1, f"{FEBRUARY}-02")
    assert {row["belongs_to"] for row in newest_entries(deal, "dispatch")} == {None}


def test_declarations_of_a_closed_month_post_the_difference_where_it_is_open(world: World, database: Database) -> None:
    deal, authority = world.deal(), world.government("50")
    deal.declare(MARCH, 50, self_utilised_t=10)
    close(world, MARCH)
    close(world, f"{YEAR}-04")
    first = deal.declare(MARCH, 62, self_utilised_t=13)
    assert first["posted_in"] == MAY
    deal.dispatch(80, f"{MARCH}-09")  # 49 t were in storage: 31 t beyond the declared 62
    assert deal.declare(MARCH, 92, self_utilised_t=13, status=409)["least_generated_t"] == 93
    deal.declare(MARCH, 95, self_utilised_t=13)
    rows = rows_by_month(authority, MARCH, f"{YEAR}-06")
    assert shown(rows[MARCH], "generated_t", "utilised_t", "stored_t", "closing_t") == [50, 10, 40, 40]
    assert shown(rows[MAY], "opening_t", "generated_t", "utilised_t", "stored_t", "closing_t") == [40, 45, 3, 42, 82]
    # What came late for March is not taken for May's: May's own declaration is posted whole.
    assert deal.declare(MAY, 20)["posted_in"] == MAY
    rows = rows_by_month(authority, MARCH, f"{YEAR}-06")
    assert shown(rows[MAY], "generated_t", "stored_t", "closing_t") == [65, 62, 102]
    assert_sound(database)


def test_of_a_year_that_is_over_generation_and_discarding_are_adjustments(world: World, database: Database) -> None:
    deal, authority = world.deal(), world.government("50")
    deal.declare(DECEMBER, 50, discarded_t=5, self_utilised_t=10)
    load = deal.dispatch(20, f"{DECEMBER}-20")
    beyond = deal.dispatch(25, f"{DECEMBER}-21")
    assert beyond["dispatched_beyond_t"] == 10
    close(world, DECEMBER)
    deal.declare(DECEMBER, 63, discarded_t=2, self_utilised_t=12, disposed_t=1)
    rows = rows_by_month(authority, DECEMBER, NEXT_JANUARY)
    names = ("generated_t", "utilised_t", "utilised_from_prior_t", "disposed_t", "disposed_from_prior_t")
    assert shown(rows[DECEMBER], *names, "discarded_t", "stored_t", "closing_t") == [60, 10, 0, 0, 0, 5, 45, 45]
    assert shown(rows[NEXT_JANUARY], *names, "discarded_t", "stored_t") == [0, 2, 2, 1, 1, 0, 0]
    assert shown(rows[NEXT_JANUARY], "opening_t", "prior_stock_adjustment_t", "closing_t") == [45, 6, 48]
    assert {
        (row["account"], row["instead_of"]) for row in newest_entries(deal, "declaration") if row["instead_of"]
    } == {
        ("adjustment", "generation"),
        ("adjustment", "discarded"),
    }
    _void(deal, beyond)
    _void(deal, load)
    assert_sound(database)


@pytest.mark.parametrize("stored_t", [70, 130])
def test_an_opening_stock_after_its_month_is_an_adjustment(world: World, database: Database, stored_t: int) -> None:
    deal, authority = world.deal(), world.government("50")
    deal.opening(100, YEAR - 1)
    close(world, JANUARY)
    deal.opening(stored_t, YEAR - 1)
    names = ("opening_t", "prior_stock_adjustment_t", "closing_t")
    rows = rows_by_month(authority, JANUARY, FEBRUARY)
    assert shown(rows[JANUARY], *names) == [100, 0, 100]
    assert shown(rows[FEBRUARY], *names) == [100, stored_t - 100, stored_t]
    deal.opening(100, YEAR - 1)
    assert shown(rows_by_month(authority, JANUARY, FEBRUARY)[FEBRUARY], *names) == [100, 0, 100]
    assert deal.balances()["storage", YEAR - 1] == 100
    assert_sound(database)


def test_a_month_closed_without_declaration_stays_undeclared(world: World) -> None:
    deal, authority = world.deal(), world.government("50")
    deal.dispatch(30, f"{JANUARY}-03")
    deal.dispatch(30, f"{FEBRUARY}-03")

    def undeclared(month: str) -> int:
        count: int = authority.get("/statistics/utilisation", **{"from": month, "to": month})["undeclared_site_months"]
        return count

    close(world, JANUARY)
    deal.declare(JANUARY, 40)
    deal.declare(FEBRUARY, 40)
    assert (undeclared(JANUARY), undeclared(FEBRUARY)) == (1, 0)


def test_any_change_of_a_closed_month_is_found(world: World, database: Database) -> None:
    deal = world.deal()
    deal.declare(JANUARY, 50, self_utilised_t=10)
    close(world, JANUARY)
    with database.write() as session:
        session.execute(text("UPDATE ledger_transactions SET occurred_on = :day"), {"day": f"{FEBRUARY}-01"})
        session.execute(text("UPDATE ledger_flows SET stock_year = stock_year - 1 WHERE account = 'storage'"))
        session.execute(text("UPDATE ledger_head SET closed_to = :month"), {"month": FEBRUARY})
        session.commit()
    with database.snapshot() as session:
        found = "\n".join(find_differences(session))
    assert f"of {FEBRUARY} counts in {JANUARY} and names no other month" in found
    assert f"phosphogypsum, {JANUARY}: (U - Up) + S + (D - Dp) + W exceeds G by -40.000 t" in found
    assert f"the flows of {JANUARY} have changed since it was closed" in found
    assert f"the ledger is closed to {FEBRUARY}, and the last closed month is {JANUARY}" in found


def test_flows_before_the_first_closed_month_are_found(world: World, database: Database) -> None:
    deal = world.deal()
    deal.declare(JANUARY, 50)
    close(world, JANUARY)
    with database.write() as session:
        session.execute(text("UPDATE ledger_flows SET month = :month"), {"month": f"{YEAR - 1}-07"})
        session.commit()
    with database.snapshot() as session:
        assert f"flows stand in {YEAR - 1}-07, which nobody closed" in "\n".join(find_differences(session))


def test_a_closing_waits_for_the_postings_under_way(world: World, database: Database) -> None:
    deal = world.deal()
    deal.declare(JANUARY, 50)
    operator = world.operator()
    with ThreadPoolExecutor(1) as pool, database.write() as session:
        assert hold_open_months(session) == ""
        closing = pool.submit(operator.post, f"/ledger/periods/{JANUARY}/close", None, 200)
        assert wait([closing], timeout=0.3).not_done
        session.commit()
        assert closing.result()["month"] == JANUARY


def test_postings_and_closings_at_once(world: World, database: Database) -> None:
    deal = world.deal(10_000)
    deal.declare(JANUARY, 100)
    operator = world.operator()
    months = [JANUARY, FEBRUARY, MARCH]

    def ship(number: int) -> int:
        ticket = {
            "ticket_no": f"C-{number}",
            "vehicle_plate": "渝A12345",
            "dispatched_at": f"{months[number % 3]}-05T00:00:00Z",
            "net_t": 10,
        }
        path = f"/agreements/{deal.agreement['id']}/shipments"
        status: int = deal.producer.request("POST", path, json=ticket).status_code
        return status

    def close_all(number: int) -> int:
        status: int = operator.request("POST", f"/ledger/periods/{months[number % 3]}/close").status_code
        return status

    with ThreadPoolExecutor(8) as pool:
        loads = [pool.submit(ship, number) for number in range(12)]
        closings = [pool.submit(close_all, number) for number in (0, 0, 1, 1, 2, 2)]
        loads += [pool.submit(ship, number) for number in range(12, 24)]
        assert {load.result() for load in loads} == {201}
        assert {closing.result() for closing in closings} <= {200, 409}
    closed = [period["month"] for period in deal.producer.get("/ledger/periods")["items"]]
    assert closed == sorted(set(closed), reverse=True)
    assert JANUARY in closed
    assert deal.balances()["in_transit", YEAR] == 240
    assert_sound(database)
    ship(99)
    due = next_month(closed[0])
    assert {row["month"] for row in newest_entries(deal, "dispatch")} == {due}


def test_imported_declarations_of_closed_months_count_where_it_is_open(world: World, database: Database) -> None:
    deal, authority = world.deal(), world.government("50")
    deal.dispatch(30, f"{JANUARY}-03")
    close(world, JANUARY)
    wishes = [
        DeclarationPost(site_id=UUID(deal.origin), material="phosphogypsum", month=month, generated_t=Decimal(tonnes))
        for month, tonnes in ((JANUARY, 50), (FEBRUARY, 7))
    ]
    with database.write() as session:
        actor = authenticate(session, deal.producer.key, PEPPER)
        declare_first(session, [(actor, wish) for wish in wishes])
        session.commit()
    rows = rows_by_month(authority, JANUARY, FEBRUARY)
    assert [rows[month]["generated_t"] for month in (JANUARY, FEBRUARY)] == [30, 27]
    assert [row["posted_in"] for row in deal.producer.get("/declarations")["items"]] == [FEBRUARY, FEBRUARY]
    assert_sound(database)
