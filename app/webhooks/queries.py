"""Reads of webhooks and of their deliveries, by their own organisation; and of all of them, how they stand."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, ScalarSelect, Select, func, literal, select
from sqlalchemy.orm import Session

from app.auth.actor import OrganisationId
from app.core.errors import NotFound
from app.core.paging import Page, Slice, page_by_id
from app.webhooks.claims import is_told
from app.webhooks.models import DeliveryId, DeliveryStatus, Webhook, WebhookDelivery, WebhookId, WebhookStatus

#: Of one webhook no more are counted: one that is dead may have a month of them.
MOST_COUNTED = 10_000


class WebhookFigures(NamedTuple):
    """How the webhooks of all organisations stand.

    `pending` and `failed` are deliveries that are kept, at most MOST_COUNTED of one webhook; `overdue_seconds` is for
    how long the next attempt of one has been due, of webhooks that are told.
    """

    webhooks: Mapping[WebhookStatus, int]
    pending: int
    failed: int
    overdue_seconds: float


def own_webhook(session: Session, organisation_id: OrganisationId, webhook_id: WebhookId) -> Webhook:
    """Return a webhook of an organisation or raise NotFound."""
    webhook = session.get(Webhook, webhook_id)
    if webhook is None or webhook.organisation_id != organisation_id:
        raise NotFound("webhook")
    return webhook


def list_webhooks(session: Session, organisation_id: OrganisationId, page: Page) -> Slice[Webhook]:
    """Return one page of an organisation's webhooks, newest first."""
    query = select(Webhook).where(Webhook.organisation_id == organisation_id)
    return page_by_id(session, query, Webhook.id, page)


def find_delivery(session: Session, webhook: Webhook, delivery_id: DeliveryId) -> WebhookDelivery:
    """Return a delivery of a webhook or raise NotFound."""
    delivery = session.get(WebhookDelivery, (webhook.id, delivery_id))
    if delivery is None:
        raise NotFound("delivery of this webhook")
    return delivery


def list_deliveries(
    session: Session, webhook: Webhook, status: DeliveryStatus | None, page: Page
) -> Slice[WebhookDelivery]:
    """Return one page of a webhook's deliveries, newest event first."""
    query = select(WebhookDelivery).where(WebhookDelivery.webhook_id == webhook.id)
    if status is not None:
        query = query.where(WebhookDelivery.status == status)
    return page_by_id(session, query, WebhookDelivery.id, page)


def read_figures(session: Session, at: datetime) -> WebhookFigures:
    """Return how the webhooks of all organisations stand."""
    rows = session.execute(webhook_figures()).all()
    due = [row.next_try_at for row in rows if row.is_told and row.next_try_at is not None]
    found = Counter(row.status for row in rows)
    return WebhookFigures(
        webhooks={status: found[status] for status in WebhookStatus},
        pending=sum(row.pending for row in rows),
        failed=sum(row.failed for row in rows),
        overdue_seconds=max(0.0, (at - min(due)).total_seconds()) if due else 0.0,
    )


def webhook_figures() -> Select[str, bool, int, int, datetime | None]:
    """Return the statement of it: some looks at indexes for each webhook, however long its log."""
    first = select(func.min(WebhookDelivery.next_try_at)).where(WebhookDelivery.webhook_id == Webhook.id)
    return select(
        Webhook.status,
        is_told().label("is_told"),
        _count(WebhookDelivery.next_try_at.is_not(None)).label("pending"),
        _count(WebhookDelivery.status == DeliveryStatus.FAILED).label("failed"),
        first.where(WebhookDelivery.next_try_at.is_not(None)).scalar_subquery().label("next_try_at"),
    )


def _count(condition: ColumnElement[bool]) -> ScalarSelect[int]:
    rows = select(literal(1)).where(WebhookDelivery.webhook_id == Webhook.id, condition).limit(MOST_COUNTED)
    return select(func.count()).select_from(rows.correlate(Webhook).subquery()).scalar_subquery()
