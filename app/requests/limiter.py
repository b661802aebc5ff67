"""The limiter of one worker process: it grants requests from leases, and asks the database once a second at most.

What was granted is told to the database with the next question. Several workers together can so grant too much, each at
most one lease; what is too much is owed, and comes back before anything else is granted.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import structlog
from sqlalchemy import Insert, bindparam, case
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.core.bulk import table_of
from app.core.database import Database
from app.core.failures import name_failure
from app.requests.buckets import Lease, Policy, Standing
from app.requests.models import RateBucket

_SECONDS_BETWEEN_QUESTIONS = 1.0
#: A database that is slow or gone holds no request up for longer, and lets it pass: limits are not worth an outage.
_PATIENCE_SECONDS = 0.25
_ASKING_AT_ONCE = 2
_MOST = 20_000
_TABLE = table_of(RateBucket)
log = structlog.get_logger()


class Limiter:
    """Leases of all callers of this process; used by the event loop, and by few threads that ask the database."""

    def __init__(self, clock: Callable[[], float] = time.time, patience_seconds: float = _PATIENCE_SECONDS) -> None:
        self._clock = clock
        self._patience_seconds = patience_seconds
        self._lock = threading.Lock()
        self._leases: dict[str, Lease] = {}
        self._threads = ThreadPoolExecutor(_ASKING_AT_ONCE, thread_name_prefix="limits")

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown()

    async def admit(self, database: Database, bucket: str, policy: Policy) -> Standing:
        """Grant or refuse one request of a caller; the first one of a second asks the database, and waits for it."""
        at = self._clock()
        with self._lock:
            lease = self._find(bucket, policy, at)
            is_due = at >= lease.asks_at and not lease.is_asking
            if is_due:
                lease.is_asking = True
                lease.asks_at = at + _SECONDS_BETWEEN_QUESTIONS
        if is_due:
            asked = self._threads.submit(self._ask, database, bucket, policy, lease)
            await asyncio.wait([asyncio.wrap_future(asked)], timeout=self._patience_seconds)
        with self._lock:
            return lease.take(policy, at)

    def _find(self, bucket: str, policy: Policy, at: float) -> Lease:
        lease = self._leases.get(bucket)
        if lease is None:
            if len(self._leases) >= _MOST:
                self._forget_idle(at)
            lease = self._leases[bucket] = Lease(at, policy.lease)
        return lease

    def _forget_idle(self, at: float) -> None:
        """Forget who has not asked for a while; were they all busy, they would all be asked about anew."""
        kept = {bucket: lease for bucket, lease in self._leases.items() if lease.asks_at > at}
        self._leases = kept if len(kept) < _MOST else {}

    def _ask(self, database: Database, bucket: str, policy: Policy, lease: Lease) -> None:
        with self._lock:
            at = self._clock()
            reported, since = lease.granted, lease.since if lease.granted else at
        try:
            full_at = _report(database, bucket, reported * policy.step_seconds, since)
        except (DBAPIError, PoolTimeout) as error:
            log.warning("limits_not_kept", error=name_failure(error))
            with self._lock:
                lease.left = policy.lease
        else:
            with self._lock:
                lease.renew(policy, full_at, reported, at)
        finally:
            lease.is_asking = False


def _report(database: Database, bucket: str, seconds: float, since: float) -> float:
    """Move on the instant at which a bucket is full by what was granted of it `since` then; return the instant."""
    with database.write() as session:
        statement = _moving(session.get_bind().dialect.name)
        full_at: float = session.execute(statement, {"bucket": bucket, "since": since, "seconds": seconds}).scalar_one()
        session.commit()
    return full_at


@cache
def _moving(dialect_name: str) -> Insert:
    dialect = postgresql if dialect_name == "postgresql" else sqlite
    since, seconds = (bindparam(name, type_=_TABLE.c.full_at.type) for name in ("since", "seconds"))
    stored = _TABLE.c.full_at
    statement: Insert = (
        dialect.insert(_TABLE)
        .values(bucket=bindparam("bucket", type_=_TABLE.c.bucket.type), full_at=since + seconds)
        .on_conflict_do_update(
            index_elements=[_TABLE.c.bucket], set_={"full_at": case((stored > since, stored), else_=since) + seconds}
        )
        .returning(stored)
    )
    return statement
