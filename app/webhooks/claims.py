"""Which deliveries are due, and taking them: under a lease, so that of two senders one has each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, select, tuple_, update
from sqlalchemy.orm import Session, aliased

from app.auth.actor import OrganisationId
from app.core.database import Database
from app.events.models import Event
from app.events.queries import describe_event
from app.events.schemas import EventRead, Subject
from app.organisations.models import Organisation, OrganisationStatus
from app.webhooks.models import TOLD, DeliveryId, DeliveryStatus, Webhook, WebhookDelivery, WebhookId
from app.webhooks.schemas import write_message
from app.webhooks.signing import secret_of, valid_generations

#: Longer than an attempt takes. A sender that is silent for so long is dead, and what it had is sent again.
LEASE = timedelta(seconds=30)
Key = tuple[WebhookId, DeliveryId]


@dataclass(frozen=True)
class Claim:
    """A delivery in the hands of one sender; `attempt` tells its claim from a later one of the same delivery."""

    webhook_id: WebhookId
    delivery_id: DeliveryId
    attempt: int
    url: str
    body: bytes
    secrets: Sequence[str]


def find_waiting(session: Session, at: datetime) -> dict[WebhookId, bool]:
    """Return the webhooks that something is due for, each with whether it failed last."""
    rows = session.execute(waiting_webhooks(at))
    return {webhook_id: failing_since is not None for webhook_id, failing_since in rows}


def waiting_webhooks(at: datetime) -> Select[WebhookId, datetime | None]:
    """Return the statement of it: one look at an index for each webhook that is told, however long its log."""
    due = exists().where(WebhookDelivery.webhook_id == Webhook.id, _is_due(at))
    return select(Webhook.id, Webhook.failing_since).where(is_told(), due)


def find_due(session: Session, room: Mapping[WebhookId, int], at: datetime) -> list[Key]:
    """Return for each webhook as many due deliveries as it has room, oldest first; locks nothing."""
    return [
        (webhook_id, delivery_id)
        for webhook_id, most in room.items()
        for delivery_id in session.scalars(due_deliveries(webhook_id, at).limit(most))
    ]


def due_deliveries(webhook_id: WebhookId, at: datetime) -> Select[DeliveryId]:
    """Return the statement of what is due for one webhook, in order."""
    due = select(WebhookDelivery.id).where(WebhookDelivery.webhook_id == webhook_id, _is_due(at), _is_first())
    return due.order_by(WebhookDelivery.next_try_at, WebhookDelivery.place)


def claim(session: Session, keys: Sequence[Key], at: datetime, pepper: bytes) -> list[Claim]:
    """Take those of some deliveries that are due still and nobody else has."""
    key = tuple_(WebhookDelivery.webhook_id, WebhookDelivery.id)
    query = (
        select(WebhookDelivery, Webhook)
        .join(Webhook, Webhook.id == WebhookDelivery.webhook_id)
        .where(key.in_(keys), _is_due(at), _is_first(), is_told())
        .order_by(WebhookDelivery.place)
    )
    taken = session.execute(query.with_for_update(of=WebhookDelivery, skip_locked=True)).all()
    events = _read_events(session, [delivery.id for delivery, _ in taken])
    claims = []
    for delivery, webhook in taken:
        delivery.status, delivery.attempts = DeliveryStatus.SENDING, delivery.attempts + 1
        delivery.last_tried_at, delivery.next_try_at = at, at + LEASE
        generations = valid_generations(webhook.generation, webhook.previous_secret_until, at)
        claims.append(
            Claim(
                webhook_id=webhook.id,
                delivery_id=delivery.id,
                attempt=delivery.attempts,
                url=webhook.url,
                body=write_message(_told_event(delivery, webhook.organisation_id, events)),
                secrets=[secret_of(webhook.id, generation, pepper) for generation in generations],
            )
        )
    session.flush()
    return claims


def void_leases(database: Database, at: datetime) -> None:
    """Free what senders had; for one that knows itself to be the only one."""
    lost = WebhookDelivery.status == DeliveryStatus.SENDING
    with database.write() as session:
        session.execute(update(WebhookDelivery).where(lost).values(next_try_at=at))
        session.commit()


def is_told() -> ColumnElement[bool]:
    """Keep to webhooks that are told, of organisations that take part."""
    takes_part = exists().where(
        Organisation.id == Webhook.organisation_id, Organisation.status == OrganisationStatus.ACTIVE
    )
    return Webhook.status.in_(TOLD) & takes_part


def _is_due(at: datetime) -> ColumnElement[bool]:
    """Open and not in the hands of a living sender: while it is being sent, `next_try_at` is the end of the lease."""
    return WebhookDelivery.next_try_at <= at


def _is_first() -> ColumnElement[bool]:
    """Keep the line: nothing earlier of the same subject is open. Who has no place waits for nothing."""
    earlier = aliased(WebhookDelivery)
    return ~exists().where(
        earlier.webhook_id == WebhookDelivery.webhook_id,
        earlier.subject_id == WebhookDelivery.subject_id,
        earlier.place < WebhookDelivery.place,
        earlier.next_try_at.is_not(None),
    )


def _read_events(session: Session, ids: Sequence[UUID]) -> dict[UUID, Event]:
    return {event.id: event for event in session.scalars(select(Event).where(Event.id.in_(ids)))}


def _told_event(delivery: WebhookDelivery, organisation_id: OrganisationId, events: Mapping[UUID, Event]) -> EventRead:
    """Return what is told: the event as the organisation's feed shows it; a ping is no event and stands in no feed."""
    if delivery.id in events:
        return describe_event(events[delivery.id], organisation_id)
    return EventRead(
        id=delivery.id,
        type=delivery.type,
        occurred_at=delivery.queued_at,
        actor=None,
        subject=Subject(kind="webhook", id=delivery.subject_id),
        data={},
    )
