"""Work on a plan that is broken off in the middle: cancelled, killed, or left by a worker that is gone."""

import os
import signal
from collections.abc import Callable, Generator
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import func, select

from app.core.database import Database, new_id
from app.core.settings import Settings
from app.jobs.leases import LeaseLost, claim_job, void_leases
from app.jobs.models import RunnerId
from app.plans.models import PlanFlow
from app.plans.planners import Planner
from app.plans.results import Answer, Order
from app.plans.running import run_plan
from tests.factories import Body, Member, World


class _Interrupted(Planner):
    """A computing process to which something happens once it has begun to compute."""

    def __init__(self, happens: Callable[[], object]) -> None:
        super().__init__()
        self._happens = happens

    def compute(self, order: Order, keep_on: Callable[[], None]) -> Generator[Answer, None, None]:
        for number, answer in enumerate(super().compute(order, keep_on)):
            if number == 0:
                self._happens()
            yield answer


class _RunnerGone(BaseException):
    """What a killed runner leaves behind is what it has committed."""


def _asked(world: World) -> tuple[Member, Body]:
    world.lot(world.producer(), quantity_t=12000)
    world.demand(world.recycler(), quantity_t=9000)
    authority = world.government("50")
    return authority, authority.post("/plans", {}, status=202)


def _run(database: Database, planner: Planner) -> None:
    lease = claim_job(database, RunnerId(new_id()), Event())
    assert lease is not None
    try:
        run_plan(planner, Settings(database_url=database.url), lease)
    finally:
        planner.close()


def _flows(database: Database) -> int:
    with database.read() as session:
        return session.scalars(select(func.count()).select_from(PlanFlow)).one()


def test_a_running_plan_is_cancelled(world: World, database: Database) -> None:
    authority, plan = _asked(world)
    with pytest.raises(LeaseLost):
        _run(database, _Interrupted(lambda: authority.post(f"/plans/{plan['id']}/cancel", status=200)))
    read = authority.get(f"/plans/{plan['id']}")
    assert (read["status"], read["reachable_rate_pct"], _flows(database)) == ("cancelled", None, 0)


def _children() -> set[int]:
    tasks = Path("/proc/self/task").iterdir()
    return {int(child) for task in tasks for child in (task / "children").read_text().split()}


class _Killed(Planner):
    """A computing process that is killed before it has answered, as by a system out of memory."""

    def start(self) -> None:
        others = _children()
        super().start()
        for child in _children() - others:
            os.kill(child, signal.SIGKILL)


def test_what_is_killed_while_it_computes_fails_with_advice(world: World, database: Database) -> None:
    authority, plan = _asked(world)
    _run(database, _Killed())
    read = authority.get(f"/plans/{plan['id']}")
    assert (read["status"], read["error"]["code"], _flows(database)) == ("failed", "computing_failed", 0)
    assert "Ask for less" in read["error"]["detail"]


def _be_gone() -> None:
    raise _RunnerGone


def test_a_plan_left_by_a_worker_that_is_gone_is_done_by_the_next(
    world: World, database: Database, planner: Planner
) -> None:
    authority, plan = _asked(world)
    with pytest.raises(_RunnerGone):
        _run(database, _Interrupted(_be_gone))
    assert authority.get(f"/plans/{plan['id']}")["status"] == "running"
    void_leases(database)
    lease = claim_job(database, RunnerId(new_id()), Event())
    assert lease is not None
    run_plan(planner, Settings(database_url=database.url), lease)
    read = authority.get(f"/plans/{plan['id']}")
    assert (read["status"], read["allocated_t"], _flows(database)) == ("done", 9000, 1)
