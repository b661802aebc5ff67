"""A worker for plans, and a small market around Chongqing."""

from collections.abc import Iterator
from functools import partial
from threading import Event, Thread

import pytest

from app.core.database import Database
from app.core.settings import Settings
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
    """Do jobs in a thread while the test runs."""
    stop = Event()
    settings = Settings(database_url=database_url)
    handlers = {kind.value: partial(run_plan, planner, settings) for kind in PlanJobKind}
    thread = Thread(target=partial(run_jobs, database, handlers, stop, is_alone=True))
    thread.start()
    yield
    stop.set()
    thread.join()
