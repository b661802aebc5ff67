"""What a flow leaves open: the arcs along which it can still change, and shortest paths over them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.transport.graph import Graph
from app.transport.network import Whole

#: Farther than any path: sums with it still fit into 64 bits.
FAR = np.int64(2**61)
#: After so many rounds predecessors are looked at for a circle.
_ROUNDS_BETWEEN_LOOKS = 32


@dataclass(frozen=True)
class Residual:
    """Arcs on which flow can grow, or shrink (turned round, at the cost with its sign changed), ordered by tail."""

    nodes: int
    tail: Whole
    head: Whole
    cost: Whole
    #: The arcs of each node begin here.
    begin: Whole

    def out_of(self, nodes: Whole) -> Whole:
        """Return the arcs that leave these nodes."""
        begin, counts = self.begin[nodes], self.begin[nodes + 1] - self.begin[nodes]
        before = np.cumsum(counts) - counts
        return np.repeat(begin - before, counts) + np.arange(counts.sum())

    def turned(self) -> "Residual":
        """Return the same with every arc turned round: distances from a node are those to it."""
        return arrange(self.nodes, self.head, self.tail, self.cost)


def arrange(nodes: int, tail: Whole, head: Whole, cost: Whole) -> Residual:
    """Return a residual of arcs in any order."""
    order = np.argsort(tail, kind="stable")
    begin = np.searchsorted(tail[order], np.arange(nodes + 1))
    return Residual(nodes, tail[order], head[order], cost[order], begin)


def residual_of(graph: Graph, flow: Whole, costs: Whole, more: Sequence[tuple[int, int, int]] = ()) -> Residual:
    """Return what a flow leaves open, and more arcs from, to and at the cost given.

    Carrying and hauls can always grow: what bounds them are their ends.
    """
    grows = flow < graph.capacity
    grows[graph.unbounded] = True
    shrinks = flow > 0
    added = np.array(more, np.int64).reshape(-1, 3).T
    return arrange(
        graph.nodes,
        np.concatenate([graph.tail[grows], graph.head[shrinks], added[0]]),
        np.concatenate([graph.head[grows], graph.tail[shrinks], added[1]]),
        np.concatenate([costs[grows], -costs[shrinks], added[2]]),
    )


def distances(residual: Residual, origins: Whole) -> Whole | None:
    """Return the length of the shortest path from any of the origins to each node, FAR where there is none.

    Bellman and Ford's rounds, of the nodes that came nearer in the round before; None if a circle has a negative
    length, so that no path is shortest. Such a circle shows among the predecessors long before rounds run out.
    """
    distance = np.full(residual.nodes, FAR)
    distance[origins] = 0
    parent = np.arange(residual.nodes)
    moved, rounds = origins, 0
    while len(moved):
        arcs = residual.out_of(moved)
        heads = residual.head[arcs]
        reach = distance[residual.tail[arcs]] + residual.cost[arcs]
        before = distance.copy()
        np.minimum.at(distance, heads, reach)
        nearest = (reach == distance[heads]) & (reach < before[heads])
        parent[heads[nearest]] = residual.tail[arcs[nearest]]
        moved = np.flatnonzero(distance < before)
        rounds += 1
        if rounds % _ROUNDS_BETWEEN_LOOKS == 0 and _has_circle(parent):
            return None
    return distance


def _has_circle(parent: Whole) -> bool:
    """Return whether following predecessors, from some node, never ends at a node that is its own."""
    end = parent
    for _ in range(len(parent).bit_length()):
        end = end[end]
    return bool((parent[end] != end).any())


def reachable(residual: Residual, origins: Whole) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return which nodes a path leads to from any of the origins."""
    reached = np.zeros(residual.nodes, np.bool_)
    reached[origins] = True
    newly = origins
    while len(newly):
        heads = residual.head[residual.out_of(newly)]
        newly = np.unique(heads[~reached[heads]])
        reached[newly] = True
    return reached
