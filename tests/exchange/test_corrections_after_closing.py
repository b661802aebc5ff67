"""A load of a closed month is corrected: the month stays as it was published, the difference counts in an open one."""

from typing import Any

import pytest

from app.core.clock import today
from app.core.database import Database
from tests.factories import Body, Deal, World
from tests.ledger.closing import assert_sound, close, newest_entries, published, rows_by_month

YEAR = today().year - 1
FIRST, LAST, OPEN = f"{YEAR}-01", f"{YEAR}-03", f"{YEAR}-04"


def _correct(deal: Deal, load: Body, **changes: Any) -> Body:  # noqa: ANN401 - JSON
    path = f"/shipments/{load['id']}/corrections"
    correction = deal.producer.post(path, {"comment": "misread", **changes})
    deal.recycler.post(f"/corrections/{correction['id']}/approve", status=200)
    corrected: Body = deal.producer.get(f"/shipments/{load['id']}")
    return corrected


def _trade(world: World, *, is_declared: bool) -> tuple[Deal, Body]:
    """Send 40 t in March, of which 4 t are refused, and use 10 t."""
    deal = world.deal()
    deal.opening(50, YEAR - 1)
    if is_declared:
        deal.declare(f"{YEAR}-03", 35)
    load = deal.dispatch(40, f"{YEAR}-03-05")
    load = deal.receive(load, f"{YEAR}-03-06", net_t=40, refused_t=4, reason="wet")
    deal.use(10, f"{YEAR}-03-20")
    return deal, load


@pytest.mark.parametrize("is_declared", [False, True])
@pytest.mark.parametrize(
    ("changes", "generated_t", "received_t"),
    [
        ({"received_net_t": 39.95}, 0, -0.05),
        ({"refused_t": 10}, 0, -6),
        ({"net_t": 36, "received_net_t": 36, "refused_t": 0}, None, 0),
        ({"net_t": 44, "received_net_t": 44}, None, 4),
        ({"dispatched_at": f"{YEAR}-02-27T09:00:00+08:00"}, None, 0),
        ({"driver_name": "李四"}, 0, 0),
    ],
)
def test_the_closed_month_stays_and_the_difference_counts_in_the_open_one(
    world: World,
    database: Database,
    changes: Body,
    generated_t: float | None,
    received_t: float,
    is_declared: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    deal, load = _trade(world, is_declared=is_declared)
    authority = world.government("50")
    for month in (FIRST, f"{YEAR}-02", LAST):
        close(world, month)
    before = published(authority, FIRST, LAST)
    corrected = _correct(deal, load, **changes)
    assert published(authority, FIRST, LAST) == before
    assert_sound(database)
    row = rows_by_month(authority, FIRST, f"{YEAR}-12").get(OPEN, {"generated_t": 0, "held_by_recyclers_t": 0})
    if generated_t is not None:
        assert row["generated_t"] == generated_t
    assert row["held_by_recyclers_t"] == received_t
    undone = _correct(deal, corrected, **{name: load[name] for name in changes})
    assert {name: undone[name] for name in changes} == {name: load[name] for name in changes}
    row = rows_by_month(authority, FIRST, f"{YEAR}-12")[OPEN]
    assert (row["held_by_recyclers_t"], row["utilised_t"]) == (0, 0)
    assert published(authority, FIRST, LAST) == before
    assert_sound(database)


def test_a_reversal_names_the_closed_month(world: World, database: Database) -> None:
    deal, load = _trade(world, is_declared=True)
    for month in (FIRST, f"{YEAR}-02", LAST):
        close(world, month)
    _correct(deal, load, received_net_t=39.95)
    for source_type in ("receipt_reversal", "receipt"):
        for entry in newest_entries(deal, source_type):
            assert (entry["occurred_on"], entry["month"], entry["belongs_to"]) == (f"{YEAR}-03-06", OPEN, LAST)
    assert_sound(database)


def test_a_load_of_a_year_that_is_closed_changes_stock_by_adjustment(world: World, database: Database) -> None:
    deal, load = _trade(world, is_declared=False)
    authority = world.government("50")
    months = [f"{YEAR}-{number:02d}" for number in range(1, 13)]
    for month in months:
        close(world, month)
    before = published(authority, FIRST, months[-1])
    _correct(deal, load, net_t=44, received_net_t=44)
    assert published(authority, FIRST, months[-1]) == before
    this_year = rows_by_month(authority, f"{YEAR + 1}-01", f"{YEAR + 1}-12")
    row = this_year[f"{YEAR + 1}-01"]
    assert (row["generated_t"], row["prior_stock_adjustment_t"], row["utilised_t"]) == (0, 4, 0)
    assert_sound(database)
