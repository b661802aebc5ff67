"""Accepted agreements whose days are over: they read as expired and hold nothing, whether or not the sweep came by."""

from datetime import datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from app.core.clock import at_business_time, today
from app.core.database import Database
from app.exchange import sweeping
from app.exchange.models import Agreement
from app.exchange.sweeping import sweep
from app.ledger.verification import find_differences
from tests.factories import Deal, World

DAY = today() - timedelta(40)


def _end(database: Database, deal: Deal, ends_on: Any = DAY, accepted_on: Any = DAY) -> Deal:  # noqa: ANN401 - dates
    """Let an agreement be one that was accepted on a day that is past, and whose days are over."""
    with database.write() as session:
        session.execute(
            update(Agreement)
            .where(Agreement.id == session.scalars(select(Agreement.id).order_by(Agreement.id.desc()).limit(1)).one())
            .values(ends_on=ends_on, accepted_at=at_business_time(datetime.combine(accepted_on, time(23, 59))))
        )
        session.commit()
    return deal


def _status(deal: Deal) -> str:
    status: str = deal.producer.get(f"/agreements/{deal.agreement['id']}")["status"]
    return status


def _free(deal: Deal) -> tuple[float, str]:
    lot = deal.producer.get(f"/lots/{deal.lot['id']}")
    return lot["available_t"], lot["status"]


def test_it_reads_as_expired_before_the_sweep_and_after(world: World, database: Database) -> None:
    deal = world.deal(100)
    deal.dispatch(30, str(DAY))
    _end(database, deal)
    for _ in range(2):
        assert _status(deal) == "expired"
        listed = {
            status: deal.recycler.get("/agreements", status=status)["items"] for status in ("accepted", "expired")
        }
        assert (len(listed["accepted"]), [item["status"] for item in listed["expired"]]) == (0, ["expired"])
        sweep(database)
    assert _free(deal) == (70, "open")
    opened, event = deal.recycler.get("/events")["items"][-2:]
    assert (event["type"], event["subject"]["id"], event["actor"]) == (
        "agreement.expired",
        deal.agreement["id"],
        None,
    )
    assert event["data"] == {"lot_id": deal.lot["id"], "released_t": 70}
    assert (opened["type"], opened["subject"]["id"]) == ("lot.opened", deal.lot["id"])
    assert sweep(database) == 0


def test_the_last_day_still_counts_and_a_late_agreement_lasts_its_day(world: World, database: Database) -> None:
    deal = world.deal(100)
    _end(database, deal, ends_on=today())
    assert (_status(deal), sweep(database)) == ("accepted", 0)
    _end(database, deal, ends_on=today() - timedelta(1), accepted_on=today())
    assert (_status(deal), sweep(database)) == ("accepted", 0)
    _end(database, deal, ends_on=today() - timedelta(1), accepted_on=today() - timedelta(1))
    assert (_status(deal), sweep(database)) == ("expired", 1)


def test_a_late_agreement_takes_its_tickets_on_the_day_it_is_made(world: World) -> None:
    deal = world.deal(100).offer(100).agree(60, starts_on=str(DAY), ends_on=str(DAY))
    assert (_status(deal), _free(deal)[0]) == ("accepted", 40)
    deal.dispatch(62, str(DAY))
    assert _free(deal)[0] == 38


def test_a_new_agreement_gets_the_tonnes_without_any_sweep(world: World, database: Database) -> None:
    deal = world.deal(100)
    deal.dispatch(30, str(DAY))
    _end(database, deal)
    second = deal.propose(80)
    short = deal.producer.post(f"/agreements/{second.agreement['id']}/accept", status=409)
    assert (short["code"], short["available_t"]) == ("insufficient_quantity", 70)
    assert deal.agree(70).agreement["status"] == "accepted"
    assert _free(deal) == (0, "exhausted")


def test_nothing_but_late_tickets_is_possible_on_it(world: World, database: Database) -> None:
    deal = _end(database, world.deal(100))
    for action in ("accept", "decline", "cancel", "complete"):
        refused = deal.producer.post(f"/agreements/{deal.agreement['id']}/{action}", status=409)
        assert (refused["code"], refused["allowed"]) == ("invalid_state", ["dispatch"])
    assert deal.recycler.post(f"/agreements/{deal.agreement['id']}/cancel", status=409)["allowed"] == []


def test_a_proposal_that_expired_takes_no_loads(world: World, database: Database) -> None:
    deal = world.deal(100).offer(100).propose(10, expires_at=f"{today().year + 1}-01-01T00:00:00Z")
    with database.write() as session:
        session.execute(
            update(Agreement)
            .where(Agreement.expires_at.is_not(None))
            .values(expires_at=at_business_time(datetime.combine(DAY, time())))
        )
        session.commit()
    assert _status(deal) == "expired"
    assert len(deal.producer.get("/agreements", status="proposed")["items"]) == 0
    assert len(deal.producer.get("/agreements", status="expired")["items"]) == 1
    refused = deal.dispatch(5, str(DAY), status=409)
    assert (refused["code"], refused["allowed"]) == ("invalid_state", [])


def test_late_tickets_take_what_the_lot_has_free(world: World, database: Database) -> None:
    deal = world.deal(100)
    deal.dispatch(30, str(DAY))
    _end(database, deal)
    late = deal.dispatch(40, str(DAY))
    assert (_free(deal)[0], _status(deal)) == (30, "expired")
    other = deal.agree(25)
    refused = deal.dispatch(10, str(DAY), status=409)
    assert (refused["code"], refused["remaining_t"], refused["available_t"]) == ("agreement_exceeded", 30, 5)
    assert "ended on" in refused["detail"]
    assert deal.dispatch(5, str(DAY))["status"] == "dispatched"
    assert deal.dispatch(1, str(DAY + timedelta(1)), status=422)["errors"][0]["code"] == "outside_agreement"
    deal.producer.post(f"/agreements/{other.agreement['id']}/cancel", status=200)
    assert deal.dispatch(27, str(DAY), status=409)["remaining_t"] == 25
    deal.producer.post(f"/shipments/{late['id']}/void", status=200)
    assert _free(deal)[0] == 65


def test_its_loads_are_received_refused_and_corrected(world: World, database: Database) -> None:
    deal = world.deal(100)
    first, second = (deal.dispatch(30, str(DAY)) for _ in range(2))
    _end(database, deal)
    deal.receive(first, str(DAY), net_t=30, refused_t=30, reason="wet")
    assert _free(deal)[0] == 70
    deal.receive(second, str(DAY))
    correction = deal.producer.post(f"/shipments/{second['id']}/corrections", {"net_t": 30.1, "comment": "misread"})
    deal.recycler.post(f"/corrections/{correction['id']}/approve", status=200)
    assert _free(deal)[0] == 69.9
    with database.snapshot() as session:
        assert list(find_differences(session)) == []


def test_the_sweep_works_lot_by_lot_in_bounded_turns(
    world: World, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    deal = world.deal(100)
    for _ in range(4):
        deal.offer(50).agree(20)
    deal.offer(100).agree(30)
    deal.offer(100).agree(40).agree(10)
    with database.write() as session:
        session.execute(
            update(Agreement).values(ends_on=DAY, accepted_at=at_business_time(datetime.combine(DAY, time())))
        )
        session.commit()
    monkeypatch.setattr(sweeping, "_LOTS", 3)
    monkeypatch.setattr(sweeping, "_AGREEMENTS", 1)
    turns = []
    while ended := sweep(database):
        turns.append(ended)
    assert (max(turns), sum(turns)) == (3, 8)
