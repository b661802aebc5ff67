"""Making and revoking keys."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from app.auth.actor import Actor, KeyId, OrganisationId, Scope
from app.auth.keys import format_key, hash_secret, make_secret
from app.auth.models import ApiKey
from app.auth.queries import own_key
from app.auth.schemas import KeyPost
from app.core.clock import now
from app.core.errors import Fault, Forbidden, Invalid


def make_key(
    session: Session,
    organisation_id: OrganisationId,
    name: str,
    scopes: Iterable[Scope],
    pepper: bytes,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """Store a new key of an organisation; return it with the text that is shown once."""
    secret = make_secret()
    key = ApiKey(
        organisation_id=organisation_id,
        name=name,
        scopes=sorted(scopes),
        hashed_secret=hash_secret(secret, pepper),
        expires_at=expires_at,
    )
    session.add(key)
    session.flush()
    return key, format_key(key.id, secret)


def grant_key(session: Session, actor: Actor, wish: KeyPost, pepper: bytes) -> tuple[ApiKey, str]:
    """Make a key for the caller's organisation with no more scope or time than the caller's own."""
    excess = sorted(set(wish.scopes) - actor.scopes)
    if excess:
        raise Forbidden("scope_exceeded", f"Your key lacks {', '.join(excess)}, so it cannot grant it.")
    expires_at = wish.expires_at or actor.expires_at
    if expires_at is not None and expires_at <= now():
        raise Invalid([Fault("/expires_at", "expires_in_past", "must be in the future")])
    if actor.expires_at is not None and expires_at is not None and expires_at > actor.expires_at:
        raise Forbidden("time_exceeded", f"Your key expires at {actor.expires_at:%Y-%m-%d %H:%M} UTC; choose no later.")
    return make_key(session, actor.organisation_id, wish.name, wish.scopes, pepper, expires_at)


def revoke_key(session: Session, organisation_id: OrganisationId, key_id: KeyId) -> None:
    """Revoke a key; revoking again changes nothing. Raises NotFound for a key that is not the organisation's."""
    key = own_key(session, organisation_id, key_id)
    key.revoked_at = key.revoked_at or now()
