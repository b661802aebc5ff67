"""Keys of one's own organisation."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from app.api.answers import created
from app.api.problems import problem_responses
from app.api.routing import Router
from app.auth import queries, service
from app.auth.actor import Actor, KeyId, Scope
from app.auth.models import ApiKey
from app.auth.schemas import KeyMade, KeyPost, KeyRead, KeyRotated, KeyRotation
from app.core.paging import Slice
from app.core.schema import PageOf
from app.dependencies.callers import Allow, ChangesActors
from app.dependencies.creating import SecretSession
from app.dependencies.lists import ListQuery
from app.dependencies.sessions import ReadSession, WriteSession
from app.dependencies.settings import Pepper

router = Router(prefix="/keys", tags=["keys"])
KeyKeeper = Annotated[Actor, Depends(Allow(scope=Scope.KEYS_WRITE))]


@router.post("", status_code=201, summary="Make a key", responses=problem_responses(422))
def post_key(wish: KeyPost, session: SecretSession, actor: KeyKeeper, pepper: Pepper, response: Response) -> KeyMade:
    """Make a key with no more scope or time than one's own; its text is shown this once."""
    key, text = service.grant_key(session, actor, wish, pepper)
    created(response, "/v1/keys", key.id)
    return KeyMade(**KeyRead.model_validate(key).model_dump(include={"id", "name", "scopes", "expires_at"}), key=text)


@router.get("", response_model=PageOf[KeyRead], summary="List own keys")
def get_keys(
    query: Annotated[ListQuery, Query()], session: ReadSession, actor: KeyKeeper, request: Request
) -> Slice[ApiKey]:
    """List the keys of one's own organisation, newest first, without their secrets."""
    return queries.list_keys(session, actor.organisation_id, query.page(request))


@router.get("/{key_id}", response_model=KeyRead, summary="Read one key")
def get_key(key_id: UUID, session: ReadSession, actor: KeyKeeper) -> ApiKey:
    """Read one of one's own keys, without its secret."""
    return queries.own_key(session, actor.organisation_id, KeyId(key_id))


@router.post(
    "/{key_id}/rotate",
    status_code=201,
    summary="Rotate a key",
    dependencies=[ChangesActors],
    responses=problem_responses(409, 422),
)
def rotate_key(
    key_id: UUID, wish: KeyRotation, session: SecretSession, actor: KeyKeeper, pepper: Pepper, response: Response
) -> KeyRotated:
    """Make a key in place of this one, with its name, scopes and expiry; the old one works until the overlap ends."""
    old, new, text = service.rotate_key(session, actor, KeyId(key_id), timedelta(hours=wish.overlap_hours), pepper)
    created(response, "/v1/keys", new.id)
    made = KeyRead.model_validate(new).model_dump(include={"id", "name", "scopes", "expires_at"})
    return KeyRotated(**made, key=text, replaces=old.id, replaced_expires_at=old.expires_at)


@router.delete("/{key_id}", status_code=204, summary="Revoke a key", dependencies=[ChangesActors])
def delete_key(key_id: UUID, session: WriteSession, actor: KeyKeeper) -> None:
    """Revoke one of one's own keys; it stops working at once."""
    service.revoke_key(session, actor, KeyId(key_id))
