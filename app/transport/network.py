"""Sources, demands and the hauls between them: what a plan is computed on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]
Flags = NDArray[np.bool_]

#: In `carried_to`: what is left over stays where it is; in `demand_group`: the demand shares its room with no other.
NONE = -1
#: Kilograms of all sources together: a hundred times what the country generates in a year.
MOST_KG = 10**15
#: The dearest haul, in fen a tonne or in metres. A path through the network must fit into 63 bits several times over.
MOST_COST = 10**8


@dataclass(frozen=True)
class Network:
    """Sources, demands and the hauls allowed between them, of one or more months."""

    #: What each source brings: a lot, one month of a recurring lot, or declared storage.
    source_kg: Whole
    #: Stock of earlier years: its use counts in numerator and denominator of the rate.
    is_prior: Flags
    #: The source that what is left over passes to (the same material a month later), or NONE.
    carried_to: Whole
    #: Room of each demand; of a recurring one there is an entry for every month.
    demand_kg: Whole
    #: The capacity that demands share (what is approved for a use at a site, in a month), or NONE.
    demand_group: Whole
    group_kg: Whole
    #: Source and demand of each arc.
    tail: Whole
    head: Whole
    #: Delivered cost of each arc: price of the lot and freight; negative where gate fees exceed freight.
    cost_fen_per_t: Whole
    #: Distance of each arc.
    metres: Whole

    @property
    def sources(self) -> int:
        """Return the number of sources."""
        return len(self.source_kg)

    @property
    def demands(self) -> int:
        """Return the number of demands."""
        return len(self.demand_kg)

    @property
    def groups(self) -> int:
        """Return the number of shared capacities."""
        return len(self.group_kg)

    @property
    def arcs(self) -> int:
        """Return the number of arcs."""
        return len(self.tail)


def check_network(network: Network) -> None:
    """Raise ValueError where the parts of a network do not fit together; an empty one is in order."""
    _check_lengths("source", network.source_kg, network.is_prior, network.carried_to)
    _check_lengths("demand", network.demand_kg, network.demand_group)
    _check_lengths("arc", network.tail, network.head, network.cost_fen_per_t, network.metres)
    _check_indices("carried_to", network.carried_to, NONE, network.sources)
    _check_indices("demand_group", network.demand_group, NONE, network.groups)
    _check_indices("tail", network.tail, 0, network.sources)
    _check_indices("head", network.head, 0, network.demands)
    for name in ("source_kg", "demand_kg", "group_kg"):
        kg = getattr(network, name)
        if (kg < 0).any() or (kg > MOST_KG).any() or sum(kg.tolist()) > MOST_KG:
            raise ValueError(f"{name}: not between 0 and {MOST_KG} in all")
    if (np.abs(network.cost_fen_per_t) > MOST_COST).any() or (network.metres < 0).any():
        raise ValueError(f"cost_fen_per_t: beyond {MOST_COST}, or metres below 0")
    if (network.metres > MOST_COST).any():
        raise ValueError(f"metres: beyond {MOST_COST}")
    _check_carrying(network)


def _check_lengths(what: str, *columns: Whole | Flags) -> None:
    if len({column.shape for column in columns}) > 1 or columns[0].ndim != 1:
        raise ValueError(f"Columns of one {what} each differ in length")


def _check_indices(name: str, indices: Whole, least: int, end: int) -> None:
    if ((indices < least) | (indices >= end)).any():
        raise ValueError(f"{name}: not between {least} and {end - 1}")


def _check_carrying(network: Network) -> None:
    """Stock passes on within its kind (fresh or prior), and never back to where it was."""
    passing = np.flatnonzero(network.carried_to != NONE)
    onward = network.carried_to[passing]
    if (network.is_prior[passing] != network.is_prior[onward]).any():
        raise ValueError("carried_to: fresh waste never becomes stock of earlier years within a plan, nor the reverse")
    for _ in range(network.sources):
        if not len(onward):
            return
        passing = onward[network.carried_to[onward] != NONE]
        onward = network.carried_to[passing]
    if network.sources:
        raise ValueError("carried_to: in a circle")


def total_cost(kg: Whole, per_tonne: Whole) -> int:
    """Return the sum of kilograms times what a tonne of each costs (fen a tonne, metres): always exact."""
    used = np.flatnonzero(kg)
    return sum(kg * each for kg, each in zip(kg[used].tolist(), per_tonne[used].tolist(), strict=True))
