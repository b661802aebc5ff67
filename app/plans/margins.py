"""Prices at the margin by site and stream: what one more tonne to be placed, or of room, would bring. Pure."""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Literal

import numpy as np

from app.allocation.market import ANY_MONTH, Market
from app.allocation.problem import Problem
from app.organisations.briefs import SiteBrief
from app.plans.figures import rounded
from app.plans.schemas import MarginalPrice
from app.transport.potentials import Margin, Prices
from app.transport.solver import Objective

#: More would not be looked at.
MOST_PRICES = 200
_FEN, _KG = Decimal("0.01"), Decimal("0.001")
Side = Literal["supply", "demand"]
#: Site, index of the month, and material or use.
_Place = tuple[int, int, str]
#: What is gained, better first: tonnes, fresh tonnes, cost spared.
_Gain = tuple[int, int, int]


def marginal_prices(problem: Problem, prices: Prices, objective: Objective) -> list[MarginalPrice]:
    """Return the prices at the margin, where one more tonne brings most first; where it brings nothing, none.

    Of several lots or demands of a site in one month it is that of the best.
    """
    found: list[tuple[_Gain, Side, _Place]] = []
    for side, best in (("supply", _of_supply(problem, prices)), ("demand", _of_demand(problem, prices))):
        found += [(gain, side, place) for place, gain in best.items() if gain > (0, 0, 0)]  # type: ignore[misc]
    found.sort(key=lambda each: (tuple(-part for part in each[0]), each[1], each[2]))
    return [_describe(problem.market, objective, *each) for each in found[:MOST_PRICES]]


def _of_supply(problem: Problem, prices: Prices) -> dict[_Place, _Gain]:
    market = problem.market
    offers = market.sources.offers
    sites, materials = market.offers.sites[offers].tolist(), market.offers.materials[offers].tolist()
    months = market.sources.months.tolist()
    places = (
        (site, month, market.materials[number]) for site, month, number in zip(sites, months, materials, strict=True)
    )
    return _best(places, prices.sources)


def _of_demand(problem: Problem, prices: Prices) -> dict[_Place, _Gain]:
    market = problem.market
    needs, months = market.rooms.needs.tolist(), market.rooms.months.tolist()
    sites = market.needs.sites.tolist()
    places = (
        (sites[need], 0 if month == ANY_MONTH else month, market.needs.uses[need])
        for need, month in zip(needs, months, strict=True)
    )
    return _best(places, prices.demands)


def _best(places: Iterator[_Place], margin: Margin) -> dict[_Place, _Gain]:
    best: dict[_Place, _Gain] = {}
    gains = zip(margin.allocated.tolist(), margin.fresh.tolist(), np.negative(margin.cost).tolist(), strict=True)
    for place, gain in zip(places, gains, strict=True):
        if place not in best or gain > best[place]:
            best[place] = gain
    return best


def _describe(market: Market, objective: Objective, gain: _Gain, side: Side, place: _Place) -> MarginalPrice:
    site, month, key = place
    allocated, fresh, spared = gain
    is_haulage = objective == Objective.MIN_TONNE_KM
    return MarginalPrice(
        site=_brief(market, site),
        name=market.sites.names[site],
        side=side,
        key=key,
        month=market.months[month],
        allocated_t=Decimal(allocated),
        fresh_t=Decimal(fresh),
        cost_cny=None if is_haulage else rounded(Fraction(-spared, 100), _FEN),
        t_km=rounded(Fraction(-spared, 1000), _KG) if is_haulage else None,
    )


def _brief(market: Market, site: int) -> SiteBrief | None:
    identifier = market.sites.ids[site]
    if identifier is None:
        return None
    return SiteBrief(
        id=identifier,
        name=market.sites.names[site],
        latitude=float(market.sites.latitudes[site]),
        longitude=float(market.sites.longitudes[site]),
        district_code=market.sites.districts[site],
    )
