"""Sessions of requests that create: sent again with the same Idempotency-Key, they are answered as the first time."""

from typing import Annotated

from fastapi import Depends, Header, Request
from sqlalchemy.orm import Session

from app.auth.actor import Actor
from app.core.row_security import EXCHANGE
from app.dependencies.callers import AnyActor
from app.dependencies.limits import address_of
from app.dependencies.sessions import WriteSession
from app.requests.idempotency import Claim, claim_at_begin

_Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x20-\x7e]+$",
        description="Any text that no other request of yours has, best a UUID. Sent again within 7 days, with the same "
        "body, the request gets the first answer with `Idempotency-Replayed: true`, and nothing is done twice.",
    ),
]


async def _creating(request: Request, actor: AnyActor, session: WriteSession, key: _Key = None) -> Session:
    if key is not None:
        claim_at_begin(session, await _claim(request, _owner(actor), key))
    return session


async def _creating_secret(request: Request, actor: AnyActor, session: WriteSession, key: _Key = None) -> Session:
    if key is not None:
        claim_at_begin(session, await _claim(request, _owner(actor), key, holds_secret=True))
    return session


async def _creating_as_stranger(request: Request, session: WriteSession, key: _Key = None) -> Session:
    """Whoever has no organisation yet is known by the address that the request came from.

    What it applies with, a first key among it, is its own only afterwards: the exchange stores it.
    """
    request.state.caller = EXCHANGE
    if key is not None:
        claim_at_begin(session, await _claim(request, address_of(request), key, holds_secret=True))
    return session


def _owner(actor: Actor) -> str:
    """Return whose the key is: what a delegate was answered is not shown to its principal, nor to another delegate."""
    own = str(actor.organisation_id)
    return own if actor.delegate_id is None else f"{own} through {actor.delegate_id}"


async def _claim(request: Request, owner: str, key: str, *, holds_secret: bool = False) -> Claim:
    content_type = request.headers.get("content-type", "").encode()
    content = (content_type, request.scope["query_string"], await request.body())
    return Claim(owner, request.method, request.url.path, key, content, holds_secret)


#: Of a POST that answers with an object that can be shown again.
CreatingSession = Annotated[Session, Depends(_creating)]
#: Of a POST whose answer holds a secret: the answer is not kept, and asking again is refused.
SecretSession = Annotated[Session, Depends(_creating_secret)]
#: Of a POST without a key, whose answer holds a secret.
StrangerSession = Annotated[Session, Depends(_creating_as_stranger)]
