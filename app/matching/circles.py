"""How few of the sites in reach must be searched for a page: the nearest first, then only those that can matter.

By distance, a full page of lots that lie nearer than every site left out is the page. By delivered price, a site
matters only if the cheapest lot of the whole market, hauled from there, would come before the last lot of a full page.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Row, Select, bindparam, func, literal_column, select
from sqlalchemy.orm import Session

from app.core.paging import Page
from app.lots.models import Lot
from app.matching.lot_search import LotCondition, LotSearch
from app.matching.nearby import Nearby
from app.matching.ordering import as_stored
from app.matching.ranking import Sort

#: How many of the nearest sites are searched first, and how many times as many each time the page is not full.
FIRST_SITES, TIMES_AS_MANY = 48, 6
_Rows = Sequence[Row[Any]]
#: Runs the statement of a page over some sites; returns its rows and one more, if there is one.
Run = Callable[[Nearby], _Rows]


def search_circles(session: Session, search: LotSearch, sites: Nearby, page: Page, run: Run) -> _Rows:
    """Return the rows of a page and one more, if there is one, of all the sites."""
    if search.sort is Sort.DISTANCE:
        return _nearest_first(sites if page.after is None else sites.not_before(page.after[0]), page, run)
    cheapest_fen = _find_cheapest(session, search) if search.sort is Sort.DELIVERED_PRICE else None
    return run(sites) if cheapest_fen is None else _cheapest_first(sites, cheapest_fen, page, run)


def _nearest_first(sites: Nearby, page: Page, run: Run) -> _Rows:
    rows: _Rows = []
    for circle in _widen(sites):
        rows = run(circle)
        if len(rows) > page.limit:
            break
    return rows


def _cheapest_first(sites: Nearby, cheapest_fen: int, page: Page, run: Run) -> _Rows:
    rows: _Rows = []
    for circle in _widen(sites):
        rows = run(circle)
        if len(rows) > page.limit:
            mattering = sites.hauled_for(rows[-1].rank - cheapest_fen)
            return rows if len(mattering) <= len(circle) else run(mattering)
    return rows


def _widen(sites: Nearby) -> Iterator[Nearby]:
    count = FIRST_SITES
    while count < len(sites):
        yield sites.nearest(count)
        count *= TIMES_AS_MANY
    yield sites


def _find_cheapest(session: Session, search: LotSearch) -> int | None:
    """Return the least price of any open lot of the materials in fen; None where the search is not for such alone."""
    materials = search.specification.materials
    if not materials or LotCondition.ON_OFFER not in {condition for condition, _ in search.conditions}:
        return None
    prices = [session.connection().execute(_cheapest_of(), {"material": key}).scalar() for key in sorted(materials)]
    return min((price for price in prices if price is not None), default=None)


@lru_cache(maxsize=1)
def _cheapest_of() -> Select[Any]:
    """Return the statement of the first entry of an index; of several materials at once it would read them all."""
    price = as_stored(Lot.price_cny_per_t)
    is_open = Lot.status == literal_column("'open'")  # written out: only so the partial index applies
    return select(func.min(price)).where(is_open, Lot.material == bindparam("material"))
