"""The end of accepted agreements whose days are over: what they have not shipped is free on their lots again.

Whoever locks an agreement, or needs tonnes of a lot that has too few free, settles this first; the sweep of the
background worker only makes it seen earlier.
"""

import threading
from collections.abc import Callable

import structlog
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from app.core.database import Database
from app.core.errors import Conflict
from app.events.record import record_event
from app.exchange.events import agreement_expired
from app.exchange.lifecycle import AgreementStatus
from app.exchange.models import Agreement
from app.exchange.reservations import release
from app.exchange.standing import is_overdue, status_of
from app.lots.models import Lot
from app.lots.service import lock_lot

#: Lots in one turn, and agreements of one lot in one transaction.
_LOTS, _AGREEMENTS = 50, 100
_POLL_SECONDS = 60.0
_AFTER_FAILURE_SECONDS = 5.0
log = structlog.get_logger()


def settle_expiry(session: Session, agreement: Agreement, lot: Lot) -> None:
    """End an agreement if it is overdue; the caller holds the locks of the lot and the agreement."""
    if agreement.status != AgreementStatus.ACCEPTED or status_of(agreement) != AgreementStatus.EXPIRED:
        return
    released_t = release(session, agreement, lot)
    agreement.status = AgreementStatus.EXPIRED
    record_event(session, agreement_expired(agreement, released_t))


def expire_overdue(session: Session, lot: Lot, limit: int | None = None) -> int:
    """End the overdue agreements of a locked lot, the first `limit` of them; return how many there were."""
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


def sweep(database: Database) -> int:
    """End overdue agreements of some lots, each lot in a transaction of its own; return how many there were.

    Nothing is locked where nothing is overdue. Killed anywhere, the rest is done in the next turn; two that sweep at
    once wait for each other at the lot.
    """
    with database.read() as session:
        lot_ids = session.scalars(select(Agreement.lot_id).where(is_overdue()).distinct().limit(_LOTS)).all()
    ended = 0
    for lot_id in lot_ids:
        with database.write() as session:
            ended += expire_overdue(session, lock_lot(session, lot_id), _AGREEMENTS)
            session.commit()
    return ended


def run_sweeper(database: Database, stop: threading.Event) -> None:
    """Sweep until `stop` is set; a database that does not answer is asked again."""
    while not stop.is_set():
        pause = _POLL_SECONDS
        try:
            if sweep(database):
                pause = 0.0
        except (DBAPIError, PoolTimeout) as error:
            log.warning("sweep_failed", error=str(error))
            pause = _AFTER_FAILURE_SECONDS
        stop.wait(pause)
