"""Writes of plans by those who ask for them: asking, cancelling, publishing to the sides of the flows."""

import msgspec
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.allocation.question import check_question
from app.auth.actor import Actor
from app.auth.events import event_by
from app.core.clock import now
from app.core.errors import Conflict
from app.events.record import record_event
from app.events.types import EventType
from app.jobs.models import Job
from app.jobs.service import cancel_job, submit_job
from app.plans.asking import scenario_of
from app.plans.flows import parties_of
from app.plans.kinds import PlanJobKind
from app.plans.models import Plan, PlanFlow
from app.plans.schemas import PlanPost
from app.scenarios.named import check_named


def ask(session: Session, actor: Actor, wish: PlanPost) -> Plan:
    """Store a question; a runner computes its answer once the transaction is committed.

    Raises Forbidden `outside_jurisdiction`, Invalid, and Conflict for too many unfinished jobs.
    """
    checked = check_question(scenario_of(wish), actor)
    check_named(session, checked)
    question = wish.model_dump(mode="json") | {"district": checked.district}
    job = Job(
        kind=PlanJobKind.PLAN,
        organisation_id=actor.organisation_id,
        key_id=actor.key_id,
        delegate_id=actor.delegate_id,
        format="json",
        dry_run=False,
    )
    submit_job(session, job, msgspec.json.encode(question))
    plan = Plan(organisation_id=actor.organisation_id, job_id=job.id, question=question)
    session.add(plan)
    session.flush()
    return plan


def cancel(session: Session, actor: Actor, plan: Plan) -> None:
    """Cancel the work on a plan that has not ended; raises Conflict `invalid_state`."""
    if plan.job_id is None:
        raise Conflict("invalid_state", "The plan is done already.", state="done", allowed=[])
    cancel_job(session, session.get_one(Job, plan.job_id), actor.key_id)


def publish(session: Session, actor: Actor, plan: Plan) -> None:
    """Show the flows of a plan to their two sides, each its own, for ever.

    Raises Conflict: `plan_not_done`, `already_published`, and `hypothetical_plan` for one of a market that is not.
    """
    session.refresh(plan, with_for_update=True)
    if plan.answer is None:
        raise Conflict("plan_not_done", "The plan has no answer; GET /v1/plans/{id} says how far it is.")
    if plan.published_at is not None:
        raise Conflict("already_published", "The plan is published already.", published_at=str(plan.published_at))
    if plan.question["changes"]:
        raise Conflict("hypothetical_plan", "The plan is of a market with changes that nobody has made; ask without.")
    plan.published_at = now()
    session.execute(update(PlanFlow).where(PlanFlow.plan_id == plan.id).values(published_at=plan.published_at))
    viewers = sorted({actor.organisation_id, *parties_of(session, plan.id)})
    record_event(session, event_by(actor, EventType.PLAN_PUBLISHED, ("plan", plan.id), viewers))
