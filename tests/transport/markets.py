"""Random markets of any size, and two independent ways to the best plan: trying everything, and a linear programme."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from app.transport.network import NONE, Network
from app.transport.rates import Base

Random = np.random.Generator
ONE_KG = 1


def make_network(
    *,
    source_kg: list[int],
    demand_kg: list[int],
    arcs: list[tuple[int, int, int, int]],
    prior: tuple[int, ...] = (),
    carried_to: list[int] | None = None,
    demand_group: list[int] | None = None,
    group_kg: list[int] | None = None,
) -> Network:
    """Return a network written by hand; arcs are source, demand, fen a tonne and metres."""
    columns = np.array(arcs, np.int64).reshape(-1, 4).T
    return Network(
        np.array(source_kg, np.int64),
        np.isin(np.arange(len(source_kg)), prior),
        np.array(carried_to or [NONE] * len(source_kg), np.int64),
        np.array(demand_kg, np.int64),
        np.array(demand_group or [NONE] * len(demand_kg), np.int64),
        np.array(group_kg or [], np.int64),
        *columns,
    )


def random_network(
    random: Random, *, sources: int, demands: int, arcs: int, most_kg: int, groups: int = 0, cost: int = 9
) -> Network:
    """Return a market with earlier stock, months that follow each other, shared capacities and negative costs."""
    is_prior = random.random(sources) < random.choice([0, 0.3, 0.6])
    carried_to = np.full(sources, NONE)
    for source in range(sources - 1):
        onward = int(random.integers(source + 1, sources))
        if random.random() < 0.4 and is_prior[onward] == is_prior[source]:
            carried_to[source] = onward
    return Network(
        random.integers(0, most_kg + 1, sources),
        is_prior,
        carried_to,
        random.integers(0, most_kg + 1, demands),
        random.integers(NONE, groups, demands) if groups else np.full(demands, NONE),
        random.integers(0, 2 * most_kg, groups),
        random.integers(0, sources, arcs),
        random.integers(0, demands, arcs),
        random.integers(-cost, cost + 1, arcs),
        random.integers(0, cost + 1, arcs),
    )


def random_base(random: Random, network: Network) -> Base:
    """Return terms of a rate on which the market's plans matter."""
    fresh = int(network.source_kg[~network.is_prior].sum())
    prior = int(random.integers(0, 3))
    return Base(prior + int(random.integers(0, 3)), prior, max(1, fresh + int(random.integers(-2, 5))))


def random_rate(random: Random) -> Fraction:
    """Return a rate to ask for, in per cent."""
    return Fraction(int(random.integers(0, 401)), 4)


@dataclass(frozen=True)
class Outcome:
    """What a plan comes to; costs are kilograms times fen a tonne."""

    fresh_kg: int
    prior_kg: int
    cost: int
    kg_metres: int


def every_outcome(network: Network) -> Iterator[Outcome]:
    """Yield what every plan in whole kilograms comes to."""
    most = int(max([*network.source_kg.cumsum(), 0]))
    hauls = [range(min(most, int(network.demand_kg[head])) + 1) for head in network.head]
    carries = [range(most + 1 if onward != NONE else 1) for onward in network.carried_to]
    for flow in itertools.product(*hauls):
        if not _fits(network, flow):
            continue
        out = [0] * network.sources
        for source, kg in zip(network.tail.tolist(), flow, strict=True):
            out[source] += kg
        cost = sum(kg * int(each) for kg, each in zip(flow, network.cost_fen_per_t, strict=True))
        kg_metres = sum(kg * int(each) for kg, each in zip(flow, network.metres, strict=True))
        for carried in itertools.product(*carries):
            entering = [kg + passed for kg, passed in zip(out, carried, strict=True)]
            for onward, passed in zip(network.carried_to.tolist(), carried, strict=True):
                if onward != NONE:
                    entering[onward] -= passed
            if all(0 <= kg <= has for kg, has in zip(entering, network.source_kg.tolist(), strict=True)):
                prior = sum(kg for kg, is_prior in zip(entering, network.is_prior, strict=True) if is_prior)
                yield Outcome(sum(entering) - prior, prior, cost, kg_metres)


def _fits(network: Network, flow: tuple[int, ...]) -> bool:
    rooms, groups = network.demand_kg.tolist(), network.group_kg.tolist()
    for demand, kg in zip(network.head.tolist(), flow, strict=True):
        rooms[demand] -= kg
        if network.demand_group[demand] != NONE:
            groups[network.demand_group[demand]] -= kg
    return all(room >= 0 for room in [*rooms, *groups])


def more_at_source(network: Network, source: int, kg: int = ONE_KG) -> Network:
    """Return the market with more at a source."""
    return replace(network, source_kg=network.source_kg + kg * (np.arange(network.sources) == source))


def more_at_group(network: Network, group: int, kg: int = ONE_KG) -> Network:
    """Return the market with more of a shared capacity."""
    return replace(network, group_kg=network.group_kg + kg * (np.arange(network.groups) == group))


def more_at_demand(network: Network, demand: int, kg: int = ONE_KG) -> Network:
    """Return the market with more room for a demand, beside any capacity it shares: a twin with the same hauls."""
    twin = np.flatnonzero(network.head == demand)
    return replace(
        network,
        demand_kg=np.append(network.demand_kg, kg),
        demand_group=np.append(network.demand_group, NONE),
        tail=np.append(network.tail, network.tail[twin]),
        head=np.append(network.head, np.full(len(twin), network.demands)),
        cost_fen_per_t=np.append(network.cost_fen_per_t, network.cost_fen_per_t[twin]),
        metres=np.append(network.metres, network.metres[twin]),
    )
