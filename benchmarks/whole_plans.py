"""Whole plans, from the question to stored flows: a national market, and the Chongqing market of the demo."""

import multiprocessing
import resource
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any

from sqlalchemy import select

from app.auth.actor import Role
from app.core.clock import today
from app.core.database import Database
from app.core.settings import Settings
from app.organisations.models import OrganisationStatus
from app.organisations.service import enrol
from app.plans.computing import compute
from app.plans.kinds import PlanJobKind
from app.plans.models import Plan
from app.plans.planners import Planner
from app.plans.results import Order, Planned
from app.plans.running import order_of
from app.plans.schemas import PlanPost
from app.plans.storing import store_plan
from app.samples.loading import load_market, plan_market
from benchmarks.bulk import loading
from benchmarks.figures import Clock, Row, at_most, calmest
from benchmarks.plans_market import make_plans_market
from benchmarks.problems import DEMANDS, LOTS
from benchmarks.servers import describe_engine, fresh_database

_RUNS, _YEAR, _HISTORY = 3, 12, 24
_PEPPER = b"of a benchmark"
_MOST_MB = 2000
_STEPS = ("reading", "connecting", "solving", "comparing", "pricing", "packing")


def measure(engine: str) -> Iterator[Row]:
    """Yield the rows of one engine."""
    with fresh_database(engine) as url:
        with loading(url) as loader:
            make_plans_market(loader, LOTS, DEMANDS)
        yield from _planned(url, f"{LOTS:,} lots × {DEMANDS:,} demands, one month", {}, 15)
    with fresh_database(engine) as url:
        database = Database(url).as_exchange()
        load_market(database, plan_market(today(), _HISTORY), _PEPPER, lambda _: None)
        database.dispose()
        yield from _planned(url, "the demo's Chongqing, 12 months", {"district": "50", "months": _YEAR}, 3)


def _planned(url: str, what: str, question: Mapping[str, Any], wanted: float) -> Iterator[Row]:
    database, planner = Database(url).as_exchange(), Planner()
    order = _ask(database, PlanPost.model_validate(question))
    _run(database, planner, order, Clock())  # starts the process, which the first plan of a worker waits for
    (clock, flows), load = calmest(partial(_runs, database, planner, order))
    planner.close()
    database.dispose()
    name, whole = f"{describe_engine(url)}, {what}", clock.series("whole").median / 1000
    parts = ", ".join(f"{step} {clock.series(step).median / 1000:.1f}" for step in (*_STEPS, "storing"))
    remark = f"{parts} s; {flows:,} flows"
    yield Row("a whole plan, from question to stored flows", name, whole, "s", load, at_most(whole, wanted), remark)
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        peak_mb = pool.submit(_measure_memory, order).result()
    yield Row("… memory at its peak", name, peak_mb, "MB", load, at_most(peak_mb, _MOST_MB), "of what computes it")


def _ask(database: Database, wish: PlanPost) -> Order:
    """Store the question, which is then answered again and again."""
    with database.write() as session:
        operator, _ = enrol(session, [Role.OPERATOR], _PEPPER, name="any", status=OrganisationStatus.ACTIVE)
        plan = Plan(organisation_id=operator.id, question=wish.model_dump(mode="json"))
        session.add(plan)
        session.flush()
        session.commit()
    return order_of(plan, PlanJobKind.PLAN, Settings(database_url=database.url))


def _runs(database: Database, planner: Planner, order: Order) -> tuple[Clock, int]:
    clock, flows = Clock(), 0
    for _ in range(_RUNS):
        flows = clock.time("whole", partial(_run, database, planner, order, clock))
    return clock, flows


def _run(database: Database, planner: Planner, order: Order, clock: Clock) -> int:
    """Have the plan computed and stored as a job does it; return the number of its flows."""
    answers = planner.compute(order, lambda: None)
    for step in _STEPS:
        planned = clock.time(step, partial(next, answers))
    answers.close()
    if not isinstance(planned, Planned):
        raise TypeError(f"No plan: {planned}")
    clock.time("storing", partial(_store, database, planned))
    return len(planned.flows)


def _store(database: Database, planned: Planned) -> None:
    """Store an answer as that of a plan of its own, which has no answer yet."""
    with database.write() as session:
        asked = session.scalars(select(Plan).order_by(Plan.id)).first()
        if asked is None:
            raise LookupError("The question is gone")
        plan = Plan(organisation_id=asked.organisation_id, question=asked.question)
        session.add(plan)
        session.flush()
        store_plan(session, plan, planned)
        session.commit()


def _measure_memory(order: Order) -> float:
    """Return the peak of a process that computes the plan; to be called in one of its own."""
    compute(order, lambda _: None)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
