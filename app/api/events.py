"""The feed: every change that the caller may see, in order."""

from typing import Annotated

from fastapi import Depends, Query
from pydantic import Field

from app.api.problems import problem_responses
from app.api.routing import Router
from app.auth.actor import Actor, Scope
from app.core.paging import DEFAULT_LIMIT, MAX_LIMIT, decode_cursor, encode_cursor
from app.core.schema import Schema
from app.dependencies.callers import Allow
from app.dependencies.sessions import MarketSession
from app.dependencies.settings import Pepper
from app.events import queries
from app.events.schemas import Feed
from app.events.types import MEANINGS, EventType

router = Router(prefix="/events", tags=["events"])
Reader = Annotated[Actor, Depends(Allow(scope=Scope.MARKET_READ))]
_PURPOSE = "/v1/events"
_TYPES = "Only these; default all. An answer may then be empty before the end, which is where `next_cursor` stays.\n\n"
_TYPES += "\n".join(f"- `{kind}`: {meaning}" for kind, meaning in MEANINGS.items())


class FeedQuery(Schema):
    """Where in the feed to go on, and how far."""

    after: str | None = Field(None, max_length=200, description="`next_cursor` of an earlier answer; none: the start.")
    types: list[EventType] = Field([], description=_TYPES)
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="Events an answer.")


@router.get("", summary="Read the feed of events", responses=problem_responses(422))
def get_events(query: Annotated[FeedQuery, Query()], session: MarketSession, actor: Reader, secret: Pepper) -> Feed:
    """Read what happened on the market and to you, in order and for ever; ask again later with `next_cursor`.

    Everyone who reads the market sees what happens on it; what concerns some organisations alone, such as
    `match.found` and `demand.changed`, is for these, and for no authority or operator.
    """
    (position,) = (0,) if query.after is None else decode_cursor(query.after, _PURPOSE, secret, "after")
    events, reaches = queries.list_visible(session, actor.organisation_id, position, query.limit, query.types)
    return Feed(
        items=[queries.describe_event(event, actor.organisation_id) for event in events],
        next_cursor=encode_cursor((reaches,), _PURPOSE, secret),
    )
