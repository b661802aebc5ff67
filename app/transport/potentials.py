"""Prices at the margin: what one more tonne at a source, or of room at a demand, brings.

A plan is settled in stages: most tonnes, then most fresh ones among these, then least cost. So is a price: what is
gained in tonnes, what in fresh tonnes, and by how much the cost changes with that. Each is the length of a shortest
path over what the plan leaves open, from where the tonne begins to where its effect ends: at the sink it is placed in
addition; at a hub something of that hub stays behind in its place.

A price holds exactly for one kilogram more, whatever the network, since flows are whole kilograms and one of them
always fits on a path. It holds for a tonne, and further, while the path has room; beyond that each kilogram brings at
most what the one before brought.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.transport.graph import FRESH, PRIOR, SINK, Graph
from app.transport.network import Flags, Network, Whole
from app.transport.residual import FAR, Residual, distances, residual_of
from app.transport.solver import Objective, Solution


@dataclass(frozen=True)
class Margin:
    """What one more brings at each place."""

    #: 1 where it is placed, or lets something else be placed, in addition.
    allocated: Whole
    #: 1 where fresh waste is used in addition, be it in place of earlier stock.
    fresh: Whole
    #: Change of the cost of the plan per tonne, in fen, or in metres if those are what the plan seeks least of.
    cost: Whole


@dataclass(frozen=True)
class Prices:
    """Margins of sources, of demands (room beside any capacity they share), and of shared capacities."""

    sources: Margin
    demands: Margin
    groups: Margin


def prices(network: Network, objective: Objective, solution: Solution) -> Prices:
    """Return the prices at the margin of an optimal solution; of one that is not, ValueError.

    A plan for a rate that is reached gains no tonnes by them but lower cost, at what the rate costs at its margin
    (down to whole fen, where that is a fraction).
    """
    graph = Graph(network)
    residual, scale = open_changes(graph, objective, solution)
    starts = _lengths(residual)
    ends = {end: length[3 : graph.first_demand] for end, length in _lengths(residual.turned()).items()}
    is_staged = solution.price_of_rate is None
    own = np.where(network.is_prior, ends[PRIOR], ends[FRESH])
    instead_of_prior = np.where(network.is_prior, FAR, ends[PRIOR])
    return Prices(
        _margin([(ends[SINK], 1, ~network.is_prior), (instead_of_prior, 0, True)] if is_staged else [], own, scale),
        *(
            _margin([(start[FRESH], 1, True), (start[PRIOR], 1, False)] if is_staged else [], start[SINK], scale)
            for start in (
                {hub: length[place] for hub, length in starts.items()}
                for place in (slice(graph.first_demand, graph.first_group), slice(graph.first_group, None))
            )
        ),
    )


def open_changes(graph: Graph, objective: Objective, solution: Solution) -> tuple[Residual, int]:
    """Return what a solution leaves open, and by how much its costs are multiplied to be whole.

    Where a rate has a price, what hubs send out may change as well, and each kilogram of it earns its price.
    """
    network = graph.network
    flow = graph.flow_of(solution.flow_kg, solution.carried_kg)
    costs = graph.costs(network.metres if objective == Objective.MIN_TONNE_KM else network.cost_fen_per_t)
    if solution.price_of_rate is None or solution.goal is None:
        return residual_of(graph, flow, costs), 1
    earned = {
        FRESH: solution.price_of_rate * solution.goal.fresh,
        PRIOR: solution.price_of_rate * solution.goal.prior,
    }
    scale = math.lcm(*(price.denominator for price in earned.values()))
    more = [(hub, SINK, int(price * scale)) for hub, price in earned.items()]
    more += [(SINK, hub, -int(price * scale)) for hub, price in earned.items()]
    return residual_of(graph, flow, costs * scale, more), scale


def _lengths(residual: Residual) -> dict[int, Whole]:
    lengths = {}
    for hub in (FRESH, PRIOR, SINK):
        found = distances(residual, np.array([hub]))
        if found is None:
            raise ValueError("The solution is not the best: something in it can change for the better")
        lengths[hub] = found
    return lengths


def _margin(stages: Sequence[tuple[Whole, int, Flags | bool]], otherwise: Whole, scale: int) -> Margin:
    """Return the gains of the first stage that a path exists for; otherwise what is saved without any, if anything."""
    allocated, fresh = np.zeros(len(otherwise), np.int64), np.zeros(len(otherwise), np.int64)
    cost = np.minimum(otherwise, 0)
    for length, gained, gained_fresh in reversed(stages):
        gains = length < FAR
        allocated[gains] = gained
        fresh = np.where(gains, gained_fresh, fresh).astype(np.int64)
        cost = np.where(gains, length, cost)
    return Margin(allocated, fresh, cost // scale)
