"""The runner: takes up one job after the other and survives what they do."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.core.database import Database, new_id
from app.core.failures import name_failure
from app.jobs.leases import Lease, LeaseLost, Stopping, claim_job, release_job, void_leases
from app.jobs.models import RunnerId

#: Does a job under its lease; its kind finds it.
Handler = Callable[[Lease], None]
IDLE_SECONDS = 0.25
#: After a database that does not answer.
PAUSE_SECONDS = 2.0
log = structlog.get_logger()


def run_jobs(database: Database, handlers: Mapping[str, Handler], stop: Event, *, is_alone: bool) -> None:
    """Do jobs until `stop` is set, oldest first, one at a time.

    `is_alone` says that no other runner lives, so that jobs whose runner was killed go on at once and not only when
    their leases end.
    """
    runner = RunnerId(new_id())
    is_clean = not is_alone
    with ThreadPoolExecutor(1, thread_name_prefix="job") as pool:
        while not stop.is_set():
            try:
                if not is_clean:
                    void_leases(database)
                    is_clean = True
                lease = claim_job(database, runner, stop)
                if lease is not None:
                    _settle(lease, pool.submit(_perform, lease, handlers).exception())
            except SQLAlchemyError as error:
                log.warning("jobs_wait_for_database", error=name_failure(error))
                stop.wait(PAUSE_SECONDS)
            else:
                if lease is None:
                    stop.wait(IDLE_SECONDS)


def _perform(lease: Lease, handlers: Mapping[str, Handler]) -> None:
    with lease.step() as (_, job):
        kind = job.kind
    if kind in handlers:
        handlers[kind](lease)
    else:
        lease.fail("unknown_kind", f"No runner of this version knows jobs of the kind {kind}.")


def _settle(lease: Lease, error: BaseException | None) -> None:
    """Deal with how a job ended: whatever its handler raised, the runner goes on."""
    if error is None or isinstance(error, LeaseLost):
        return
    try:
        if isinstance(error, (Stopping, SQLAlchemyError)):
            release_job(lease, counts=not isinstance(error, Stopping))
        else:
            log.error("job_failed", job_id=str(lease.job_id), exc_info=error)
            lease.fail("internal_error", "The exchange failed; what had landed before stays. Send the file again.")
    except LeaseLost:
        log.info("job_left", job_id=str(lease.job_id))
    if isinstance(error, SQLAlchemyError):
        raise error
