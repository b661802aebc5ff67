"""Hauls as early as they cost no more: a stream is used in the month that it is of, and stored only where that helps.

The solver knows no difference between using a tonne now and storing it for the same demand at the same cost. Pure.
"""

from dataclasses import replace

import numpy as np

from app.transport.network import Network
from app.transport.solver import Solution


def hasten(network: Network, solution: Solution) -> Solution:
    """Return a solution of the same hauls, costs and distances in which nothing is carried on without need."""
    passing = np.flatnonzero(solution.carried_kg)
    if not len(passing):
        return solution
    flow_kg, carried_kg = solution.flow_kg.copy(), solution.carried_kg.copy()
    first = np.searchsorted(network.tail, np.arange(network.sources + 1))  # arcs are in the order of their sources
    alike = {
        _kind(network, arc): arc for source in passing.tolist() for arc in range(*first[source : source + 2].tolist())
    }
    for source in passing[::-1].tolist():  # the latest first: what comes to an earlier month may go on to one before
        later = int(network.carried_to[source])
        for arc in range(*first[later : later + 2].tolist()):
            earlier = alike.get((source, *_kind(network, arc)[1:]))
            moved = min(int(flow_kg[arc]), int(carried_kg[source]))
            if earlier is not None and moved:
                flow_kg[arc] -= moved
                flow_kg[earlier] += moved
                carried_kg[source] -= moved
    return replace(solution, flow_kg=flow_kg, carried_kg=carried_kg)


def _kind(network: Network, arc: int) -> tuple[int, int, int, int]:
    """Return where a haul begins and ends, and what it costs."""
    ends = int(network.tail[arc]), int(network.head[arc])
    return *ends, int(network.cost_fen_per_t[arc]), int(network.metres[arc])
