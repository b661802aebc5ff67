"""The statement of a page of a search: made once for searches of one shape, for making it takes longer than running it.

What a search asks for goes in as parameters; what the statement itself depends on is its shape.
"""

from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from sqlalchemy import Select

from app.catalogue.schemas import Rounding
from app.core.paging import Page
from app.lots.documents import select_lots
from app.lots.models import Lot
from app.matching.costs import fen_per_active_tonne, fen_per_dry_tonne
from app.matching.limits import Criterion, admitted_range
from app.matching.lot_search import LotSearch
from app.matching.nearness import nearest_miss_ppb
from app.matching.offers import Offers, make_offers
from app.matching.ordering import Order, by_age, by_rank, nulls_last
from app.matching.ranking import Sort
from app.matching.verdict import Specification

_KEPT = 500


@dataclass(frozen=True)
class PageShape:
    """What a statement depends on; two of the same shape are equal, whatever `search` they come from."""

    dialect: str
    is_continued: bool
    parts: tuple[Hashable, ...]
    search: LotSearch = field(compare=False)


def shape_of(search: LotSearch, page: Page, dialect: str) -> PageShape:
    """Return the shape of a page of a search."""
    parts = (
        search.sort,
        search.verdicts,
        tuple(condition for condition, _ in search.conditions),
        search.district is not None,
        search.position is not None,
        search.most_delivered_fen is not None,
        search.active_component,
        search.finds_nothing,
        *_shape_of_specification(search.specification),
    )
    return PageShape(dialect, page.after is not None, parts, search)


def _shape_of_specification(specification: Specification) -> tuple[Hashable, ...]:
    materials = specification.materials
    return (
        tuple(map(_shape_of_criterion, specification.criteria)),
        specification.excluded_origins,
        specification.closures,
        bool(specification.unfiled),
        None if materials is None else bool(materials),
        specification.assays_since is None,
    )


def _shape_of_criterion(criterion: Criterion) -> Hashable:
    if criterion.rounding is not Rounding.NONE:
        return criterion  # a grade's own: how its limits are written decides how it rounds
    ends = admitted_range(criterion)
    return criterion.parameter, criterion.kind, criterion.status, *(end is not None for end in ends)


@lru_cache(maxsize=_KEPT)
def page_statement(shape: PageShape) -> Select[Any]:
    """Return the statement of a page with the parameters `offer_values` and `page_values`.

    It is cut on ids alone, so that no wide row is sorted that does not stay.
    """
    offers = make_offers(shape.search, shape.dialect, {})
    order = _order(shape.search, offers)
    narrow = offers.prepare(Lot.id, offers.distance_um.label("distance_um"))
    cut = order.prepare_page(narrow, is_continued=shape.is_continued).cte("page")
    wide = select_lots(cut.c.distance_um, cut.c.rank).join(cut, cut.c.id == Lot.id)
    return order.sort(wide) if order.rank is None else replace(order, rank=cut.c.rank).sort(wide)


def _order(search: LotSearch, offers: Offers) -> Order:
    """Return the order that the search's sort means; those by cost want a place, which the filters see to."""
    if search.sort is Sort.NEWEST:
        return by_age(Lot.id)
    if search.sort is Sort.NEAREST_MISS:
        return by_rank(nearest_miss_ppb(search.specification), Lot.id)
    if search.sort is Sort.DELIVERED_PRICE_DRY:
        return by_rank(nulls_last(fen_per_dry_tonne(offers.delivered_fen)), Lot.id)
    if search.sort is Sort.DELIVERED_PRICE_ACTIVE and search.active_component is not None:
        return by_rank(nulls_last(fen_per_active_tonne(offers.delivered_fen, search.active_component)), Lot.id)
    return by_rank(offers.distance_um if search.sort is Sort.DISTANCE else offers.delivered_fen, Lot.id)
