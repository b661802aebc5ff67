"""Plans are the best there are: against every plan of tiny markets."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from app.transport.network import Network, total_cost
from app.transport.rates import Base, goal_of
from app.transport.solver import Objective, Solution, solve
from app.transport.verification import verify
from tests.transport.markets import every_outcome, make_network, random_base, random_network, random_rate

MOST = Objective.MAX_UTILISATION_THEN_MIN_COST
_EMPTY = make_network(source_kg=[], demand_kg=[], arcs=[])


def _tiny(seed: int) -> Network:
    random = np.random.default_rng(seed)
    return random_network(
        random,
        sources=int(random.integers(1, 4)),
        demands=int(random.integers(1, 4)),
        arcs=int(random.integers(0, 6)),
        most_kg=int(random.integers(1, 4)),
        groups=int(random.integers(0, 2)),
    )


def _sums(network: Network, solution: Solution) -> tuple[int, int, int]:
    cost = total_cost(solution.flow_kg, network.cost_fen_per_t)
    return solution.allocated_kg, solution.fresh_kg, cost


@pytest.mark.parametrize("seed", range(500))
def test_a_tiny_market_has_no_better_plan(seed: int) -> None:
    network = _tiny(seed)
    random = np.random.default_rng(seed)
    base, rate = random_base(random, network), random_rate(random)
    outcomes = set(every_outcome(network))

    most = solve(network, MOST)
    best = max((each.fresh_kg + each.prior_kg, each.fresh_kg, -each.cost) for each in outcomes)
    assert _sums(network, most) == (best[0], best[1], -best[2])

    nearest = solve(network, Objective.MIN_TONNE_KM)
    shortest = max((each.fresh_kg + each.prior_kg, each.fresh_kg, -each.kg_metres) for each in outcomes)
    assert (nearest.allocated_kg, nearest.fresh_kg) == shortest[:2]
    assert total_cost(nearest.flow_kg, network.metres) == -shortest[2]

    cheapest = solve(network, Objective.MIN_COST_FOR_RATE, base=base, target_pct=rate)
    goal = goal_of(base, rate)
    reaching = [each.cost for each in outcomes if goal.is_reached(each.fresh_kg, each.prior_kg)]
    assert cheapest.is_reached == bool(reaching)
    assert verify(network, Objective.MIN_COST_FOR_RATE, cheapest, base=base, target_pct=rate) == []
    if not reaching:
        assert _sums(network, cheapest) == _sums(network, most)
        return
    # Where earlier stock counts for part of a kilogram, whole kilograms cost up to the price of one more.
    above = total_cost(cheapest.flow_kg, network.cost_fen_per_t) - min(reaching)
    price = cheapest.price_of_rate
    assert price is not None
    assert 0 <= above <= price * max(0, goal.weight(cheapest.fresh_kg, cheapest.prior_kg) - goal.least)
    assert above == 0 or network.is_prior.any()


@pytest.mark.parametrize("objective", Objective)
@pytest.mark.parametrize(
    "network",
    [
        _EMPTY,
        make_network(source_kg=[5, 7], demand_kg=[], arcs=[], prior=(1,)),
        make_network(source_kg=[], demand_kg=[5], arcs=[], demand_group=[0], group_kg=[3]),
        make_network(source_kg=[5], demand_kg=[5], arcs=[]),
        make_network(source_kg=[0, 0], demand_kg=[5], arcs=[(0, 0, 1, 1), (1, 0, -1, 0)], prior=(1,)),
        make_network(source_kg=[5], demand_kg=[0], arcs=[(0, 0, 1, 1)]),
        make_network(source_kg=[5], demand_kg=[5], arcs=[(0, 0, 1, 1)], demand_group=[0], group_kg=[0]),
    ],
)
def test_a_market_in_which_nothing_can_move_has_an_empty_plan(network: Network, objective: Objective) -> None:
    terms = (Base(1, 0, 10), Fraction(70)) if objective == Objective.MIN_COST_FOR_RATE else (None, None)
    solution = solve(network, objective, base=terms[0], target_pct=terms[1])
    assert solution.allocated_kg == solution.most_kg == solution.flow_kg.sum() == solution.carried_kg.sum() == 0
    assert solution.is_reached == (objective != Objective.MIN_COST_FOR_RATE)
    assert verify(network, objective, solution, base=terms[0], target_pct=terms[1]) == []


def test_a_rate_that_nothing_counts_towards_is_reached() -> None:
    solution = solve(_EMPTY, Objective.MIN_COST_FOR_RATE, base=Base(), target_pct=Fraction(70))
    assert solution.is_reached
    assert Base().rate_pct(0, 0) is None


def test_gate_fees_carry_a_plan_beyond_its_rate() -> None:
    network = make_network(source_kg=[10, 10], demand_kg=[10, 10], arcs=[(0, 0, -5, 1), (1, 1, 5, 1)])
    solution = solve(network, Objective.MIN_COST_FOR_RATE, base=Base(0, 0, 20), target_pct=Fraction(30))
    assert solution.flow_kg.tolist() == [10, 0]
    assert solution.price_of_rate == 0
    dearer = solve(network, Objective.MIN_COST_FOR_RATE, base=Base(0, 0, 20), target_pct=Fraction(60))
    assert dearer.flow_kg.tolist() == [10, 2]


def test_fresh_waste_goes_before_old_stock_however_dear() -> None:
    network = make_network(
        source_kg=[10, 10], demand_kg=[12], arcs=[(0, 0, 100_000, 99), (1, 0, -100_000, 1)], prior=(1,)
    )
    assert solve(network, MOST).flow_kg.tolist() == [10, 2]


def test_what_is_left_of_a_month_serves_the_next() -> None:
    network = make_network(source_kg=[10, 10], demand_kg=[4, 14], arcs=[(0, 0, 1, 1), (1, 1, 1, 1)], carried_to=[1, -1])
    solution = solve(network, MOST)
    assert solution.flow_kg.tolist() == [4, 14]
    assert solution.carried_kg.tolist() == [4, 0]


@pytest.mark.parametrize("seed", range(10))
def test_the_order_in_which_hauls_are_found_changes_nothing(seed: int) -> None:
    random = np.random.default_rng(seed)
    network = random_network(random, sources=20, demands=10, arcs=90, most_kg=9_000, groups=3, cost=3)
    shuffled = random.permutation(network.arcs)
    columns = {name: getattr(network, name)[shuffled] for name in ("tail", "head", "cost_fen_per_t", "metres")}
    for objective in (MOST, Objective.MIN_TONNE_KM):
        one, other = solve(network, objective), solve(replace(network, **columns), objective)
        assert _by_haul(network, one) == _by_haul(replace(network, **columns), other)
        assert (one.carried_kg == other.carried_kg).all()
        assert (one.flow_kg == solve(network, objective).flow_kg).all()


def _by_haul(network: Network, solution: Solution) -> list[tuple[int, ...]]:
    columns = (network.tail, network.head, network.cost_fen_per_t, network.metres, solution.flow_kg)
    return sorted(zip(*(column.tolist() for column in columns), strict=True))


def test_quantities_and_costs_of_any_size_fit() -> None:
    """A chain of a year's months, a thousand million tonnes and a million yuan a tonne."""
    months = 300
    network = make_network(
        source_kg=[10**12] * months,
        demand_kg=[2 * 10**12] * months,
        arcs=[(month, month, (-1) ** month * 10**8, 10**8) for month in range(months)],
        carried_to=[*range(1, months), -1],
    )
    for objective in (MOST, Objective.MIN_TONNE_KM):
        solution = solve(network, objective)
        assert solution.allocated_kg == months * 10**12
        assert verify(network, objective, solution) == []


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("tail", [2]),
        ("head", [-1]),
        ("tail", [0, 1]),
        ("source_kg", [-1, 1]),
        ("source_kg", [10**15, 1]),
        ("cost_fen_per_t", [10**9]),
        ("metres", [-1]),
        ("metres", [10**9]),
        ("demand_group", [0]),
        ("carried_to", [1, 0]),
        ("carried_to", [0, -1]),
    ],
)
def test_a_network_whose_parts_do_not_fit_is_refused(field: str, values: list[int]) -> None:
    network = make_network(source_kg=[1, 1], demand_kg=[1], arcs=[(0, 0, 1, 1)])
    with pytest.raises(ValueError, match=r".+"):
        solve(replace(network, **{field: np.array(values)}), MOST)


def test_earlier_stock_never_becomes_fresh() -> None:
    network = make_network(source_kg=[1, 1], demand_kg=[1], arcs=[], prior=(0,), carried_to=[1, -1])
    with pytest.raises(ValueError, match="never becomes"):
        solve(network, MOST)


@pytest.mark.parametrize("rate", [Fraction(-1), Fraction(101), Fraction(1, 3)])
def test_a_rate_that_is_none_is_refused(rate: Fraction) -> None:
    with pytest.raises(ValueError, match="per cent"):
        goal_of(Base(), rate)


def test_a_plan_for_a_rate_needs_one() -> None:
    with pytest.raises(ValueError, match="needs the rate"):
        solve(_EMPTY, Objective.MIN_COST_FOR_RATE)
