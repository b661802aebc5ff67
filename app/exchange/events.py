"""What is recorded of agreements, loads and use: for the parties alone, and nothing but keys and ids.

Prices, plates and drivers are read at the object's own address, by whoever may.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from app.auth.actor import Actor
from app.auth.events import event_by
from app.events.record import NewEvent
from app.events.types import EventType
from app.exchange.models import Agreement, Correction, Shipment, Utilisation

#: Steps of an agreement → what they are told as.
AGREEMENT_STEPS: Mapping[str, EventType] = {
    "accept": EventType.AGREEMENT_ACCEPTED,
    "decline": EventType.AGREEMENT_DECLINED,
    "withdraw": EventType.AGREEMENT_WITHDRAWN,
    "cancel": EventType.AGREEMENT_CANCELLED,
    "complete": EventType.AGREEMENT_COMPLETED,
}


def agreement_event(actor: Actor | None, kind: EventType, agreement: Agreement, **data: Any) -> NewEvent:  # noqa: ANN401 - JSON
    """Tell both parties of an agreement."""
    told = {"lot_id": str(agreement.lot_id)} | data
    return event_by(actor, kind, ("agreement", agreement.id), _parties(agreement), told)


def agreement_expired(agreement: Agreement, released_t: Decimal) -> NewEvent:
    """Tell that an accepted agreement's days are over, and what of its lot is free again."""
    return agreement_event(None, EventType.AGREEMENT_EXPIRED, agreement, released_t=float(released_t))


def shipment_event(actor: Actor, kind: EventType, shipment: Shipment) -> NewEvent:
    """Tell both parties of a load."""
    told = {"agreement_id": str(shipment.agreement_id), "status": shipment.status}
    return event_by(actor, kind, ("shipment", shipment.id), _parties(shipment), told)


def correction_event(actor: Actor, kind: EventType, correction: Correction, shipment: Shipment) -> NewEvent:
    """Tell both parties of a correction, and which fields of the load it is about."""
    told = {"shipment_id": str(shipment.id), "fields": sorted(correction.changes)}
    return event_by(actor, kind, ("correction", correction.id), _parties(shipment), told)


def utilisation_event(actor: Actor, kind: EventType, utilisation: Utilisation) -> NewEvent:
    """Tell the recycler of its use."""
    told = {"site_id": str(utilisation.site_id), "material": utilisation.material}
    return event_by(actor, kind, ("utilisation", utilisation.id), [utilisation.organisation_id], told)


def _parties(of: Agreement | Shipment) -> tuple[Any, Any]:
    return of.producer_organisation_id, of.recycler_organisation_id
