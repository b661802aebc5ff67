"""Prices at the margin say what a plan of one more kilogram comes to."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest

from app.transport.network import Network, total_cost
from app.transport.potentials import Margin, prices
from app.transport.rates import Base
from app.transport.solver import Objective, Solution, solve
from tests.transport.markets import (
    make_network,
    more_at_demand,
    more_at_group,
    more_at_source,
    random_network,
    random_rate,
)

_PLAIN = [Objective.MAX_UTILISATION_THEN_MIN_COST, Objective.MIN_TONNE_KM]
_Widen = Callable[[Network, int, int], Network]


@dataclass(frozen=True)
class _Place:
    margin: Margin
    index: int
    widen: _Widen

    @property
    def promised(self) -> tuple[int, int, int]:
        return (
            int(self.margin.allocated[self.index]),
            int(self.margin.fresh[self.index]),
            int(self.margin.cost[self.index]),
        )


def _places(network: Network, objective: Objective, solution: Solution) -> Iterator[_Place]:
    found = prices(network, objective, solution)
    sides: list[tuple[Margin, int, _Widen]] = [
        (found.sources, network.sources, more_at_source),
        (found.demands, network.demands, more_at_demand),
        (found.groups, network.groups, more_at_group),
    ]
    for margin, count, widen in sides:
        for index in range(count):
            yield _Place(margin, index, widen)


def _market(seed: int) -> Network:
    random = np.random.default_rng(seed)
    sources, demands = int(random.integers(1, 9)), int(random.integers(1, 7))
    return random_network(random, sources=sources, demands=demands, arcs=4 * demands, most_kg=20, groups=2)


def _spent(network: Network, objective: Objective, solution: Solution) -> int:
    per_tonne = network.metres if objective == Objective.MIN_TONNE_KM else network.cost_fen_per_t
    return total_cost(solution.flow_kg, per_tonne)


def _gained(
    objective: Objective, before: tuple[Network, Solution], after: tuple[Network, Solution]
) -> tuple[int, int, int]:
    cost = _spent(after[0], objective, after[1]) - _spent(before[0], objective, before[1])
    return after[1].allocated_kg - before[1].allocated_kg, after[1].fresh_kg - before[1].fresh_kg, cost


@pytest.mark.parametrize("objective", _PLAIN)
@pytest.mark.parametrize("seed", range(60))
def test_one_more_kilogram_brings_exactly_its_price(seed: int, objective: Objective) -> None:
    """With whole kilograms no basis changes within one: the price holds whatever the market."""
    network = _market(seed)
    solution = solve(network, objective)
    for place in _places(network, objective, solution):
        wider = place.widen(network, place.index, 1)
        gained = _gained(objective, (network, solution), (wider, solve(wider, objective)))
        assert gained == place.promised


def test_a_tonne_brings_a_thousand_kilograms_while_the_path_has_room_and_less_beyond() -> None:
    network = make_network(
        source_kg=[5_000, 5_000], demand_kg=[2_000, 9_000], arcs=[(0, 0, 3, 1), (0, 1, 10, 1), (1, 1, 4, 1)]
    )
    objective = Objective.MAX_UTILISATION_THEN_MIN_COST
    solution = solve(network, objective)
    assert solution.flow_kg.tolist() == [2_000, 3_000, 5_000]
    found = prices(network, objective, solution)
    assert (found.demands.allocated.tolist(), found.demands.cost.tolist()) == ([0, 0], [-7, 0])
    for kg, cost in ((1_000, -7_000), (3_000, -21_000), (4_000, -21_000)):
        wider = more_at_demand(network, 0, kg)
        assert _gained(objective, (network, solution), (wider, solve(wider, objective))) == (0, 0, cost)


@pytest.mark.parametrize("seed", range(60))
def test_no_kilogram_makes_a_rate_cheaper_than_its_price_says(seed: int) -> None:
    random = np.random.default_rng(seed)
    network = random_network(random, sources=6, demands=4, arcs=14, most_kg=20, groups=1)
    if network.is_prior.any():
        return
    base, rate = Base(0, 0, int(network.source_kg.sum()) + 1), random_rate(random)
    solution = solve(network, Objective.MIN_COST_FOR_RATE, base=base, target_pct=rate)
    for place in _places(network, Objective.MIN_COST_FOR_RATE, solution):
        wider_network = place.widen(network, place.index, 1)
        wider = solve(wider_network, Objective.MIN_COST_FOR_RATE, base=base, target_pct=rate)
        gained = _gained(Objective.MIN_COST_FOR_RATE, (network, solution), (wider_network, wider))
        if solution.is_reached:
            assert place.promised[2] <= gained[2] <= 0
            assert solution.price_of_rate or place.promised[2] == gained[2]
        elif not wider.is_reached:
            assert place.promised == gained


def test_the_rate_itself_has_a_price() -> None:
    network = make_network(source_kg=[10, 10], demand_kg=[5, 15], arcs=[(0, 0, 2, 1), (1, 1, 7, 1), (0, 1, 9, 1)])
    solution = solve(network, Objective.MIN_COST_FOR_RATE, base=Base(0, 0, 20), target_pct=Fraction(40))
    assert solution.flow_kg.tolist() == [5, 3, 0]
    assert solution.price_of_rate is not None
    assert solution.goal is not None
    assert solution.price_of_rate * solution.goal.fresh == 7
    found = prices(network, Objective.MIN_COST_FOR_RATE, solution)
    assert found.demands.cost.tolist() == [2 - 7, 0]


def test_a_plan_that_is_not_the_best_has_no_prices() -> None:
    network = make_network(source_kg=[5, 5], demand_kg=[5], arcs=[(0, 0, 1, 1), (1, 0, 2, 1)])
    solution = Solution(np.array([0, 5]), np.array([0, 0]), 5, 0, 5, 5)
    with pytest.raises(ValueError, match="not the best"):
        prices(network, Objective.MAX_UTILISATION_THEN_MIN_COST, solution)
