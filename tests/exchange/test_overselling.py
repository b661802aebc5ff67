"""Sixteen clients reserve one lot at once: never oversold, and the same check sees the obvious way oversell."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from threading import Barrier
from typing import NamedTuple
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from app.core.clock import today
from app.core.database import Database
from app.exchange.models import Agreement, AgreementId
from app.lots.models import Lot, LotId
from tests.drills import examples
from tests.factories import Deal, World

CLIENTS = 16
ROUNDS = examples(8, 200)
QUANTITIES_T = (1, 2, 3, 5, 7)
PATIENCE_SECONDS = 60
YEAR = today().year


class Outcome(NamedTuple):
    """What became of a lot after a race."""

    oversold_t: Decimal
    free_t: Decimal
    accepted: int
    #: What the lot says it has free, less what its accepted agreements leave of it.
    forgotten_t: Decimal


def _judge(database: Database, lot_id: str) -> Outcome:
    """Add up what was promised of a lot, from its agreements alone."""
    with database.snapshot() as session:
        lot = session.get_one(Lot, LotId(UUID(lot_id)))
        accepted = (Agreement.lot_id == lot.id, Agreement.status == "accepted")
        promised = sum(session.scalars(select(Agreement.quantity_t).where(*accepted)), Decimal(0))
        number = session.scalar(select(func.count()).select_from(Agreement).where(*accepted)) or 0
        left_t = lot.quantity_t - promised
        return Outcome(max(Decimal(0), -left_t), max(Decimal(0), left_t), number, lot.available_t - left_t)


def _propose_all(database: Database, deal: Deal) -> list[list[AgreementId]]:
    """Store the proposals of all rounds at once, as the recycler's; return those of each client."""
    proposals = [
        [
            Agreement(
                lot_id=UUID(deal.lot["id"]),
                material="phosphogypsum",
                origin_site_id=UUID(deal.origin),
                destination_site_id=UUID(deal.destination),
                producer_organisation_id=UUID(deal.producer.id),
                recycler_organisation_id=UUID(deal.recycler.id),
                proposed_by=UUID(deal.recycler.id),
                quantity_t=Decimal(QUANTITIES_T[(client + turn) % len(QUANTITIES_T)]),
                price_cny_per_t=Decimal(-15),
                starts_on=date(YEAR, 1, 1),
                ends_on=date(YEAR, 12, 31),
                status="proposed",
            )
            for turn in range(ROUNDS)
        ]
        for client in range(CLIENTS)
    ]
    with database.write() as session:
        for of_client in proposals:
            session.add_all(of_client)
        session.flush()
        ids = [[agreement.id for agreement in of_client] for of_client in proposals]
        session.commit()
    return ids


def _race(database: Database, deal: Deal, reserve: Callable[[AgreementId], None]) -> Outcome:
    """Let every client reserve its proposals one after the other, all clients at once."""
    proposals = _propose_all(database, deal)
    start = Barrier(CLIENTS, timeout=PATIENCE_SECONDS)

    def run(own: list[AgreementId]) -> None:
        start.wait()
        for agreement_id in own:
            reserve(agreement_id)

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(run, proposals))
    return _judge(database, deal.lot["id"])


def _scarce(world: World) -> Deal:
    """Return a lot that has half of what will be asked of it."""
    asked = sum(QUANTITIES_T) * CLIENTS * ROUNDS // len(QUANTITIES_T)
    return world.deal().offer(asked // 2)


@pytest.mark.drill
def test_the_exchange_never_oversells(world: World, database: Database) -> None:
    deal = _scarce(world)

    def accept(agreement_id: AgreementId) -> None:
        answer = deal.producer.request("POST", f"/agreements/{agreement_id}/accept")
        assert answer.status_code == 200 or answer.json()["code"] == "insufficient_quantity", answer.text

    outcome = _race(database, deal, accept)
    assert (outcome.oversold_t, outcome.forgotten_t) == (Decimal(0), Decimal(0))
    assert outcome.free_t < max(QUANTITIES_T)
    assert 0 < outcome.accepted < CLIENTS * ROUNDS


def test_checking_before_writing_oversells(world: World, database: Database) -> None:
    """Read what is free, and write when it is enough, with nothing that holds the lot in between."""
    deal = _scarce(world)
    all_have_read = Barrier(CLIENTS, timeout=PATIENCE_SECONDS)

    def accept_naively(agreement_id: AgreementId) -> None:
        with database.read() as session:
            agreement = session.get_one(Agreement, agreement_id)
            lot = session.get_one(Lot, agreement.lot_id)
        all_have_read.wait()
        if lot.available_t < agreement.quantity_t:
            return
        with database.write() as session:
            reserved = lot.reserved_t + agreement.quantity_t
            session.execute(update(Lot).where(Lot.id == lot.id).values(reserved_t=reserved))
            session.execute(update(Agreement).where(Agreement.id == agreement.id).values(status="accepted"))
            session.commit()

    outcome = _race(database, deal, accept_naively)
    assert outcome.oversold_t > 0
    assert outcome.forgotten_t > 0
