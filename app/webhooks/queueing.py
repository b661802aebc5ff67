"""Reads the events as they come and queues them for the webhooks that want them and may see them."""

import threading
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import delete, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from app.core.clock import now
from app.core.database import Database
from app.core.failures import name_failure
from app.events.cursors import has_news, lock_cursor
from app.events.queries import Shown, list_shown
from app.organisations.models import Organisation, OrganisationStatus
from app.webhooks.models import TOLD, DeliveryStatus, Webhook, WebhookDelivery
from app.webhooks.subscriptions import is_wanted

CONSUMER = "webhooks"
#: How long the log of ended deliveries is kept; the feed itself is for ever.
KEPT = timedelta(days=30)
_BATCH = 500
_SWEPT_AT_ONCE = 1000
_POLL_SECONDS = 0.5
_SWEEP_SECONDS = 600.0
_AFTER_FAILURE_SECONDS = 2.0
log = structlog.get_logger()


def run_queueing(database: Database, stop: threading.Event) -> None:
    """Work until `stop` is set; a database that does not answer is asked again."""
    next_sweep = 0.0
    while not stop.is_set():
        pause = _POLL_SECONDS
        try:
            if time.monotonic() >= next_sweep and not sweep_ended(database, now()):
                next_sweep = time.monotonic() + _SWEEP_SECONDS
            if queue_batch(database):
                pause = 0.0
        except (DBAPIError, PoolTimeout) as error:
            log.warning("consumer_failed", consumer=CONSUMER, error=name_failure(error))
            pause = _AFTER_FAILURE_SECONDS
        stop.wait(pause)


def queue_batch(database: Database) -> int:
    """Queue the next events and return how many there were; 0 also while another one does so.

    Deliveries and cursor are one transaction: killed anywhere, it is done again, once.
    """
    with database.read() as session:
        if not has_news(session, CONSUMER):
            return 0
    with database.write() as session:
        cursor = lock_cursor(session, CONSUMER)
        # Events before webhooks: of an event that comes after a webhook was made, the webhook is there.
        shown = [] if cursor is None else list_shown(session, cursor.position, _BATCH)
        if cursor is None or not shown:
            return 0
        rows = list(_deliveries(shown, _told_webhooks(session), now()))
        if rows:
            session.execute(_inserting(session), rows)
        cursor.position = shown[-1].event.position
        session.commit()
    return len(shown)


def _told_webhooks(session: Session) -> Sequence[Webhook]:
    """Return the webhooks that are told; none of them is deleted before the transaction ends."""
    query = (
        select(Webhook)
        .join(Organisation, Organisation.id == Webhook.organisation_id)
        .where(Webhook.status.in_(TOLD), Organisation.status == OrganisationStatus.ACTIVE)
        .order_by(Webhook.id)
        .with_for_update(of=Webhook, read=True, key_share=True)
    )
    return session.scalars(query).all()


def _deliveries(shown: Sequence[Shown], webhooks: Sequence[Webhook], at: datetime) -> Iterator[dict[str, Any]]:
    wanting: dict[str, list[Webhook]] = {}
    for item in shown:
        event = item.event
        if event.type not in wanting:
            wanting[event.type] = [webhook for webhook in webhooks if is_wanted(webhook.types, event.type)]
        for webhook in wanting[event.type]:
            if event.position > webhook.since_position and item.may_be_seen_by(webhook.organisation_id):
                yield {
                    "webhook_id": webhook.id,
                    "id": event.id,
                    "type": event.type,
                    "subject_id": event.subject_id,
                    "place": event.position,
                    "status": DeliveryStatus.PENDING.value,
                    "attempts": 0,
                    "queued_at": at,
                    "next_try_at": at,
                }


def _inserting(session: Session) -> Any:  # noqa: ANN401 - an INSERT of either dialect
    """Pass over what is queued already: a cursor that was set back sends nothing a second time."""
    is_postgresql = session.get_bind().dialect.name == "postgresql"
    insert: Any = postgresql.insert if is_postgresql else sqlite.insert
    return insert(WebhookDelivery).on_conflict_do_nothing()


def sweep_ended(database: Database, at: datetime) -> int:
    """Delete some deliveries that ended long ago and return how many; nothing is locked where there are none."""
    old = select(WebhookDelivery.webhook_id, WebhookDelivery.id).where(WebhookDelivery.ended_at < at - KEPT)
    with database.read() as session:
        keys = [tuple(row) for row in session.execute(old.limit(_SWEPT_AT_ONCE))]
    if keys:
        key = tuple_(WebhookDelivery.webhook_id, WebhookDelivery.id)
        with database.write() as session:
            # Asked again: one that was replayed meanwhile has not ended.
            session.execute(delete(WebhookDelivery).where(key.in_(keys), WebhookDelivery.ended_at < at - KEPT))
            session.commit()
    return len(keys)
