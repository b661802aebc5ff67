"""Reads of jobs: one's own, and what of them was refused."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app.core.clock import now
from app.core.errors import NotFound
from app.core.paging import Page, Slice, beyond, page_by_id
from app.jobs.models import UNFINISHED, Job, JobId, JobRefusal, JobStatus
from app.jobs.schemas import JobBrief, JobError, JobRead, RefusalRead

INLINE_REFUSALS = 200


class Backlog(NamedTuple):
    """Jobs that have not ended; a running one whose runner died is taken up again."""

    queued: int
    running: int
    oldest_queued_seconds: float


_ORDER: Sequence[ColumnElement[int]] = (JobRefusal.line.expression, JobRefusal.position.expression)


def own_job(session: Session, organisation_id: UUID, job_id: JobId, delegate_id: UUID | None) -> Job:
    """Return a job of the organisation or raise NotFound; a delegate sees what it handed in itself."""
    job = session.get(Job, job_id)
    if job is None or job.organisation_id != organisation_id or delegate_id not in (None, job.delegate_id):
        raise NotFound("job")
    return job


def list_jobs(session: Session, organisation_id: UUID, page: Page, delegate_id: UUID | None) -> Slice[JobBrief]:
    """Return one page of an organisation's jobs, or of those that a delegate handed in for it, newest first."""
    query = select(Job).where(Job.organisation_id == organisation_id)
    if delegate_id is not None:
        query = query.where(Job.delegate_id == delegate_id)
    found = page_by_id(session, query, Job.id, page)
    return Slice([describe_job(job) for job in found.items], found.next_cursor)


def list_refusals(session: Session, job: Job, page: Page) -> Slice[RefusalRead]:
    """Return one page of what a job refused, by line."""
    query = select(JobRefusal).where(JobRefusal.job_id == job.id).order_by(*_ORDER).limit(page.limit + 1)
    if page.after is not None:
        query = query.where(beyond(_ORDER, page.after))
    found = page.cut(session.scalars(query).all(), lambda row: (row.line, row.position))
    return Slice([RefusalRead.model_validate(row) for row in found.items], found.next_cursor)


def read_backlog(session: Session) -> Backlog:
    """Return how much waits, of all organisations."""
    query = select(Job.status, func.count(), func.min(Job.created_at)).where(Job.status.in_(UNFINISHED))
    found = {status: (count, oldest) for status, count, oldest in session.execute(query.group_by(Job.status))}
    queued, oldest = found.get(JobStatus.QUEUED, (0, None))
    running, _ = found.get(JobStatus.RUNNING, (0, None))
    age = 0.0 if oldest is None else max(0.0, (now() - oldest).total_seconds())
    return Backlog(queued, running, age)


def describe_job(job: Job) -> JobBrief:
    """Return a job as its owner sees it."""
    error = None if job.error_code is None else JobError(code=job.error_code, detail=job.error_detail or "")
    facts = {name: getattr(job, name) for name in JobBrief.model_fields if name != "error"}
    return JobBrief(error=error, **facts)


def read_job(session: Session, job: Job) -> JobRead:
    """Return a job with the first of its refusals."""
    query = select(JobRefusal).where(JobRefusal.job_id == job.id).order_by(*_ORDER).limit(INLINE_REFUSALS + 1)
    rows = session.scalars(query).all()
    refusals = [RefusalRead.model_validate(row) for row in rows[:INLINE_REFUSALS]]
    return JobRead(**dict(describe_job(job)), refusals=refusals, has_more_refusals=len(rows) > INLINE_REFUSALS)
