"""What is asked of lots, as plain values, whoever asks: the filters of a search, or a demand. No SQL."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from app.auth.actor import Actor
from app.catalogue.reference import reference
from app.core.clock import month_of, today
from app.core.errors import invalid
from app.core.geo import to_wgs84
from app.demands.lifecycle import effective_status
from app.demands.models import Demand, DemandStatus
from app.matching.conventions import Conventions
from app.matching.filters import read_near, read_spec, read_verdicts
from app.matching.nearby import Position
from app.matching.ordering import to_fen, to_kg
from app.matching.ranking import Sort
from app.matching.schemas import LotChoice, LotFilters, MatchFilters
from app.matching.specification import demand_specification, make_specification
from app.matching.verdict import NOT_FAILED, Specification, Verdict
from app.organisations.models import Site


class LotCondition(StrEnum):
    """A condition on a lot apart from its verdict; each takes one value."""

    ON_OFFER = "on_offer"  # the day on which it is
    OWNED_BY = "owned_by"
    NOT_OWNED_BY = "not_owned_by"
    LEAST_KG = "least_kg"  # neither reserved nor shipped, of a recurring lot in the month of the search
    BEGINS_BY = "begins_by"
    LASTS_TO = "lasts_to"
    MOST_FEN = "most_fen"  # per tonne, at the producer's gate


class Asked(NamedTuple):
    """A condition with its value."""

    condition: LotCondition
    value: date | int | UUID


@dataclass(frozen=True)
class LotSearch:
    """What is asked of lots; without a `position` no distances and no order by distance or cost.

    `district` is that of the site, or its first characters. `active_component` is the parameter that the use pays
    for; only with one there is an order by its cost. A search that `finds_nothing` is one of a demand that is over.
    `month` is the one whose tonnes count of recurring lots.
    """

    specification: Specification
    verdicts: frozenset[Verdict]
    sort: Sort
    conditions: tuple[Asked, ...]
    month: str
    district: str | None = None
    position: Position | None = None
    within_km: float | None = None
    most_delivered_fen: int | None = None
    active_component: str | None = None
    finds_nothing: bool = False


def market_search(filters: LotChoice, actor: Actor, conventions: Conventions) -> LotSearch:
    """Return the search that the filters of `GET /lots` ask for."""
    asked = filters.sort if isinstance(filters, LotFilters) else None
    sort = asked or (Sort.NEWEST if filters.near is None else Sort.DISTANCE)
    market = Asked(LotCondition.ON_OFFER, today())
    return LotSearch(
        specification=make_specification(
            map(read_spec, filters.spec),
            materials=filters.material,
            grade_key=filters.grade,
            use_key=filters.use,
            on=filters.available_on or today(),
            assays_since=conventions.assays_since,
        ),
        verdicts=read_verdicts(filters.verdict),
        sort=sort,
        conditions=(
            Asked(LotCondition.OWNED_BY, actor.organisation_id) if filters.mine else market,
            *_quantities_and_days(filters),
        ),
        month=month_of(filters.available_on or today()),
        district=filters.district,
        position=None if filters.near is None else Position(*to_wgs84(*read_near(filters.near), filters.datum)),
        within_km=filters.within_km,
        most_delivered_fen=_fen_or_none(filters.max_delivered_cny_per_t),
        active_component=None if filters.use is None else reference().uses[filters.use].active_component,
    )


def demand_search(demand: Demand, site: Site, filters: MatchFilters, conventions: Conventions) -> LotSearch:
    """Return the search that a demand stands for; an explicit `verdict` shows more (or less) than it accepts.

    Raises Invalid for the order by the cost of an active component where the demand's use names none.
    """
    component = reference().uses[demand.use].active_component
    if component is None and filters.sort is Sort.DELIVERED_PRICE_ACTIVE:
        raise invalid("sort", "active_component_required", f"the use {demand.use} names no active component")
    accepted = NOT_FAILED if demand.accept_unknown else frozenset({Verdict.PASS})
    return LotSearch(
        specification=demand_specification(demand, conventions.assays_since),
        verdicts=accepted if filters.verdict is None else read_verdicts(filters.verdict),
        sort=filters.sort,
        conditions=(
            Asked(LotCondition.ON_OFFER, today()),
            Asked(LotCondition.NOT_OWNED_BY, demand.organisation_id),
            Asked(LotCondition.BEGINS_BY, demand.needed_to),
            Asked(LotCondition.LASTS_TO, demand.needed_from),
        ),
        month=month_of_need(demand),
        position=Position(site.latitude, site.longitude),
        within_km=demand.max_distance_km,
        most_delivered_fen=_fen_or_none(demand.max_delivered_cny_per_t),
        active_component=component,
        finds_nothing=effective_status(demand, today()) is not DemandStatus.OPEN,
    )


def month_of_need(demand: Demand) -> str:
    """Return the first month in which a demand can still be served."""
    return month_of(max(today(), demand.needed_from))


def _quantities_and_days(filters: LotChoice) -> list[Asked]:
    asked: list[Asked] = []
    if filters.min_quantity_t is not None:
        asked.append(Asked(LotCondition.LEAST_KG, to_kg(filters.min_quantity_t)))
    if filters.available_on is not None:
        asked.append(Asked(LotCondition.BEGINS_BY, filters.available_on))
        asked.append(Asked(LotCondition.LASTS_TO, filters.available_on))
    if filters.max_price_cny_per_t is not None:
        asked.append(Asked(LotCondition.MOST_FEN, to_fen(filters.max_price_cny_per_t)))
    return asked


def _fen_or_none(cny: Decimal | None) -> int | None:
    return None if cny is None else to_fen(cny)
