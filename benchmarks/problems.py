"""The problem of a plan from the database: a generated market of half a million hauls, and real plants and cities."""

import resource
from collections.abc import Iterator
from datetime import date
from functools import partial
from pathlib import Path

import typer

from app.allocation.problem import Problem, build_problem
from app.allocation.question import Question
from app.allocation.reading import read_market
from app.core.clock import today
from app.core.database import Database
from app.core.settings import Settings
from app.matching.conventions import months_before
from app.matching.ranking import Tariff, tariff_of
from app.samples.plant_files import read_plants
from app.samples.plant_loading import PLANTS_A_TRANSACTION, load_plants
from app.transport.solver import Objective, solve
from benchmarks.bulk import loading
from benchmarks.figures import Clock, Row, at_most, calmest
from benchmarks.plans_market import make_plans_market
from benchmarks.servers import describe_engine, fresh_database

LOTS, DEMANDS, READS = 20_000, 4_000, 3
RADII_KM = (50, 100, 200, 400)
DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
FILES = (DATA / "coal_power_plants_china.csv", DATA / "cement_demand_china.csv")
_WANTED_MS, _WANTED_MB = 6000, 2000


def measure(engine: str) -> Iterator[Row]:
    """Yield the rows of one engine."""
    with fresh_database(engine) as url:
        with loading(url) as loader:
            make_plans_market(loader, LOTS, DEMANDS)
        yield from _generated(url)
    missing = [file for file in FILES if not file.exists()]
    if missing:
        typer.echo(f"skipped real plants and cities: {missing[0]} is not at hand", err=True)
        return
    with fresh_database(engine) as url:
        yield from _real(url)


def _generated(url: str) -> Iterator[Row]:
    database = Database(url).as_exchange()
    clock, load = calmest(partial(_read_and_build, database))
    arcs = _pose(database, Question()).network.arcs
    database.dispose()
    name = f"{describe_engine(url)}, {LOTS:,} lots × {DEMANDS:,} demands"
    reading, building = clock.series("reading"), clock.series("building")
    both = reading.median + building.median
    remark = f"reading {reading.median:,.0f} ms, building {building.median:,.0f} ms; {arcs:,} hauls"
    yield Row("the problem of a plan from the database", name, both, "ms", load, at_most(both, _WANTED_MS), remark)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    remark = "peak of the process, with making the market"
    yield Row("… memory", name, memory, "MB", load, at_most(memory, _WANTED_MB), remark)


def _read_and_build(database: Database) -> Clock:
    clock = Clock()
    _pose(database, Question())  # warms up
    for _ in range(READS):
        with database.snapshot() as session:
            market = clock.time("reading", partial(read_market, session, Question(), *_conventions()))
        clock.time("building", partial(build_problem, market))
    return clock


def _conventions() -> tuple[Tariff, date]:
    settings = Settings(_env_file=None)
    return tariff_of(settings), months_before(today(), settings.assay_max_age_months)


def _pose(database: Database, question: Question) -> Problem:
    with database.snapshot() as session:
        return build_problem(read_market(session, question, *_conventions()))


def _real(url: str) -> Iterator[Row]:
    """Yield the reachable rate of the fly ash of real plants by radius; a computed bound, and no forecast."""
    database = Database(url).as_exchange()
    _load(database)
    name = f"{describe_engine(url)}, real plants and cities"
    for radius_km in RADII_KM:
        clock = Clock()
        question = Question(materials=("fly_ash",), max_distance_km=radius_km)
        problem = clock.time("posing", partial(_pose, database, question))
        plan = partial(solve, problem.network, Objective.MAX_UTILISATION_THEN_MIN_COST)
        solution, load = calmest(partial(clock.time, "solving", plan))
        rate = problem.base.rate_pct(solution.fresh_kg, solution.prior_kg) or 0
        posing, solving = clock.series("posing").median, clock.series("solving").median
        remark = (
            f"{solution.allocated_kg / 1e9:,.1f} of {problem.base.generated_kg / 1e9:,.1f} million t; "
            f"{problem.network.arcs:,} hauls; posed in {posing:,.0f} ms, solved in {solving:,.0f} ms"
        )
        yield Row(f"reachable rate within {radius_km} km", name, float(rate), "%", load, None, remark)
    database.dispose()


def _load(database: Database) -> None:
    for file in FILES:
        kind, plants, _ = read_plants(file)
        for first in range(0, len(plants), PLANTS_A_TRANSACTION):
            with database.write() as session:
                load_plants(session, kind, plants[first : first + PLANTS_A_TRANSACTION], today())
                session.commit()
