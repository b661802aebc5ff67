"""Writes of webhooks by their owners: making, changing, dropping, rotating, pinging, replaying."""

from datetime import timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.auth.actor import Actor, OrganisationId
from app.core.clock import now
from app.core.database import new_id
from app.core.errors import Conflict
from app.events.models import EventHead
from app.events.record import record_event
from app.events.types import EventType
from app.organisations.models import Organisation
from app.webhooks.events import webhook_event
from app.webhooks.models import (
    TOLD,
    DeliveryId,
    DeliveryStatus,
    Webhook,
    WebhookDelivery,
    WebhookId,
    WebhookStatus,
)
from app.webhooks.queries import find_delivery, own_webhook
from app.webhooks.schemas import WebhookPatch, WebhookPost
from app.webhooks.signing import secret_of

MOST_WEBHOOKS = 20
PING = "webhook.ping"


def make_webhook(session: Session, actor: Actor, wish: WebhookPost) -> Webhook:
    """Store a webhook, told of what happens from now on; raises Conflict `too_many_webhooks`."""
    _check_number(session, actor.organisation_id)
    webhook = Webhook(
        organisation_id=actor.organisation_id, url=wish.url, types=wish.types, since_position=_head(session)
    )
    session.add(webhook)
    session.flush()
    record_event(session, webhook_event(EventType.WEBHOOK_MADE, webhook, actor))
    return webhook


def _check_number(session: Session, organisation_id: OrganisationId) -> None:
    """Count under the lock of the organisation; FOR NO KEY UPDATE lets others still refer to it meanwhile."""
    session.execute(select(Organisation.id).where(Organisation.id == organisation_id).with_for_update(key_share=True))
    if session.scalars(select(func.count()).where(Webhook.organisation_id == organisation_id)).one() >= MOST_WEBHOOKS:
        detail = f"An organisation has at most {MOST_WEBHOOKS} webhooks; delete one first."
        raise Conflict("too_many_webhooks", detail, most=MOST_WEBHOOKS)


def _head(session: Session) -> int:
    return session.scalars(select(EventHead.position)).one()


def lock_own_webhook(session: Session, actor: Actor, webhook_id: WebhookId) -> Webhook:
    """Return a webhook of the caller as it is now, locked until the transaction ends, or raise NotFound."""
    webhook = own_webhook(session, actor.organisation_id, webhook_id)
    session.refresh(webhook, with_for_update={"key_share": True})
    return webhook


def change_webhook(session: Session, actor: Actor, webhook: Webhook, change: WebhookPatch) -> Webhook:
    """Change a locked webhook; made active again, or led elsewhere, it begins with a clean sheet."""
    given, head = change.model_fields_set, _head(session)
    if change.types is not None:
        webhook.types = change.types
    if change.url is not None and change.url != webhook.url:
        webhook.url, webhook.failing_since = change.url, None
        if webhook.status == WebhookStatus.FAILING:
            webhook.status = WebhookStatus.ACTIVE
    if change.active is False:
        webhook.status, webhook.failing_since = WebhookStatus.PAUSED, None
    elif change.active and webhook.status not in TOLD:
        webhook.status, webhook.failing_since = WebhookStatus.ACTIVE, None
        webhook.since_position = head
    session.flush()
    record_event(session, webhook_event(EventType.WEBHOOK_CHANGED, webhook, actor, fields=sorted(given)))
    return webhook


def drop_webhook(session: Session, actor: Actor, webhook: Webhook) -> None:
    """Delete a locked webhook and its deliveries; what is on its way just now may still arrive."""
    session.execute(delete(Webhook).where(Webhook.id == webhook.id))
    record_event(session, webhook_event(EventType.WEBHOOK_DELETED, webhook, actor))


def rotate_secret(session: Session, actor: Actor, webhook: Webhook, overlap_hours: int) -> Webhook:
    """Give a locked webhook its next secret; raises Conflict while the last rotation goes on, unless it ends at once.

    Only two secrets ever sign: a third would silently end the one that the receiver may still rely on.
    """
    at = now()
    if overlap_hours and webhook.previous_secret_until is not None and at < webhook.previous_secret_until:
        raise Conflict(
            "rotation_under_way",
            "Two secrets sign already; rotate again afterwards, or with overlap_hours 0 to end both of them now.",
            until=webhook.previous_secret_until.isoformat(),
        )
    webhook.generation += 1
    webhook.previous_secret_until = at + timedelta(hours=overlap_hours) if overlap_hours else None
    session.flush()
    record_event(session, webhook_event(EventType.WEBHOOK_ROTATED, webhook, actor))
    return webhook


def newest_secret(webhook: Webhook, pepper: bytes) -> str:
    """Return the secret to show."""
    return secret_of(webhook.id, webhook.generation, pepper)


def queue_ping(session: Session, actor: Actor, webhook: Webhook) -> WebhookDelivery:
    """Queue a test delivery to a locked webhook, tried once; raises Conflict `webhook_inactive`."""
    _check_told(webhook)
    at = now()
    ping = WebhookDelivery(
        webhook_id=webhook.id,
        id=DeliveryId(new_id()),
        type=PING,
        subject_id=webhook.id,
        queued_at=at,
        next_try_at=at,
    )
    session.add(ping)
    session.flush()
    record_event(session, webhook_event(EventType.WEBHOOK_PINGED, webhook, actor, delivery_id=str(ping.id)))
    return ping


def queue_again(session: Session, actor: Actor, webhook: Webhook, delivery_id: DeliveryId) -> WebhookDelivery:
    """Send a delivery of a locked webhook now, ended or not; raises NotFound, or Conflict while it is on its way.

    One that had ended does not stand in line again: what came after it has long gone out.
    """
    _check_told(webhook)
    delivery = find_delivery(session, webhook, delivery_id)
    session.refresh(delivery, with_for_update=True)
    if delivery.status == DeliveryStatus.SENDING:
        raise Conflict("delivery_under_way", "It is being sent just now; read it again in a few seconds.")
    delivery.next_try_at = now()
    if delivery.status != DeliveryStatus.PENDING:
        delivery.queued_at, delivery.attempts, delivery.place = delivery.next_try_at, 0, None
        delivery.status, delivery.ended_at = DeliveryStatus.PENDING, None
    session.flush()
    record_event(session, webhook_event(EventType.WEBHOOK_REPLAYED, webhook, actor, delivery_id=str(delivery.id)))
    return delivery


def _check_told(webhook: Webhook) -> None:
    if webhook.status not in TOLD:
        detail = f"The webhook is {webhook.status}, so nothing is sent; PATCH it with active true first."
        raise Conflict("webhook_inactive", detail, status_of_webhook=webhook.status)
