"""Writes of utilisations: a batch of use draws on what was received, and only this counts as utilised."""

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth.actor import Actor
from app.core.clock import business_date
from app.core.errors import Conflict, invalid
from app.core.lifecycles import is_owner
from app.core.quantities import ZERO
from app.events.record import record_event
from app.events.types import EventType
from app.exchange.events import utilisation_event
from app.exchange.lifecycle import UTILISATION, UtilisationStatus
from app.exchange.models import Utilisation, UtilisationDraw, UtilisationId
from app.exchange.queries import find_utilisation
from app.exchange.schemas import UtilisationPost
from app.ledger.loads import post_use, post_use_reversal, unused_loads
from app.ledger.models import ReceivedLoad
from app.organisations.service import check_own_site


def record(session: Session, actor: Actor, wish: UtilisationPost) -> Utilisation:
    """Store a batch of use; draws on the oldest received loads, or on those named.

    Raises Conflict `insufficient_stock` with `in_stock_t` for more than is there, and `batch_exists`.
    """
    check_own_site(session, actor, wish.site_id)
    loads = _named(unused_loads(session, wish.site_id, wish.material), wish)
    _check_batch(session, wish)
    draws = _draw(loads, wish)
    utilisation = Utilisation(
        **wish.model_dump(exclude={"shipment_ids"}),
        organisation_id=actor.organisation_id,
        status=UtilisationStatus.RECORDED,
        draws=[UtilisationDraw(shipment_id=load.shipment_id, quantity_t=taken) for load, taken in draws],
    )
    session.add(utilisation)
    session.flush()
    post_use(session, utilisation.id, wish.utilised_on, wish.use, draws)
    session.flush()
    record_event(session, utilisation_event(actor, EventType.UTILISATION_RECORDED, utilisation))
    return utilisation


def _check_batch(session: Session, wish: UtilisationPost) -> None:
    twin = session.scalar(
        select(Utilisation.id).where(Utilisation.site_id == wish.site_id, Utilisation.batch_no == wish.batch_no)
    )
    if twin is not None:
        raise Conflict("batch_exists", f"Batch {wish.batch_no} of this site is already recorded.", utilisation_id=twin)


def _named(loads: Sequence[ReceivedLoad], wish: UtilisationPost) -> Sequence[ReceivedLoad]:
    if wish.shipment_ids is None:
        return loads
    by_id = {load.shipment_id: load for load in loads}
    return [by_id[shipment_id] for shipment_id in dict.fromkeys(wish.shipment_ids) if shipment_id in by_id]


def _draw(loads: Sequence[ReceivedLoad], wish: UtilisationPost) -> list[tuple[ReceivedLoad, Decimal]]:
    """Divide the wished tonnes over loads in their order; none may be received after the day of use."""
    in_stock = sum((load.unused_t for load in loads), ZERO)
    if in_stock < wish.quantity_t:
        detail = f"{in_stock} t of {wish.material} are in stock here; {wish.quantity_t} t were asked for."
        raise Conflict("insufficient_stock", detail, in_stock_t=in_stock)
    draws = []
    remaining = wish.quantity_t
    for load in loads:
        if business_date(load.received_at) > wish.utilised_on:
            continue
        taken = min(remaining, load.unused_t)
        if taken:
            draws.append((load, taken))
            remaining -= taken
    if remaining:
        detail = f"only {wish.quantity_t - remaining} t had been received by that day"
        raise invalid("/utilised_on", "before_receipt", detail)
    return draws


def lock_utilisation(session: Session, actor: Actor, utilisation_id: UtilisationId) -> Utilisation:
    """Return a utilisation of the caller as it is now, locked, or raise NotFound."""
    utilisation = find_utilisation(session, actor, utilisation_id)
    session.refresh(utilisation, with_for_update=True)
    return utilisation


def reverse(session: Session, actor: Actor, utilisation_id: UtilisationId) -> Utilisation:
    """Undo a batch of use: its tonnes are unused stock of their loads again."""
    utilisation = lock_utilisation(session, actor, utilisation_id)
    step = UTILISATION.take(utilisation.status, "reverse", is_owner)
    utilisation.status = step.to or utilisation.status
    session.flush()
    draws = [(draw.shipment_id, draw.quantity_t) for draw in utilisation.draws]
    post_use_reversal(session, utilisation.id, utilisation.site_id, utilisation.utilised_on, draws)
    session.flush()
    record_event(session, utilisation_event(actor, EventType.UTILISATION_REVERSED, utilisation))
    return utilisation
