"""Reads of the monthly flows, never of the entries: one grouped statement, and the months not yet declared."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    Select,
    Subquery,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    null,
    or_,
    select,
)
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from app.auth.actor import Actor, Role
from app.catalogue.reference import reference
from app.core.errors import Invalid, invalid
from app.core.quantities import ZERO
from app.ledger.accounts import DISPOSED, STOCKS, UTILISED, Account, Kind
from app.ledger.models import Declaration, MonthlyFlow
from app.organisations.models import Organisation, Site, SiteId
from app.organisations.queries import within_jurisdiction
from app.statistics.rate import MassBalance
from app.statistics.schemas import UtilisationQuery

#: A larger answer would take more memory than one request may have.
MAX_ROWS = 20_000
#: A row comes of at most two groups, its postings and the stock before them.
MAX_GROUPS = 2 * MAX_ROWS
#: The bucket of all months of the period, where they are not told apart.
PERIOD = "period"
_BEFORE = "before"
_NAMED = {"organisation": "organisation_name", "site": "site_name"}
_OFF_EXCHANGE = frozenset({Account.SELF_UTILISED, Account.ENTRUSTED_UTILISED})
_BALANCE_FIELDS = tuple(field.name for field in fields(MassBalance))
_CLOSING = _BALANCE_FIELDS.index("closing_t")

Key = tuple[Any, ...]
Sums = tuple[Decimal, ...]


@dataclass(frozen=True)
class Flows:
    """Grouped sums: stock before the period by key, and by key and bucket the figures of MassBalance in its order.

    A key holds the values of `key_names`; a bucket is a month, or PERIOD where the question is not by month.
    """

    before: Mapping[Key, Decimal]
    within: Mapping[Key, Mapping[str, Sums]]


def column_names(query: UtilisationQuery) -> tuple[str, ...]:
    """Return the columns of an answer's rows before the figures: those grouped by, with the names of ids."""
    return tuple(name for column in query.columns for name in (column, _NAMED.get(column)) if name)


def key_names(query: UtilisationQuery) -> tuple[str, ...]:
    """Return the columns but the month."""
    return tuple(name for name in column_names(query) if name != "month")


def read_flows(session: Session, actor: Actor, query: UtilisationQuery, materials: Sequence[str]) -> Flows:
    """Return the flows that the caller may see, grouped as asked; raises Invalid `too_many_rows`."""
    before: dict[Key, Decimal] = {}
    within: dict[Key, dict[str, Sums]] = {}
    names = key_names(query)
    groups = session.execute(_grouped(query, _monthly(actor, query, materials)))
    for number, (bucket, *values) in enumerate(groups):
        if number == MAX_GROUPS:
            raise too_many_rows()
        key = tuple(values[: len(names)])
        sums = tuple(value or ZERO for value in values[len(names) :])
        if bucket == _BEFORE:
            before[key] = sums[_CLOSING]
        else:
            within.setdefault(key, {})[bucket] = sums
    return Flows(before, within)


def too_many_rows() -> Invalid:
    """Return the refusal of an answer longer than MAX_ROWS."""
    detail = f"the answer has more than {MAX_ROWS} rows; ask for less: fewer columns or months, a district, a material"
    return invalid("group_by", "too_many_rows", detail)


def count_undeclared(session: Session, actor: Actor, query: UtilisationQuery, materials: Sequence[str]) -> int:
    """Return how many months of a site and material in the period have waste by dispatch and no declaration."""
    declared = exists().where(
        Declaration.site_id == MonthlyFlow.origin_site_id,
        Declaration.material == MonthlyFlow.material,
        Declaration.month == MonthlyFlow.month,
        Declaration.replaced_by.is_(None),
    )
    key = (MonthlyFlow.origin_site_id, MonthlyFlow.material, MonthlyFlow.month)
    dispatched = (
        select(*key)
        .where(MonthlyFlow.account == Account.GENERATION, MonthlyFlow.kind == Kind.DISPATCH)
        .where(MonthlyFlow.month.between(query.from_month, query.to_month))
        .where(~declared, *_limits(actor, query, materials, at_place_of_use=False))
        .group_by(*key)
        .having(func.sum(MonthlyFlow.quantity_t) != ZERO)
    )
    return session.scalar(select(func.count()).select_from(dispatched.subquery())) or 0


def _limits(
    actor: Actor, query: UtilisationQuery, materials: Sequence[str], *, at_place_of_use: bool
) -> Iterator[ColumnElement[bool]]:
    """Yield what limits the flows: the materials, the district asked for, what the caller may see."""
    counted_at = MonthlyFlow.site_id if at_place_of_use else MonthlyFlow.origin_site_id
    yield MonthlyFlow.material.in_(materials)
    sites = []
    if query.district is not None:
        sites.append(_district(Site.district_code, query).startswith(query.district, autoescape=True))
    if actor.has_role(Role.OPERATOR):
        pass
    elif actor.has_role(Role.GOVERNMENT):
        sites.append(within_jurisdiction(actor.jurisdiction))
    else:
        own = select(Site.id).where(Site.organisation_id == actor.organisation_id)
        is_own_origin = MonthlyFlow.origin_site_id.in_(own)
        yield or_(is_own_origin, MonthlyFlow.site_id.in_(own)) if at_place_of_use else is_own_origin
    if sites:
        yield counted_at.in_(select(Site.id).where(*sites))


def _monthly(actor: Actor, query: UtilisationQuery, materials: Sequence[str]) -> Subquery:
    """Return the figures of MassBalance by month, origin, place and material, the head of the table's primary key.

    In that order SQLite adds up while it reads; grouping the flows as asked, it would first sort all of them. Where a
    place or use is asked for, use stands apart from the rest.
    """
    account = _account(query)
    is_use = account.in_(UTILISED)
    use = case((is_use, func.nullif(MonthlyFlow.use, "")), else_=null())
    apart = [is_use.label("is_use"), use.label("use")] if {"place", "use"} & set(query.columns) else []
    key = [MonthlyFlow.month, MonthlyFlow.origin_site_id, MonthlyFlow.site_id, MonthlyFlow.material]
    at_place_of_use = query.place == "utilised"
    in_period = MonthlyFlow.month >= query.from_month
    return (
        select(*key, *apart, *(total.label(name) for name, total in _sums(account).items()))
        .where(MonthlyFlow.month <= query.to_month)
        .where(and_(in_period, is_use) if at_place_of_use else or_(in_period, account.in_(STOCKS)))
        .where(*_limits(actor, query, materials, at_place_of_use=at_place_of_use))
        .group_by(*key, *(column.element for column in apart))
        .subquery()
    )


def _account(query: UtilisationQuery) -> ColumnElement[str]:
    """Return what account a flow counts on: on the verified basis, other use counts as the stock it was drawn from."""
    account = MonthlyFlow.account
    if query.basis == "recorded":
        return account.expression
    return case(
        (account.in_(_OFF_EXCHANGE), Account.STORAGE.value),
        (and_(account == Account.UTILISED, MonthlyFlow.verified.is_(False)), Account.RECEIVED.value),
        else_=account,
    )


def _sums(account: ColumnElement[str]) -> dict[str, ColumnElement[Decimal]]:
    """Return the aggregates of MassBalance; sources go negative, so what they gave is the negated sum."""
    prior = MonthlyFlow.stock_year < cast(func.substr(MonthlyFlow.month, 1, 4), Integer)
    raw = MonthlyFlow.account
    on_the_road = and_(raw == Account.IN_TRANSIT, MonthlyFlow.kind.in_([Kind.DISPATCH, Kind.REFUSAL]))
    leaves_for_use = or_(on_the_road, raw.in_(_OFF_EXCHANGE))

    def total(*conditions: ColumnElement[bool]) -> ColumnElement[Decimal]:
        return func.sum(MonthlyFlow.quantity_t).filter(*conditions)

    return {
        "generated_t": -total(account == Account.GENERATION),
        "utilised_t": total(account.in_(UTILISED)),
        "utilised_from_prior_t": total(account.in_(UTILISED), prior),
        "stored_at_producer_t": total(account == Account.STORAGE, ~prior),
        "in_transit_t": total(account == Account.IN_TRANSIT, ~prior),
        "held_by_recyclers_t": total(account == Account.RECEIVED, ~prior),
        "weighing_difference_t": total(account == Account.WEIGHING_DIFFERENCE, ~prior),
        "disposed_t": total(account.in_(DISPOSED)),
        "disposed_from_prior_t": total(account.in_(DISPOSED), prior),
        "discarded_t": total(account == Account.DISCARDED),
        "prior_stock_adjustment_t": -total(account == Account.ADJUSTMENT, prior),
        "opening_t": -total(account == Account.OPENING),
        "closing_t": total(account.in_(STOCKS)),
        "dispatched_for_use_t": total(leaves_for_use),
        "dispatched_for_use_from_prior_t": total(leaves_for_use, prior),
    }


def _grouped(query: UtilisationQuery, monthly: Subquery) -> Select[Any]:
    """Return the statement: bucket, group columns, then the figures of MassBalance in its order."""
    place_of_use = aliased(Site)
    month = monthly.c.month if "month" in query.columns else literal(PERIOD)
    group: list[ColumnElement[Any]] = [case((monthly.c.month < query.from_month, _BEFORE), else_=month)]
    columns = _columns(query, monthly, place_of_use)
    group += [columns[name] for name in key_names(query)]
    closing = func.sum(monthly.c.closing_t)
    return (
        select(*group, *(func.sum(monthly.c[name]) for name in _BALANCE_FIELDS))
        .select_from(_joined(query, monthly, place_of_use))
        .group_by(*group)
        .having(or_(group[0] != _BEFORE, closing != ZERO))
        .limit(MAX_GROUPS + 1)
    )


def _columns(query: UtilisationQuery, monthly: Subquery, place_of_use: type[Site]) -> dict[str, ColumnElement[Any]]:
    """Return the columns asked for; `Site` is where a row counts: the origin or, with `place=utilised`, the place."""
    columns: dict[str, ColumnElement[Any]] = {
        "material": monthly.c.material,
        "district": _district(Site.district_code, query),
        "organisation": Site.organisation_id.expression,
        "organisation_name": Organisation.name.expression,
        "site": Site.id.expression,
        "site_name": Site.name.expression,
    }
    if "is_use" in monthly.c:
        place = _district(place_of_use.district_code, query)
        columns |= {"place": case((monthly.c.is_use, place), else_=null()), "use": monthly.c.use}
    return columns


def _joined(query: UtilisationQuery, monthly: Subquery, place_of_use: type[Site]) -> FromClause:
    counted_at = monthly.c.site_id if query.place == "utilised" else monthly.c.origin_site_id
    joined = monthly.join(Site, Site.id == counted_at)
    if "organisation" in query.columns:
        joined = joined.join(Organisation, Organisation.id == Site.organisation_id)
    if "place" in query.columns:
        joined = joined.join(place_of_use, place_of_use.id == monthly.c.site_id)
    return joined


def _district(code: InstrumentedAttribute[str | None], query: UtilisationQuery) -> ColumnElement[str | None]:
    """Return the district that a site counts in: as recorded, or what became of it."""
    successors = {key: _present(key) for key, district in reference().districts.items() if district.successor}
    if query.districts == "as_recorded" or not successors:
        return code.expression
    return case(successors, value=code, else_=code)


def _present(key: str) -> str:
    """Return the district that a district went into in the end."""
    district = reference().districts[key]
    return key if district.successor is None else _present(district.successor)


def origin_sites(actor: Actor, query: UtilisationQuery) -> Select[SiteId]:
    """Return the sites whose waste a question of an authority or the operator counts: seen by it, and asked for."""
    sites = select(Site.id)
    if not actor.has_role(Role.OPERATOR):
        sites = sites.where(within_jurisdiction(actor.jurisdiction))
    if query.district is not None:
        sites = sites.where(_district(Site.district_code, query).startswith(query.district, autoescape=True))
    return sites
