"""The order of offers in SQL, and the page of it after a cursor."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Row,
    Select,
    Uuid,
    bindparam,
    func,
    literal,
    null,
    type_coerce,
)

from app.core.paging import Page, beyond
from app.core.quantities import FEN, KILOGRAM

_LAST = 2**62


@dataclass(frozen=True)
class Order:
    """What rows are ordered by: by `rank` then id, or by id alone."""

    rank: ColumnElement[int] | None
    id_column: ColumnElement[UUID]
    descending: bool = False

    def page_of(self, query: Select[Any], page: Page) -> Select[Any]:
        """Return the statement of one page and one row more, with the column `rank` that its cursor needs."""
        return self.prepare_page(query, is_continued=page.after is not None).params(**page_values(page))

    def prepare_page(self, query: Select[Any], *, is_continued: bool) -> Select[Any]:
        """Return the same with the parameters `page_values`, after a row where the page `is_continued`."""
        if is_continued:
            last: list[Any] = [] if self.rank is None else [bindparam("after_rank", type_=BigInteger)]
            last.append(bindparam("after_id", type_=Uuid))
            query = query.where(beyond(self._columns(), last, descending=self.descending))
        query = query.add_columns((null() if self.rank is None else self.rank).label("rank"))
        return self.sort(query).limit(bindparam("row_count", type_=Integer))

    def sort(self, query: Select[Any]) -> Select[Any]:
        """Return a statement in this order."""
        return query.order_by(*(column.desc() if self.descending else column.asc() for column in self._columns()))

    def _columns(self) -> tuple[ColumnElement[Any], ...]:
        return (self.id_column,) if self.rank is None else (self.rank, self.id_column)


def page_values(page: Page) -> dict[str, Any]:
    """Return the parameters of the statement of a page: how many rows, one too many, and after which."""
    values: dict[str, Any] = {"row_count": page.limit + 1}
    if page.after is not None:
        *rank, last_id = page.after
        values |= {"after_id": UUID(last_id)} | ({"after_rank": rank[0]} if rank else {})
    return values


def by_age(id_column: Any) -> Order:  # noqa: ANN401 - a mapped column
    """Return the order of the newest first: ids are UUIDv7."""
    return Order(None, id_column, descending=True)


def by_rank(rank: ColumnElement[Any], id_column: Any) -> Order:  # noqa: ANN401 - a mapped column
    """Return the order of an integer, the least first and those without one last."""
    return Order(rank, id_column)


def nulls_last(rank: ColumnElement[int | None]) -> ColumnElement[int]:
    """Return a rank that is never NULL, so that a cursor can hold it."""
    return func.coalesce(rank, literal(_LAST, BigInteger))


def cursor_position(identify: Callable[[Row[Any]], UUID]) -> Callable[[Row[Any]], tuple[Any, ...]]:
    """Return what a cursor holds of a row: rank and id, or the id alone."""
    return lambda row: (str(identify(row)),) if row.rank is None else (row.rank, str(identify(row)))


def as_stored(column: Any) -> ColumnElement[int]:  # noqa: ANN401 - a mapped column, or a sum of such
    """Return an expression of yuan or tonnes as the integer of fen or kilograms that the database computes with."""
    return type_coerce(column, BigInteger)


def to_fen(cny: Decimal) -> int:
    """Return yuan, of two decimals at most, in fen."""
    return int(cny / FEN)


def to_kg(tonnes: Decimal) -> int:
    """Return tonnes, of three decimals at most, in kilograms."""
    return int(tonnes / KILOGRAM)
