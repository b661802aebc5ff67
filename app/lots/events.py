"""What is recorded of lots: for the market while they are on it, else for their owner."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from app.auth.actor import Actor
from app.core.clock import now, today
from app.events.record import NewEvent
from app.events.types import EventType
from app.lots.lifecycle import effective_status
from app.lots.models import Assay, Lot, LotStatus


def is_open(lot: Lot) -> bool:
    """Whether a lot is on offer today."""
    return effective_status(lot, today()) is LotStatus.OPEN


def lot_opened(actor: Actor | None, lot: Lot) -> NewEvent:
    """Tell that a lot came on the market, or back to it; without an actor because tonnes of a deal came free."""
    return _lot_event(EventType.LOT_OPENED, actor, lot, for_market=is_open(lot), data=_offer(lot.material, lot.site_id))


def lots_landed(actor: Actor, lots: Iterable[tuple[UUID, str, UUID]]) -> list[NewEvent]:
    """Tell that lots of the actor's, each an id with its material and site, came on the market together."""
    at, viewers = now(), (actor.organisation_id,)
    return [
        NewEvent(
            type=EventType.LOT_OPENED,
            subject_kind="lot",
            subject_id=lot_id,
            organisation_id=actor.organisation_id,
            key_id=actor.key_id,
            data=_offer(material, site_id),
            for_market=True,
            viewers=viewers,
            occurred_at=at,
        )
        for lot_id, material, site_id in lots
    ]


def _offer(material: str, site_id: UUID) -> dict[str, Any]:
    return {"material": material, "site_id": str(site_id)}


def lot_changed(actor: Actor, lot: Lot, fields: set[str], *, was_open: bool) -> NewEvent:
    """Tell that a lot was changed; one that was not on offer and now is has opened."""
    if is_open(lot) and not was_open:
        return lot_opened(actor, lot)
    return _lot_event(EventType.LOT_CHANGED, actor, lot, for_market=was_open, data={"fields": sorted(fields)})


def lot_withdrawn(actor: Actor, lot: Lot, *, was_open: bool) -> NewEvent:
    """Tell that a lot left the market; the market hears of it only if it was there."""
    return _lot_event(EventType.LOT_WITHDRAWN, actor, lot, for_market=was_open, data={})


def assay_added(actor: Actor, lot: Lot, assay: Assay) -> NewEvent:
    """Tell that a lot has another assay, by which it is judged if it is the current one."""
    data = {
        "assay_id": str(assay.id),
        "sampled_on": str(assay.sampled_on),
        "is_current": lot.current_assay_id == assay.id,
    }
    return _lot_event(EventType.ASSAY_ADDED, actor, lot, for_market=is_open(lot), data=data)


def _lot_event(kind: EventType, actor: Actor | None, lot: Lot, *, for_market: bool, data: dict[str, Any]) -> NewEvent:
    return NewEvent(
        type=kind,
        subject_kind="lot",
        subject_id=lot.id,
        organisation_id=None if actor is None else actor.organisation_id,
        key_id=None if actor is None else actor.key_id,
        data=data,
        for_market=for_market,
        viewers=(lot.organisation_id,),
    )
