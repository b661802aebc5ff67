"""The hauls of one page as they are shown: by road where a routing server says how far, else by the detour factor.

Order and filters went before, by the detour factor (docs/decisions/2026-11-24_road_distances.md).
"""

from collections.abc import Sequence
from typing import NamedTuple

from app.matching.nearby import Position
from app.matching.ranking import Haul, Tariff, make_haul
from app.matching.routes import Pair, Router, point_at


class Leg(NamedTuple):
    """The way of one row, from the lot's site to where it is needed; its geodesic in micrometres."""

    origin: Position
    destination: Position
    distance_um: int
    tariff: Tariff


def make_hauls(legs: Sequence[Leg], router: Router | None) -> list[Haul]:
    """Return the haul of each leg; the legs of one page share their origin or their destination."""
    roads_m = [None] * len(legs) if router is None else router.find_roads([_ends(leg) for leg in legs])
    return [make_haul(leg.distance_um, leg.tariff, road_m) for leg, road_m in zip(legs, roads_m, strict=True)]


def _ends(leg: Leg) -> Pair:
    return (
        point_at(leg.origin.latitude, leg.origin.longitude),
        point_at(leg.destination.latitude, leg.destination.longitude),
    )
