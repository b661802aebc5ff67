"""What is recorded of demands: for their owner alone, since others see demands only through what matches them."""

from typing import Any

from app.auth.actor import Actor
from app.core.clock import today
from app.demands.lifecycle import effective_status
from app.demands.models import Demand, DemandStatus
from app.events.record import NewEvent
from app.events.types import EventType


def is_open(demand: Demand) -> bool:
    """Whether a demand stands today."""
    return effective_status(demand, today()) is DemandStatus.OPEN


def demand_opened(actor: Actor, demand: Demand) -> NewEvent:
    """Tell that a need was stated, or stands again."""
    return _demand_event(EventType.DEMAND_OPENED, actor, demand, {"use": demand.use})


def demand_changed(actor: Actor, demand: Demand, fields: set[str], *, was_open: bool) -> NewEvent:
    """Tell that a demand was changed; one that had expired and now stands has opened."""
    if is_open(demand) and not was_open:
        return demand_opened(actor, demand)
    return _demand_event(EventType.DEMAND_CHANGED, actor, demand, {"fields": sorted(fields)})


def demand_withdrawn(actor: Actor, demand: Demand) -> NewEvent:
    """Tell that a demand left the market."""
    return _demand_event(EventType.DEMAND_WITHDRAWN, actor, demand, {})


def _demand_event(kind: EventType, actor: Actor, demand: Demand, data: dict[str, Any]) -> NewEvent:
    return NewEvent(
        type=kind,
        subject_kind="demand",
        subject_id=demand.id,
        organisation_id=actor.organisation_id,
        key_id=actor.key_id,
        data=data,
        viewers=(demand.organisation_id,),
    )
