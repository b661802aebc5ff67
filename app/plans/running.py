"""The jobs of plans: each is computed in another process, its steps are counted, its answer is stored as a whole."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.clock import zone_name
from app.core.settings import Settings
from app.jobs.leases import Lease
from app.jobs.models import Job, JobStatus
from app.jobs.service import end_job
from app.plans.kinds import PlanJobKind
from app.plans.models import Plan
from app.plans.planners import Planner
from app.plans.results import Advanced, Failed, Order, Planned, Ranked
from app.plans.steps import TOTALS
from app.plans.storing import follow_with_levers, store_levers, store_plan


def run_plan(planner: Planner, settings: Settings, lease: Lease) -> None:
    """Do a job of a plan anew, whatever an earlier runner had done of it: nothing is kept before all is.

    Raises LeaseLost when it is cancelled, Stopping when the runner must end; either ends what is being computed.
    """
    with lease.step() as (session, job):
        order = order_of(_plan_of(session, job), job.kind, settings)
        job.total, job.done, job.landed = TOTALS[PlanJobKind(job.kind)], 0, 0
    for answer in planner.compute(order, lease.extend):
        lease.check_stop()  # a process that is ended with its runner says nothing about the plan
        match answer:
            case Advanced():
                with lease.step() as (_, job):
                    job.done = job.landed = answer.done
            case Failed():
                lease.fail(answer.code, answer.detail)
            case Planned() | Ranked():
                _store(lease, answer)


def order_of(plan: Plan, kind: str, settings: Settings) -> Order:
    """Return what the computing process is told of a plan."""
    return Order(
        url=settings.url,
        plan_id=plan.id,
        kind=kind,
        zone=zone_name(),
        detour_factor=settings.detour_factor,
        per_t_km_cny=str(settings.freight_cny_per_t_km),
        fixed_cny_per_t=str(settings.freight_fixed_cny_per_t),
        assay_max_age_months=settings.assay_max_age_months,
    )


def _plan_of(session: Session, job: Job) -> Plan:
    column = Plan.levers_job_id if job.kind == PlanJobKind.LEVERS else Plan.job_id
    return session.scalars(select(Plan).where(column == job.id)).one()


def _store(lease: Lease, answer: Planned | Ranked) -> None:
    """Store the answer and end the job in one transaction; a job that follows ranks what would add most to the plan."""
    with lease.step() as (session, job):
        plan = _plan_of(session, job)
        if isinstance(answer, Planned):
            store_plan(session, plan, answer)
            follow_with_levers(session, plan, job)
        else:
            store_levers(plan, answer)
        job.done = job.landed = TOTALS[PlanJobKind(job.kind)]
        end_job(session, job, JobStatus.DONE)
