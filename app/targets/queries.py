"""Reads of targets and values as far as the caller's jurisdiction reaches, and of what is contracted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from itertools import chain
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, not_, select, true
from sqlalchemy.orm import Session

from app.auth.actor import Actor, Role
from app.core.errors import NotFound
from app.core.paging import Page, Slice, page_by_id
from app.core.quantities import ZERO
from app.exchange.lifecycle import AgreementStatus
from app.exchange.models import Agreement
from app.exchange.queries import load_months
from app.ledger.accounts import Account
from app.ledger.models import Balance
from app.lots.models import Lot
from app.organisations.models import Organisation
from app.organisations.queries import is_within_jurisdiction
from app.statistics.groups import origin_sites
from app.statistics.schemas import UtilisationQuery
from app.targets.forecast import Contracted
from app.targets.models import AuthorityTarget, TargetValue, TargetValueId
from app.targets.outstanding import monthly_within_year, within_year
from app.targets.plan import PERCENT, Target, plan_targets


@dataclass(frozen=True)
class Outstanding:
    """Contracted tonnes by how far they have come."""

    to_ship: Contracted
    in_transit: Contracted
    at_recyclers: Contracted

    @property
    def all(self) -> Contracted:
        """All of them together."""
        parts = (self.to_ship, self.in_transit, self.at_recyclers)
        return Contracted(sum((part.fresh_t for part in parts), ZERO), sum((part.prior_t for part in parts), ZERO))


def find_target(session: Session, actor: Actor, key: str) -> Target:
    """Return a target within the caller's jurisdiction, or raise NotFound with the names near it."""
    visible = _visible_plan(actor)
    if key in visible:
        return visible[key]
    try:
        identifier = UUID(key)
    except ValueError:
        near = get_close_matches(key[:100], visible)
        hint = f" Did you mean {' or '.join(near)}?" if near else " GET /v1/statistics/targets lists them."
        raise NotFound("target", hint) from None
    found = session.execute(
        select(AuthorityTarget, Organisation.name)
        .join(Organisation, Organisation.id == AuthorityTarget.organisation_id)
        .where(AuthorityTarget.id == identifier, _is_visible(actor))
    ).one_or_none()
    if found is None:
        raise NotFound("target", " GET /v1/statistics/targets lists them.")
    return describe(*found)


def list_targets(session: Session, actor: Actor, page: Page) -> Slice[Target]:
    """Return one page of the targets within the caller's jurisdiction: the plan's first, then the newest set."""
    plan, order = list(_visible_plan(actor).values()), list(plan_targets())
    after = None if page.after is None else str(page.after[0])
    set_by_authorities = (
        select(AuthorityTarget, Organisation.name)
        .join(Organisation, Organisation.id == AuthorityTarget.organisation_id)
        .where(_is_visible(actor))
        .order_by(AuthorityTarget.id.desc())
        .limit(page.limit + 1)
    )
    if after in order:
        plan = [target for target in plan if order.index(target.key) > order.index(after)]
    elif after is not None:
        plan = []
        set_by_authorities = set_by_authorities.where(AuthorityTarget.id < UUID(after))
    found = [describe(target, name) for target, name in session.execute(set_by_authorities)]
    return page.cut([*plan, *found][: page.limit + 1], lambda target: (target.key,))


def describe(target: AuthorityTarget, authority: str) -> Target:
    """Return a stored target as all targets are."""
    return Target(
        key=str(target.id),
        id=target.id,
        name_en=target.name,
        name_zh=target.name,
        is_computed=True,
        value=target.rate_pct.normalize(),
        unit=PERCENT,
        comparison="at_least",
        target_year=target.target_year,
        district=target.district,
        materials=None if target.materials is None else tuple(target.materials),
        source=authority,
    )


def _visible_plan(actor: Actor) -> dict[str, Target]:
    sees_all = actor.has_role(Role.OPERATOR)
    return {
        key: target
        for key, target in plan_targets().items()
        if sees_all or is_within_jurisdiction(target.district, actor.jurisdiction)
    }


def _is_visible(actor: Actor) -> ColumnElement[bool]:
    """Return the condition on `targets`: what `is_within_jurisdiction` tells of one."""
    if actor.has_role(Role.OPERATOR) or actor.jurisdiction is None:
        return true()
    if actor.jurisdiction.isdigit():
        return AuthorityTarget.district.startswith(actor.jurisdiction, autoescape=True)
    return AuthorityTarget.district == actor.jurisdiction


def list_values(session: Session, target: Target, page: Page) -> Slice[TargetValue]:
    """Return one page of the values entered of a target, the last entered first."""
    return page_by_id(session, select(TargetValue).where(TargetValue.target == target.key), TargetValue.id, page)


def find_value(session: Session, target: Target, value_id: TargetValueId) -> TargetValue:
    """Return one value of a target or raise NotFound."""
    value = session.get(TargetValue, value_id)
    if value is None or value.target != target.key:
        raise NotFound("value of this target")
    return value


def latest_value(session: Session, target: Target, until: date) -> TargetValue | None:
    """Return the value of the latest day up to one; of a day the last entered."""
    return session.scalar(
        select(TargetValue)
        .where(TargetValue.target == target.key, TargetValue.holds_on <= until)
        .order_by(TargetValue.holds_on.desc(), TargetValue.id.desc())
        .limit(1)
    )


def read_outstanding(
    session: Session, actor: Actor, query: UtilisationQuery, materials: Sequence[str], on: date
) -> Outstanding:
    """Return what accepted agreements still bring within the year of a day, of the origins that a question counts."""
    held = _held(session, actor, query, materials, on.year)
    return Outstanding(_to_ship(session, actor, query, materials, on), held[Account.IN_TRANSIT], held[Account.RECEIVED])


def _to_ship(session: Session, actor: Actor, query: UtilisationQuery, materials: Sequence[str], on: date) -> Contracted:
    """Return what accepted agreements have to ship; those whose last day is over, swept or not, have nothing."""
    is_counted = and_(
        Agreement.status == AgreementStatus.ACCEPTED,
        Agreement.ends_on >= on,
        Agreement.starts_on <= date(on.year, 12, 31),
        Agreement.material.in_(materials),
        Agreement.origin_site_id.in_(origin_sites(actor, query)),
    )
    sums = {True: ZERO, False: ZERO}
    for stock_year, tonnes in chain(_once(session, is_counted, on), _monthly(session, is_counted, on)):
        sums[stock_year is not None and stock_year < on.year] += tonnes
    return Contracted(fresh_t=sums[False], prior_t=sums[True])


def _once(session: Session, is_counted: ColumnElement[bool], on: date) -> Iterator[tuple[int | None, Decimal]]:
    """Yield stock years with what agreements on quantities that are there once have to ship within the year."""
    key = (Agreement.starts_on, Agreement.ends_on, Lot.stock_year)
    rows = session.execute(
        select(*key, func.sum(Agreement.quantity_t), func.sum(Agreement.shipped_t))
        .join(Lot, Lot.id == Agreement.lot_id)
        .where(is_counted, not_(Agreement.is_recurring), Agreement.shipped_t < Agreement.quantity_t)
        .group_by(*key)
    )
    for starts_on, ends_on, stock_year, agreed, shipped in rows:
        yield stock_year, within_year(agreed - shipped, starts_on, ends_on, on)


def _monthly(session: Session, is_counted: ColumnElement[bool], on: date) -> Iterator[tuple[int | None, Decimal]]:
    """Yield stock years with what recurring agreements have to ship, month by month until the end of the year."""
    rows = session.execute(
        select(Agreement, Lot.stock_year)
        .join(Lot, Lot.id == Agreement.lot_id)
        .where(is_counted, Agreement.is_recurring)
    ).all()
    months = load_months(session, [agreement.id for agreement, _ in rows])
    for agreement, stock_year in rows:
        shipped = months.get(agreement.id, {})
        yield (
            stock_year,
            monthly_within_year(agreement.quantity_t, shipped, agreement.starts_on, agreement.ends_on, on),
        )


def _held(
    session: Session, actor: Actor, query: UtilisationQuery, materials: Sequence[str], year: int
) -> dict[Account, Contracted]:
    """Return what is shipped and not yet used: on the road, and with the recyclers."""
    key = (Balance.account, Balance.stock_year)
    accounts = (Account.IN_TRANSIT, Account.RECEIVED)
    rows = session.execute(
        select(*key, func.sum(Balance.quantity_t))
        .where(
            Balance.account.in_(accounts),
            Balance.material.in_(materials),
            Balance.origin_site_id.in_(origin_sites(actor, query)),
        )
        .group_by(*key)
    )
    sums: dict[tuple[str, bool], Decimal] = {}
    for account, stock_year, tonnes in rows:
        part = (account, stock_year < year)
        sums[part] = sums.get(part, ZERO) + tonnes
    return {
        account: Contracted(sums.get((account, False), ZERO), sums.get((account, True), ZERO)) for account in accounts
    }
