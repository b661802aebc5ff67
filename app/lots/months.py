"""The months of recurring lots: rows under the lock of their lot, and what is free, in SQL and of many lots at once."""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, case, func, literal, not_, select, type_coerce
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from app.core.clock import month_of, months_from, today
from app.core.quantities import ZERO
from app.lots.lifecycle import month_in_question, offers_in
from app.lots.models import Lot, LotMonth

#: How many months a recurring lot tells of, from the current one on.
SHOWN = 12


def lock_months(session: Session, lot: Lot, months: Sequence[str]) -> list[LotMonth]:
    """Return months of a recurring lot that the caller holds locked, in their order; those not written yet are now.

    What is then taken of a month changes the lot as it is read, so it counts as a new version of it.
    """
    flag_modified(lot, "quantity_t")
    query = select(LotMonth).where(LotMonth.lot_id == lot.id, LotMonth.month.in_(months))
    found = {row.month: row for row in session.scalars(query.execution_options(populate_existing=True))}
    for month in months:
        if month not in found:
            # Every value is given: it is read before it is stored.
            found[month] = LotMonth(
                lot_id=lot.id, month=month, quantity_t=lot.quantity_t, reserved_t=ZERO, shipped_t=ZERO
            )
            session.add(found[month])
    return [found[month] for month in months]


def written_months(session: Session, lot: Lot) -> list[LotMonth]:
    """Return the months of a locked lot from the current one on of which something was ever taken."""
    query = select(LotMonth).where(LotMonth.lot_id == lot.id, LotMonth.month >= month_of(today()))
    return list(session.scalars(query.order_by(LotMonth.month).execution_options(populate_existing=True)))


def available_kg(month: ColumnElement[str], dialect: str) -> ColumnElement[int]:
    """Return the kilograms of `lots` that are free in a month: for a lot that is there once, in any.

    Of a recurring lot that begins later it is its first month, as `month_in_question` says; after its last one, 0.
    A lot that is there once pays for no more than a look at its kind.
    """
    begins, ends = (_month_of(day, dialect) for day in (Lot.available_from, Lot.available_to))
    asked = case((begins > month, begins), else_=month)
    taken = select(LotMonth.available_t).where(LotMonth.lot_id == Lot.id, LotMonth.month == asked)
    of_month = func.coalesce(_as_kg(taken.correlate(Lot).scalar_subquery()), _as_kg(Lot.quantity_t))
    return case(
        (not_(Lot.is_recurring), _as_kg(Lot.available_t)), (ends < month, literal(0, BigInteger)), else_=of_month
    )


def _as_kg(tonnes: Any) -> ColumnElement[int]:  # noqa: ANN401 - a mapped expression
    return type_coerce(tonnes, BigInteger)


def _month_of(day: Any, dialect: str) -> ColumnElement[str]:  # noqa: ANN401 - a mapped column
    return func.to_char(day, "YYYY-MM") if dialect == "postgresql" else func.strftime("%Y-%m", day)


class Taken:
    """What is taken of the months of some recurring lots, with what each month offers; read at once for all of them."""

    def __init__(self, rows: Mapping[tuple[UUID, str], Any]) -> None:
        self._rows = rows

    def parts_of(self, lot: Any, month: str) -> tuple[Decimal, Decimal, Decimal]:  # noqa: ANN401 - Lot or row
        """Return what of a month of a lot is available, reserved and shipped."""
        row = self._rows.get((lot.id, month))
        if row is None:
            return lot.quantity_t if offers_in(lot, month) else ZERO, ZERO, ZERO
        available = row.quantity_t - row.reserved_t - row.shipped_t
        return available if offers_in(lot, month) else ZERO, row.reserved_t, row.shipped_t

    def available_t(self, lot: Any, month: str) -> Decimal:  # noqa: ANN401 - as above
        """Return what of a lot is free for one who asks about a month."""
        if not lot.is_recurring:
            return Decimal(lot.quantity_t - lot.reserved_t - lot.shipped_t)
        return self.parts_of(lot, month_in_question(lot, month))[0]


def load_taken(session: Session, lots: Collection[Any], month: str | None = None) -> Taken:
    """Return what is taken of the recurring ones of some lots (or rows with their columns); no others cost anything.

    It knows of the current month and those to come, and of all from `month` on if that is past.
    """
    lot_ids = [lot.id for lot in lots if lot.is_recurring]
    if not lot_ids:
        return Taken({})
    columns = LotMonth.lot_id, LotMonth.month, LotMonth.quantity_t, LotMonth.reserved_t, LotMonth.shipped_t
    since = min(month_of(today()), month or "9999-12")
    rows = session.execute(select(*columns).where(LotMonth.lot_id.in_(lot_ids), LotMonth.month >= since))
    return Taken({(row.lot_id, row.month): row for row in rows})


def shown_months() -> list[str]:
    """Return the months that a recurring lot tells of."""
    return months_from(month_of(today()), SHOWN)
