"""Loads into a database until its disk is full, and after there is room again."""

from typing import Any

import pytest
from sqlalchemy import text

from app.core.database import Database
from app.ledger.verification import find_differences
from tests.factories import Body, Deal, World

MOST_LOADS = 3_000


def dispatch(deal: Deal, number: int) -> Any:  # noqa: ANN401 - a response
    """Send one load."""
    ticket: Body = {
        "ticket_no": f"F-{number}",
        "vehicle_plate": "渝A12345",
        "dispatched_at": f"{deal.lot['available_from']}T04:00:00Z",
        "net_t": 0.1,
    }
    return deal.producer.request("POST", f"/agreements/{deal.agreement['id']}/shipments", json=ticket)


def _fill_up(deal: Deal) -> int:
    """Dispatch until there is no room; return how many loads were taken."""
    for number in range(MOST_LOADS):
        answer = dispatch(deal, number)
        if answer.status_code != 201:
            assert (answer.status_code, answer.json()["code"]) == (503, "storage_full"), answer.text
            assert answer.headers["content-type"] == "application/problem+json"
            return number
    pytest.fail("the disk was never full")


def check_sound(deal: Deal, database: Database, loads: int) -> None:
    """Look that the loads are there, nothing else of them, and that the books agree."""
    with database.snapshot() as session:
        assert list(find_differences(session)) == []
        assert session.execute(text("SELECT count(*) FROM shipments")).scalar_one() == loads
        if database.engine.dialect.name == "sqlite":
            assert session.execute(text("PRAGMA integrity_check")).scalars().all() == ["ok"]
    moved = deal.balances()
    assert round(moved.get(("in_transit", int(deal.lot["available_from"][:4])), 0) * 10) == loads


def play(world: World, database: Database, make_room: Any) -> None:  # noqa: ANN401 - a function
    """Fill the disk, look that reading and the ledger are sound, make room, go on."""
    deal = world.deal(1000)
    taken = _fill_up(deal)
    assert dispatch(deal, MOST_LOADS).json()["code"] == "storage_full"
    assert deal.producer.get("/lots")["items"] is not None
    check_sound(deal, database, taken)
    make_room()
    assert dispatch(deal, MOST_LOADS + 1).status_code == 201
    check_sound(deal, database, taken + 1)
