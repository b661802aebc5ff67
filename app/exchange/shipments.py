"""Writes of shipments: dispatching a load, receiving it, voiding it before receipt."""

from decimal import Decimal
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.auth.actor import Actor
from app.core.clock import business_date
from app.core.errors import Conflict, Fault, Invalid, NotFound, invalid
from app.core.quantities import ZERO
from app.events.record import record_event
from app.events.types import EventType
from app.exchange.agreements import lock_agreement, take_step
from app.exchange.events import shipment_event
from app.exchange.expiry import settle_expiry, take_with_room
from app.exchange.lifecycle import SHIPMENT, CorrectionStatus, ShipmentStatus
from app.exchange.models import Agreement, AgreementId, Correction, Shipment, ShipmentId
from app.exchange.queries import is_party, parties_of, refuse_both_sides
from app.exchange.reservations import Share, draw_load, give_back, share_of
from app.exchange.schemas import ReceiptPost, ShipmentPost
from app.exchange.weights import Division, divide
from app.ledger.loads import Intake, Load, post_dispatch, post_receipt, post_void
from app.ledger.posting import lock_sites
from app.lots.models import Lot

_LOCKED = (
    select(Shipment, Agreement, Lot)
    .join(Agreement, Agreement.id == Shipment.agreement_id)
    .join(Lot, Lot.id == Agreement.lot_id)
    .where(Shipment.id == bindparam("shipment_id"), is_party(Shipment, bindparam("own_id")))
    .with_for_update(of=[Lot, Agreement, Shipment])  # PostgreSQL locks in the order of this list
    .execution_options(populate_existing=True)
)
_OF_TICKET = select(Shipment.id).where(
    Shipment.origin_site_id == bindparam("site_id"),
    Shipment.ticket_no == bindparam("ticket_no"),
    Shipment.status != ShipmentStatus.VOIDED,
)


def dispatch(session: Session, actor: Actor, agreement_id: AgreementId, ticket: ShipmentPost) -> Shipment:
    """Store a load, draw it from the agreement and its lot, and post it to the ledger."""
    agreement, lot = lock_agreement(session, actor, agreement_id)
    take_step(agreement, "dispatch", actor)
    check_time(ticket, agreement)
    lock_sites(session, agreement.origin_site_id)  # ticket numbers are unique at a site, whatever the lot
    check_ticket(session, agreement, ticket.ticket_no)
    net = ticket.net_t or ZERO
    share = share_of(session, agreement, lot, business_date(ticket.dispatched_at))
    take_with_room(session, lot, lambda: draw_load(share, net))
    shipment = Shipment(
        **ticket.model_dump(exclude={"net_t", "stock_year"}),
        agreement_id=agreement.id,
        material=agreement.material,
        origin_site_id=agreement.origin_site_id,
        destination_site_id=agreement.destination_site_id,
        producer_organisation_id=agreement.producer_organisation_id,
        recycler_organisation_id=agreement.recycler_organisation_id,
        net_t=net,
        stock_year=ticket.stock_year if ticket.stock_year is not None else lot.stock_year,
        status=ShipmentStatus.DISPATCHED,
    )
    session.add(shipment)
    session.flush()
    shipment.dispatched_beyond_t = post_dispatch(session, load_of(shipment))
    session.flush()
    record_event(session, shipment_event(actor, EventType.SHIPMENT_DISPATCHED, shipment))
    return shipment


def check_time(ticket: ShipmentPost, agreement: Agreement) -> None:
    """Refuse a load that leaves outside its agreement, or that comes from storage of a year to come."""
    day = business_date(ticket.dispatched_at)
    faults = []
    if not agreement.starts_on <= day <= agreement.ends_on:
        window = f"{agreement.starts_on} to {agreement.ends_on}"
        faults.append(Fault("/dispatched_at", "outside_agreement", f"must lie within the agreement, {window}"))
    if ticket.stock_year is not None and ticket.stock_year > day.year:
        faults.append(Fault("/stock_year", "stock_year_in_future", "cannot be after the year of dispatch"))
    if faults:
        raise Invalid(faults)


def check_ticket(session: Session, agreement: Agreement, ticket_no: str, own_id: ShipmentId | None = None) -> None:
    """Refuse a ticket number that another load of the site has; the caller holds the lock of the site."""
    twin = session.scalar(_OF_TICKET, {"site_id": agreement.origin_site_id, "ticket_no": ticket_no})
    if twin not in {None, own_id}:
        detail = f"Ticket {ticket_no} of this site is already recorded; check the number or void the other load."
        raise Conflict("ticket_exists", detail, ticket_no=ticket_no)


def load_of(shipment: Shipment) -> Load:
    """Return what the ledger must know of a shipment."""
    return Load(
        shipment_id=shipment.id,
        origin_site_id=shipment.origin_site_id,
        destination_site_id=shipment.destination_site_id,
        material=shipment.material,
        net_t=shipment.net_t,
        dispatched_on=business_date(shipment.dispatched_at),
        stock_year=shipment.stock_year,
    )


def lock_shipment(session: Session, actor: Actor, shipment_id: ShipmentId) -> tuple[Shipment, Agreement, Lot]:
    """Lock lot, agreement and shipment in this order and return them as they are now, or raise NotFound."""
    wanted = {"shipment_id": shipment_id, "own_id": actor.organisation_id}
    locked = session.execute(_LOCKED, wanted).one_or_none()
    if locked is None:
        raise NotFound("shipment")
    shipment, agreement, lot = locked
    refuse_both_sides(actor, agreement.producer_organisation_id, agreement.recycler_organisation_id)
    settle_expiry(session, agreement, lot)
    return shipment, agreement, lot


def receive(session: Session, actor: Actor, shipment_id: ShipmentId, receipt: ReceiptPost) -> Shipment:
    """Store the second weighing; accepted tonnes become stock of the recycler, refused ones the producer's again."""
    shipment, agreement, lot = lock_shipment(session, actor, shipment_id)
    SHIPMENT.take(shipment.status, "receipt", parties_of(agreement).turn_of(actor.organisation_id))
    if receipt.received_at < shipment.dispatched_at:
        detail = f"the load left at {shipment.dispatched_at.isoformat()}"
        raise invalid("/received_at", "before_dispatch", detail)
    net, accepted = receipt.net_t or ZERO, receipt.accepted_t or ZERO
    division = divide(shipment.net_t, accepted, receipt.refused_t)
    shipment.received_at, shipment.reason, shipment.disputed = receipt.received_at, receipt.reason, division.disputed
    shipment.received_gross_t, shipment.received_tare_t, shipment.received_net_t = receipt.gross_t, receipt.tare_t, net
    shipment.accepted_t, shipment.refused_t = accepted, receipt.refused_t
    shipment.status = received_status(accepted, receipt.refused_t)
    give_back(session, _share(session, agreement, lot, shipment), division.given_back_t)
    # Both, or a refusal (adds to storage, draws on transit) and a dispatch (the other way round) of two lots could wait
    # for each other for ever; and before the load is written, which takes the lock of its plate.
    lock_sites(session, agreement.origin_site_id, agreement.destination_site_id)
    session.flush()
    post_receipt(session, load_of(shipment), receipt.received_at, intake_of(division))
    session.flush()
    record_event(session, shipment_event(actor, EventType.SHIPMENT_RECEIVED, shipment))
    return shipment


def _share(session: Session, agreement: Agreement, lot: Lot, shipment: Shipment) -> Share:
    return share_of(session, agreement, lot, business_date(shipment.dispatched_at))


def intake_of(division: Division) -> Intake:
    """Return how the ledger books a divided load."""
    return Intake(division.taken_in_t, division.given_back_t, division.difference_t, verified=not division.disputed)


def received_status(accepted_t: Decimal, refused_t: Decimal) -> ShipmentStatus:
    """Return where a received load stands by what of it is accepted and refused."""
    if not refused_t:
        return ShipmentStatus.RECEIVED
    return ShipmentStatus.PARTLY_REFUSED if accepted_t else ShipmentStatus.REFUSED


def void(session: Session, actor: Actor, shipment_id: ShipmentId) -> Shipment:
    """Undo a dispatch before it is received: ticket, agreement, lot and ledger are as if it had not left."""
    shipment, agreement, lot = lock_shipment(session, actor, shipment_id)
    SHIPMENT.take(shipment.status, "void", parties_of(agreement).turn_of(actor.organisation_id))
    shipment.status = ShipmentStatus.VOIDED
    give_back(session, _share(session, agreement, lot, shipment), shipment.net_t)
    lock_sites(session, agreement.origin_site_id)
    session.flush()
    post_void(session, load_of(shipment), posted_by(session, shipment.id))
    record_event(session, shipment_event(actor, EventType.SHIPMENT_VOIDED, shipment))
    return shipment


def posted_by(session: Session, shipment_id: ShipmentId) -> list[UUID]:
    """Return what may be the source of a load's postings: the shipment, and its approved corrections."""
    approved = select(Correction.id).where(
        Correction.shipment_id == shipment_id, Correction.status == CorrectionStatus.APPROVED
    )
    return [shipment_id, *session.scalars(approved)]
