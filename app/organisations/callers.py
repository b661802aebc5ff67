"""Who a stored key stands for: when a request comes with it, and later, when its work is done in the background."""

from dataclasses import replace
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth.actor import Actor, KeyId, Role, Scope
from app.auth.keys import is_same_secret, parse_key
from app.auth.models import ApiKey
from app.auth.tokens import is_token, read_token
from app.core.clock import now
from app.core.errors import Forbidden, Unauthenticated
from app.organisations.models import Organisation, OrganisationStatus


def authenticate(session: Session, credential: str, pepper: bytes) -> Actor:
    """Return the caller that a key or a token stands for.

    Raises Unauthenticated: `invalid_key` for one that never was of ours, `key_expired` or `token_expired` for one that
    has ended.
    """
    if is_token(credential):
        token = read_token(credential, pepper)
        actor = _stand_for(_find_key(session, token.key_id))
        ends_at = token.expires_at if actor.expires_at is None else min(token.expires_at, actor.expires_at)
        # What the key has lost since, its tokens have lost too.
        return replace(actor, scopes=actor.scopes & token.scopes, expires_at=ends_at)
    presented = parse_key(credential)
    if presented is None:
        raise Unauthenticated("invalid_key", "This is not a key of the exchange; keys begin with swx_.")
    found = _find_key(session, presented.id)
    if found is None or not is_same_secret(presented.secret, found[0].hashed_secret, pepper):
        raise Unauthenticated("invalid_key", "No such key is known here.")
    return _stand_for(found)


def _find_key(session: Session, key_id: KeyId) -> tuple[ApiKey, Organisation] | None:
    found = session.execute(
        select(ApiKey, Organisation)
        .join(Organisation, Organisation.id == ApiKey.organisation_id)
        .where(ApiKey.id == key_id)
    ).one_or_none()
    return None if found is None else (found[0], found[1])


def _stand_for(found: tuple[ApiKey, Organisation] | None) -> Actor:
    """Return the caller that a believed key stands for, unless the key has ended."""
    if found is None or found[0].has_ended(now()):
        raise Unauthenticated("key_expired", "This key is revoked or expired; make a new one with POST /v1/keys.")
    return actor_of(*found)


def actor_of(key: ApiKey, organisation: Organisation) -> Actor:
    """Return the caller that a believed key stands for."""
    return Actor(
        key_id=key.id,
        organisation_id=organisation.id,
        name=organisation.name,
        roles=frozenset(Role(role) for role in organisation.roles),
        scopes=frozenset(Scope(scope) for scope in key.scopes),
        expires_at=key.expires_at,
        status=OrganisationStatus(organisation.status).value,
        jurisdiction=organisation.jurisdiction,
    )


def recall_actor(session: Session, key_id: UUID) -> Actor:
    """Return the caller who handed in work with a key, as things stand now.

    Raises Forbidden when the key is revoked or the organisation suspended; a key that merely expired still stands
    for what was handed in with it.
    """
    key, organisation = session.execute(
        select(ApiKey, Organisation)
        .join(Organisation, Organisation.id == ApiKey.organisation_id)
        .where(ApiKey.id == key_id)
    ).one()
    if key.revoked_at is not None:
        raise Forbidden("key_revoked", "The key that handed this in has been revoked.")
    if organisation.status != OrganisationStatus.ACTIVE:
        raise Forbidden(f"organisation_{organisation.status}", f"Your organisation is {organisation.status}.")
    return actor_of(key, organisation)
