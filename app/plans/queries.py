"""Reads of plans by those who asked for them: how far each is, and what it comes to."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth.actor import Actor
from app.core.errors import NotFound
from app.core.paging import Page, Slice, page_by_id
from app.jobs.models import Job, JobId, JobStatus
from app.jobs.queries import describe_job
from app.plans.kinds import PlanJobKind
from app.plans.models import Plan, PlanId
from app.plans.schemas import LeversRead, PlanBrief, PlanProgress, PlanRead
from app.plans.steps import LEVER_STEPS, PLAN_STEPS, TOTALS


def find_plan(session: Session, actor: Actor, plan_id: UUID) -> Plan:
    """Return a plan of the caller's organisation or raise NotFound."""
    plan = session.get(Plan, PlanId(plan_id))
    if plan is None or plan.organisation_id != actor.organisation_id:
        raise NotFound("plan", " GET /v1/plans lists yours.")
    return plan


def list_plans(session: Session, actor: Actor, page: Page) -> Slice[PlanBrief]:
    """Return one page of the plans of the caller's organisation, newest first."""
    query = select(Plan).where(Plan.organisation_id == actor.organisation_id)
    found = page_by_id(session, query, Plan.id, page)
    jobs = _load_jobs(session, [plan.job_id for plan in found.items if plan.job_id is not None])
    return Slice([PlanBrief(**_describe(plan, jobs)) for plan in found.items], found.next_cursor)


def read_plan(session: Session, plan: Plan) -> PlanRead:
    """Return a plan with what it comes to."""
    jobs = _load_jobs(session, [] if plan.job_id is None else [plan.job_id])
    answer = {} if plan.answer is None else msgspec.json.decode(plan.answer)
    return PlanRead.model_validate(answer | _describe(plan, jobs))


def read_levers(session: Session, plan: Plan) -> LeversRead:
    """Return the changes that add most to a plan, or how far their ranking is."""
    if plan.levers_job_id is None:
        return LeversRead(
            status=None, progress=PlanProgress(done=0, total=TOTALS[PlanJobKind.LEVERS], step=None), items=[]
        )
    job = session.get_one(Job, plan.levers_job_id)
    kept = session.scalar(select(Plan.levers).where(Plan.id == plan.id))
    items = [] if kept is None else msgspec.json.decode(kept)
    return LeversRead(status=JobStatus(job.status), progress=_progress(job, LEVER_STEPS), items=items)


def _load_jobs(session: Session, job_ids: Collection[JobId]) -> dict[JobId, Job]:
    return {job.id: job for job in session.scalars(select(Job).where(Job.id.in_(job_ids)))}


def _describe(plan: Plan, jobs: dict[JobId, Job]) -> dict[str, Any]:
    """Return the fields of a plan without those of its answer; what a command computed is done."""
    job = None if plan.job_id is None else jobs[plan.job_id]
    rate = None if plan.answer is None else msgspec.json.decode(plan.answer)["reachable_rate_pct"]
    steps = len(PLAN_STEPS)
    return {
        "id": plan.id,
        "question": plan.question,
        "status": JobStatus.DONE if job is None else job.status,
        "progress": PlanProgress(done=steps, total=steps, step=None) if job is None else _progress(job, PLAN_STEPS),
        "job_id": plan.job_id,
        "error": None if job is None else describe_job(job).error,
        "reachable_rate_pct": rate,
        "created_at": plan.created_at,
        "finished_at": plan.finished_at,
        "published_at": plan.published_at,
        "input_sha256": plan.input_sha256,
    }


def _progress(job: Job, steps: tuple[str, ...]) -> PlanProgress:
    total = TOTALS[PlanJobKind(job.kind)]
    step = steps[min(job.done, len(steps) - 1)] if job.status == JobStatus.RUNNING else None
    return PlanProgress(done=job.done, total=total, step=step)
