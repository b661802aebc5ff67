"""The freight of demands that have a tariff of their own; what such a one leaves open is the exchange's."""

from dataclasses import replace
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Float, cast, func, literal

from app.demands.models import Demand
from app.matching.conventions import Conventions
from app.matching.ordering import as_stored
from app.matching.ranking import RATE_UM_PER_FEN, Tariff
from app.matching.whole_numbers import as_double, nearest_to


def tariff_for(demand: Demand, default: Tariff) -> Tariff:
    """Return the tariff of hauls to a demand."""
    own: dict[str, Any] = {}
    if demand.freight_cny_per_t_km is not None:
        own["per_t_km_cny"] = demand.freight_cny_per_t_km
    if demand.freight_fixed_cny_per_t is not None:
        own["fixed_cny_per_t"] = demand.freight_fixed_cny_per_t
    return replace(default, **own)


def conventions_for(demand: Demand, conventions: Conventions) -> Conventions:
    """Return the rules of an answer about what a demand can have."""
    return replace(conventions, tariff=tariff_for(demand, conventions.tariff))


def freight_of_demands(distance_um: ColumnElement[Any], default: Tariff) -> ColumnElement[int]:
    """Return the freight over a geodesic to each row of `demands` in fen: `freight_fen_per_t` with its own tariff."""
    rate = func.coalesce(as_stored(Demand.freight_cny_per_t_km), literal(default.rate, BigInteger))
    fixed = func.coalesce(as_stored(Demand.freight_fixed_cny_per_t), literal(default.fixed_fen, BigInteger))
    route_um = nearest_to(cast(distance_um, Float(53)) * as_double(default.detour_factor))
    unit, half = literal(RATE_UM_PER_FEN, BigInteger), literal(RATE_UM_PER_FEN // 2, BigInteger)
    return (rate * route_um + half) // unit + fixed
