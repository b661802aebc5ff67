"""Webhooks: where one's organisation is told of events, and how each delivery went."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from pydantic import Field

from app.api.answers import created, tag
from app.api.problems import problem_responses
from app.api.routing import Router
from app.auth.actor import Actor, Scope
from app.core.errors import invalid
from app.core.guarded_connections import Guard
from app.core.outgoing_urls import UrlRefused, read_url
from app.core.paging import Slice
from app.core.schema import PageOf
from app.dependencies.callers import Allow
from app.dependencies.connections import CurrentGuard
from app.dependencies.creating import CreatingSession, SecretSession
from app.dependencies.lists import ListQuery
from app.dependencies.sessions import ReadSession, WriteSession
from app.dependencies.settings import Pepper
from app.dependencies.versions import IfMatch, check_version
from app.webhooks import queries, service
from app.webhooks.models import DeliveryId, DeliveryStatus, Webhook, WebhookDelivery, WebhookId
from app.webhooks.schemas import (
    DeliveryRead,
    RotationPost,
    WebhookMade,
    WebhookPatch,
    WebhookPost,
    WebhookRead,
    made,
)

router = Router(prefix="/webhooks", tags=["webhooks"])
# Also to read them: a URL may hold a secret of the receiver's.
Keeper = Annotated[Actor, Depends(Allow(scope=Scope.WEBHOOKS_WRITE))]
#: How long a caller waits for the look-up of a name.
_PATIENCE_S = 3.0


async def _check_url(url: str | None, guard: Guard) -> None:
    if url is None:
        return
    try:
        await guard.check_url(read_url(url), _PATIENCE_S)
    except UrlRefused as refused:
        raise invalid("/url", refused.code, refused.detail) from None


# Both before the session for writing opens, and after the key is known: whoever waits here keeps no writer waiting.
async def _checked_post(_: Keeper, wish: WebhookPost, guard: CurrentGuard) -> WebhookPost:
    await _check_url(wish.url, guard)
    return wish


async def _checked_patch(_: Keeper, change: WebhookPatch, guard: CurrentGuard) -> WebhookPatch:
    await _check_url(change.url, guard)
    return change


CheckedPost = Annotated[WebhookPost, Depends(_checked_post)]
CheckedPatch = Annotated[WebhookPatch, Depends(_checked_patch)]


class DeliveryQuery(ListQuery):
    """Which deliveries are listed."""

    status: DeliveryStatus | None = Field(None, description="Only those that stand so.")


@router.post("", status_code=201, summary="Make a webhook", responses=problem_responses(409, 422))
def post_webhook(
    wish: CheckedPost, session: SecretSession, actor: Keeper, pepper: Pepper, response: Response
) -> WebhookMade:
    """Have a URL told of events as they happen: of what your feed shows from now on, each in a POST of its own.

    Signed as Standard Webhooks 1.0 says, with the secret that is shown this once. Events of one subject come in order;
    one that is not taken is tried again for three days. The same event may come twice, then with the same `webhook-id`.
    """
    webhook = service.make_webhook(session, actor, wish)
    created(response, "/v1/webhooks", webhook.id)
    tag(response, webhook)
    return made(webhook, service.newest_secret(webhook, pepper))


@router.get("", response_model=PageOf[WebhookRead], summary="List own webhooks")
def get_webhooks(
    query: Annotated[ListQuery, Query()], session: ReadSession, actor: Keeper, request: Request
) -> Slice[Webhook]:
    """List the webhooks of your own organisation, newest first, without their secrets."""
    return queries.list_webhooks(session, actor.organisation_id, query.page(request))


@router.get("/{webhook_id}", response_model=WebhookRead, summary="Read one webhook")
def get_webhook(webhook_id: UUID, session: ReadSession, actor: Keeper, response: Response) -> Webhook:
    """Read one of your own webhooks, without its secret."""
    webhook = queries.own_webhook(session, actor.organisation_id, WebhookId(webhook_id))
    tag(response, webhook)
    return webhook


@router.patch(
    "/{webhook_id}", response_model=WebhookRead, summary="Change a webhook", responses=problem_responses(412, 422)
)
def patch_webhook(
    webhook_id: UUID, change: CheckedPatch, session: WriteSession, actor: Keeper, wanted: IfMatch, response: Response
) -> Webhook:
    """Change URL or types, stop it (`active: false`) or have it go on; what happens while it is stopped is not sent."""
    webhook = service.lock_own_webhook(session, actor, WebhookId(webhook_id))
    check_version(webhook.version, wanted)
    service.change_webhook(session, actor, webhook, change)
    tag(response, webhook)
    return webhook


@router.delete("/{webhook_id}", status_code=204, summary="Delete a webhook")
def delete_webhook(webhook_id: UUID, session: WriteSession, actor: Keeper) -> None:
    """Delete one of your own webhooks and the log of its deliveries."""
    service.drop_webhook(session, actor, service.lock_own_webhook(session, actor, WebhookId(webhook_id)))


@router.post("/{webhook_id}/rotate", summary="Rotate the secret of a webhook", responses=problem_responses(409, 412))
def rotate_webhook(
    webhook_id: UUID,
    session: SecretSession,
    actor: Keeper,
    pepper: Pepper,
    wanted: IfMatch,
    response: Response,
    wish: RotationPost | None = None,
) -> WebhookMade:
    """Give a webhook a new secret, shown this once; until the overlap ends every delivery carries both signatures."""
    webhook = service.lock_own_webhook(session, actor, WebhookId(webhook_id))
    check_version(webhook.version, wanted)
    service.rotate_secret(session, actor, webhook, (wish or RotationPost()).overlap_hours)
    tag(response, webhook)
    return made(webhook, service.newest_secret(webhook, pepper))


@router.post(
    "/{webhook_id}/ping",
    status_code=202,
    response_model=DeliveryRead,
    summary="Send a test to a webhook",
    responses=problem_responses(409),
)
def ping_webhook(webhook_id: UUID, session: CreatingSession, actor: Keeper, response: Response) -> WebhookDelivery:
    """Send `webhook.ping` in a moment, once; read the delivery to see how it went."""
    webhook = service.lock_own_webhook(session, actor, WebhookId(webhook_id))
    ping = service.queue_ping(session, actor, webhook)
    created(response, f"/v1/webhooks/{webhook_id}/deliveries", ping.id)
    return ping


@router.get("/{webhook_id}/deliveries", response_model=PageOf[DeliveryRead], summary="Deliveries of a webhook")
def get_deliveries(
    webhook_id: UUID, query: Annotated[DeliveryQuery, Query()], session: ReadSession, actor: Keeper, request: Request
) -> Slice[WebhookDelivery]:
    """List what was and is to be sent, the newest event first; what ended 30 days ago is gone."""
    webhook = queries.own_webhook(session, actor.organisation_id, WebhookId(webhook_id))
    return queries.list_deliveries(session, webhook, query.status, query.page(request, query.status or ""))


@router.get("/{webhook_id}/deliveries/{delivery_id}", response_model=DeliveryRead, summary="Read one delivery")
def get_delivery(webhook_id: UUID, delivery_id: UUID, session: ReadSession, actor: Keeper) -> WebhookDelivery:
    """Read how one delivery stands."""
    webhook = queries.own_webhook(session, actor.organisation_id, WebhookId(webhook_id))
    return queries.find_delivery(session, webhook, DeliveryId(delivery_id))


@router.post(
    "/{webhook_id}/deliveries/{delivery_id}/replay",
    status_code=202,
    response_model=DeliveryRead,
    summary="Send a delivery again",
    responses=problem_responses(409),
)
def replay_delivery(webhook_id: UUID, delivery_id: UUID, session: CreatingSession, actor: Keeper) -> WebhookDelivery:
    """Send a delivery again in a moment, under its `webhook-id`; one that waits for its next attempt is tried now."""
    webhook = service.lock_own_webhook(session, actor, WebhookId(webhook_id))
    return service.queue_again(session, actor, webhook, DeliveryId(delivery_id))
