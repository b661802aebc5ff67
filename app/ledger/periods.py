"""Closing of months: a closed month's flows and balances never change again, and a digest can prove it."""

import hashlib
from collections.abc import Iterator

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.auth.actor import Actor
from app.core.clock import last_day, month_of, today
from app.core.errors import Conflict
from app.core.paging import Page, Slice
from app.core.quantities import ZERO
from app.events.record import NewEvent, record_event
from app.events.types import EventType
from app.ledger.accounts import next_month
from app.ledger.models import LedgerHead, MonthlyFlow, Period

_DIGEST_BITS = 256


def close_period(session: Session, actor: Actor, month: str) -> Period:
    """Close a month for ever.

    Waits for the postings under way; those that come after it see the month closed. Raises Conflict `month_not_over`,
    `already_closed`, and `earlier_month_open` with `earliest_open_month`, which must be closed first.
    """
    if month >= month_of(today()):
        detail = f"{month} lasts to {last_day(month)}; close it when it is over."
        raise Conflict("month_not_over", detail, last_day=last_day(month))
    head = session.scalars(select(LedgerHead).with_for_update().execution_options(populate_existing=True)).one()
    if month <= head.closed_to:
        detail = f"All months up to {head.closed_to} are closed; {next_month(head.closed_to)} is the earliest open one."
        raise Conflict("already_closed", detail, earliest_open_month=next_month(head.closed_to))
    due = next_month(head.closed_to) if head.closed_to else session.scalar(select(func.min(MonthlyFlow.month)))
    if due is not None and due < month:
        detail = f"{due} is open; months are closed one after the other, so close {due} first."
        raise Conflict("earlier_month_open", detail, earliest_open_month=due)
    head.closed_to = month
    flows, digest = _digest(session, month)
    period = Period(month=month, closed_by=actor.organisation_id, flows=flows, digest=digest)
    session.add(period)
    session.flush()
    record_event(session, _period_closed(actor, period))
    return period


def list_periods(session: Session, page: Page) -> Slice[Period]:
    """Return one page of the closed months, latest first."""
    query = select(Period).order_by(Period.month.desc()).limit(page.limit + 1)
    if page.after is not None:
        query = query.where(Period.month < page.after[0])
    return page.cut(session.scalars(query).all(), lambda period: (period.month,))


def earliest_open_month(session: Session) -> str | None:
    """Return the month in which postings of closed months count, or None where no month is closed."""
    closed_to = session.scalars(select(LedgerHead.closed_to)).one()
    return next_month(closed_to) if closed_to else None


def find_changed_periods(session: Session) -> Iterator[str]:
    """Yield a sentence for each closed month that is not as it was closed."""
    closed_to = session.scalars(select(LedgerHead.closed_to)).one()
    periods = session.scalars(select(Period).order_by(Period.month)).all()
    last = periods[-1].month if periods else ""
    if closed_to != last:
        yield f"the ledger is closed to {closed_to or 'no month'}, and the last closed month is {last or 'none'}"
    known = {period.month for period in periods}
    flows = select(MonthlyFlow.month).where(MonthlyFlow.month <= last, MonthlyFlow.quantity_t != ZERO).distinct()
    for month in sorted(set(session.scalars(flows)) - known):
        yield f"flows stand in {month}, which nobody closed, though later months are closed"
    for period in periods:
        if _digest(session, period.month) != (period.flows, period.digest):
            yield f"the flows of {period.month} have changed since it was closed at {period.closed_at.isoformat()}"


def _digest(session: Session, month: str) -> tuple[int, str]:
    """Return how many flows a month has, and their digest: the sum of the SHA-256 of each, modulo 2**256.

    A sum, so that neither the order in which a database sorts text matters nor all rows stand in memory at once.
    """
    columns = (
        MonthlyFlow.month,
        MonthlyFlow.origin_site_id,
        MonthlyFlow.site_id,
        MonthlyFlow.material,
        MonthlyFlow.account,
        MonthlyFlow.kind,
        MonthlyFlow.stock_year,
        MonthlyFlow.use,
        MonthlyFlow.verified,
        MonthlyFlow.belongs_to,
        MonthlyFlow.instead_of,
        MonthlyFlow.quantity_t,
    )
    query = select(*columns).where(MonthlyFlow.month == month, MonthlyFlow.quantity_t != ZERO)
    count, total = 0, 0
    for row in session.execute(query.execution_options(yield_per=1000)):
        *key, tonnes = row
        line = "\t".join([*(str(value) for value in key), f"{tonnes:.3f}"])
        total += int.from_bytes(hashlib.sha256(line.encode()).digest(), "big")
        count += 1
    return count, f"{total % 2**_DIGEST_BITS:064x}"


def _period_closed(actor: Actor, period: Period) -> NewEvent:
    """Tell everybody that a month is closed: from now on their postings for it count elsewhere."""
    return NewEvent(
        type=EventType.PERIOD_CLOSED,
        subject_kind="period",
        subject_id=period.id,
        organisation_id=actor.organisation_id,
        key_id=actor.key_id,
        data={"month": period.month, "earliest_open_month": next_month(period.month)},
        for_market=True,
    )
