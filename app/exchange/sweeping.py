"""The sweep of the background worker: agreements whose days are over end, even if nobody asks for their tonnes."""

import threading

import structlog
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.core.database import Database
from app.core.failures import name_failure
from app.exchange.expiry import expire_overdue
from app.exchange.models import Agreement
from app.exchange.standing import is_overdue
from app.lots.service import lock_lot

#: Lots in one turn, and agreements of one lot in one transaction.
_LOTS, _AGREEMENTS = 50, 100
_POLL_SECONDS = 60.0
_AFTER_FAILURE_SECONDS = 5.0
log = structlog.get_logger()


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
            log.warning("sweep_failed", error=name_failure(error))
            pause = _AFTER_FAILURE_SECONDS
        stop.wait(pause)
