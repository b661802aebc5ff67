"""What a lot costs where it is needed and in which order offers come; pure rules.

Distances are ranked in whole micrometres and prices in fen: integers compare alike in Python, both databases and
cursors, so that no page repeats or drops a row over a last digit.
"""

import math
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from app.core.quantities import FEN, half_up
from app.core.settings import Settings

_MICROMETRES = 1_000_000_000
_UM_PER_M = 1_000_000
#: A rate (ten-thousandths of a yuan per tonne and kilometre) times micrometres, for one fen per tonne.
RATE_UM_PER_FEN = 10**11


class Sort(StrEnum):
    """Order of offers; ties come in the order of their ids."""

    DISTANCE = "distance"
    DELIVERED_PRICE = "delivered_price"
    DELIVERED_PRICE_DRY = "delivered_price_dry"
    DELIVERED_PRICE_ACTIVE = "delivered_price_active"
    NEAREST_MISS = "nearest_miss"
    NEWEST = "newest"

    @property
    def needs_place(self) -> bool:
        """Whether the order means nothing without a place."""
        return self not in {Sort.NEWEST, Sort.NEAREST_MISS}


@dataclass(frozen=True)
class Tariff:
    """How a geodesic becomes a route and a route a cost; at most 4 and 2 decimals of yuan."""

    detour_factor: float
    per_t_km_cny: Decimal
    fixed_cny_per_t: Decimal

    @property
    def rate(self) -> int:
        """Ten-thousandths of a yuan per tonne and kilometre."""
        return int(self.per_t_km_cny.scaleb(4))

    @property
    def fixed_fen(self) -> int:
        """Fen per tonne whatever the distance."""
        return int(self.fixed_cny_per_t.scaleb(2))


def tariff_of(settings: Settings) -> Tariff:
    """Return the tariff that the environment sets."""
    return Tariff(settings.detour_factor, settings.freight_cny_per_t_km, settings.freight_fixed_cny_per_t)


def whole_micrometres(distances_km: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return distances in whole micrometres."""
    return np.rint(distances_km * _MICROMETRES).astype(np.int64)


def freight_fen_per_t(distances_um: NDArray[np.int64], tariff: Tariff) -> NDArray[np.int64]:
    """Return the freight of each geodesic in fen per tonne: fixed part + tariff times route, half-up to the fen.

    Whole numbers, and one product of doubles: `tariffs.freight_of_demands` says the same in SQL. At the greatest
    rate, factor and distance the product of rate and route stays below 2**63.
    """
    routes_um: NDArray[np.int64] = np.floor(distances_um * tariff.detour_factor + 0.5).astype(np.int64)
    freights: NDArray[np.int64] = (tariff.rate * routes_um + RATE_UM_PER_FEN // 2) // RATE_UM_PER_FEN + tariff.fixed_fen
    return freights


class RouteSource(StrEnum):
    """Where a route comes from."""

    DETOUR_FACTOR = "detour_factor"
    OSRM = "osrm"


@dataclass(frozen=True)
class Haul:
    """The way of one offer to where it is needed; kilometres to the metre."""

    distance_km: Decimal
    route_km: Decimal
    route_source: RouteSource
    freight_cny_per_t: Decimal


def make_haul(distance_um: int, tariff: Tariff, road_m: float | None) -> Haul:
    """Return the haul of one row as it is shown; without a road its route is the geodesic times the detour factor."""
    if road_m is None:
        source, route_um = RouteSource.DETOUR_FACTOR, _estimate_um(distance_um, tariff)
    else:
        source, route_um = RouteSource.OSRM, int(half_up(Decimal(str(road_m)) * _UM_PER_M, Decimal(1)))
    return Haul(_to_km(distance_um), _to_km(route_um), source, _freight_fen(route_um, tariff) * FEN)


def freight_fen(distance_um: int, tariff: Tariff) -> int:
    """Return what `freight_fen_per_t` says of one geodesic."""
    return _freight_fen(_estimate_um(distance_um, tariff), tariff)


def _estimate_um(distance_um: int, tariff: Tariff) -> int:
    return math.floor(distance_um * tariff.detour_factor + 0.5)


def _freight_fen(route_um: int, tariff: Tariff) -> int:
    return (tariff.rate * route_um + RATE_UM_PER_FEN // 2) // RATE_UM_PER_FEN + tariff.fixed_fen


def _to_km(micrometres: int) -> Decimal:
    """Return kilometres to the metre, half up."""
    return Decimal((micrometres + _UM_PER_M // 2) // _UM_PER_M).scaleb(-3)
