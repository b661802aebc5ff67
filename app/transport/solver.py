"""The plan itself: who takes what, by three objectives."""

from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction

from app.transport.graph import Graph
from app.transport.least_cost import Offer, least_cost
from app.transport.network import Network, Whole, check_network
from app.transport.rates import Base, Goal, goal_of
from app.transport.routing import cheapest, most_fresh, most_of_all


class Objective(StrEnum):
    """What a plan seeks, in this order."""

    MAX_UTILISATION_THEN_MIN_COST = "max_utilisation_then_min_cost"
    MIN_COST_FOR_RATE = "min_cost_for_rate"
    MIN_TONNE_KM = "min_tonne_km"


@dataclass(frozen=True)
class Solution:
    """Kilograms on each arc, and what each source passes on, in the order of the network."""

    flow_kg: Whole
    carried_kg: Whole
    fresh_kg: int
    prior_kg: int
    #: The most fresh waste that can be placed, and the most of fresh waste and earlier stock together.
    most_fresh_kg: int
    most_kg: int
    #: Whether the rate asked for is reached; without one, True.
    is_reached: bool = True
    #: What the goal costs at the margin, by weight (rates.Goal), where a rate was asked for and is reached.
    price_of_rate: Fraction | None = None
    #: The rate asked for, if one was.
    goal: Goal | None = None

    @property
    def allocated_kg(self) -> int:
        """Return what is placed in all."""
        return self.fresh_kg + self.prior_kg


def solve(
    network: Network, objective: Objective, *, base: Base | None = None, target_pct: Fraction | None = None
) -> Solution:
    """Return the plan of a network; the same network gives the same plan, an empty one an empty plan.

    The rate that MIN_COST_FOR_RATE asks for is `target_pct`, on the terms of `base`. Where it cannot be reached the
    answer is what comes nearest to it: the plan of MAX_UTILISATION_THEN_MIN_COST, which has the highest rate there is.
    """
    check_network(network)
    graph = Graph(network)
    offer = Offer(fresh_kg=most_fresh(graph), total_kg=most_of_all(graph))
    per_haul = network.metres if objective == Objective.MIN_TONNE_KM else network.cost_fen_per_t
    costs = graph.costs(per_haul)
    if objective != Objective.MIN_COST_FOR_RATE:
        return _solution(graph, most_at_least_cost(graph, costs, offer), offer)
    if base is None or target_pct is None:
        raise ValueError("A plan for a rate needs the rate, and the terms that no plan changes")
    goal = goal_of(base, target_pct)
    if not goal.is_reached(offer.fresh_kg, offer.prior_kg):
        return replace(_solution(graph, most_at_least_cost(graph, costs, offer), offer), is_reached=False, goal=goal)
    flow, price = least_cost(graph, costs, offer, goal)
    return replace(_solution(graph, flow, offer), price_of_rate=price, goal=goal)


def most_at_least_cost(graph: Graph, costs: Whole, offer: Offer) -> Whole:
    """Return the cheapest flow that places most, and most fresh waste among what places most.

    Both at once are always possible: beginning with a flow of the most fresh waste, paths that add earlier stock only
    ever add to what the hubs send out, since no path comes back to where it begins; and where none is left the flow
    is the largest. So the fresh waste is F, earlier stock the largest flow less F, and no cost needs to be weighed
    against tonnes.
    """
    return cheapest(graph, costs, offer.fresh_kg, offer.prior_kg)


def _solution(graph: Graph, flow: Whole, offer: Offer) -> Solution:
    fresh, prior = graph.sent(flow)
    return Solution(graph.hauled(flow), graph.carried(flow), fresh, prior, offer.fresh_kg, offer.total_kg)
