"""A worker for plans, and a small market around Chongqing."""

from collections.abc import Iterator
from functools import partial
from threading import Event, Lock, Thread

import pytest

from app.core.database import Database
from app.core.settings import Settings
from app.jobs.leases import Lease
from app.jobs.running import run_jobs
from app.plans.kinds import PlanJobKind
from app.plans.planners import Planner
from app.plans.running import run_plan


@pytest.fixture(scope="session")
def planner() -> Iterator[Planner]:
    """Return a computing process, started once."""
    made = Planner()
    made.start()
    yield made
    made.close()


@pytest.fixture
def worker(database: Database, database_url: str, planner: Planner) -> Iterator[None]:
    """Do jobs in a thread while the test runs; one under way at its end is ended: stopped, it would end the planner."""
    stop, at_work = Event(), Lock()
    settings = Settings(database_url=database_url)

    def work(lease: Lease) -> None:
        with at_work:
            run_plan(planner, settings, lease)

    handlers = dict.fromkeys((kind.value for kind in PlanJobKind), work)
    thread = Thread(target=partial(run_jobs, database, handlers, stop, is_alone=True))
    thread.start()
    yield
    with at_work:
        stop.set()
    thread.join()
