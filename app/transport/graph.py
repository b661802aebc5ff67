"""A network as one graph of flows: hubs of fresh and prior stock, sources, demands, shared capacities and a sink.

hub -> source (what it brings) -> source a month later (what is carried) -> demand (hauls, bounded by both ends) ->
shared capacity -> sink. Each kind of arc lies together, hauls in an order of their own that does not depend on the
order in which they were found, so that the same market gives the same plan.
"""

from functools import cached_property

import numpy as np

from app.transport.network import NONE, Network, Whole

FRESH, PRIOR, SINK = 0, 1, 2
_FIRST_SOURCE = 3


class Graph:
    """The arcs of a network; flows and costs are in the order of its arcs."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.first_demand = _FIRST_SOURCE + network.sources
        self.first_group = self.first_demand + network.demands
        self.nodes = self.first_group + network.groups
        self.order = _canonical_order(network)
        self.carrying = np.flatnonzero(network.carried_to != NONE)
        sizes = [network.sources, len(self.carrying), network.arcs, network.demands, network.groups]
        self.bounds = np.cumsum([0, *sizes]).tolist()

    @property
    def hauls(self) -> slice:
        """Return where the hauls lie among the arcs."""
        return slice(self.bounds[2], self.bounds[3])

    @property
    def unbounded(self) -> slice:
        """Return where the arcs lie that only their ends bound: carrying and hauls."""
        return slice(self.bounds[1], self.bounds[3])

    @property
    def arcs(self) -> int:
        """Return the number of arcs."""
        return int(self.bounds[-1])

    def source(self, indices: Whole) -> Whole:
        """Return the nodes of sources."""
        return indices + _FIRST_SOURCE

    def exits(self) -> Whole:
        """Return the node that each demand passes on to: its shared capacity, or the sink."""
        group = self.network.demand_group
        return np.where(group == NONE, SINK, group + self.first_group)

    @cached_property
    def tail(self) -> Whole:
        """Return the node where each arc begins."""
        network = self.network
        return np.concatenate(
            [
                np.where(network.is_prior, PRIOR, FRESH),
                self.source(self.carrying),
                self.source(network.tail[self.order]),
                np.arange(self.first_demand, self.nodes),
            ]
        )

    @cached_property
    def head(self) -> Whole:
        """Return the node where each arc ends."""
        network = self.network
        return np.concatenate(
            [
                self.source(np.arange(network.sources)),
                self.source(network.carried_to[self.carrying]),
                network.head[self.order] + self.first_demand,
                self.exits(),
                np.full(network.groups, SINK),
            ]
        )

    @cached_property
    def capacity(self) -> Whole:
        """Return what each arc can take; carrying and hauls as much as can come to them at all."""
        network = self.network
        coming = self._coming()
        hauled = np.minimum(coming[network.tail], network.demand_kg[network.head])[self.order]
        return np.concatenate([network.source_kg, coming[self.carrying], hauled, network.demand_kg, network.group_kg])

    def _coming(self) -> Whole:
        """Return what each source can have at most: its own, and all that can be carried to it."""
        coming = self.network.source_kg.copy()
        passing, kg = self.carrying, self.network.source_kg[self.carrying]
        while len(passing):
            onward = self.network.carried_to[passing]
            np.add.at(coming, onward, kg)
            further = self.network.carried_to[onward] != NONE
            passing, kg = onward[further], kg[further]
        return coming

    def costs(self, per_haul: Whole) -> Whole:
        """Return the cost of each arc, given that of each haul in the order of the network; only hauls cost."""
        costs = np.zeros(self.arcs, np.int64)
        costs[self.hauls] = per_haul[self.order]
        return costs

    def flow_of(self, hauled: Whole, carried: Whole) -> Whole:
        """Return the flow on every arc, given hauls and what is carried from each source, as a solution has them."""
        network = self.network
        entering = carried + _sum_at(network.tail, hauled, network.sources)
        entering -= _sum_at(network.carried_to[self.carrying], carried[self.carrying], network.sources)
        leaving = _sum_at(network.head, hauled, network.demands)
        grouped = network.demand_group != NONE
        groups = _sum_at(network.demand_group[grouped], leaving[grouped], network.groups)
        return np.concatenate([entering, carried[self.carrying], hauled[self.order], leaving, groups])

    def sent(self, flow: Whole) -> tuple[int, int]:
        """Return how much fresh waste and how much earlier stock the hubs send out."""
        entering = flow[: self.network.sources]
        prior = int(entering[self.network.is_prior].sum())
        return int(entering.sum()) - prior, prior

    def hauled(self, flow: Whole) -> Whole:
        """Return the flow of each haul, in the order of the network."""
        hauled = np.empty(self.network.arcs, np.int64)
        hauled[self.order] = flow[self.hauls]
        return hauled

    def carried(self, flow: Whole) -> Whole:
        """Return what each source passes on."""
        carried = np.zeros(self.network.sources, np.int64)
        carried[self.carrying] = flow[self.bounds[1] : self.bounds[2]]
        return carried


def _canonical_order(network: Network) -> Whole:
    """Return the hauls by source and demand, and where there are several from one to the other by cost and distance."""
    pairs = network.tail * network.demands + network.head
    order = np.argsort(pairs, kind="stable")
    if (np.diff(pairs[order]) == 0).any():
        return np.lexsort((network.metres, network.cost_fen_per_t, pairs))
    return order


def _sum_at(indices: Whole, kg: Whole, length: int) -> Whole:
    """Return sums by index; exact, which those of floating point (np.bincount) are not beyond 2**53."""
    sums = np.zeros(length, np.int64)
    np.add.at(sums, indices, kg)
    return sums
