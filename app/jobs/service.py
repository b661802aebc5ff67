"""Writes of jobs by their owners: handing one in, cancelling it."""

from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.core.clock import now
from app.core.errors import Conflict
from app.events.record import NewEvent, record_event
from app.events.types import EventType
from app.jobs.models import UNFINISHED, Job, JobInput, JobStatus

#: Unfinished jobs an organisation may have, so that nobody fills the disk or keeps the runner from everyone else.
MAX_UNFINISHED = 20
_ENDS = {
    JobStatus.DONE: EventType.JOB_DONE,
    JobStatus.FAILED: EventType.JOB_FAILED,
    JobStatus.CANCELLED: EventType.JOB_CANCELLED,
}


def submit_job(session: Session, job: Job, content: bytes) -> Job:
    """Store a job with its input; a runner takes it up once the transaction is committed. Raises Conflict."""
    waiting = session.scalar(
        select(func.count())
        .select_from(Job)
        .where(Job.organisation_id == job.organisation_id, Job.status.in_(UNFINISHED))
    )
    if waiting is not None and waiting >= MAX_UNFINISHED:
        detail = f"{waiting} of your jobs are not finished; wait for them or cancel some."
        raise Conflict("too_many_jobs", detail, unfinished=waiting)
    return queue_job(session, job, content)


def queue_job(session: Session, job: Job, content: bytes) -> Job:
    """Store a job with its input, however many wait: for work that follows from another job."""
    session.add(job)
    session.flush()
    session.add(JobInput(job_id=job.id, content=content))
    session.flush()
    _tell(session, job, EventType.JOB_QUEUED, job.key_id)
    return job


def cancel_job(session: Session, job: Job, key_id: UUID) -> Job:
    """Cancel a job that has not ended; what has landed stays. Raises Conflict `invalid_state`."""
    session.refresh(job, with_for_update=True)
    if job.status not in UNFINISHED:
        raise Conflict("invalid_state", f"The job is {job.status} already.", state=job.status, allowed=[])
    end_job(session, job, JobStatus.CANCELLED, key_id)
    return job


def end_job(session: Session, job: Job, status: JobStatus, key_id: UUID | None = None) -> None:
    """Give a locked job its final status and forget its input; without the key of its owner the exchange does it."""
    job.status, job.finished_at = status, now()
    job.leased_by = job.leased_until = None
    session.execute(delete(JobInput).where(JobInput.job_id == job.id))
    session.flush()
    _tell(session, job, _ENDS[status], key_id)


def _tell(session: Session, job: Job, kind: EventType, key_id: UUID | None) -> None:
    author = None if key_id is None else job.organisation_id
    viewers = (job.organisation_id,) if job.delegate_id is None else (job.organisation_id, job.delegate_id)
    record_event(session, NewEvent(kind, "job", job.id, author, key_id, {"kind": job.kind}, viewers=viewers))
