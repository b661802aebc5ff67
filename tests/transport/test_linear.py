"""Plans are the best there are: against linear programmes of middle markets."""

import math
from fractions import Fraction

import numpy as np
import pytest
from ortools.math_opt.python import mathopt

from app.transport.network import Network, total_cost
from app.transport.rates import Base, goal_of
from app.transport.solver import Objective, solve
from app.transport.verification import verify
from benchmarks.linear import least_cost_for, most_at_least_cost
from tests.transport.markets import random_network, random_rate

_SOLVER = mathopt.SolverType.GLOP


def _middle(seed: int) -> Network:
    random = np.random.default_rng(seed)
    return random_network(random, sources=30, demands=14, arcs=160, most_kg=60_000, groups=4, cost=9_000)


@pytest.mark.parametrize("seed", range(50))
@pytest.mark.parametrize("objective", [Objective.MAX_UTILISATION_THEN_MIN_COST, Objective.MIN_TONNE_KM])
def test_no_linear_programme_places_more_or_costs_less(seed: int, objective: Objective) -> None:
    network = _middle(seed)
    per_tonne = network.metres if objective == Objective.MIN_TONNE_KM else network.cost_fen_per_t
    solution = solve(network, objective)
    total, fresh, cost = most_at_least_cost(network, per_tonne.tolist(), _SOLVER)
    assert solution.allocated_kg == pytest.approx(total.value * 1000)
    assert solution.fresh_kg == pytest.approx(fresh.value * 1000)
    assert total_cost(solution.flow_kg, per_tonne) == pytest.approx(cost.value * 1000, rel=1e-5, abs=1)
    assert verify(network, objective, solution) == []


@pytest.mark.parametrize("seed", range(50))
def test_no_linear_programme_reaches_a_rate_for_less(seed: int) -> None:
    network = _middle(seed)
    random = np.random.default_rng(seed)
    base = Base(100_000, 20_000, int(network.source_kg[~network.is_prior].sum()) + 150_000)
    most = solve(network, Objective.MAX_UTILISATION_THEN_MIN_COST)
    highest = base.rate_pct(most.fresh_kg, most.prior_kg)
    assert highest is not None
    rate = highest * random_rate(random) / 100 if seed % 5 else highest
    rate = Fraction(math.floor(rate * 10**4), 10**4)
    solution = solve(network, Objective.MIN_COST_FOR_RATE, base=base, target_pct=rate)
    assert solution.is_reached
    goal = goal_of(base, rate)
    least = least_cost_for(network, goal, _SOLVER).value * 1000
    price = solution.price_of_rate
    assert price is not None
    cost = total_cost(solution.flow_kg, network.cost_fen_per_t)
    excess = goal.weight(solution.fresh_kg, solution.prior_kg) - goal.least
    assert cost == pytest.approx(least + float(price * max(0, excess)), rel=1e-6, abs=10)
    assert excess < goal.fresh or price == 0
    assert verify(network, Objective.MIN_COST_FOR_RATE, solution, base=base, target_pct=rate) == []
