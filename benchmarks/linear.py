"""A plan as a linear programme, solved by OR-Tools' MathOpt: what the flows of app/transport are held against."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from ortools.math_opt.python import mathopt

from app.transport.network import NONE, Network
from app.transport.rates import Goal

#: What two solutions may differ by in floating point, as a share.
TOLERANCE = 1e-7


@dataclass(frozen=True)
class Programme:
    """The programme of a network, in tonnes."""

    model: mathopt.Model
    hauled: Sequence[mathopt.Variable]
    fresh: mathopt.LinearExpression
    prior: mathopt.LinearExpression


@dataclass(frozen=True)
class Optimum:
    """The best value, in tonnes times the cost of each, and the seconds that the solver itself took."""

    value: float
    seconds: float


def programme_of(network: Network) -> Programme:
    """Return the programme of a network: every flow that is possible, and no objective yet."""
    model = mathopt.Model()
    hauled = [model.add_variable(lb=0) for _ in range(network.arcs)]
    sent = [model.add_variable(lb=0, ub=kg / 1000) for kg in network.source_kg.tolist()]
    stock = [model.add_linear_constraint(lb=0, ub=0) for _ in sent]
    rooms = [model.add_linear_constraint(ub=kg / 1000) for kg in network.demand_kg.tolist()]
    shared = [model.add_linear_constraint(ub=kg / 1000) for kg in network.group_kg.tolist()]
    for source, onward in enumerate(network.carried_to.tolist()):
        stock[source].set_coefficient(sent[source], 1)
        if onward != NONE:
            carried = model.add_variable(lb=0)
            stock[source].set_coefficient(carried, -1)
            stock[onward].set_coefficient(carried, 1)
    groups = network.demand_group.tolist()
    for haul, source, demand in zip(hauled, network.tail.tolist(), network.head.tolist(), strict=True):
        stock[source].set_coefficient(haul, -1)
        rooms[demand].set_coefficient(haul, 1)
        if groups[demand] != NONE:
            shared[groups[demand]].set_coefficient(haul, 1)
    pairs = list(zip(sent, network.is_prior.tolist(), strict=True))
    fresh = mathopt.fast_sum([each for each, is_prior in pairs if not is_prior])
    return Programme(model, hauled, fresh, mathopt.fast_sum([each for each, is_prior in pairs if is_prior]))


def most_at_least_cost(network: Network, per_tonne: Sequence[int], solver: mathopt.SolverType) -> list[Optimum]:
    """Return the most tonnes, the most fresh ones among these, and the least cost of that, each found in turn."""
    programme = programme_of(network)
    model = programme.model
    found = []
    for aim in (programme.fresh + programme.prior, programme.fresh):
        found.append(_best(model, aim, solver, is_maximize=True))
        model.add_linear_constraint(aim >= found[-1].value * (1 - TOLERANCE / 100))
    return [*found, _best(model, _cost(programme, per_tonne), solver, is_maximize=False)]


def least_cost_of(
    network: Network, per_tonne: Sequence[int], fresh_t: float, prior_t: float, solver: mathopt.SolverType
) -> Optimum:
    """Return the least cost of placing so much."""
    programme = programme_of(network)
    programme.model.add_linear_constraint(programme.fresh == fresh_t)
    programme.model.add_linear_constraint(programme.prior == prior_t)
    return _best(programme.model, _cost(programme, per_tonne), solver, is_maximize=False)


def least_cost_for(network: Network, goal: Goal, solver: mathopt.SolverType) -> Optimum:
    """Return the least cost that reaches a goal."""
    programme = programme_of(network)
    reached = programme.fresh * goal.fresh + programme.prior * goal.prior
    programme.model.add_linear_constraint(reached >= goal.least / 1000)
    return _best(programme.model, _cost(programme, network.cost_fen_per_t.tolist()), solver, is_maximize=False)


def _cost(programme: Programme, per_tonne: Sequence[int]) -> mathopt.LinearExpression:
    return mathopt.fast_sum([each * haul for each, haul in zip(per_tonne, programme.hauled, strict=True)])


def _best(
    model: mathopt.Model, aim: mathopt.LinearExpression, solver: mathopt.SolverType, *, is_maximize: bool
) -> Optimum:
    model.set_objective(aim, is_maximize=is_maximize)
    result = mathopt.solve(model, solver)
    if result.termination.reason != mathopt.TerminationReason.OPTIMAL:
        raise RuntimeError(f"The linear programme was not solved: {result.termination}")
    took: timedelta = result.solve_time()
    return Optimum(result.objective_value(), took.total_seconds())
