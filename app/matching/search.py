"""The search for lots: sites around a place first, then one statement over their lots (step 3)."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, false, join, literal_column, null, select, true
from sqlalchemy.orm import Session

from app.auth.actor import Actor
from app.catalogue.reference import reference
from app.core.clock import today
from app.core.errors import invalid
from app.core.geo import to_wgs84
from app.core.paging import Page, Slice
from app.demands.lifecycle import effective_status
from app.demands.models import Demand, DemandStatus
from app.lots.models import Lot
from app.lots.queries import describe_lots
from app.matching.conditions import verdict_is_among
from app.matching.conventions import Conventions
from app.matching.costs import fen_per_active_tonne, fen_per_dry_tonne
from app.matching.filters import read_near, read_spec, read_verdicts
from app.matching.nearby import Position, as_table, find_nearby, is_trading
from app.matching.nearness import nearest_miss_ppb
from app.matching.ordering import Order, as_stored, by_age, by_rank, cursor_position, nulls_last, to_fen, to_kg
from app.matching.ranking import Sort, Tariff
from app.matching.schemas import LotChoice, LotFilters, LotMatch, MatchFilters
from app.matching.specification import demand_specification, make_specification
from app.matching.terms import facts_of, make_terms
from app.matching.verdict import NOT_FAILED, Specification, Verdict, judge
from app.organisations.models import Site

_Condition = ColumnElement[bool]


@dataclass(frozen=True)
class LotSearch:
    """What is asked of lots, whoever asks; without a `position` no distances and no order by distance or cost.

    `active_component` is the parameter that the use pays for; only with one there is an order by its cost.
    """

    specification: Specification
    verdicts: frozenset[Verdict]
    sort: Sort
    lot_conditions: tuple[_Condition, ...]
    site_conditions: tuple[_Condition, ...] = ()
    position: Position | None = None
    within_km: float | None = None
    max_delivered_cny_per_t: Decimal | None = None
    active_component: str | None = None


def market_search(filters: LotChoice, actor: Actor, conventions: Conventions) -> LotSearch:
    """Return the search that the filters of `GET /lots` ask for."""
    asked = filters.sort if isinstance(filters, LotFilters) else None
    sort = asked or (Sort.NEWEST if filters.near is None else Sort.DISTANCE)
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
        lot_conditions=(
            *([Lot.organisation_id == actor.organisation_id] if filters.mine else _on_offer()),
            *_quantities_and_days(filters),
        ),
        site_conditions=_in_district(filters.district),
        position=None if filters.near is None else Position(*to_wgs84(*read_near(filters.near), filters.datum)),
        within_km=filters.within_km,
        max_delivered_cny_per_t=filters.max_delivered_cny_per_t,
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
        active_component=component,
    )


def search_lots(session: Session, search: LotSearch, conventions: Conventions, page: Page) -> Slice[LotMatch]:
    """Return one page of the lots that a search finds, each with its verdict and its terms."""
    rows = session.execute(_page_query(session, search, conventions.tariff, page)).all()
    found = page.cut(rows, cursor_position(_lot_id))
    descriptions = describe_lots(session, [row.Lot for row in found.items])
    items = [
        LotMatch(
            lot=description,
            **make_terms(
                row.Lot,
                judge(search.specification, facts_of(row.Lot)),
                row.distance_um,
                row.freight_fen,
                search.active_component,
                conventions,
            ),
        )
        for row, description in zip(found.items, descriptions, strict=True)
    ]
    return Slice(items, found.next_cursor)


@dataclass(frozen=True)
class Offers:
    """The lots that a search finds, in no order yet; without a place distance and cost are NULL."""

    distance_um: Any
    freight_fen: Any
    delivered_fen: Any
    joined: Any
    conditions: tuple[_Condition, ...]

    def select(self, *columns: Any) -> Select[Any]:  # noqa: ANN401 - columns of lots, or of this
        """Return the statement of some columns of every lot found."""
        return select(*columns).select_from(self.joined).where(*self.conditions)


def find_offers(session: Session, search: LotSearch, tariff: Tariff) -> Offers:
    """Return the lots that a search finds; the sites around its place are looked up at once."""
    conditions = [*search.lot_conditions, *_meets(search.specification, search.verdicts)]
    if search.position is None:
        conditions.append(is_trading(Lot.organisation_id))
        if search.site_conditions:
            conditions.append(Lot.site_id.in_(select(Site.id).where(*search.site_conditions)))
        return Offers(null(), null(), null(), Lot.__table__, tuple(conditions))
    sites = find_nearby(session, search.position, search.within_km, tariff, *search.site_conditions)
    nearby = as_table(sites, session)
    delivered_fen = as_stored(Lot.price_cny_per_t) + nearby.c.freight_fen
    if search.max_delivered_cny_per_t is not None:
        conditions.append(delivered_fen <= to_fen(search.max_delivered_cny_per_t))
    joined = join(nearby, Lot, nearby.c.site_id == Lot.site_id)
    return Offers(nearby.c.distance_um, nearby.c.freight_fen, delivered_fen, joined, tuple(conditions))


def _page_query(session: Session, search: LotSearch, tariff: Tariff, page: Page) -> Select[Any]:
    offers = find_offers(session, search, tariff)
    query = offers.select(Lot, offers.distance_um.label("distance_um"), offers.freight_fen.label("freight_fen"))
    return _order(search, offers.distance_um, offers.delivered_fen).page_of(query, page)


def _order(search: LotSearch, distance_um: Any, delivered_fen: Any) -> Order:  # noqa: ANN401 - columns, or NULL
    """Return the order that the search's sort means; those by cost want a place, which the filters see to."""
    if search.sort is Sort.NEWEST:
        return by_age(Lot.id)
    if search.sort is Sort.NEAREST_MISS:
        return by_rank(nearest_miss_ppb(search.specification), Lot.id)
    if search.sort is Sort.DELIVERED_PRICE_DRY:
        return by_rank(nulls_last(fen_per_dry_tonne(delivered_fen)), Lot.id)
    if search.sort is Sort.DELIVERED_PRICE_ACTIVE and search.active_component is not None:
        return by_rank(nulls_last(fen_per_active_tonne(delivered_fen, search.active_component)), Lot.id)
    return by_rank(distance_um if search.sort is Sort.DISTANCE else delivered_fen, Lot.id)


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


def _quantities_and_days(filters: LotChoice) -> list[_Condition]:
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
