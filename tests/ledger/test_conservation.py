"""Whatever is done in whatever order: tonnes are conserved, no stock is negative, the identity of the rate holds."""

import pytest
from anyio.from_thread import BlockingPortal
from fastapi import FastAPI
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.databases import Templates
from tests.drills import IS_LONG, examples
from tests.ledger.beginning import fill_template
from tests.ledger.machine import Exchange

STEPS = 50 if IS_LONG else 30


@pytest.mark.drill
@pytest.mark.parametrize(("engine", "usual"), [("sqlite", 20), ("postgresql", 10)])
def test_tonnes_are_conserved(
    engine: str, usual: int, application: FastAPI, portal: BlockingPortal, templates: Templates
) -> None:
    fill_template(application, portal, templates, engine)
    bound = type("BoundExchange", (Exchange,), {"engine": engine, "application": application, "templates": templates})
    run_state_machine_as_test(
        bound,
        settings=settings(
            max_examples=examples(usual, 200),
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
