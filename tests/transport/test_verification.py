"""Whoever changes a plan by a kilogram is found out."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from app.transport.network import Network
from app.transport.rates import Base
from app.transport.solver import Objective, Solution, solve
from app.transport.verification import verify
from tests.transport.markets import make_network, random_network

_MOST = Objective.MAX_UTILISATION_THEN_MIN_COST
_FOR_RATE = Objective.MIN_COST_FOR_RATE
#: Fresh waste at 0 and 1, earlier stock at 2; the second month of source 0 is source 1.
_NETWORK = make_network(
    source_kg=[10, 4, 9],
    demand_kg=[3, 12, 9],
    arcs=[(0, 0, 2, 9), (0, 1, 5, 9), (1, 1, 4, 9), (1, 2, 8, 9), (2, 1, 1, 9), (2, 2, 6, 9)],
    prior=(2,),
    carried_to=[1, -1, -1],
    demand_group=[-1, 0, 0],
    group_kg=[15],
)
_BEST = [3, 0, 8, 3, 4, 0]
_BASE, _RATE = Base(10, 0, 40), Fraction(50)


def _plan(flow: list[int], carried: list[int], **sums: int) -> Solution:
    said = Solution(np.array(flow), np.array(carried), fresh_kg=14, prior_kg=4, most_fresh_kg=14, most_kg=18)
    return replace(said, **sums)  # type: ignore[arg-type]


def test_the_plan_itself_is_in_order() -> None:
    solution = solve(_NETWORK, _MOST)
    assert (solution.flow_kg.tolist(), solution.carried_kg.tolist()) == (_BEST, [7, 0, 0])
    assert verify(_NETWORK, _MOST, solution) == []


@pytest.mark.parametrize(
    ("plan", "fault"),
    [
        (_plan([3, 0, 8, 3, 4], [7, 0, 0]), "another network"),
        (_plan([4, 0, 8, 3, 4, 0], [7, 0, 0], fresh_kg=15), "Source 0: 11 kg of 10 kg"),
        (_plan(_BEST, [6, 0, 0]), "Source 1: 5 kg of 4 kg"),
        (_plan([3, 0, 9, 2, 4, 0], [7, 0, 0]), "Demand 1: 13 kg of 12 kg"),
        (_plan([3, 0, 8, 3, 4, 1], [7, 0, 0], prior_kg=5), "Shared capacity 0: 16 kg of 15 kg"),
        (_plan(_BEST, [-1, 0, 0]), "negative"),
        (_plan(_BEST, [12, 0, 0]), "more is carried"),
        (_plan(_BEST, [7, 0, 1]), "nowhere"),
        (_plan(_BEST, [7, 0, 0], fresh_kg=13), "the solution says"),
        (_plan([3, 0, 8, 2, 4, 0], [7, 0, 0], fresh_kg=13), "More can be placed"),
        (_plan([3, 0, 8, 2, 4, 1], [7, 0, 0], fresh_kg=13, prior_kg=5), "More fresh waste"),
        (_plan(_BEST, [7, 0, 0], most_kg=19), "most of fresh waste and of all"),
        (_plan([3, 7, 4, 0, 1, 3], [0, 0, 0]), "for less"),
    ],
)
def test_a_planted_fault_is_found(plan: Solution, fault: str) -> None:
    faults = verify(_NETWORK, _MOST, plan)
    assert any(fault in found for found in faults), faults


@pytest.mark.parametrize("seed", range(40))
def test_any_kilogram_moved_in_a_random_market_is_found(seed: int) -> None:
    random = np.random.default_rng(seed)
    network = random_network(random, sources=8, demands=5, arcs=20, most_kg=30, groups=2, cost=10**6)
    solution = solve(network, _MOST)
    for arc in range(network.arcs):
        for step in (-1, 1):
            assert verify(network, _MOST, _with_step(network, solution, arc, step)) != []


def _with_step(network: Network, solution: Solution, arc: int, step: int) -> Solution:
    """Return a solution with a kilogram more or less on an arc, and sums that say so."""
    is_prior = bool(network.is_prior[network.tail[arc]])
    return replace(
        solution,
        flow_kg=solution.flow_kg + step * (np.arange(network.arcs) == arc),
        fresh_kg=solution.fresh_kg + step * (not is_prior),
        prior_kg=solution.prior_kg + step * is_prior,
    )


def _for_rate() -> Solution:
    return solve(_NETWORK, _FOR_RATE, base=_BASE, target_pct=_RATE)


def test_a_plan_for_a_rate_is_in_order() -> None:
    assert verify(_NETWORK, _FOR_RATE, _for_rate(), base=_BASE, target_pct=_RATE) == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"price_of_rate": None}, "missing"),
        ({"price_of_rate": Fraction(-1)}, "missing"),
        ({"price_of_rate": Fraction(0)}, "for less"),
        ({"price_of_rate": Fraction(99)}, "for less"),
        ({"goal": None}, "another rate"),
        ({"is_reached": False}, "which the solution denies"),
    ],
)
def test_a_planted_fault_of_a_plan_for_a_rate_is_found(changes: dict[str, object], fault: str) -> None:
    planted = replace(_for_rate(), **changes)  # type: ignore[arg-type]
    faults = verify(_NETWORK, _FOR_RATE, planted, base=_BASE, target_pct=_RATE)
    assert any(fault in found for found in faults), faults


def test_a_plan_for_a_rate_that_stops_short_or_goes_too_far_is_found() -> None:
    solution = _for_rate()
    higher = verify(_NETWORK, _FOR_RATE, solution, base=_BASE, target_pct=Fraction(55))
    assert "another rate" in higher[0]
    other = solve(_NETWORK, _FOR_RATE, base=_BASE, target_pct=Fraction(55))
    assert (
        "not reached"
        in verify(_NETWORK, _FOR_RATE, replace(solution, goal=other.goal), base=_BASE, target_pct=Fraction(55))[0]
    )
    too_far = replace(other, goal=solution.goal)
    assert "beyond the rate" in verify(_NETWORK, _FOR_RATE, too_far, base=_BASE, target_pct=_RATE)[0]
    assert "no rate" in verify(_NETWORK, _FOR_RATE, solution)[0]
