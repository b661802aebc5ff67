"""What a lot costs where it is needed and in which order offers come; pure rules.

Distances are ranked in whole micrometres and prices in fen: integers compare alike in Python, both databases and
cursors, so that no page repeats or drops a row over a last digit.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from app.core.quantities import FEN, half_up
from app.core.settings import Settings

METRE = Decimal("0.001")
_MICROMETRES = 1_000_000_000


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
    """How a geodesic becomes a route and a route a cost."""

    detour_factor: float
    per_t_km_cny: float
    fixed_cny_per_t: float


def tariff_of(settings: Settings) -> Tariff:
    """Return the tariff that the environment sets."""
    return Tariff(settings.detour_factor, settings.freight_cny_per_t_km, settings.freight_fixed_cny_per_t)


def freight_fen_per_t(distances_km: NDArray[np.float64], tariff: Tariff) -> NDArray[np.int64]:
    """Return the freight of each geodesic in fen per tonne: fixed part + tariff times route, half-up to the fen."""
    cny_per_t = tariff.fixed_cny_per_t + tariff.per_t_km_cny * (distances_km * tariff.detour_factor)
    return np.floor(cny_per_t * 100.0 + 0.5).astype(np.int64)


def whole_micrometres(distances_km: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return distances in whole micrometres."""
    return np.rint(distances_km * _MICROMETRES).astype(np.int64)


@dataclass(frozen=True)
class Haul:
    """The way of one offer to where it is needed; kilometres to the metre."""

    distance_km: Decimal
    route_km: Decimal
    freight_cny_per_t: Decimal


def make_haul(distance_um: int, freight_fen: int, tariff: Tariff) -> Haul:
    """Return the haul of one row as it is shown."""
    distance_km = Decimal(distance_um) / _MICROMETRES
    return Haul(
        distance_km=half_up(distance_km, METRE),
        route_km=half_up(distance_km * Decimal(str(tariff.detour_factor)), METRE),
        freight_cny_per_t=Decimal(freight_fen) * FEN,
    )
