"""Problems of a test's market, and what its lots are made of."""

from datetime import date
from decimal import Decimal
from typing import Any

from app.allocation.market import Market
from app.allocation.problem import Problem, build_problem
from app.allocation.reading import read_market
from app.core.clock import today
from app.core.database import Database
from app.matching.conventions import months_before
from app.matching.ranking import Tariff
from app.scenarios.applying import apply_changes
from app.scenarios.scenario import Scenario
from tests.factories import Body

#: The exchange's own.
TARIFF = Tariff(1.3, Decimal("0.5"), Decimal(0))


def assay(**values: Any) -> Body:  # noqa: ANN401 - JSON
    """Return an assay of today."""
    results = [{"parameter": name, "value": value} for name, value in values.items()]
    return {"sampled_on": str(today()), "results": results}


def a_year_ago() -> date:
    """Return the day before which assays prove nothing."""
    return months_before(today(), 12)


def read(database: Database, scenario: Scenario) -> Market:
    """Return the market of a scenario."""
    with database.snapshot() as session:
        return apply_changes(read_market(session, scenario, TARIFF, a_year_ago()), scenario.changes)


def pose(database: Database, **asked: Any) -> Problem:  # noqa: ANN401 - of a scenario
    """Return the problem of a scenario."""
    return build_problem(read(database, Scenario(**asked)))


def hauls(problem: Problem) -> dict[tuple[str, str], tuple[int, int]]:
    """Return lot and demand of each haul that is of two open ones, with its metres and its cost in fen per tonne."""
    found = {}
    network = problem.network
    for tail, head, metres, cost in zip(
        network.tail.tolist(),
        network.head.tolist(),
        network.metres.tolist(),
        network.cost_fen_per_t.tolist(),
        strict=True,
    ):
        pair = str(problem.source(tail).lot_id), str(problem.destination(head).demand_id)
        found[pair] = (metres, cost)
    return found
