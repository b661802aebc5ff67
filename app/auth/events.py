"""Events that a caller makes, and those of keys."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from app.auth.actor import Actor
from app.auth.models import ApiKey
from app.events.record import NewEvent
from app.events.types import EventType


def event_by(
    actor: Actor | None,
    kind: EventType,
    subject: tuple[str, UUID],
    viewers: Sequence[UUID],
    data: Mapping[str, Any] | None = None,
) -> NewEvent:
    """Return an event that some organisations alone may see; without an actor the exchange itself did it.

    `subject` is a kind and an id, which its viewers can read at its own address.
    """
    return NewEvent(
        type=kind,
        subject_kind=subject[0],
        subject_id=subject[1],
        organisation_id=None if actor is None else actor.organisation_id,
        key_id=None if actor is None else actor.key_id,
        data=data or {},
        viewers=tuple(viewers),
    )


def key_event(actor: Actor, kind: EventType, key: ApiKey, **data: str) -> NewEvent:
    """Tell a key's organisation what became of it."""
    return event_by(actor, kind, ("key", key.id), [key.organisation_id], data)
