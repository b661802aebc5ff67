"""OR-Tools' solvers of flows, asked the questions of a plan.

They compute in 64 bits. Costs are multiplied by the number of nodes inside and must stay below 2**62 then; what can
come to or leave a node must stay below 2**63. What `check_network` lets pass keeps far away from both: 10**8 a haul,
threefold, for a million nodes is 3 * 10**14, and the potentials sum that up along a path. The status is looked at
all the same, since an overflow on the way is reported there and nowhere else.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.transport.graph import FRESH, PRIOR, SINK, Graph
from app.transport.network import Whole


@dataclass(frozen=True)
class Unused:
    """How much of what a hub has may stay unused, and what each kilogram of it costs."""

    hub: int
    kg: int
    cost: int = 0


def most_fresh(graph: Graph) -> int:
    """Return how much fresh waste alone can be placed."""
    return _most(graph, [FRESH])


def most_of_all(graph: Graph) -> int:
    """Return how much fresh waste and earlier stock together can be placed."""
    return _most(graph, [FRESH, PRIOR])


def _most(graph: Graph, hubs: Sequence[int]) -> int:
    # OR-Tools takes a moment to load, which the start of the service need not wait for.
    from ortools.graph.python import max_flow  # noqa: PLC0415

    solver = max_flow.SimpleMaxFlow()
    everything = int(graph.network.source_kg.sum())
    origin = graph.nodes
    solver.add_arcs_with_capacity(
        np.concatenate([graph.tail, [origin] * len(hubs)]).astype(np.int32),
        np.concatenate([graph.head, hubs]).astype(np.int32),
        np.concatenate([graph.capacity, [everything] * len(hubs)]).astype(np.int64),
    )
    if (status := solver.solve(origin, SINK)) != solver.OPTIMAL:
        raise RuntimeError(f"The most that can be placed was not found: {status}")
    return int(solver.optimal_flow())


def cheapest(graph: Graph, costs: Whole, fresh_kg: int, prior_kg: int, unused: Sequence[Unused] = ()) -> Whole:
    """Return the flow of least cost that places these kilograms exactly, but for what may stay unused."""
    from ortools.graph.python import min_cost_flow  # noqa: PLC0415 - as above

    solver = min_cost_flow.SimpleMinCostFlow()
    solver.add_arcs_with_capacity_and_unit_cost(
        np.concatenate([graph.tail, [each.hub for each in unused]]).astype(np.int32),
        np.concatenate([graph.head, [SINK] * len(unused)]).astype(np.int32),
        np.concatenate([graph.capacity, [each.kg for each in unused]]).astype(np.int64),
        np.concatenate([costs, [each.cost for each in unused]]).astype(np.int64),
    )
    solver.set_nodes_supplies(
        np.array([FRESH, PRIOR, SINK], np.int32), np.array([fresh_kg, prior_kg, -fresh_kg - prior_kg], np.int64)
    )
    if (status := solver.solve()) != solver.OPTIMAL:
        raise RuntimeError(f"The cheapest flow was not found: {status}")
    return np.asarray(solver.flows(np.arange(graph.arcs, dtype=np.int32)), np.int64)
