"""The tables of life cycles: complete, without dead ends that nobody meant, and documented as they are."""

from pathlib import Path

import pytest

from app.cli.lifecycles import LIFECYCLES
from app.core.errors import Conflict, Forbidden
from app.core.lifecycles import Lifecycle, Who, is_owner
from app.exchange.lifecycle import AGREEMENT
from app.lots.lifecycle import LOT
from tests.cli.command import run_swx

ON_FILE = Path(__file__).resolve().parents[2] / "docs" / "lifecycles.md"


def test_the_document_is_the_one_on_file(tmp_path: Path) -> None:
    assert run_swx("lifecycles", folder=tmp_path).stdout == ON_FILE.read_text(encoding="utf-8"), "run `make lifecycles`"


@pytest.mark.parametrize("lifecycle", LIFECYCLES, ids=lambda lifecycle: lifecycle.name)
def test_states_are_known_and_can_be_reached(lifecycle: Lifecycle) -> None:
    states = set(lifecycle.states)
    named = {lifecycle.begins, *(state for state, _ in lifecycle.steps)}
    assert named | {step.to for step in lifecycle.steps.values() if step.to} <= states
    reached = {lifecycle.begins}
    for (_, action), step in lifecycle.steps.items():
        reached |= {step.to} if step.to else {state for state in states if state in step.rule}
        assert step.to or step.rule, f"{action} says nothing of what follows"
    assert reached == states


def test_a_forbidden_action_tells_what_is_open_to_the_caller_alone() -> None:
    with pytest.raises(Conflict) as refusal:
        LOT.take("expired", "withdraw", is_owner)
    assert refusal.value.facts == {"state": "expired", "allowed": ["change", "add_assay"]}
    proposer = {Who.PROPOSER, Who.EITHER, Who.PRODUCER}
    with pytest.raises(Conflict) as refusal:
        AGREEMENT.take("proposed", "dispatch", proposer.__contains__)
    assert refusal.value.facts["allowed"] == ["withdraw"]
    with pytest.raises(Forbidden, match="Only the other side may accept"):
        AGREEMENT.take("proposed", "accept", proposer.__contains__)


@pytest.mark.parametrize("action", ["exhaust", "expire"])
def test_nobody_takes_the_steps_of_the_exchange(action: str) -> None:
    with pytest.raises(Conflict):
        LOT.take("open", action, lambda _: True)
    assert action not in LOT.allowed("open", lambda _: True)
