"""Background jobs of the caller's organisation: how far they are, what they refused, cancelling them."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request
from sqlalchemy.orm import Session

from app.api.problems import problem_responses
from app.api.routing import Router
from app.auth.actor import Actor
from app.core.errors import Forbidden
from app.core.paging import Slice
from app.core.schema import PageOf
from app.dependencies.callers import Allow
from app.dependencies.lists import ListQuery
from app.dependencies.sessions import ReadSession, WriteSession
from app.imports.kinds import SCOPES as SCOPES_OF_IMPORTS
from app.jobs import queries
from app.jobs.models import Job, JobId
from app.jobs.schemas import JobBrief, JobRead, RefusalRead
from app.jobs.service import cancel_job as cancel
from app.plans.kinds import SCOPES as SCOPES_OF_PLANS

router = Router(prefix="/jobs", tags=["jobs"])
SCOPES = {**SCOPES_OF_IMPORTS, **SCOPES_OF_PLANS}
Owner = Annotated[Actor, Depends(Allow(for_delegates=True))]


@router.get("", response_model=PageOf[JobBrief], summary="List own jobs")
def get_jobs(
    query: Annotated[ListQuery, Query()], session: ReadSession, actor: Owner, request: Request
) -> Slice[JobBrief]:
    """List the jobs of one's organisation, newest first; who acts for another sees what it handed in itself."""
    return queries.list_jobs(session, actor.organisation_id, query.page(request), actor.delegate_id)


@router.get("/{job_id}", summary="Read one job")
def get_job(job_id: UUID, session: ReadSession, actor: Owner) -> JobRead:
    """Read how far a job is, and the first of what it refused."""
    return queries.read_job(session, _own_job(session, actor, job_id))


@router.get("/{job_id}/refusals", response_model=PageOf[RefusalRead], summary="List what a job refused")
def get_job_refusals(
    job_id: UUID, query: Annotated[ListQuery, Query()], session: ReadSession, actor: Owner, request: Request
) -> Slice[RefusalRead]:
    """List every fault of every refused row, by line."""
    job = _own_job(session, actor, job_id)
    return queries.list_refusals(session, job, query.page(request))


@router.post("/{job_id}/cancel", summary="Cancel a job", responses=problem_responses(404, 409))
def cancel_job(job_id: UUID, session: WriteSession, actor: Owner) -> JobRead:
    """Cancel a job that has not ended; the rows that have landed stay."""
    job = _own_job(session, actor, job_id)
    scope = SCOPES.get(job.kind)  # keys that could have handed it in
    if scope is not None and scope not in actor.scopes:
        raise Forbidden("scope_required", f"Your key lacks the scope {scope}.")
    return queries.read_job(session, cancel(session, job, actor.key_id))


def _own_job(session: Session, actor: Actor, job_id: UUID) -> Job:
    return queries.own_job(session, actor.organisation_id, JobId(job_id), actor.delegate_id)
