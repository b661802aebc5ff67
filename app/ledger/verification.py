"""Checks the ledger against itself: what is derived must equal what the entries say, and tonnes are conserved."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Integer, String, and_, case, cast, func, or_, select
from sqlalchemy.orm import Session

from app.core.quantities import ZERO
from app.ledger import origin_months
from app.ledger.accounts import DISPOSED, STOCKS, UTILISED, Account
from app.ledger.models import (
    ORIGIN_FIGURES,
    YEAR_FIGURES,
    Balance,
    LedgerEntry,
    LedgerTransaction,
    MonthlyFlow,
    OriginMonth,
    OriginYear,
    ReceivedLoad,
)
from app.ledger.periods import find_changed_periods

_BALANCE = ("site_id", "account", "material", "origin_site_id", "stock_year")
_FLOW_OF_ENTRY = ("origin_site_id", "site_id", "material", "account", "stock_year", "use", "verified", "instead_of")
_FLOW_OF_TRANSACTION = ("month", "kind", "belongs_to")
_HELD = ("site_id", "material", "origin_site_id", "stock_year")
_MONTH_FIGURE = (*origin_months.KEY, "figure")
_YEAR_FIGURE = (*origin_months.YEAR_KEY, "figure")

Totals = dict[tuple[Any, ...], Decimal]
SumsByKey = Mapping[tuple[Any, ...], Mapping[str, Decimal]]


def find_differences(session: Session) -> Iterator[str]:
    """Yield a sentence for each thing that is wrong; yields nothing for a sound ledger.

    `session` should see one snapshot. Reads every entry once, grouped in the database.
    """
    yield from _unbalanced(session)
    yield from _compare("balance", _BALANCE, _entry_balances(session), _stored(session, Balance, _BALANCE))
    flow_key, flows = (*_FLOW_OF_ENTRY, *_FLOW_OF_TRANSACTION), _entry_flows(session)
    yield from _compare("monthly flow", flow_key, flows, _stored(session, MonthlyFlow, flow_key))
    months = _due_months(flow_key, flows)
    stored_months = _stored_figures(session, OriginMonth, origin_months.KEY, ORIGIN_FIGURES)
    yield from _compare("origin's month", _MONTH_FIGURE, _figures(months), stored_months)
    stored_years = _stored_figures(session, OriginYear, origin_months.YEAR_KEY, YEAR_FIGURES)
    yield from _compare("origin's year", _YEAR_FIGURE, _figures(origin_months.sum_years(months)), stored_years)
    yield from _compare("unused load stock", _HELD, _received(session), _unused(session))
    yield from _misplaced(session)
    yield from _broken_identities(session)
    yield from find_changed_periods(session)


def _unbalanced(session: Session) -> Iterator[str]:
    """Tonnes are conserved per transaction, material, origin and stock year."""
    keys = (
        LedgerEntry.transaction_id,
        LedgerEntry.material,
        LedgerEntry.origin_site_id,
        LedgerEntry.stock_year,
    )
    total = func.sum(LedgerEntry.quantity_t)
    for transaction_id, material, origin, year, tonnes in session.execute(
        select(*keys, total).group_by(*keys).having(total != ZERO)
    ):
        yield f"transaction {transaction_id} does not sum to zero: {tonnes} t of {material} {year} from {origin}"


def _misplaced(session: Session) -> Iterator[str]:
    """Each posting counts in the month of its day, or in a later one and names that month."""
    own = func.substr(cast(LedgerTransaction.occurred_on, String), 1, 7)
    in_time = and_(LedgerTransaction.belongs_to.is_(None), LedgerTransaction.month == own)
    late = and_(LedgerTransaction.belongs_to == own, LedgerTransaction.month > own)
    columns = (LedgerTransaction.id, own, LedgerTransaction.month, LedgerTransaction.belongs_to)
    # `late` is unknown where nothing is named, and NOT of an unknown finds nothing.
    for identifier, due, month, named in session.execute(
        select(*columns).where(case((or_(in_time, late), 0), else_=1) == 1)
    ):
        yield f"transaction {identifier} of {due} counts in {month} and names {named or 'no other month'}"


def _broken_identities(session: Session) -> Iterator[str]:
    """G = (U - Up) + S + (D - Dp) + W for each site, month and material (indicators: `balance_identity`).

    G and W count whole, use, disposal and stocks of the month's own year alone; sources go negative.
    """
    fresh = MonthlyFlow.stock_year >= cast(func.substr(MonthlyFlow.month, 1, 4), Integer)
    whole = MonthlyFlow.account.in_([Account.GENERATION, Account.DISCARDED])
    of_year = and_(MonthlyFlow.account.in_(STOCKS | UTILISED | DISPOSED), fresh)
    key = (MonthlyFlow.month, MonthlyFlow.origin_site_id, MonthlyFlow.material)
    gap = func.sum(MonthlyFlow.quantity_t)
    broken = select(*key, gap).where(or_(whole, of_year)).group_by(*key).having(gap != ZERO).order_by(*key)
    for month, origin, material, tonnes in session.execute(broken):
        yield (
            f"site {origin}, {material}, {month}: (U - Up) + S + (D - Dp) + W exceeds G by {tonnes} t, "
            "which the identity does not allow"
        )


def _sums(session: Session, columns: Sequence[Any], amount: Any, *joins: Any) -> Totals:  # noqa: ANN401 - columns of any table
    query = select(*columns, func.sum(amount)).group_by(*columns)
    for target, condition in joins:
        query = query.join(target, condition)
    return {tuple(row[:-1]): row[-1] for row in session.execute(query) if row[-1]}


def _entry_balances(session: Session) -> Totals:
    return _sums(session, [getattr(LedgerEntry, name) for name in _BALANCE], LedgerEntry.quantity_t)


def _entry_flows(session: Session) -> Totals:
    columns = [getattr(LedgerEntry, name) for name in _FLOW_OF_ENTRY]
    columns += [func.coalesce(getattr(LedgerTransaction, name), "") for name in _FLOW_OF_TRANSACTION]
    join = (LedgerTransaction, LedgerTransaction.id == LedgerEntry.transaction_id)
    return _sums(session, columns, LedgerEntry.quantity_t, join)


def _stored(session: Session, table: type[Balance | MonthlyFlow], key: Sequence[str]) -> Totals:
    return _sums(session, [getattr(table, name) for name in key], table.quantity_t)


def _due_months(flow_key: Sequence[str], flows: Totals) -> SumsByKey:
    """Return the figures of the origins' months as the flows of the entries make them."""
    return origin_months.sum_figures(
        dict(zip(flow_key, key, strict=True)) | {"quantity_t": tonnes} for key, tonnes in flows.items()
    )


def _figures(sums: SumsByKey) -> Totals:
    return {(*key, figure): tonnes for key, figures in sums.items() for figure, tonnes in figures.items() if tonnes}


def _stored_figures(
    session: Session, table: type[OriginMonth | OriginYear], key: Sequence[str], figures: Sequence[str]
) -> Totals:
    rows = session.execute(select(*(getattr(table, name) for name in (*key, *figures))))
    return {
        (*row[: len(key)], figure): tonnes
        for row in rows
        for figure, tonnes in zip(figures, row[len(key) :], strict=True)
        if tonnes
    }


def _received(session: Session) -> Totals:
    columns = [getattr(Balance, name) for name in _HELD]
    rows = session.execute(select(*columns, Balance.quantity_t).where(Balance.account == Account.RECEIVED))
    return {tuple(row[:-1]): row[-1] for row in rows if row[-1]}


def _unused(session: Session) -> Totals:
    return _sums(session, [getattr(ReceivedLoad, name) for name in _HELD], ReceivedLoad.unused_t)


def _compare(what: str, key: Sequence[str], expected: Totals, found: Totals) -> Iterator[str]:
    for identity in sorted(expected.keys() | found.keys(), key=str):
        due, stands = expected.get(identity, ZERO), found.get(identity, ZERO)
        if due != stands:
            named = ", ".join(f"{name} {value}" for name, value in zip(key, identity, strict=True) if value != "")
            yield f"{what} of {named}: {stands} t stand, the entries make {due} t"
