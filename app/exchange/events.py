"""What is recorded of agreements, for their two parties."""

from decimal import Decimal

from app.events.record import NewEvent
from app.events.types import EventType
from app.exchange.models import Agreement


def agreement_expired(agreement: Agreement, released_t: Decimal) -> NewEvent:
    """Tell that an accepted agreement's days are over, and what of its lot is free again."""
    return NewEvent(
        type=EventType.AGREEMENT_EXPIRED,
        subject_kind="agreement",
        subject_id=agreement.id,
        data={"lot_id": str(agreement.lot_id), "released_t": float(released_t)},
        viewers=(agreement.producer_organisation_id, agreement.recycler_organisation_id),
    )
