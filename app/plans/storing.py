"""Stores what was computed of a plan, its flows in bulk."""

from decimal import Decimal

from sqlalchemy.orm import Session

from app.core.bulk import insert_guarded
from app.core.clock import now
from app.jobs.models import Job
from app.jobs.service import queue_job
from app.plans.kinds import PlanJobKind
from app.plans.models import Plan, PlanFlow
from app.plans.results import Planned, Ranked


def store_plan(session: Session, plan: Plan, planned: Planned) -> None:
    """Store the answer of a plan that has none."""
    plan.input, plan.input_sha256, plan.solution = planned.input, planned.input_sha256, planned.solution
    plan.answer, plan.finished_at = planned.answer, now()
    session.flush()
    of_plan = {"plan_id": plan.id, "organisation_id": plan.organisation_id, "published_at": None, "agreement_id": None}
    rows = [
        {
            **of_plan,
            **{name: getattr(flow, name) for name in _AS_THEY_ARE},
            "quantity_t": Decimal(flow.quantity_kg).scaleb(-3),
            "delivered_cny_per_t": Decimal(flow.delivered_fen_per_t).scaleb(-2),
        }
        for flow in planned.flows
    ]
    insert_guarded(session, PlanFlow, rows)


_AS_THEY_ARE = (
    "number",
    "producer_organisation_id",
    "recycler_organisation_id",
    "lot_id",
    "demand_id",
    "added_plant",
    "material",
    "origin_site_id",
    "destination_site_id",
    "month",
    "metres",
    "lot_terms",
    "demand_terms",
)


def follow_with_levers(session: Session, plan: Plan, job: Job) -> None:
    """Queue the ranking of what would add most to a plan that is done."""
    following = Job(
        kind=PlanJobKind.LEVERS,
        organisation_id=job.organisation_id,
        key_id=job.key_id,
        delegate_id=job.delegate_id,
        format=job.format,
        dry_run=False,
    )
    plan.levers_job_id = queue_job(session, following, str(plan.id).encode()).id
    session.flush()


def store_levers(plan: Plan, ranked: Ranked) -> None:
    """Store what adds most to a plan."""
    plan.levers = ranked.levers
