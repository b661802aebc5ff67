"""Who works on a job: a lease that its runner keeps extending, and that another takes over when the runner died."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Event

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from app.core.clock import now
from app.core.database import Database
from app.jobs.models import MAX_REASON, UNFINISHED, Job, JobId, JobStatus, RunnerId
from app.jobs.service import end_job

LEASE = timedelta(seconds=10)
#: A job that has ended so many runners is given up, so that it does not end the next one too.
MAX_ATTEMPTS = 5


class LeaseLost(Exception):
    """The job is cancelled, ended or another runner's: whoever works on it stops and stores nothing more."""


class Stopping(Exception):
    """The runner was told to stop: the job goes on where it stands when the next one takes it up."""


@dataclass(frozen=True)
class Lease:
    """A job in the hands of one runner; `stop` is set when the runner must end."""

    database: Database
    job_id: JobId
    runner: RunnerId
    stop: Event = field(default_factory=Event)

    @contextmanager
    def step(self) -> Iterator[tuple[Session, Job]]:
        """Yield one transaction with the locked job, committed at the end: work and progress land together.

        Raises LeaseLost when the job is no longer this runner's to work on, so nothing is ever done twice.
        """
        with self.database.write() as session:
            job = session.get(Job, self.job_id, with_for_update=True)
            if job is None or job.leased_by != self.runner or job.status != JobStatus.RUNNING:
                raise LeaseLost
            job.leased_until = now() + LEASE
            yield session, job
            session.commit()

    def check_stop(self) -> None:
        """Raise Stopping when the runner must end."""
        if self.stop.is_set():
            raise Stopping

    def extend(self) -> None:
        """Say that the work goes on; raises LeaseLost, or Stopping when the runner must end."""
        self.check_stop()
        with self.step():
            pass

    def fail(self, code: str, detail: str) -> None:
        """End the job: it cannot be done, for a reason that its owner can read."""
        with self.step() as (session, job):
            job.error_code, job.error_detail = code[:80], detail[:MAX_REASON]
            end_job(session, job, JobStatus.FAILED)


def claim_job(database: Database, runner: RunnerId, stop: Event) -> Lease | None:
    """Return a lease on the oldest job that nobody works on, None when there is none."""
    with database.read() as session:  # so that an idle runner never takes SQLite's write lock
        if session.scalar(select(Job.id).where(_is_free()).limit(1)) is None:
            return None
    with database.write() as session:
        query = select(Job).where(_is_free()).order_by(Job.id).limit(1).with_for_update(skip_locked=True)
        job = session.scalars(query).one_or_none()
        if job is None:
            return None
        job.status, job.leased_by, job.leased_until = JobStatus.RUNNING, runner, now() + LEASE
        job.started_at = job.started_at or now()
        job.attempts += 1
        if job.attempts > MAX_ATTEMPTS:
            job.error_code = "given_up"
            job.error_detail = f"The job ended its runner {MAX_ATTEMPTS} times; what had landed before stays."
            end_job(session, job, JobStatus.FAILED)
        session.commit()
        return None if job.status == JobStatus.FAILED else Lease(database, job.id, runner, stop)


def release_job(lease: Lease, *, counts: bool) -> None:
    """Give a job back unfinished, so that the next runner need not wait for the lease to end.

    `counts` says that this was an attempt: after too many of them the job is given up.
    """
    with lease.step() as (_, job):
        job.leased_by = job.leased_until = None
        job.attempts -= 0 if counts else 1


def void_leases(database: Database) -> None:
    """Free every job; for a runner that knows itself to be the only one."""
    with database.write() as session:
        session.execute(update(Job).where(Job.leased_by.is_not(None)).values(leased_by=None, leased_until=None))
        session.commit()


def _is_free() -> ColumnElement[bool]:
    lapsed = or_(Job.leased_until.is_(None), Job.leased_until < now())
    return Job.status.in_(UNFINISHED) & lapsed
