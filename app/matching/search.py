"""The search for lots: sites around a place first, then one statement over their lots (step 3)."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, false, literal_column, null, select, true
from sqlalchemy.orm import Session

from app.auth.actor import Actor
from app.core.clock import today
from app.core.geo import to_wgs84
from app.core.paging import Page, Slice
from app.demands.lifecycle import effective_status
from app.demands.models import Demand, DemandStatus
from app.lots.models import Lot
from app.lots.queries import describe_lots
from app.matching.conditions import verdict_is_among
from app.matching.filters import read_near, read_spec, read_verdicts
from app.matching.nearby import Position, as_table, find_nearby, is_trading
from app.matching.ordering import as_stored, cursor_position, order_offers, to_fen, to_kg
from app.matching.ranking import Sort, Tariff
from app.matching.schemas import LotFilters, LotMatch, MatchFilters
from app.matching.specification import demand_specification, make_specification
from app.matching.terms import facts_of, make_terms
from app.matching.verdict import NOT_FAILED, Specification, Verdict, judge
from app.organisations.models import Site

_Condition = ColumnElement[bool]


@dataclass(frozen=True)
class LotSearch:
    """What is asked of lots, whoever asks; without a `position` no distances and only the order by age."""

    specification: Specification
    verdicts: frozenset[Verdict]
    sort: Sort
    lot_conditions: tuple[_Condition, ...]
    site_conditions: tuple[_Condition, ...] = ()
    position: Position | None = None
    within_km: float | None = None
    max_delivered_cny_per_t: Decimal | None = None


def market_search(filters: LotFilters, actor: Actor) -> LotSearch:
    """Return the search that the filters of `GET /lots` ask for."""
    sort = filters.sort or (Sort.NEWEST if filters.near is None else Sort.DISTANCE)
    return LotSearch(
        specification=make_specification(
            map(read_spec, filters.spec),
            materials=filters.material,
            grade_key=filters.grade,
            use_key=filters.use,
            on=filters.available_on or today(),
        ),
        verdicts=read_verdicts(filters.verdict),
        sort=sort,
        lot_conditions=(
            *([Lot.organisation_id == actor.organisation_id] if filters.mine else _on_offer()),
            *_quantities_and_days(filters),
        ),
        site_conditions=_in_district(filters.district),
        position=None if filters.near is None else Position(*to_wgs84(*read_near(filters.near), filters.datum)),
        within_km=filters.within_km,
        max_delivered_cny_per_t=filters.max_delivered_cny_per_t,
    )


def demand_search(demand: Demand, site: Site, filters: MatchFilters) -> LotSearch:
    """Return the search that a demand stands for; an explicit `verdict` shows more (or less) than it accepts."""
    accepted = NOT_FAILED if demand.accept_unknown else frozenset({Verdict.PASS})
    return LotSearch(
        specification=demand_specification(demand),
        verdicts=accepted if filters.verdict is None else read_verdicts(filters.verdict),
        sort=filters.sort,
        lot_conditions=(
            *_on_offer(),
            true() if effective_status(demand, today()) is DemandStatus.OPEN else false(),
            Lot.organisation_id != demand.organisation_id,
            Lot.available_from <= demand.needed_to,
            Lot.available_to >= demand.needed_from,
        ),
        position=Position(site.latitude, site.longitude),
        within_km=demand.max_distance_km,
        max_delivered_cny_per_t=demand.max_delivered_cny_per_t,
    )


def search_lots(session: Session, search: LotSearch, tariff: Tariff, page: Page) -> Slice[LotMatch]:
    """Return one page of the lots that a search finds, each with its verdict and its terms."""
    found = page.cut(session.execute(_page_query(session, search, tariff, page)).all(), cursor_position(_lot_id))
    descriptions = describe_lots(session, [row.Lot for row in found.items])
    items = [
        LotMatch(
            lot=description,
            **make_terms(
                row.Lot, judge(search.specification, facts_of(row.Lot)), row.distance_um, row.freight_fen, tariff
            ),
        )
        for row, description in zip(found.items, descriptions, strict=True)
    ]
    return Slice(items, found.next_cursor)


def _page_query(session: Session, search: LotSearch, tariff: Tariff, page: Page) -> Select[Any]:
    query: Any
    distance_um: Any = null()
    freight_fen: Any = null()
    delivered_fen: Any = null()
    if search.position is None:
        query = select(Lot, distance_um.label("distance_um"), freight_fen.label("freight_fen"))
        query = query.where(is_trading(Lot.organisation_id))
        if search.site_conditions:
            query = query.where(Lot.site_id.in_(select(Site.id).where(*search.site_conditions)))
    else:
        sites = find_nearby(session, search.position, search.within_km, tariff, *search.site_conditions)
        nearby = as_table(sites, session)
        distance_um, freight_fen = nearby.c.distance_um, nearby.c.freight_fen
        delivered_fen = as_stored(Lot.price_cny_per_t) + freight_fen
        query = select(Lot, distance_um, freight_fen).join(nearby, nearby.c.site_id == Lot.site_id)
    if search.max_delivered_cny_per_t is not None:
        query = query.where(delivered_fen <= to_fen(search.max_delivered_cny_per_t))
    query = query.where(*search.lot_conditions, *_meets(search.specification, search.verdicts))
    return order_offers(search.sort, Lot.id, distance_um, delivered_fen).page_of(query, page)


def _lot_id(row: Row[Any]) -> Any:  # noqa: ANN401 - the id of its lot
    return row.Lot.id


def _meets(specification: Specification, verdicts: frozenset[Verdict]) -> list[_Condition]:
    conditions: list[_Condition] = []
    if specification.materials is not None:
        materials = sorted(specification.materials)
        conditions.append(Lot.material.in_(materials) if materials else false())
    if (condition := verdict_is_among(specification, verdicts)) is not None:
        conditions.append(condition)
    return conditions


def _on_offer() -> list[_Condition]:
    # Written out, not as a parameter: only so do both engines see that the partial index on open lots applies.
    return [Lot.status == literal_column("'open'"), Lot.available_to >= today()]


def _quantities_and_days(filters: LotFilters) -> list[_Condition]:
    conditions: list[_Condition] = []
    if filters.min_quantity_t is not None:
        conditions.append(as_stored(Lot.available_t) >= to_kg(filters.min_quantity_t))
    if filters.available_on is not None:
        conditions += [Lot.available_from <= filters.available_on, Lot.available_to >= filters.available_on]
    if filters.max_price_cny_per_t is not None:
        conditions.append(Lot.price_cny_per_t <= filters.max_price_cny_per_t)
    return conditions


def _in_district(prefix: str | None) -> tuple[_Condition, ...]:
    return () if prefix is None else (Site.district_code.startswith(prefix, autoescape=True),)
