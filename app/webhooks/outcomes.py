"""What becomes of a delivery and of its webhook after an attempt."""

import random
from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from typing import NamedTuple

from sqlalchemy import select, tuple_, update
from sqlalchemy.orm import Session

from app.events.record import record_event
from app.events.types import EventType
from app.webhooks.claims import Claim
from app.webhooks.events import webhook_event
from app.webhooks.models import DeliveryStatus, Webhook, WebhookDelivery, WebhookStatus
from app.webhooks.retries import FAILING_AFTER, next_try
from app.webhooks.service import PING

_chance = random.SystemRandom()


class Outcome(NamedTuple):
    """How an attempt ended: with the status of an answer, or with the code of why there was none."""

    claim: Claim
    ended_at: datetime
    duration_ms: int
    response_status: int | None = None
    error: str | None = None

    @property
    def is_taken(self) -> bool:
        """Whether the receiver took it: any 2xx."""
        status = self.response_status
        return status is not None and HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES


def record_outcomes(session: Session, outcomes: Sequence[Outcome]) -> None:
    """Store how attempts ended; one whose lease had passed to another sender changes nothing.

    Webhooks are locked before their deliveries, as when a webhook is deleted.
    """
    ids = {outcome.claim.webhook_id for outcome in outcomes}
    fresh = {"populate_existing": True}
    query = select(Webhook).where(Webhook.id.in_(ids)).order_by(Webhook.id).with_for_update(key_share=True)
    webhooks = {webhook.id: webhook for webhook in session.scalars(query, execution_options=fresh)}
    keys = [(outcome.claim.webhook_id, outcome.claim.delivery_id) for outcome in outcomes]
    of_these = tuple_(WebhookDelivery.webhook_id, WebhookDelivery.id).in_(keys)
    rows = select(WebhookDelivery).where(of_these).order_by(WebhookDelivery.place).with_for_update()
    deliveries = {(row.webhook_id, row.id): row for row in session.scalars(rows, execution_options=fresh)}
    for outcome, key in zip(outcomes, keys, strict=True):
        delivery = deliveries.get(key)
        if (
            delivery is not None
            and delivery.status == DeliveryStatus.SENDING
            and delivery.attempts == outcome.claim.attempt
        ):
            _settle(session, webhooks[outcome.claim.webhook_id], delivery, outcome)


def _settle(session: Session, webhook: Webhook, delivery: WebhookDelivery, outcome: Outcome) -> None:
    at = outcome.ended_at
    delivery.response_status, delivery.duration_ms = outcome.response_status, outcome.duration_ms
    delivery.error = None if outcome.is_taken else outcome.error or "status"
    again = None if outcome.is_taken else _try_again(delivery, outcome)
    if again is None:
        delivery.status = DeliveryStatus.DELIVERED if outcome.is_taken else DeliveryStatus.FAILED
        delivery.next_try_at, delivery.ended_at = None, at
    else:
        delivery.status, delivery.next_try_at = DeliveryStatus.PENDING, again
    session.flush()
    if delivery.place is not None and (again is not None or delivery.attempts > 1):
        _move_line(session, delivery, delivery.place, again or at)
    if outcome.is_taken:
        _note_success(session, webhook)
    else:
        _note_failure(session, webhook, outcome)


def _try_again(delivery: WebhookDelivery, outcome: Outcome) -> datetime | None:
    if outcome.response_status == HTTPStatus.GONE or delivery.type == PING:
        return None
    return next_try(delivery.queued_at, delivery.attempts, outcome.ended_at, _chance.random())


def _move_line(session: Session, delivery: WebhookDelivery, place: int, to: datetime) -> None:
    """Let those who wait behind a delivery be looked at when it is tried next, or at once when it has ended.

    Only so that looking for what is due does not pass over them again and again: the line itself is kept by `claims`.
    """
    behind = (
        WebhookDelivery.webhook_id == delivery.webhook_id,
        WebhookDelivery.subject_id == delivery.subject_id,
        WebhookDelivery.place > place,
        WebhookDelivery.next_try_at.is_not(None),
        WebhookDelivery.status == DeliveryStatus.PENDING,
    )
    session.execute(update(WebhookDelivery).where(*behind).values(next_try_at=to))


def _note_success(session: Session, webhook: Webhook) -> None:
    webhook.failing_since = None
    if webhook.status == WebhookStatus.FAILING:
        webhook.status = WebhookStatus.ACTIVE
        record_event(session, webhook_event(EventType.WEBHOOK_RECOVERED, webhook))


def _note_failure(session: Session, webhook: Webhook, outcome: Outcome) -> None:
    """Keep since when it fails; say so once when that is long, or when the receiver wants nothing more."""
    if outcome.response_status == HTTPStatus.GONE:
        if webhook.status != WebhookStatus.DISABLED:
            webhook.status, webhook.failing_since = WebhookStatus.DISABLED, None
            record_event(session, webhook_event(EventType.WEBHOOK_DISABLED, webhook))
        return
    webhook.failing_since = webhook.failing_since or outcome.ended_at
    is_long = outcome.ended_at - webhook.failing_since >= FAILING_AFTER
    if is_long and webhook.status == WebhookStatus.ACTIVE:
        webhook.status = WebhookStatus.FAILING
        record_event(session, webhook_event(EventType.WEBHOOK_FAILING, webhook))
