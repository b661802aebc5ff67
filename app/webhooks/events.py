"""What is recorded of webhooks, for their own organisation."""

from typing import Any

from app.auth.actor import Actor
from app.auth.events import event_by
from app.events.record import NewEvent
from app.events.types import EventType
from app.webhooks.models import Webhook


def webhook_event(kind: EventType, webhook: Webhook, actor: Actor | None = None, **data: Any) -> NewEvent:  # noqa: ANN401
    """Tell what became of a webhook; without an actor the exchange found it out.

    The URL is left out: it may hold a secret of the receiver's, and events are for ever.
    """
    return event_by(actor, kind, ("webhook", webhook.id), [webhook.organisation_id], data)
