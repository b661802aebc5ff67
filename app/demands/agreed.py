"""What agreements bring to the demands that they name."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_FLOOR, Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Boolean, Date, Select, String, Uuid, bindparam, column, func, or_, select, table
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from app.core.clock import business_date, first_day, last_day, month_of, months_touched, today
from app.core.database import UtcDateTime
from app.core.quantities import KILOGRAM, ZERO, TonnesType
from app.demands.models import Demand, DemandId

# Agreements stand on a floor above demands, which demands may not import; of them only these columns are read. On
# PostgreSQL functions read them, for everybody: how much a demand still needs is the market's, whose agreements bring
# the rest is not (row-level security). A column belongs to one statement, so each gets its own.
_AGREEMENTS: Mapping[str, type[TypeEngine[Any]]] = {
    "id": Uuid,
    "demand_id": Uuid,
    "status": String,
    "is_recurring": Boolean,
    "quantity_kg": TonnesType,
    "shipped_kg": TonnesType,
    "starts_on": Date,
    "ends_on": Date,
    "accepted_at": UtcDateTime,
}
_MONTHS: Mapping[str, type[TypeEngine[Any]]] = {"agreement_id": Uuid, "month": String, "shipped_kg": TonnesType}


@dataclass(frozen=True)
class Share:
    """An agreement that names a demand; `shipped` maps months of a recurring one to tonnes."""

    is_live: bool
    is_recurring: bool
    quantity_t: Decimal
    shipped_t: Decimal
    starts_on: date
    ends_on: date
    shipped: Mapping[str, Decimal] = field(default_factory=dict)

    def of_month(self, month: str) -> Decimal:
        """Return what it brings in a month; of a quantity agreed on once, the part of its days, to the kilogram."""
        if self.is_recurring:
            shipped_t = self.shipped.get(month, ZERO)
            is_touched = month_of(self.starts_on) <= month <= month_of(self.ends_on)
            return max(self.quantity_t, shipped_t) if self.is_live and is_touched else shipped_t
        first, last = max(self.starts_on, first_day(month)), min(self.ends_on, last_day(month))
        if last < first:
            return ZERO
        days, all_days = (last - first).days + 1, (self.ends_on - self.starts_on).days + 1
        return (self.in_all(month) * days / all_days).quantize(KILOGRAM, rounding=ROUND_FLOOR)

    def in_all(self, month: str) -> Decimal:
        """Return what it brings in all: of a recurring one what was shipped and, from a month on, what is agreed on."""
        if not self.is_live or not self.is_recurring:
            return max(self.quantity_t, self.shipped_t) if self.is_live else self.shipped_t
        to_come = [each for each in months_touched(self.starts_on, self.ends_on) if each >= month]
        past = sum((shipped for each, shipped in self.shipped.items() if each < month), ZERO)
        return past + sum((self.of_month(each) for each in to_come), ZERO)


def agreed_t(demand: Demand, shares: Sequence[Share], on: date) -> Decimal:
    """Return what agreements bring to a demand, to a recurring one in the month of a day."""
    month = month_of(on)
    return sum((share.of_month(month) if demand.is_recurring else share.in_all(month) for share in shares), ZERO)


def load_shares(session: Session, demand_ids: Collection[DemandId]) -> dict[UUID, list[Share]]:
    """Return the agreements that were accepted and name one of the demands, by demand; at most two statements."""
    agreements = _of_ids(session, "agreements", _AGREEMENTS, "demand_id", demand_ids, "agreements_of_demands")
    found = agreements.selected_columns
    rows = session.execute(agreements.where(or_(found.status == "accepted", found.shipped_kg > 0))).all()
    months = _load_months(session, [row.id for row in rows if row.is_recurring])
    shares: dict[UUID, list[Share]] = defaultdict(list)
    for row in rows:
        shares[row.demand_id].append(
            Share(
                row.status == "accepted" and _lasts(row),
                row.is_recurring,
                row.quantity_kg,
                row.shipped_kg,
                row.starts_on,
                row.ends_on,
                months.get(row.id, {}),
            )
        )
    return shares


def _lasts(row: Any) -> bool:  # noqa: ANN401 - a row of an agreement
    """Tell whether the days of an accepted agreement are not over, be it swept or not."""
    accepted_on = row.ends_on if row.accepted_at is None else business_date(row.accepted_at)
    return bool(max(row.ends_on, accepted_on) >= today())


def _load_months(session: Session, agreement_ids: Collection[Any]) -> dict[UUID, dict[str, Decimal]]:
    months: dict[UUID, dict[str, Decimal]] = defaultdict(dict)
    if agreement_ids:
        query = _of_ids(session, "agreement_months", _MONTHS, "agreement_id", agreement_ids, "months_of_agreements")
        for row in session.execute(query):
            months[row.agreement_id][row.month] = row.shipped_kg
    return months


def _of_ids(
    session: Session,
    name: str,
    columns: Mapping[str, type[TypeEngine[Any]]],
    key: str,
    ids: Collection[Any],
    function: str,
) -> Select[Any]:
    """Return the query for the rows of a table that name one of some ids; of PostgreSQL, for those of a function."""
    own = [column(each, kind) for each, kind in columns.items()]
    if session.get_bind().dialect.name == "postgresql":
        return select(getattr(func, function)(bindparam("ids", list(ids), ARRAY(Uuid))).table_valued(*own))
    found = table(name, *own)
    return select(found).where(found.c[key].in_(ids))
