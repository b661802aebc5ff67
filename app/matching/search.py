"""The search for lots: sites around a place first, then one statement over their lots (step 3)."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from app.core.clock import today
from app.core.documents import Document
from app.core.paging import Page, Slice
from app.lots.documents import describe_lots
from app.matching.circles import search_circles
from app.matching.conventions import Conventions
from app.matching.hauls import Leg, make_hauls
from app.matching.lot_search import LotSearch
from app.matching.nearby import Nearby, Position
from app.matching.offers import find_sites, offer_values
from app.matching.ordering import cursor_position, page_values
from app.matching.page_statements import page_statement, shape_of
from app.matching.ranking import Haul, Tariff
from app.matching.terms import facts_of, make_terms
from app.matching.verdict import judge


def search_lots(session: Session, search: LotSearch, conventions: Conventions, page: Page) -> Slice[Document]:
    """Return one page of the lots that a search finds, each with its verdict and its terms, as `LotMatch` has them."""
    found = page.cut(_find_rows(session, search, conventions.tariff, page), cursor_position(_lot_id))
    hauls = _make_hauls(search, found.items, conventions)
    lots = describe_lots(session, found.items, today(), search.month)
    items = [
        {
            "lot": lot,
            **make_terms(row, judge(search.specification, facts_of(row)), haul, search.active_component, conventions),
        }
        for row, lot, haul in zip(found.items, lots, hauls, strict=True)
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

    def run(sites: Nearby | None) -> Sequence[Row[Any]]:
        return connection.execute(statement, offer_values(search, sites, dialect) | page_values(page)).all()

    sites = find_sites(session, search, tariff)
    return run(None) if sites is None else search_circles(session, search, sites, page, run)


def _lot_id(row: Row[Any]) -> Any:  # noqa: ANN401 - the id of its lot
    return row.id
