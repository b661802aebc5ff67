"""How many deliveries each webhook may have under way, so that slow receivers hold up none of the others. Pure."""

from collections.abc import Mapping
from random import SystemRandom

from app.webhooks.models import WebhookId

MOST_UNDER_WAY = 32
MOST_OF_ONE = 4
#: All that failed last share these, one each: they may take ten seconds to fail again.
MOST_OF_FAILING = 8
_order = SystemRandom()


def share_room(waiting: Mapping[WebhookId, bool], flying: Mapping[WebhookId, int]) -> dict[WebhookId, int]:
    """Return how many more each waiting webhook may have; `waiting` says which of them failed last."""
    room: dict[WebhookId, int] = {}
    left = MOST_UNDER_WAY - sum(flying.values())
    left_of_failing = MOST_OF_FAILING - sum(flying.get(webhook, 0) for webhook, failed in waiting.items() if failed)
    for webhook, failed in sorted(waiting.items(), key=lambda _: _order.random()):
        if failed:
            more = min(1 - flying.get(webhook, 0), left, left_of_failing)
            left_of_failing -= max(more, 0)
        else:
            more = min(MOST_OF_ONE - flying.get(webhook, 0), left)
        if more > 0:
            room[webhook] = more
            left -= more
    return room
