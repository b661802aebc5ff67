"""The demands of others that a lot can serve: found and ordered in the database, judged one by one.

Each demand asks something else, so its verdict is no single statement: rows come in order, a batch at a time, and are
judged until the page is full.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, Select, or_, select
from sqlalchemy.orm import Session

from app.catalogue.reference import reference
from app.core.clock import today
from app.core.documents import Document
from app.core.paging import Page, Slice
from app.core.recurring import recurring_of
from app.demands.models import Demand, DemandId, DemandStatus
from app.demands.schemas import CriterionRead
from app.lots.lifecycle import effective_status
from app.lots.models import Lot, LotStatus
from app.lots.months import load_taken
from app.matching.conventions import Conventions
from app.matching.filters import read_verdicts
from app.matching.hauls import Leg, make_hauls
from app.matching.lot_search import month_of_need
from app.matching.nearby import Position, find_nearby, nearby_table, nearby_values
from app.matching.ordering import Order, as_stored, by_age, by_rank, cursor_position, to_fen
from app.matching.ranking import Sort, Tariff
from app.matching.schemas import DemandBrief, TakerFilters
from app.matching.specification import demand_specification
from app.matching.tariffs import freight_of_demands, tariff_for
from app.matching.terms import facts_of, make_terms
from app.matching.verdict import NOT_FAILED, Judgement, Verdict, judge
from app.organisations.briefs import Place, load_places
from app.organisations.models import Site, SiteId

_BATCH = 200
_KM_IN_UM = 1_000_000_000
_WAITING = select(Demand.site_id).where(Demand.status == DemandStatus.OPEN.value)


class _Taker(NamedTuple):
    """A demand with what the lot means for it."""

    row: Row[Any]
    judgement: Judgement


def find_takers(
    session: Session, lot: Lot, site: Site, filters: TakerFilters, conventions: Conventions, page: Page
) -> Slice[Document]:
    """Return one page of the open demands of others that a lot at `site` can serve, as `DemandMatch` has them."""
    if effective_status(lot, today()) is not LotStatus.OPEN:
        return Slice([], None)
    verdicts = NOT_FAILED if filters.verdict is None else read_verdicts(filters.verdict)
    query, order = _candidates(session, lot, site, filters, conventions.tariff)
    takers: list[_Taker] = []
    taken = load_taken(session, [lot])
    for row in _in_batches(session, query, order, page):
        if taken.available_t(lot, month_of_need(row.Demand)) <= 0:
            continue
        if (judgement := _judge(row.Demand, lot, verdicts, conventions.assays_since)) is not None:
            takers.append(_Taker(row, judgement))
        if len(takers) > page.limit:
            break
    position = cursor_position(_demand_id)
    found = page.cut(takers, lambda taker: position(taker.row))
    return Slice(_describe(session, found.items, lot, site, conventions), found.next_cursor)


def _candidates(
    session: Session, lot: Lot, site: Site, filters: TakerFilters, tariff: Tariff
) -> tuple[Select[Any], Order]:
    """Return the demands that the lot can reach, in time and within their limits of distance and price."""
    dialect = session.get_bind().dialect.name
    sites = find_nearby(session, Position(site.latitude, site.longitude), None, tariff, among=_WAITING)
    nearby = nearby_table(dialect)
    delivered_fen = to_fen(lot.price_cny_per_t) + freight_of_demands(nearby.c.distance_um, tariff)
    query = (
        select(Demand, nearby.c.distance_um)
        .join(nearby, nearby.c.site_id == Demand.site_id)
        .where(
            Demand.status == DemandStatus.OPEN.value,
            Demand.organisation_id != lot.organisation_id,
            Demand.use.in_(_uses_of(lot.material)),
            Demand.needed_to >= max(today(), lot.available_from),
            Demand.needed_from <= lot.available_to,
            _is_open_or(Demand.max_distance_km, nearby.c.distance_um <= Demand.max_distance_km * _KM_IN_UM),
            _is_open_or(Demand.max_delivered_cny_per_t, delivered_fen <= as_stored(Demand.max_delivered_cny_per_t)),
        )
        .params(**nearby_values(sites, dialect))
    )
    if filters.sort is Sort.NEWEST:
        return query, by_age(Demand.id)
    return query, by_rank(nearby.c.distance_um if filters.sort is Sort.DISTANCE else delivered_fen, Demand.id)


def _is_open_or(limit: Any, kept: ColumnElement[bool]) -> ColumnElement[bool]:  # noqa: ANN401 - a mapped column
    return or_(limit.is_(None), kept)


def _uses_of(material: str) -> list[str]:
    return [use.key for use in reference().uses.values() if material in use.materials]


def _in_batches(session: Session, query: Select[Any], order: Order, page: Page) -> Iterator[Row[Any]]:
    position = cursor_position(_demand_id)
    batch = replace(page, limit=_BATCH)
    while True:
        rows = session.execute(order.page_of(query, batch)).all()
        yield from rows[: batch.limit]
        if len(rows) <= batch.limit:
            return
        batch = replace(batch, after=position(rows[batch.limit - 1]))


def _judge(demand: Demand, lot: Lot, verdicts: frozenset[Verdict], assays_since: date) -> Judgement | None:
    """Return the verdict of the lot for a demand, None where it is not wanted; `unknown` is for who accepts it."""
    specification = demand_specification(demand, assays_since)
    if specification.materials is not None and lot.material not in specification.materials:
        return None
    judgement = judge(specification, facts_of(lot))
    accepted = verdicts if demand.accept_unknown else verdicts - {Verdict.UNKNOWN}
    return judgement if judgement.is_among(accepted) else None


def _describe(
    session: Session, takers: Sequence[_Taker], lot: Lot, site: Site, conventions: Conventions
) -> list[Document]:
    places = load_places(session, {taker.row.Demand.site_id for taker in takers})
    hauls = make_hauls([_leg(taker, site, places, conventions.tariff) for taker in takers], conventions.router)
    return [
        {
            "demand": _brief(taker.row.Demand, places[taker.row.Demand.site_id]),
            **make_terms(
                lot,
                taker.judgement,
                haul,
                reference().uses[taker.row.Demand.use].active_component,
                conventions,
            ),
        }
        for taker, haul in zip(takers, hauls, strict=True)
    ]


def _leg(taker: _Taker, origin: Site, places: Mapping[SiteId, Place], tariff: Tariff) -> Leg:
    demand: Demand = taker.row.Demand
    gate = places[demand.site_id].site
    return Leg(
        Position(origin.latitude, origin.longitude),
        Position(gate.latitude, gate.longitude),
        taker.row.distance_um,
        tariff_for(demand, tariff),
    )


def _brief(demand: Demand, place: Place) -> DemandBrief:
    return DemandBrief(
        id=demand.id,
        use=demand.use,
        materials=demand.materials,
        grade=demand.grade,
        criteria=[CriterionRead.model_validate(row) for row in demand.criteria],
        quantity_t=None if demand.is_recurring else demand.quantity_t,
        recurring=recurring_of(demand.quantity_t, is_recurring=demand.is_recurring),
        needed_from=demand.needed_from,
        needed_to=demand.needed_to,
        site=place.site,
        organisation=place.organisation,
    )


def _demand_id(row: Row[Any]) -> DemandId:
    identifier: DemandId = row.Demand.id
    return identifier
