"""Whether a solution is what it says: possible, and the best there is. The solver has no part in it.

That a flow is the largest shows in a cut: no path of open changes leads from a hub that has stock left to the sink.
That it is the cheapest shows in potentials, under which no open change has a negative reduced cost; they exist just
where no circle of changes makes the plan cheaper, and are the lengths of shortest paths.
"""

from fractions import Fraction

import numpy as np

from app.transport.graph import FRESH, PRIOR, SINK, Graph
from app.transport.network import NONE, Network, Whole, check_network
from app.transport.potentials import open_changes
from app.transport.rates import Base, Goal, goal_of
from app.transport.residual import Residual, distances, reachable
from app.transport.solver import Objective, Solution


def verify(
    network: Network,
    objective: Objective,
    solution: Solution,
    *,
    base: Base | None = None,
    target_pct: Fraction | None = None,
) -> list[str]:
    """Return what is wrong with a solution, in words; nothing if it is possible and optimal."""
    check_network(network)
    graph = Graph(network)
    if faults := _impossible(graph, solution):
        return faults
    goal = None
    if objective == Objective.MIN_COST_FOR_RATE:
        if base is None or target_pct is None:
            return ["A plan for a rate has no rate, or not the terms that no plan changes"]
        goal = goal_of(base, target_pct)
    if solution.goal != goal:
        return [f"The solution is for another rate: {solution.goal}, not {goal}"]
    if goal is None or not solution.is_reached:
        return [*_short_of_most(graph, objective, solution), *_missed(goal, solution)]
    return _dearer_than_needed(graph, objective, solution, goal)


def _impossible(graph: Graph, solution: Solution) -> list[str]:
    network = graph.network
    if solution.flow_kg.shape != (network.arcs,) or solution.carried_kg.shape != (network.sources,):
        return ["The solution is of another network: it has not one flow for each arc and source"]
    if (solution.flow_kg < 0).any() or (solution.carried_kg < 0).any():
        return ["A flow is negative"]
    faults = []
    if solution.carried_kg[network.carried_to == NONE].any():
        faults.append("A source passes something on that has nowhere to pass it")
    flow = graph.flow_of(solution.flow_kg, solution.carried_kg)
    entering, _, _, leaving, leaving_groups = np.split(flow, graph.bounds[1:-1])
    faults += _beyond("Source", entering, network.source_kg)
    faults += _beyond("Demand", leaving, network.demand_kg)
    faults += _beyond("Shared capacity", leaving_groups, network.group_kg)
    if (said := (solution.fresh_kg, solution.prior_kg)) != (sent := graph.sent(flow)):
        faults.append(f"Flows send {sent} kg of fresh waste and earlier stock, the solution says {said}")
    return faults


def _beyond(what: str, kg: Whole, most: Whole) -> list[str]:
    """Return where flows are beyond what a place has; a source that sends less than nothing got what none has sent."""
    faults = [f"{what} {place}: {kg[place]} kg of {most[place]} kg" for place in np.flatnonzero(kg > most)]
    return faults + [f"{what} {place}: more is carried to it than leaves it" for place in np.flatnonzero(kg < 0)]


def _short_of_most(graph: Graph, objective: Objective, solution: Solution) -> list[str]:
    """Return whether more, more fresh waste, or the same at less cost could be placed."""
    residual, _ = open_changes(graph, objective, solution)
    from_fresh = reachable(residual, np.array([FRESH]))
    faults = []
    if from_fresh[SINK] or reachable(residual, np.array([PRIOR]))[SINK]:
        faults.append("More can be placed: a path of open changes leads from what is left to room that is left")
    if from_fresh[PRIOR]:
        faults.append("More fresh waste can be placed in place of earlier stock")
    said = (solution.most_fresh_kg, solution.most_kg)
    if not faults and said != (most := (solution.fresh_kg, solution.allocated_kg)):
        faults.append(f"The most of fresh waste and of all is {most} kg, not {said}")
    return faults + _cheaper(residual)


def _cheaper(residual: Residual) -> list[str]:
    potentials = distances(residual, np.arange(residual.nodes))
    if potentials is None:
        return ["The same can be had for less: a circle of open changes has a negative cost"]
    reduced = residual.cost + potentials[residual.tail] - potentials[residual.head]
    return ["A reduced cost is negative"] if (reduced < 0).any() else []


def _missed(goal: Goal | None, solution: Solution) -> list[str]:
    if goal is not None and goal.is_reached(solution.fresh_kg, solution.prior_kg):
        return ["The rate is reached, which the solution denies"]
    return []


def _dearer_than_needed(graph: Graph, objective: Objective, solution: Solution, goal: Goal) -> list[str]:
    """Return what keeps a plan for a rate from being the cheapest, up to the price of a kilogram.

    Any flow that reaches the goal costs at least what the cheapest costs with what is sent earning the price, plus the
    price of the goal: the plan costs more by the price of what it goes beyond the goal.
    """
    excess = goal.weight(solution.fresh_kg, solution.prior_kg) - goal.least
    if excess < 0:
        return ["The rate is not reached, which the solution says"]
    if solution.price_of_rate is None or solution.price_of_rate < 0:
        return ["What the rate costs at its margin is missing, or negative"]
    if solution.price_of_rate and excess >= goal.fresh:
        return ["The plan goes beyond the rate although that costs"]
    return _cheaper(open_changes(graph, objective, solution)[0])
