"""The worked case of the contract (section 8), lived through over HTTP: every figure of it."""

import pytest

from app.core.clock import today
from app.core.database import Database
from app.ledger.verification import find_differences
from tests.factories import Body, Deal, World

YEAR = today().year - 1 if today().month < 3 else today().year
JANUARY, FEBRUARY = f"{YEAR}-01", f"{YEAR}-02"


@pytest.fixture
def lived(world: World) -> Deal:
    """Return the deal after both months: 100 t of last year to begin with, 70 t generated, 65 t used."""
    deal = world.deal()
    deal.opening(100, YEAR - 1)
    first = deal.dispatch(30, f"{JANUARY}-10")
    second = deal.dispatch(10, f"{JANUARY}-20")
    deal.declare(JANUARY, 50)
    deal.receive(first, f"{JANUARY}-11")
    deal.use(12, f"{JANUARY}-25")
    deal.declare(FEBRUARY, 20, self_utilised_t=25, self_utilised_from_prior_t=15)
    deal.receive(second, f"{FEBRUARY}-02")
    deal.use(28, f"{FEBRUARY}-20")
    return deal


def _utilisation(world: World, **query: str) -> Body:
    authority = world.government("50")
    answer: Body = authority.get("/statistics/utilisation", **{"from": JANUARY, "to": FEBRUARY} | query)
    return answer


def test_the_two_months_together(lived: Deal, world: World) -> None:
    assert lived.balances()["storage", YEAR] == 20
    answer = _utilisation(world, group_by="material")
    (row,) = answer["items"]
    expected = {
        "generated_t": 70,
        "utilised_t": 65,
        "utilised_from_prior_t": 15,
        "stored_t": 20,
        "stored_at_producer_t": 20,
        "in_transit_t": 0,
        "held_by_recyclers_t": 0,
        "weighing_difference_t": 0,
        "disposed_t": 0,
        "discarded_t": 0,
        "opening_t": 100,
        "closing_t": 105,
        "rate_pct": 76.47,
        "naive_rate_pct": 92.86,
        "new_waste_rate_pct": 71.43,
        "rate_on_dispatch_pct": 76.47,
    }
    assert {name: row[name] for name in expected} == expected
    assert {name: answer["total"][name] for name in expected} == expected
    assert answer["undeclared_site_months"] == 0


def test_month_by_month(lived: Deal, world: World) -> None:
    assert lived.balances()
    january, february = _utilisation(world, group_by="month")["items"]
    assert (january["month"], january["stored_t"]) == (JANUARY, 38)
    assert january["stored_at_producer_t"] == 10
    assert january["in_transit_t"] == 10
    assert january["held_by_recyclers_t"] == 18
    assert january["closing_t"] == 138
    assert (february["stored_t"], february["utilised_t"], february["utilised_from_prior_t"]) == (-18, 53, 15)
    assert (february["opening_t"], february["closing_t"]) == (138, 105)
    for row in (january, february):
        fresh = row["utilised_t"] - row["utilised_from_prior_t"]
        assert row["generated_t"] == pytest.approx(fresh + row["stored_t"], abs=1e-9)


def test_the_ledger_agrees_with_itself(lived: Deal, database: Database) -> None:
    assert lived.balances()
    with database.snapshot() as session:
        assert list(find_differences(session)) == []
