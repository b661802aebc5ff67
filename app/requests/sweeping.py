"""The sweep of the background worker: first answers whose time is over, and buckets that have long been full."""

import threading
from datetime import datetime

import structlog
from sqlalchemy import Delete, delete, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.core.clock import now
from app.core.database import Database
from app.core.failures import name_failure
from app.requests.idempotency import KEPT
from app.requests.models import IdempotencyKey, RateBucket

#: Rows in one transaction, so that no writer waits for long.
_ROWS = 1000
_POLL_SECONDS = 300.0
_AFTER_FAILURE_SECONDS = 5.0
_IDLE_SECONDS = 3600
log = structlog.get_logger()


def sweep_requests(database: Database, at: datetime | None = None) -> int:
    """Delete some of what is over; return how many rows there were. Killed anywhere, the rest is done next time."""
    at = at or now()
    is_over = IdempotencyKey.created_at < at - KEPT
    is_idle = RateBucket.full_at < at.timestamp() - _IDLE_SECONDS
    with database.read() as session:  # nothing is locked where nothing is over
        digests = session.scalars(select(IdempotencyKey.digest).where(is_over).limit(_ROWS)).all()
        buckets = session.scalars(select(RateBucket.bucket).where(is_idle).limit(_ROWS)).all()
    # The conditions are asked again: a key or a bucket may be in use once more.
    if digests:
        _delete(database, delete(IdempotencyKey).where(IdempotencyKey.digest.in_(digests), is_over))
    if buckets:
        _delete(database, delete(RateBucket).where(RateBucket.bucket.in_(buckets), is_idle))
    return len(digests) + len(buckets)


def _delete(database: Database, deletion: Delete) -> None:
    with database.write() as session:
        session.execute(deletion, execution_options={"synchronize_session": False})
        session.commit()


def run_request_sweeper(database: Database, stop: threading.Event) -> None:
    """Sweep until `stop` is set; a database that does not answer is asked again."""
    while not stop.is_set():
        pause = _POLL_SECONDS
        try:
            if sweep_requests(database):
                pause = 0.0
        except (DBAPIError, PoolTimeout) as error:
            log.warning("sweep_failed", error=name_failure(error))
            pause = _AFTER_FAILURE_SECONDS
        stop.wait(pause)
