"""The market of a plan as it was read, in columns: sites, offers, needs, and what both come to month by month. Pure.

What-ifs make another market of it; `problem` finds the hauls of either.
"""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from app.matching.ranking import Tariff
from app.matching.verdict import LotFacts, Specification, UseClosure
from app.transport.network import Flags, Whole
from app.transport.rates import Base

Reals = NDArray[np.float64]
#: Where nobody set a limit of cost.
NO_LIMIT_FEN = 2**62
#: The month of a room that is there once.
ANY_MONTH = -1


@dataclass(frozen=True)
class Sites:
    """Gates of active organisations, WGS-84 degrees; `is_counted` tells those whose waste the question is of.

    `owners` numbers the organisations; a plant that is only thought of belongs to one of its own.
    """

    ids: tuple[UUID | None, ...]
    names: tuple[str, ...]
    organisation_ids: tuple[UUID | None, ...]
    districts: tuple[str | None, ...]
    owners: Whole
    latitudes: Reals
    longitudes: Reals
    is_counted: Flags


@dataclass(frozen=True)
class Offers:
    """What can be hauled away: lots on offer, and without a lot what is stored and not on offer; days as ordinals.

    `materials` and `samples` are indices into those of the market; a stock year of 0 is fresh waste.
    """

    lot_ids: tuple[UUID | None, ...]
    sites: Whole
    materials: Whole
    samples: Whole
    price_fen: Whole
    first_days: Whole
    last_days: Whole
    stock_years: Whole
    is_prior: Flags
    is_stream: Flags


@dataclass(frozen=True)
class Sources:
    """What each offer brings in the months of the horizon, in the order of the offers.

    A lot that is there once has one source, whatever its days; a stream one a month, whose leftovers are carried on.
    """

    offers: Whole
    months: Whole
    first_days: Whole
    last_days: Whole
    kg: Whole
    carried_to: Whole


@dataclass(frozen=True)
class Needs:
    """Open demands; without an id a plant that is only thought of. Rates are ten-thousandths of a yuan."""

    demand_ids: tuple[UUID | None, ...]
    uses: tuple[str, ...]
    sites: Whole
    specifications: Whole
    accepts_unknown: Flags
    max_km: Reals
    max_delivered_fen: Whole
    freight_rates: Whole
    freight_fixed_fen: Whole
    first_days: Whole
    last_days: Whole


@dataclass(frozen=True)
class Rooms:
    """What each need can take, in the order of the needs: the whole once, or so much a month; -1: in no group."""

    needs: Whole
    months: Whole
    first_days: Whole
    last_days: Whole
    kg: Whole
    groups: Whole


@dataclass(frozen=True)
class Group:
    """What is left of the approved capacity of a site for a use in a calendar year."""

    site: int
    use: str
    year: int
    kg: int


@dataclass(frozen=True)
class Market:
    """All that a plan is made of; `max_km` is the distance limit of the question, infinite where it has none.

    `tariff` is that of demands which have none of their own; its detour factor is every haul's. `base` is of January
    of the first month's year to the end of the horizon.
    """

    today: date
    months: tuple[str, ...]
    assays_since: date
    tariff: Tariff
    max_km: float
    materials: tuple[str, ...]
    sites: Sites
    samples: tuple[LotFacts, ...]
    specifications: tuple[Specification, ...]
    offers: Offers
    sources: Sources
    needs: Needs
    rooms: Rooms
    groups: tuple[Group, ...]
    base: Base
    #: Laws of what-ifs, which hold for plants that are added after them as well.
    laws: tuple[tuple[str, UseClosure], ...] = ()

    @cached_property
    def first_sources(self) -> Whole:
        """Where the sources of each offer begin, and where the last ones end."""
        return np.searchsorted(self.sources.offers, np.arange(len(self.offers.lot_ids) + 1))

    @cached_property
    def first_rooms(self) -> Whole:
        """Where the rooms of each need begin, and where the last ones end."""
        return np.searchsorted(self.rooms.needs, np.arange(len(self.needs.demand_ids) + 1))


def whole(numbers: object) -> Whole:
    """Return whole numbers as an array."""
    return np.array(numbers, dtype=np.int64)
