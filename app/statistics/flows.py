"""Reads of what the ledger derives by month, never of the entries: balances at origins, and use by its place.

All figures stand in the months of the origins. Where tonnes were used, and for what, only the monthly flows tell; the
flows of use are taken from there, and only when a question asks for them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    and_,
    cast,
    func,
    literal,
    null,
    select,
    type_coerce,
)
from sqlalchemy.orm import Session

from app.auth.actor import Actor
from app.core.clock import year_of
from app.core.errors import Invalid, invalid
from app.core.quantities import ZERO, TonnesType
from app.ledger.accounts import UTILISED, Account
from app.ledger.models import ORIGIN_FIGURES, Declaration, MonthlyFlow, OriginMonth, OriginYear
from app.statistics.groups import MAX_GROUPS, MAX_ROWS, Stocked, bucket_of, grouped, key_of, limits_of
from app.statistics.rate import MassBalance
from app.statistics.schemas import UtilisationQuery

#: Columns that divide use alone: nothing else has a place of use.
_OF_USE = frozenset({"place", "use"})

Key = tuple[Any, ...]
Sums = tuple[Decimal, ...]
Figures = dict[str, ColumnElement[Decimal]]
#: Made once: making expressions takes longer than adding up.
_SUMS: Figures = {name: func.sum(getattr(OriginMonth, name)) for name in ORIGIN_FIGURES}


@dataclass(frozen=True)
class Flows:
    """Grouped sums: stock before the period by key, and by key and bucket the figures of MassBalance in its order.

    A key holds the values of `key_names`; a bucket is a month, or PERIOD where the question is not by month.
    `undeclared` is how many months of a site and material in the period have waste by dispatch and no declaration.
    """

    before: Mapping[Key, Decimal]
    within: Mapping[Key, Mapping[str, Sums]]
    undeclared: int


def read_flows(session: Session, actor: Actor, query: UtilisationQuery, materials: Sequence[str]) -> Flows:
    """Return what the caller may see, grouped as asked; raises Invalid `too_many_rows`.

    `session` must be a snapshot: stock, balances, use and declarations are statements of their own.
    """
    within: dict[Key, dict[str, Sums]] = {}
    is_by_place = query.place == "utilised"
    is_of_use = is_by_place or bool(_OF_USE & set(query.columns))
    if is_of_use:
        _add_groups(within, _limited(session.execute(_used(actor, query, materials))))
    if is_by_place:
        before: Mapping[Key, Decimal] = {}
        dispatched = session.scalar(_dispatched(actor, query, materials)) or 0
    else:
        balances = _limited(session.execute(_balances(actor, query, materials, is_without_use=is_of_use)))
        dispatched = _add_groups(within, balances)
        before = _read_stock(session, actor, query, materials)
    declared = session.scalar(_declared(actor, query, materials)) or 0 if dispatched else 0
    return Flows(before, within, dispatched - declared)


def _add_groups(within: dict[Key, dict[str, Sums]], rows: Iterator[Any]) -> int:
    """Add the groups of a statement and return the sum of its last column.

    A row is a count, a bucket, the key, and the figures of MassBalance in its order.
    """
    figures = len(MassBalance._fields)
    total = 0
    for count, bucket, *values in rows:
        total += count
        group = within.setdefault(tuple(values[:-figures]), {})
        sums = tuple(value or ZERO for value in values[-figures:])
        there = group.get(bucket)
        group[bucket] = sums if there is None else tuple(a + b for a, b in zip(there, sums, strict=True))
    return total


def _read_stock(
    session: Session, actor: Actor, query: UtilisationQuery, materials: Sequence[str]
) -> dict[Key, Decimal]:
    """Return the stock at the start of the period by key: that of its year's start, and what came since."""
    stock: dict[Key, Decimal] = {}
    for statement in _stock_before(actor, query, materials):
        for *values, tonnes in _limited(session.execute(statement)):
            key = tuple(values)
            stock[key] = stock.get(key, ZERO) + tonnes
    return stock


def _limited(rows: Any) -> Iterator[Any]:  # noqa: ANN401 - rows of any statement
    for number, row in enumerate(rows):
        if number == MAX_GROUPS:
            raise too_many_rows()
        yield row


def too_many_rows() -> Invalid:
    """Return the refusal of an answer longer than MAX_ROWS."""
    detail = f"the answer has more than {MAX_ROWS} rows; ask for less: fewer columns or months, a district, a material"
    return invalid("group_by", "too_many_rows", detail)


def _dispatched(actor: Actor, query: UtilisationQuery, materials: Sequence[str]) -> Select[int]:
    """Return the statement of how many months of a site and material in the period have waste by dispatch."""
    within = OriginMonth.month.between(query.from_month, query.to_month)
    counted = select(func.count()).select_from(OriginMonth).where(within, _by_dispatch())
    return counted.where(*limits_of(actor, query, materials, OriginMonth))


def _by_dispatch() -> ColumnElement[bool]:
    return OriginMonth.generated_on_dispatch_t != ZERO


def _declared(actor: Actor, query: UtilisationQuery, materials: Sequence[str]) -> Select[int]:
    """Return the statement of how many of the months of `_dispatched` have a declaration.

    A declaration counts from the month in which it was posted: handed in after the closing, it leaves the flows of the
    closed month, and what is said of them, as they were published.
    """
    declared = (
        select(Declaration.month, Declaration.material, Declaration.site_id)
        .where(
            Declaration.month.between(query.from_month, query.to_month),
            Declaration.material.in_(materials),
            Declaration.posted_in <= Declaration.month,
        )
        .distinct()
        .subquery()
    )
    same = and_(
        OriginMonth.month == declared.c.month,
        OriginMonth.material == declared.c.material,
        OriginMonth.origin_site_id == declared.c.site_id,
    )
    return _dispatched(actor, query, materials).join(declared, same)


def _balances(actor: Actor, query: UtilisationQuery, materials: Sequence[str], *, is_without_use: bool) -> Select[Any]:
    figures = _figures(query)
    if is_without_use:
        figures = figures | {"utilised_t": _NOTHING, "utilised_from_prior_t": _NOTHING}
    group = [bucket_of(query, OriginMonth), *key_of(query, OriginMonth)]
    dispatched = func.count().filter(_by_dispatch())
    statement = select(dispatched, *group, *(figures[name] for name in MassBalance._fields)).select_from(OriginMonth)
    within = OriginMonth.month.between(query.from_month, query.to_month)
    return grouped(statement.where(within, *limits_of(actor, query, materials, OriginMonth)), query, group, OriginMonth)


def _stock_before(actor: Actor, query: UtilisationQuery, materials: Sequence[str]) -> Iterator[Select[Any]]:
    """Yield statements of stock (key, tonnes) whose sum is that at the start: of whole years, and of months since."""
    january = f"{query.from_month[:4]}-01"
    befores: list[tuple[Stocked, ColumnElement[bool]]] = [(OriginYear, OriginYear.year < year_of(january))]
    if query.from_month != january:
        since = and_(OriginMonth.month >= january, OriginMonth.month < query.from_month)
        befores.append((OriginMonth, since))
    for counted, before in befores:
        stock, group = _closing(query, counted), key_of(query, counted)
        statement = select(*group, stock).select_from(counted).having(stock != ZERO)
        yield grouped(statement.where(before, *limits_of(actor, query, materials, counted)), query, group, counted)


def _used(actor: Actor, query: UtilisationQuery, materials: Sequence[str]) -> Select[Any]:
    """Return the statement of use: only its two figures are there."""
    used = func.sum(MonthlyFlow.quantity_t)
    prior = MonthlyFlow.stock_year < cast(func.substr(MonthlyFlow.month, 1, 4), Integer)
    figures = {"utilised_t": used, "utilised_from_prior_t": used.filter(prior)}
    group = [bucket_of(query, MonthlyFlow), *key_of(query, MonthlyFlow)]
    is_use: list[ColumnElement[bool]] = [MonthlyFlow.account.in_(UTILISED)]
    if query.basis == "verified":
        is_use = [MonthlyFlow.account == Account.UTILISED, MonthlyFlow.verified.is_(True)]
    columns = (figures.get(name, _NOTHING) for name in MassBalance._fields)
    statement = select(literal(0), *group, *columns).select_from(MonthlyFlow)
    within = MonthlyFlow.month.between(query.from_month, query.to_month)
    limits = limits_of(actor, query, materials, MonthlyFlow)
    return grouped(statement.where(within, *is_use, *limits), query, group, MonthlyFlow)


_NOTHING: ColumnElement[Any] = null()


def _figures(query: UtilisationQuery) -> Figures:
    """Return the aggregates of MassBalance; on the verified basis, other use counts where the tonnes were before."""
    total = _SUMS
    if query.basis == "recorded":
        return total
    used, used_prior = total["utilised_t"], total["utilised_from_prior_t"]
    verified, verified_prior = total["verified_use_t"], total["verified_use_from_prior_t"]
    off_exchange = total["off_exchange_use_t"] - total["off_exchange_use_from_prior_t"]
    unverified = (used - used_prior) - (verified - verified_prior) - off_exchange
    moved = {
        "stored_at_producer_t": _tonnes(total["stored_at_producer_t"] + off_exchange),
        "held_by_recyclers_t": _tonnes(total["held_by_recyclers_t"] + unverified),
        "closing_t": _closing(query, OriginMonth),
    }
    return total | moved | {"utilised_t": verified, "utilised_from_prior_t": verified_prior}


def _closing(query: UtilisationQuery, counted: Stocked) -> ColumnElement[Decimal]:
    """Return the change of all stock; on the verified basis, other use is stock."""
    closing: ColumnElement[Decimal] = func.sum(counted.closing_t)
    if query.basis == "recorded":
        return closing
    return _tonnes(closing + func.sum(counted.utilised_t) - func.sum(counted.verified_use_t))


def _tonnes(kilograms: ColumnElement[Any]) -> ColumnElement[Decimal]:
    """Return a sum of kilograms, which is a plain number to SQLAlchemy, as tonnes."""
    return type_coerce(kilograms, TonnesType())
