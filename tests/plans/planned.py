"""Plans that are computed within a test, without a worker."""

from uuid import UUID

from app.core.database import Database
from app.core.settings import Settings
from app.jobs.models import Job, JobStatus
from app.jobs.service import end_job
from app.plans.computing import compute
from app.plans.kinds import PlanJobKind
from app.plans.models import Plan, PlanId
from app.plans.results import Planned
from app.plans.running import order_of
from app.plans.storing import store_plan


def compute_plan(database: Database, plan_id: str) -> None:
    """Have a plan that was asked for computed here and now; nothing ranks its levers."""
    with database.write() as session:
        plan = session.get_one(Plan, PlanId(UUID(plan_id)))
        order = order_of(plan, PlanJobKind.PLAN, Settings(database_url=database.url))
    planned = compute(order, lambda _: None)
    assert isinstance(planned, Planned), planned
    with database.write() as session:
        plan = session.get_one(Plan, PlanId(UUID(plan_id)))
        store_plan(session, plan, planned)
        end_job(session, session.get_one(Job, plan.job_id), JobStatus.DONE)
        session.commit()
