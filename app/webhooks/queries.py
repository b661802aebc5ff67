"""Reads of webhooks and of their deliveries, by their own organisation."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth.actor import OrganisationId
from app.core.errors import NotFound
from app.core.paging import Page, Slice, page_by_id
from app.webhooks.models import DeliveryId, DeliveryStatus, Webhook, WebhookDelivery, WebhookId


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
