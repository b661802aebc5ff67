"""The end of accepted agreements whose days are over: what they have not shipped is free on their lots again.

Whoever locks an agreement, or needs tonnes of a lot that has too few free, settles this first; the sweep of the
background worker only makes it seen earlier.
"""

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.errors import Conflict
from app.core.row_security import reaching_all
from app.events.record import record_event
from app.exchange.events import agreement_expired
from app.exchange.lifecycle import AgreementStatus
from app.exchange.models import Agreement
from app.exchange.reservations import release
from app.exchange.standing import is_overdue, status_of
from app.lots.models import Lot


def settle_expiry(session: Session, agreement: Agreement, lot: Lot) -> None:
    """End an agreement if it is overdue; the caller holds the locks of the lot and the agreement."""
    if agreement.status != AgreementStatus.ACCEPTED or status_of(agreement) != AgreementStatus.EXPIRED:
        return
    released_t = release(session, agreement, lot)
    agreement.status = AgreementStatus.EXPIRED
    record_event(session, agreement_expired(agreement, released_t))


def expire_overdue(session: Session, lot: Lot, limit: int | None = None) -> int:
    """End the overdue agreements of a locked lot, the first `limit` of them; return how many there were."""
    with reaching_all(session):  # they are of others too
        overdue = session.scalars(
            select(Agreement)
            .where(Agreement.lot_id == lot.id, is_overdue())
            .order_by(Agreement.id)
            .limit(limit)
            .with_for_update()
            .execution_options(populate_existing=True)
        ).all()
        for agreement in overdue:
            settle_expiry(session, agreement, lot)
        session.flush()
    return len(overdue)


def take_with_room(session: Session, lot: Lot, take: Callable[[], None]) -> None:
    """Take tonnes of a locked lot; if it has too few, end its overdue agreements and try once more.

    `take` raises Conflict before it has changed anything.
    """
    try:
        take()
    except Conflict:
        if not expire_overdue(session, lot):
            raise
        take()
