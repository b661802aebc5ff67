"""Writes of agreements: proposing, accepting (which reserves), declining, withdrawing, cancelling, completing."""

from collections.abc import Callable
from decimal import Decimal

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.auth.actor import Actor, Role
from app.core.clock import month_of, months_touched, now, today
from app.core.errors import Conflict, NotFound, invalid
from app.core.lifecycles import Step
from app.core.quantities import ZERO
from app.demands.lifecycle import effective_status as demand_status
from app.demands.models import Demand, DemandStatus
from app.events.record import record_event
from app.events.types import EventType
from app.exchange.events import AGREEMENT_STEPS, agreement_event
from app.exchange.expiry import expire_overdue, settle_expiry, take_with_room
from app.exchange.lifecycle import AGREEMENT, LAPSED_PROPOSAL, AgreementStatus, ShipmentStatus
from app.exchange.models import Agreement, AgreementId, Shipment
from app.exchange.queries import is_party, parties_of, refuse_both_sides
from app.exchange.reservations import release, reserve
from app.exchange.schemas import AgreementPost
from app.exchange.standing import status_of
from app.lots.lifecycle import effective_status as lot_status
from app.lots.models import Lot, LotId, LotStatus
from app.lots.months import load_taken
from app.lots.service import lock_lot
from app.organisations.models import Organisation, OrganisationStatus, Site

# Made once, as are the statements of loads: making it takes longer than running it.
_LOCKED = (
    select(Agreement, Lot)
    .join(Lot, Lot.id == Agreement.lot_id)
    .where(Agreement.id == bindparam("agreement_id"), is_party(Agreement, bindparam("own_id")))
    .with_for_update(of=[Lot, Agreement])  # PostgreSQL locks in the order of this list
    .execution_options(populate_existing=True)
)


def propose(session: Session, actor: Actor, wish: AgreementPost) -> Agreement:
    """Store a proposal of either side; nothing is reserved before the other side accepts."""
    lot = _offered_lot(session, actor, wish)
    destination = _destination(session, actor, wish, lot)
    producer, recycler = lot.organisation_id, destination.organisation_id
    if producer == recycler:
        raise invalid("/lot_id", "own_lot", "your own lot to your own site is no deal; declare it as own use")
    if actor.organisation_id not in (producer, recycler):
        raise invalid("/lot_id", "not_a_party", "you are neither the producer of the lot nor the recycler")
    refuse_both_sides(actor, producer, recycler)
    quantity_t = _agreed_t(wish, lot)
    if actor.organisation_id == recycler and quantity_t < min(lot.min_order_t or ZERO, _free_t(session, wish, lot)):
        pointer, per = ("/recurring/quantity_t", " a month") if lot.is_recurring else ("/quantity_t", "")
        raise invalid(pointer, "below_min_order", f"the producer sells from {lot.min_order_t} t{per}")
    agreement = Agreement(
        **wish.model_dump(exclude={"destination_site_id", "quantity_t", "recurring"}),
        quantity_t=quantity_t,
        is_recurring=lot.is_recurring,
        material=lot.material,
        origin_site_id=lot.site_id,
        destination_site_id=destination.id,
        producer_organisation_id=producer,
        recycler_organisation_id=recycler,
        proposed_by=actor.organisation_id,
        status=AgreementStatus.PROPOSED,
    )
    session.add(agreement)
    session.flush()
    record_event(session, agreement_event(actor, EventType.AGREEMENT_PROPOSED, agreement))
    return agreement


def _agreed_t(wish: AgreementPost, lot: Lot) -> Decimal:
    """Return the tonnes of a proposal, a month's where its lot recurs; the lot's kind decides which it must carry."""
    if lot.is_recurring:
        if wish.recurring is None:
            detail = "the lot recurs every month: give recurring in place of quantity_t"
            raise invalid("/quantity_t", "lot_is_recurring", detail)
        return wish.recurring.quantity_t
    if wish.quantity_t is None:
        raise invalid("/recurring", "lot_is_not_recurring", "the lot is there once: give quantity_t in place of it")
    return wish.quantity_t


def _free_t(session: Session, wish: AgreementPost, lot: Lot) -> Decimal:
    """Return what of a lot is free: of a recurring one in the month of the proposal that has least."""
    taken = load_taken(session, [lot], month_of(wish.starts_on))
    months = months_touched(wish.starts_on, wish.ends_on) if lot.is_recurring else [month_of(wish.starts_on)]
    return min(taken.available_t(lot, month) for month in months)


def _offered_lot(session: Session, actor: Actor, wish: AgreementPost) -> Lot:
    """Return the lot of a proposal: open, of an active organisation; the owner may offer it whatever its state."""
    lot = session.get(Lot, LotId(wish.lot_id))
    if lot is not None and lot.organisation_id == actor.organisation_id:
        return lot
    if lot is not None and lot_status(lot, today()) is LotStatus.EXHAUSTED:
        expire_overdue(session, lock_lot(session, lot.id))
    if lot is None or lot_status(lot, today()) != LotStatus.OPEN or not _is_active(session, lot):
        raise invalid("/lot_id", "unknown_lot", "there is no such open lot")
    return lot


def _is_active(session: Session, owned: Lot | Demand | Site, role: Role | None = None) -> bool:
    owner = session.get_one(Organisation, owned.organisation_id)
    return owner.status == OrganisationStatus.ACTIVE and (role is None or role in owner.roles)


def _destination(session: Session, actor: Actor, wish: AgreementPost, lot: Lot) -> Site:
    if wish.demand_id is not None:
        demand = session.get(Demand, wish.demand_id)
        if demand is None or demand_status(demand, today()) != DemandStatus.OPEN or not _is_active(session, demand):
            raise invalid("/demand_id", "unknown_demand", "there is no such open demand")
        if lot.material not in demand.materials:
            raise invalid("/demand_id", "material_not_wanted", f"the demand does not take {lot.material}")
        return session.get_one(Site, demand.site_id)
    site = session.get(Site, wish.destination_site_id)
    is_own = site is not None and site.organisation_id == actor.organisation_id
    if site is None or not (is_own or _is_active(session, site, Role.RECYCLER)):
        raise invalid("/destination_site_id", "unknown_site", "there is no such site of a recycler")
    return site


def lock_agreement(session: Session, actor: Actor, agreement_id: AgreementId) -> tuple[Agreement, Lot]:
    """Lock the lot and then the agreement (always in this order) and return both as they are now, or raise NotFound.

    An accepted agreement whose days are over has ended, and its tonnes are free, whether or not the sweep has come by.
    """
    wanted = {"agreement_id": agreement_id, "own_id": actor.organisation_id}
    locked = session.execute(_LOCKED, wanted).one_or_none()
    if locked is None:
        raise NotFound("agreement")
    agreement, lot = locked
    refuse_both_sides(actor, agreement.producer_organisation_id, agreement.recycler_organisation_id)
    settle_expiry(session, agreement, lot)
    return agreement, lot


def take_step(agreement: Agreement, action: str, actor: Actor) -> Step:
    """Return the step that an action of a party is; raises Conflict `invalid_state` and Forbidden `not_your_turn`."""
    status = status_of(agreement)
    is_lapsed = status is AgreementStatus.EXPIRED and agreement.accepted_at is None
    lifecycle = LAPSED_PROPOSAL if is_lapsed else AGREEMENT
    return lifecycle.take(status, action, parties_of(agreement).turn_of(actor.organisation_id))


def _step(
    action: str, also: Callable[[Session, Agreement, Lot], object] | None = None
) -> Callable[[Session, Actor, AgreementId], Agreement]:
    def take(session: Session, actor: Actor, agreement_id: AgreementId) -> Agreement:
        agreement, lot = lock_agreement(session, actor, agreement_id)
        step = take_step(agreement, action, actor)
        if also is not None:
            also(session, agreement, lot)
        agreement.status = step.to or agreement.status
        session.flush()
        record_event(session, agreement_event(actor, AGREEMENT_STEPS[action], agreement))
        return agreement

    return take


def _reserve(session: Session, agreement: Agreement, lot: Lot) -> None:
    parties = (agreement.producer_organisation_id, agreement.recycler_organisation_id)
    inactive = select(Organisation.id).where(
        Organisation.id.in_(parties), Organisation.status != OrganisationStatus.ACTIVE
    )
    if session.scalar(inactive) is not None:
        raise Conflict("organisation_suspended", "The other side is suspended; nothing new is agreed with it.")
    take_with_room(session, lot, lambda: reserve(session, agreement, lot))
    agreement.accepted_at = now()


def _finish(session: Session, agreement: Agreement, lot: Lot) -> None:
    on_the_way = session.scalars(
        select(Shipment.ticket_no).where(
            Shipment.agreement_id == agreement.id, Shipment.status == ShipmentStatus.DISPATCHED
        )
    ).all()
    if on_the_way:
        detail = f"Loads are still in transit: {', '.join(on_the_way[:10])}; they are received or voided first."
        raise Conflict("in_transit", detail, ticket_nos=list(on_the_way[:10]))
    release(session, agreement, lot)


accept = _step("accept", _reserve)
decline = _step("decline")
withdraw = _step("withdraw")
cancel = _step("cancel", release)
complete = _step("complete", _finish)
