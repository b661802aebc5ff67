"""The problem of a plan: its network, what the indices of that mean, and the fixed terms of the rate. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

import numpy as np

from app.allocation.hauls import MOST_HAULS, Found, blocks, find_hauls, metres_of, too_many_hauls
from app.allocation.market import ANY_MONTH, Market
from app.core.errors import invalid
from app.transport.network import MOST_KG, Flags, Network, Whole
from app.transport.rates import Base


class SourceKind(StrEnum):
    """Where tonnes come from."""

    LOT = "lot"
    STREAM = "stream"
    STORAGE = "storage"


@dataclass(frozen=True)
class Source:
    """What a source of the network is; without a lot it is stored and not on offer."""

    kind: SourceKind
    lot_id: UUID | None
    site_id: UUID | None
    organisation_id: UUID | None
    material: str
    month: str
    stock_year: int | None
    is_prior: bool
    price_fen: int


@dataclass(frozen=True)
class Destination:
    """What a demand of the network is: `month` of a recurring one; without an id a plant that is only thought of."""

    demand_id: UUID | None
    site_id: UUID | None
    organisation_id: UUID | None
    use: str
    month: str | None


@dataclass(frozen=True)
class Problem:
    """A market with its hauls; the arcs of the network are in the order of sources and demands.

    `is_unknown` tells which arcs rest on a verdict that is unknown.
    """

    market: Market
    network: Network
    base: Base
    found: Found
    is_unknown: Flags

    def source(self, number: int) -> Source:
        """Return what a source is."""
        offers, sources, sites = self.market.offers, self.market.sources, self.market.sites
        offer = int(sources.offers[number])
        site, year, lot_id = int(offers.sites[offer]), int(offers.stock_years[offer]), offers.lot_ids[offer]
        kind = SourceKind.STREAM if offers.is_stream[offer] else SourceKind.LOT
        return Source(
            kind=SourceKind.STORAGE if lot_id is None else kind,
            lot_id=lot_id,
            site_id=sites.ids[site],
            organisation_id=sites.organisation_ids[site],
            material=self.market.materials[int(offers.materials[offer])],
            month=self.market.months[int(sources.months[number])],
            stock_year=year or None,
            is_prior=bool(offers.is_prior[offer]),
            price_fen=int(offers.price_fen[offer]),
        )

    def destination(self, number: int) -> Destination:
        """Return what a demand is."""
        needs, rooms, sites = self.market.needs, self.market.rooms, self.market.sites
        need, month = int(rooms.needs[number]), int(rooms.months[number])
        site = int(needs.sites[need])
        return Destination(
            demand_id=needs.demand_ids[need],
            site_id=sites.ids[site],
            organisation_id=sites.organisation_ids[site],
            use=needs.uses[need],
            month=None if month == ANY_MONTH else self.market.months[month],
        )


def build_problem(market: Market) -> Problem:
    """Return the problem that a market poses; raises Invalid `too_many_hauls` and `too_many_tonnes`."""
    rooms_kg, groups_kg = _rooms_kg(market)
    found = find_hauls(market)
    hauls = found.hauls
    haul, tail, head = _by_month(market, found)
    sources, rooms = market.sources, market.rooms
    network = Network(
        source_kg=sources.kg,
        is_prior=market.offers.is_prior[sources.offers],
        carried_to=sources.carried_to,
        demand_kg=rooms_kg,
        demand_group=rooms.groups,
        group_kg=groups_kg,
        tail=tail,
        head=head,
        cost_fen_per_t=(market.offers.price_fen[hauls.offers] + hauls.freight_fen)[haul],
        metres=metres_of(hauls.distance_um)[haul],
    )
    return Problem(market, network, market.base, found, hauls.is_unknown[haul])


def _rooms_kg(market: Market) -> tuple[Whole, Whole]:
    """Return what rooms and groups can take: of all that there is, so that one with a huge figure stops no plan."""
    there_is = sum(market.sources.kg.tolist())
    if there_is > MOST_KG:
        detail = (
            f"the offers add up to more than {MOST_KG // 1000} t, which no market has: one of them must be mistaken"
        )
        raise invalid("/materials", "too_many_tonnes", detail)
    groups_kg = np.array([group.kg for group in market.groups], np.int64)
    return np.minimum(market.rooms.kg, there_is), np.minimum(groups_kg, there_is)


def _by_month(market: Market, found: Found) -> tuple[Whole, Whole, Whole]:
    """Return the hauls month by month: which haul, from which source, to which room; where days of both meet."""
    hauls, sources, rooms = found.hauls, market.sources, market.rooms
    first_source, first_room = market.first_sources, market.first_rooms
    ours = np.diff(first_source)[hauls.offers]
    theirs = np.diff(first_room)[hauls.needs]
    parts = []
    arcs = 0
    for first, last in blocks(ours * theirs):
        counts = (ours * theirs)[first:last]
        haul = np.repeat(np.arange(first, last), counts)
        within = np.arange(len(haul)) - np.repeat(np.cumsum(counts) - counts, counts)
        tail = first_source[hauls.offers[haul]] + within // theirs[haul]
        head = first_room[hauls.needs[haul]] + within % theirs[haul]
        meet = (sources.first_days[tail] <= rooms.last_days[head]) & (rooms.first_days[head] <= sources.last_days[tail])
        parts.append((haul[meet], tail[meet], head[meet]))
        arcs += len(parts[-1][0])
        if arcs > MOST_HAULS:
            raise too_many_hauls()
    if not parts:
        nothing = np.zeros(0, np.int64)
        return nothing, nothing, nothing
    haul, tail, head = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    order = np.lexsort((head, tail))
    return haul[order], tail[order], head[order]
