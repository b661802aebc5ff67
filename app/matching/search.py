"""The search for lots: sites around a place first, then one statement over their lots (step 3)."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from app.core.clock import today
from app.core.documents import Document
from app.core.paging import Page, Slice
from app.lots.documents import describe_lot
from app.matching.conventions import Conventions
from app.matching.hauls import Leg, make_hauls
from app.matching.lot_search import LotSearch
from app.matching.nearby import Nearby, Position
from app.matching.offers import find_sites, offer_values
from app.matching.ordering import cursor_position, page_values
from app.matching.page_statements import page_statement, shape_of
from app.matching.ranking import Haul, Sort, Tariff
from app.matching.terms import facts_of, make_terms
from app.matching.verdict import judge

#: How many of the nearest sites are searched first, and how many times as many each time the page is not full.
_FIRST_SITES, _TIMES_AS_MANY = 48, 6


def search_lots(session: Session, search: LotSearch, conventions: Conventions, page: Page) -> Slice[Document]:
    """Return one page of the lots that a search finds, each with its verdict and its terms, as `LotMatch` has them."""
    found = page.cut(_find_rows(session, search, conventions.tariff, page), cursor_position(_lot_id))
    hauls, day = _make_hauls(search, found.items, conventions), today()
    items = [
        {
            "lot": describe_lot(row, day),
            **make_terms(row, judge(search.specification, facts_of(row)), haul, search.active_component, conventions),
        }
        for row, haul in zip(found.items, hauls, strict=True)
    ]
    return Slice(items, found.next_cursor)


def _make_hauls(search: LotSearch, rows: Sequence[Row[Any]], conventions: Conventions) -> Sequence[Haul | None]:
    if search.position is None:
        return [None] * len(rows)
    legs = [
        Leg(Position(row.latitude, row.longitude), search.position, row.distance_um, conventions.tariff) for row in rows
    ]
    return make_hauls(legs, conventions.router)


def _find_rows(session: Session, search: LotSearch, tariff: Tariff, page: Page) -> Sequence[Row[Any]]:
    """Return the rows of a page and one more, if there is one."""
    connection = session.connection()
    dialect = connection.dialect.name
    statement = page_statement(shape_of(search, page, dialect))
    rows: Sequence[Row[Any]] = []
    for sites in _in_circles(find_sites(session, search, tariff), search, page):
        rows = connection.execute(statement, offer_values(search, sites, dialect) | page_values(page)).all()
        if len(rows) > page.limit:
            break
    return rows


def _in_circles(sites: Nearby | None, search: LotSearch, page: Page) -> Iterator[Nearby | None]:
    """Yield the sites to search in; by distance the nearest first, then ever more of them.

    A full page of lots that lie nearer than every site left out is the page, whatever else there is.
    """
    if sites is None or search.sort is not Sort.DISTANCE:
        yield sites
        return
    if page.after is not None:
        sites = sites.not_before(page.after[0])
    count = _FIRST_SITES
    while count < len(sites.site_ids):
        yield sites.nearest(count)
        count *= _TIMES_AS_MANY
    yield sites


def _lot_id(row: Row[Any]) -> Any:  # noqa: ANN401 - the id of its lot
    return row.id
