"""The hauls that a market allows, and why each offer has none: geography, terms, law and specification. Pure.

Pairs are made material by material, of sites first; lots that were measured alike and demands that ask the same are
judged once. What an offer lacks is seen on the way: the first that fails of law, demand in range, specification.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.allocation.geography import geodesics_km, near_pairs
from app.allocation.market import Market
from app.allocation.verdicts import FAIL, NO_PARAMETER, PASS, Verdicts, judge_all
from app.core.errors import Invalid, invalid
from app.matching.ranking import RATE_UM_PER_FEN, whole_micrometres
from app.transport.network import MOST_COST, Flags, Whole

#: More would not go into the memory that a plan may take.
MOST_HAULS = 6_000_000
_BLOCK = 2_000_000
_UM_PER_M = 1_000_000
#: States of an offer, in the order in which they are looked for; a later one means that those before are passed.
CLOSED, OUT_OF_RANGE, NOT_ACCEPTED, HAULED = range(4)


class Hauls(NamedTuple):
    """Pairs of an offer and a need that may deal: distance, cost, and whether that rests on an unknown verdict."""

    offers: Whole
    needs: Whole
    distance_um: Whole
    freight_fen: Whole
    is_unknown: Flags

    def take(self, places: NDArray[Any]) -> "Hauls":
        """Return some of them, by places or flags."""
        return Hauls(
            self.offers[places],
            self.needs[places],
            self.distance_um[places],
            self.freight_fen[places],
            self.is_unknown[places],
        )


@dataclass(frozen=True)
class Found:
    """The hauls of a market, and of each offer how far it came and, where no demand accepts it, the parameter.

    A parameter is an index of `parameters`; NO_PARAMETER where an origin or limits that are not on file decide.
    """

    hauls: Hauls
    states: Whole
    parameters: tuple[str, ...]
    blamed: Whole


class _Pairs(NamedTuple):
    """Offers and needs of sites that are near enough, with the geodesic."""

    offers: Whole
    needs: Whole
    km: NDArray[np.float64]


def find_hauls(market: Market) -> Found:
    """Return all pairs that may deal; raises Invalid `too_many_hauls` where they would not go into memory."""
    states = np.full(len(market.offers.lot_ids), OUT_OF_RANGE, np.int64)
    blamed = np.full(len(states), NO_PARAMETER, np.int64)
    parameters: dict[str, int] = {}
    found: list[Hauls] = []
    count = 0
    for number, material in enumerate(market.materials):
        offers = np.flatnonzero(market.offers.materials == number)
        accepting = np.array([_accepts(each.materials, material) for each in market.specifications], np.bool_)
        needs = np.flatnonzero(accepting[market.needs.specifications]) if len(accepting) else np.zeros(0, np.int64)
        if not len(offers) or not len(needs):
            continue
        judged = _Judged(market, offers, needs)
        states[offers[judged.closed_to_all()]] = CLOSED
        rejections = _Rejections(offers, len(judged.verdicts.parameters))
        for pairs in _pairs(market, offers, needs):
            hauls, is_reached, is_accepted, parameter = _settle(market, judged, pairs)
            states[hauls.offers[is_reached]] = NOT_ACCEPTED
            rejections.count(hauls.offers, parameter, is_reached & ~is_accepted)
            found.append(hauls.take(is_accepted))
            count += len(found[-1].offers)
            if count > MOST_HAULS:
                raise too_many_hauls()
        names = [parameters.setdefault(name, len(parameters)) for name in judged.verdicts.parameters]
        blamed[offers] = rejections.most(names)
    hauls = _join(found)
    states[hauls.offers] = HAULED
    blamed[states != NOT_ACCEPTED] = NO_PARAMETER
    return Found(hauls, states, tuple(parameters), blamed)


def too_many_hauls() -> Invalid:
    """Return the refusal of a market that would not go into memory."""
    detail = f"the market allows more than {MOST_HAULS} hauls; give a smaller distance, a district or fewer materials"
    return invalid("/max_distance_km", "too_many_hauls", detail)


def _accepts(materials: frozenset[str] | None, material: str) -> bool:
    return materials is None or material in materials


def _join(found: list[Hauls]) -> Hauls:
    """Return all hauls in the order of offers and needs: identical markets give identical plans."""
    if not found:
        nothing = np.zeros(0, np.int64)
        return Hauls(nothing, nothing, nothing, nothing, np.zeros(0, np.bool_))
    columns: list[NDArray[Any]] = [np.concatenate(parts) for parts in zip(*found, strict=True)]
    joined = Hauls(*columns)
    return joined.take(np.lexsort((joined.needs, joined.offers)))


class _Judged:
    """The verdicts of one material, looked up by offers and needs."""

    def __init__(self, market: Market, offers: Whole, needs: Whole) -> None:
        """Judge each specification that asks and each sample that is there, once."""
        asked, self._rows = _numbered(market.needs.specifications, needs)
        there, self._columns = _numbered(market.offers.samples, offers)
        specifications = [market.specifications[number] for number in asked.tolist()]
        self.verdicts: Verdicts = judge_all(specifications, [market.samples[number] for number in there.tolist()])
        self._offers = offers

    def closed_to_all(self) -> Flags:
        """Tell which offers the law closes every use to."""
        closed: Flags = np.all(self.verdicts.is_closed, axis=0, keepdims=True)[0]
        return closed[self._columns[self._offers]]

    def at(self, offers: Whole, needs: Whole) -> tuple[Whole, Whole]:
        """Return where the verdict of each pair stands."""
        return self._rows[needs], self._columns[offers]


def _numbered(kinds: Whole, chosen: Whole) -> tuple[Whole, Whole]:
    """Return the distinct kinds of those chosen, and by number of each of them its place among these."""
    distinct, places = np.unique(kinds[chosen], return_inverse=True)
    by_number = np.zeros(len(kinds), np.int64)
    by_number[chosen] = places
    return distinct, by_number


class _Rejections:
    """How many demands in range reject each offer of a material, by the parameter to blame."""

    def __init__(self, offers: Whole, parameters: int) -> None:
        self._width = parameters + 1
        self._counts = np.zeros(len(offers) * self._width, np.int64)
        self._offers = offers

    def count(self, offers: Whole, parameter: NDArray[np.int16], is_rejected: Flags) -> None:
        """Count pairs; their parameters are those of the verdicts."""
        places = np.searchsorted(self._offers, offers[is_rejected])
        keys = places * self._width + parameter[is_rejected] + 1
        self._counts += np.bincount(keys, minlength=len(self._counts))

    def most(self, names: list[int]) -> Whole:
        """Return of each offer the parameter for which most demands reject it, as its number in `names`."""
        numbers = np.array([NO_PARAMETER, *names], np.int64)
        found: Whole = numbers[self._counts.reshape(-1, self._width).argmax(axis=1)]
        return found


def _pairs(market: Market, offers: Whole, needs: Whole) -> Iterator[_Pairs]:
    """Yield blocks of pairs whose sites are within the limits of question and demand."""
    origins, offers_at = _by_site(market.offers.sites, offers)
    gates, needs_at = _by_site(market.needs.sites, needs)
    limits = np.minimum(market.needs.max_km, market.max_km)
    reach_km = np.array([limits[at].max() for at in needs_at], np.float64)
    sizes = np.array([len(at) for at in offers_at]), np.array([len(at) for at in needs_at])
    for rows, columns in near_pairs(market.sites, origins, gates, reach_km):
        combinations = sizes[0][rows] * sizes[1][columns]
        for first, last in blocks(combinations):
            here, there = rows[first:last], columns[first:last]
            km = geodesics_km(market.sites, gates[there], origins[here])
            pairs = _combine(offers_at, needs_at, sizes, here, there, km)
            within = pairs.km <= limits[pairs.needs]
            yield _Pairs(pairs.offers[within], pairs.needs[within], pairs.km[within])


def _by_site(sites: Whole, chosen: Whole) -> tuple[Whole, list[Whole]]:
    """Return the sites of those chosen, and who is at each."""
    distinct, places = np.unique(sites[chosen], return_inverse=True)
    order = np.argsort(places, kind="stable")
    return distinct, np.split(chosen[order], np.flatnonzero(np.diff(places[order])) + 1)


def blocks(sizes: Whole) -> Iterator[tuple[int, int]]:
    """Yield ranges whose sizes add up to no more than a block, or hold one alone."""
    ends = np.cumsum(sizes)
    first = 0
    while first < len(sizes):
        done = int(ends[first - 1]) if first else 0
        last = max(first + 1, int(np.searchsorted(ends, done + _BLOCK, side="right")))
        yield first, last
        first = last


def _combine(
    offers_at: list[Whole],
    needs_at: list[Whole],
    sizes: tuple[Whole, Whole],
    rows: Whole,
    columns: Whole,
    km: NDArray[np.float64],
) -> _Pairs:
    """Return every offer of a site with every need of the other."""
    ours, theirs = sizes[0][rows], sizes[1][columns]
    counts = ours * theirs
    pair = np.repeat(np.arange(len(rows)), counts)
    within = np.arange(len(pair)) - np.repeat(np.cumsum(counts) - counts, counts)
    offers, first_offers = np.concatenate(offers_at), np.cumsum(sizes[0]) - sizes[0]
    needs, first_needs = np.concatenate(needs_at), np.cumsum(sizes[1]) - sizes[1]
    return _Pairs(
        offers[first_offers[rows][pair] + within // theirs[pair]],
        needs[first_needs[columns][pair] + within % theirs[pair]],
        km[pair],
    )


def _settle(market: Market, judged: _Judged, pairs: _Pairs) -> tuple[Hauls, Flags, Flags, NDArray[np.int16]]:
    """Return pairs with cost, whether each is lawful and in range, whether accepted as well, and the parameter."""
    offers, needs = market.offers, market.needs
    at = judged.at(pairs.offers, pairs.needs)
    verdict = judged.verdicts.verdict[at]
    distance_um = whole_micrometres(pairs.km)
    freight_fen = freights_fen(market, pairs.needs, distance_um)
    delivered_fen = offers.price_fen[pairs.offers] + freight_fen
    owners = market.sites.owners
    is_reached = (
        ~judged.verdicts.is_closed[at]
        & (owners[offers.sites[pairs.offers]] != owners[needs.sites[pairs.needs]])
        & (offers.first_days[pairs.offers] <= needs.last_days[pairs.needs])
        & (needs.first_days[pairs.needs] <= offers.last_days[pairs.offers])
        & (delivered_fen <= needs.max_delivered_fen[pairs.needs])
        # Prices of a million yuan a tonne are no offers, and would not fit into the sums of a plan.
        & (np.abs(delivered_fen) <= MOST_COST)
    )
    is_accepted = is_reached & ((verdict == PASS) | ((verdict != FAIL) & needs.accepts_unknown[pairs.needs]))
    hauls = Hauls(pairs.offers, pairs.needs, distance_um, freight_fen, verdict != PASS)
    return hauls, is_reached, is_accepted, judged.verdicts.parameter[at]


def freights_fen(market: Market, needs: Whole, distance_um: Whole) -> Whole:
    """Return the freight of hauls to needs in fen per tonne: what `ranking.freight_fen_per_t` says, by own tariffs."""
    routes_um = np.floor(distance_um * market.tariff.detour_factor + 0.5).astype(np.int64)
    rates, fixed = market.needs.freight_rates[needs], market.needs.freight_fixed_fen[needs]
    freights: Whole = (rates * routes_um + RATE_UM_PER_FEN // 2) // RATE_UM_PER_FEN + fixed
    return freights


def metres_of(distance_um: Whole) -> Whole:
    """Return distances in whole metres, half up."""
    return (distance_um + _UM_PER_M // 2) // _UM_PER_M
