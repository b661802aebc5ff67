"""Where an agreement stands by its days, whether or not the sweep has come by: of one object, and in SQL."""

from datetime import datetime, time

from sqlalchemy import ColumnElement, and_, false, or_

from app.core.clock import at_business_time, now, today
from app.exchange.lifecycle import AgreementStatus, effective_status
from app.exchange.models import Agreement


def status_of(agreement: Agreement) -> AgreementStatus:
    """Return where an agreement stands now, whatever is stored."""
    return effective_status(
        agreement.status,
        now(),
        expires_at=agreement.expires_at,
        ends_on=agreement.ends_on,
        accepted_at=agreement.accepted_at,
    )


def is_overdue() -> ColumnElement[bool]:
    """Return the condition on `agreements`: stored as accepted, and its last day over."""
    day = today()
    return and_(
        Agreement.status == AgreementStatus.ACCEPTED.value,
        Agreement.ends_on < day,
        or_(Agreement.accepted_at.is_(None), Agreement.accepted_at < at_business_time(datetime.combine(day, time()))),
    )


def has_status(status: AgreementStatus) -> ColumnElement[bool]:
    """Return the condition on `agreements` for what `status_of` tells of each."""
    is_lapsed = and_(Agreement.status == AgreementStatus.PROPOSED.value, Agreement.expires_at <= now())
    is_stored = Agreement.status == status.value
    if status is AgreementStatus.EXPIRED:
        return or_(is_stored, is_lapsed, is_overdue())
    left = {AgreementStatus.PROPOSED: Agreement.expires_at <= now(), AgreementStatus.ACCEPTED: is_overdue()}
    return and_(is_stored, left.get(status, false()).is_not(True))
