"""Writes of corrections: one side proposes new values of a load, the other approves or rejects them."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth.actor import Actor
from app.core.clock import business_date, now
from app.core.errors import Conflict, invalid
from app.core.quantities import ZERO
from app.events.record import record_event
from app.events.types import EventType
from app.exchange.corrected import Corrected, as_it_is, correct
from app.exchange.correction_schemas import OF_RECEIPT, CorrectionPost, as_json
from app.exchange.events import correction_event
from app.exchange.expiry import take_with_room
from app.exchange.lifecycle import CORRECTION, SHIPMENT, CorrectionStatus, Parties
from app.exchange.models import Agreement, Correction, CorrectionId, Shipment, ShipmentId
from app.exchange.queries import find_correction, parties_of
from app.exchange.reservations import draw_more, give_back, share_of
from app.exchange.shipments import (
    check_ticket,
    check_time,
    intake_of,
    load_of,
    lock_shipment,
    posted_by,
    received_status,
)
from app.ledger.corrections import Booked, post_correction
from app.ledger.posting import lock_sites
from app.lots.models import Lot


def propose(session: Session, actor: Actor, shipment_id: ShipmentId, wish: CorrectionPost) -> Correction:
    """Store new values of a load for the other side to decide on; nothing else changes yet.

    Raises Conflict `correction_pending` with `correction_id` while another one waits, and whatever the values would
    be refused for if they were recorded for the first time.
    """
    shipment, agreement, _ = lock_shipment(session, actor, shipment_id)
    SHIPMENT.take(shipment.status, "correct", parties_of(agreement).turn_of(actor.organisation_id))
    _check_alone(session, shipment_id)
    changes = {name: value for name, value in wish.given().items() if value != getattr(shipment, name)}
    if not changes:
        raise invalid("", "nothing_changed", "give at least one field with another value than the load has")
    corrected = correct(shipment, changes)
    _check_rules(session, shipment, agreement, corrected)
    correction = Correction(
        shipment_id=shipment_id,
        proposed_by=actor.organisation_id,
        comment=wish.comment,
        changes=as_json(changes),
        before=as_json({name: getattr(shipment, name) for name in changes}),
        status=CorrectionStatus.PENDING,
    )
    session.add(correction)
    session.flush()
    record_event(session, correction_event(actor, EventType.CORRECTION_PROPOSED, correction, shipment))
    return correction


def _check_alone(session: Session, shipment_id: ShipmentId) -> None:
    waiting = session.scalar(
        select(Correction.id).where(
            Correction.shipment_id == shipment_id, Correction.status == CorrectionStatus.PENDING
        )
    )
    if waiting is not None:
        detail = "Another correction of this load waits for its answer; it is approved or rejected first."
        raise Conflict("correction_pending", detail, correction_id=waiting)


def _check_rules(session: Session, shipment: Shipment, agreement: Agreement, corrected: Corrected) -> None:
    check_time(corrected.ticket, agreement)
    lock_sites(session, agreement.origin_site_id, agreement.destination_site_id)
    check_ticket(session, agreement, corrected.ticket.ticket_no, shipment.id)


def lock_correction(
    session: Session, actor: Actor, correction_id: CorrectionId
) -> tuple[Correction, Shipment, Agreement, Lot]:
    """Lock lot, agreement, shipment and correction in this order and return them as they are now."""
    correction = find_correction(session, actor, correction_id)
    shipment, agreement, lot = lock_shipment(session, actor, correction.shipment_id)
    session.refresh(correction, with_for_update=True)
    return correction, shipment, agreement, lot


def _decide(correction: Correction, agreement: Agreement, actor: Actor, action: str) -> None:
    """Take the step of the other side: its consent is what makes new values."""
    parties = Parties(agreement.producer_organisation_id, agreement.recycler_organisation_id, correction.proposed_by)
    step = CORRECTION.take(correction.status, action, parties.turn_of(actor.organisation_id))
    correction.status, correction.decided_at = step.to or correction.status, now()


def reject(session: Session, actor: Actor, correction_id: CorrectionId) -> Correction:
    """Leave the load as it is."""
    correction, shipment, agreement, _ = lock_correction(session, actor, correction_id)
    _decide(correction, agreement, actor, "reject")
    session.flush()
    record_event(session, correction_event(actor, EventType.CORRECTION_REJECTED, correction, shipment))
    return correction


def approve(session: Session, actor: Actor, correction_id: CorrectionId) -> Correction:
    """Make the new values those of the load: agreement, lot and ledger are as if they had been recorded at first.

    Raises Conflict `already_used`, `insufficient_stock` or `insufficient_quantity` where later facts forbid it.
    """
    correction, shipment, agreement, lot = lock_correction(session, actor, correction_id)
    sources = posted_by(session, shipment.id)
    _decide(correction, agreement, actor, "approve")
    SHIPMENT.take(shipment.status, "correct", parties_of(agreement).turn_of(actor.organisation_id))
    was = as_it_is(shipment)
    before = _booked(shipment, was)
    becomes = correct(shipment, correction.changes)
    _check_rules(session, shipment, agreement, becomes)
    _move_tonnes(session, agreement, lot, was, becomes)
    _write(shipment, becomes)
    session.flush()
    after = _booked(shipment, becomes)
    if after != before:
        beyond_t = post_correction(session, before, after, sources=sources, correction_id=correction.id)
        shipment.dispatched_beyond_t = shipment.dispatched_beyond_t if beyond_t is None else beyond_t
    session.flush()
    record_event(session, correction_event(actor, EventType.CORRECTION_APPROVED, correction, shipment))
    return correction


def _booked(shipment: Shipment, corrected: Corrected) -> Booked:
    """Return how the ledger books a load whose columns are those of `corrected`."""
    division = corrected.division
    if division is None or corrected.receipt is None:
        return Booked(load_of(shipment))
    return Booked(load_of(shipment), corrected.receipt.received_at, intake_of(division))


def _move_tonnes(session: Session, agreement: Agreement, lot: Lot, was: Corrected, becomes: Corrected) -> None:
    """Make agreement and lot count what has really left and not come back, each load in its month where they recur."""
    before, after = (
        share_of(session, agreement, lot, business_date(load.ticket.dispatched_at)) for load in (was, becomes)
    )
    left, leaves = (load.net_t - (load.division.given_back_t if load.division else ZERO) for load in (was, becomes))
    if before.stock is not after.stock:
        give_back(session, before, left)
        left = ZERO
    if leaves > left:
        take_with_room(session, lot, lambda: draw_more(after, leaves - left))
    elif leaves < left:
        give_back(session, after, left - leaves)


def _write(shipment: Shipment, corrected: Corrected) -> None:
    for name, value in _columns(corrected).items():
        setattr(shipment, name, value)


def _columns(corrected: Corrected) -> dict[str, Any]:
    """Return the values of a shipment's columns."""
    columns = dict(corrected.ticket)
    receipt, division = corrected.receipt, corrected.division
    if receipt is None or division is None:
        return columns
    columns |= {field: getattr(receipt, name) for field, name in OF_RECEIPT.items()}
    return columns | {
        "disputed": division.disputed,
        "status": received_status(receipt.accepted_t or ZERO, receipt.refused_t),
    }
