"""The cheapest flow that reaches a rate.

Fresh kilograms f and prior ones o count differently towards a rate (rates.Goal), so that it is one condition across two
hubs, which no flow of least cost knows. With a price for the goal it becomes one: every kilogram sent earns the price
times what it weighs. The weight of the cheapest flow grows with the price, and at one price it steps over the goal: two
flows, one short of it and one not, are both cheapest there, and so is every mixture of them. That price is found by
drawing the line between a flow short of the goal and one that reaches it, and asking for a flow below the line, until
there is none: it ends since each flow found is a corner, and none is found twice.

Between the two flows the whole kilograms are walked until the goal is reached. Each step stays among the cheapest at
that price (what hubs can send at one price is bounded for f, for o and for f + o alone), so the answer costs what the
best in fractions of a kilogram costs, and less than the price of one kilogram more.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from app.transport.graph import FRESH, PRIOR, SINK, Graph
from app.transport.network import Whole, total_cost
from app.transport.rates import Goal
from app.transport.residual import FAR, Residual, distances, residual_of
from app.transport.routing import Unused, cheapest

#: Costs are computed in thirds (see _in_thirds).
_PARTS = 3


@dataclass(frozen=True)
class Offer:
    """The most fresh waste that can be placed, and the most of fresh waste and earlier stock together."""

    fresh_kg: int
    total_kg: int

    @property
    def prior_kg(self) -> int:
        """Return the earlier stock that can be placed beside the most fresh waste."""
        return self.total_kg - self.fresh_kg


@dataclass(frozen=True)
class _Corner:
    """A flow by what it sends, what that weighs towards the goal, and what it costs (fen a tonne, times kilograms)."""

    fresh_kg: int
    prior_kg: int
    weight: int
    cost: int

    def at(self, price: Fraction) -> Fraction:
        return self.cost - price * self.weight


@dataclass(frozen=True)
class _Market:
    graph: Graph
    costs: Whole
    offer: Offer
    goal: Goal

    def corner(self, flow: Whole) -> _Corner:
        fresh, prior = self.graph.sent(flow)
        return _Corner(fresh, prior, self.goal.weight(fresh, prior), total_cost(flow, self.costs))

    def cheapest_at(self, price: Fraction) -> Whole:
        """Return the cheapest flow where what is sent earns a price."""
        fresh, prior = _in_thirds(price * self.goal.fresh, price * self.goal.prior)
        stock = int(self.graph.network.source_kg[self.graph.network.is_prior].sum())
        unused = [Unused(FRESH, self.offer.fresh_kg, fresh), Unused(PRIOR, stock, prior)]
        return cheapest(self.graph, self.costs * _PARTS, self.offer.fresh_kg, stock, unused)


def least_cost(graph: Graph, costs: Whole, offer: Offer, goal: Goal) -> tuple[Whole, Fraction]:
    """Return the cheapest flow that reaches a goal which can be reached, and the price of its weight at the margin."""
    market = _Market(graph, costs, offer, goal)
    free = market.cheapest_at(Fraction(0))
    if goal.is_reached(*graph.sent(free)):
        return free, Fraction(0)
    if not goal.prior or not graph.network.is_prior.any():
        return _by_fresh_alone(market)
    most = cheapest(graph, costs, offer.fresh_kg, offer.prior_kg)
    short, beyond, price = _straddle(market, market.corner(free), market.corner(most))
    return cheapest(graph, costs, *_first_to_reach(goal, short, beyond)), price


def _by_fresh_alone(market: _Market) -> tuple[Whole, Fraction]:
    """Return the cheapest flow where only fresh kilograms count: so many of them have to be sent, the rest may be."""
    goal, offer, graph = market.goal, market.offer, market.graph
    stock = int(graph.network.source_kg[graph.network.is_prior].sum())
    needed = -(-goal.least // goal.fresh)
    unused = [Unused(FRESH, offer.fresh_kg - needed), Unused(PRIOR, stock)]
    flow = cheapest(graph, market.costs, offer.fresh_kg, stock, unused)
    residual = residual_of(graph, flow, market.costs, [(PRIOR, SINK, 0), (SINK, PRIOR, 0)])
    price = _length(residual, FRESH, SINK)
    if price is None:
        # All fresh waste is needed: what the last kilogram costs.
        price = -(_length(residual, SINK, FRESH) or 0)
    return flow, Fraction(price, goal.fresh)


def _straddle(market: _Market, short: _Corner, beyond: _Corner) -> tuple[_Corner, _Corner, Fraction]:
    """Return two flows that are both cheapest at one price, the first short of the goal, the second not."""
    while True:
        price = Fraction(beyond.cost - short.cost, beyond.weight - short.weight)
        between = market.corner(market.cheapest_at(price))
        if between.at(price) >= short.at(price):
            return short, beyond, price
        if between.weight < market.goal.least:
            short = between
        else:
            beyond = between


def _first_to_reach(goal: Goal, short: _Corner, beyond: _Corner) -> tuple[int, int]:
    """Return the first whole kilograms on the way between two flows that reach the goal: steps that add weight alone.

    Fresh before prior where both grow; one for the other where one shrinks; and the way never leaves the box of the
    two, nor goes beyond either in f + o.
    """
    more_fresh, more_prior = beyond.fresh_kg - short.fresh_kg, beyond.prior_kg - short.prior_kg
    if more_fresh >= 0 and more_prior >= 0:
        steps = [(1, 0, more_fresh), (0, 1, more_prior)]
    elif more_fresh > 0:
        steps = [(1, -1, min(more_fresh, -more_prior)), (1, 0, max(0, more_fresh + more_prior))]
    else:
        steps = [(0, 1, more_fresh + more_prior)]
    fresh, prior = short.fresh_kg, short.prior_kg
    for of_fresh, of_prior, most in steps:
        lacking = goal.least - goal.weight(fresh, prior)
        count = min(most, -(-lacking // goal.weight(of_fresh, of_prior))) if lacking > 0 else 0
        fresh, prior = fresh + count * of_fresh, prior + count * of_prior
    return fresh, prior


def _in_thirds(fresh: Fraction, prior: Fraction) -> tuple[int, int]:
    """Return whole numbers that lie among the multiples of three as two prices lie among whole numbers.

    Whether a circle of arcs makes a flow cheaper depends on its cost, a whole number, against the one price, the other
    or their difference; so the solver needs to know of them only which whole numbers they lie between, and which of
    the two parts left over is larger. Costs threefold make room for that, and no price is ever rounded.
    """
    parts = sorted({fresh % 1, prior % 1, Fraction(0)})
    return (fresh // 1) * _PARTS + parts.index(fresh % 1), (prior // 1) * _PARTS + parts.index(prior % 1)


def _length(residual: Residual, origin: int, end: int) -> int | None:
    """Return the length of the shortest path between two nodes of what a cheapest flow leaves open, if there is one."""
    distance = distances(residual, np.array([origin]))
    return None if distance is None or distance[end] == FAR else int(distance[end])
