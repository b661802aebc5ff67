"""What is recorded of webhooks, for their own organisation."""

from app.auth.actor import Actor
from app.events.record import NewEvent
from app.webhooks.models import Webhook


def webhook_event(what: str, webhook: Webhook, actor: Actor | None = None, fields: set[str] | None = None) -> NewEvent:
    """Tell that a webhook was made, changed, rotated or dropped by someone, or fails, recovers or is disabled.

    The URL is left out: it may hold a secret of the receiver's, and events are for ever.
    """
    return NewEvent(
        type=f"webhook.{what}",
        subject_kind="webhook",
        subject_id=webhook.id,
        organisation_id=None if actor is None else actor.organisation_id,
        key_id=None if actor is None else actor.key_id,
        data={} if fields is None else {"fields": sorted(fields)},
        viewers=(webhook.organisation_id,),
    )
