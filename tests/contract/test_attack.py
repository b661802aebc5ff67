"""Every operation answers what the document says, whatever is sent to it."""

import pytest
from fastapi import FastAPI

from app.core.database import Database
from tests.api.conftest import market, stored  # noqa: F401 - fixtures
from tests.api.market import OPERATIONS, Market
from tests.contract.attack import Attack, Plan
from tests.databases import ENGINES
from tests.drills import IS_LONG, examples

#: The same requests every time; `make fuzz` tries others, and `make drills` every boundary that the document names.
PHASES = ("examples", "coverage", "fuzzing") if IS_LONG else ("examples", "fuzzing")
PLAN = Plan(seed=5, phases=PHASES, examples=examples(2, 60))


@pytest.fixture(scope="session")
def attacks() -> dict[str, Attack]:
    """Return the attacks that were made already, by engine: reading the document takes longer than most of them."""
    return {}


@pytest.mark.drill
@pytest.mark.parametrize("engine", ENGINES if IS_LONG else ["sqlite"], indirect=False)
@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_answers_keep_to_the_document(
    name: str,
    engine: str,
    stored: Database,  # noqa: F811, ARG001 - the fixture; a fresh copy of the market
    market: Market,  # noqa: F811 - the fixture
    application: FastAPI,
    attacks: dict[str, Attack],
) -> None:
    if engine not in attacks:
        attacks[engine] = Attack(application, market, PLAN)
    report = attacks[engine].run(name)
    assert report.sent.total() > 0
    assert not report.faults, "\n\n".join(report.faults.values())
