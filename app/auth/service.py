"""Making, rotating and revoking keys."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.auth.actor import Actor, KeyId, OrganisationId, Scope
from app.auth.events import key_event
from app.auth.keys import format_key, hash_secret, make_secret
from app.auth.models import ApiKey
from app.auth.queries import own_key
from app.auth.schemas import KeyPost
from app.core.clock import now
from app.core.errors import Conflict, Fault, Forbidden, Invalid
from app.events.record import record_event
from app.events.types import EventType


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
    expires_at = wish.expires_at or actor.expires_at
    if expires_at is not None and expires_at <= now():
        raise Invalid([Fault("/expires_at", "expires_in_past", "must be in the future")])
    _check_grant(actor, wish.scopes, expires_at)
    key, text = make_key(session, actor.organisation_id, wish.name, wish.scopes, pepper, expires_at)
    record_event(session, key_event(actor, EventType.KEY_MADE, key))
    return key, text


def _check_grant(actor: Actor, scopes: Iterable[Scope], expires_at: datetime | None) -> None:
    """Raise Forbidden where a key would have more scope or time than the caller has."""
    excess = sorted(set(scopes) - actor.scopes)
    if excess:
        raise Forbidden("scope_exceeded", f"Your key lacks {', '.join(excess)}, so it cannot grant it.")
    if actor.expires_at is not None and (expires_at is None or expires_at > actor.expires_at):
        raise Forbidden("time_exceeded", f"Your key expires at {actor.expires_at:%Y-%m-%d %H:%M} UTC; choose no later.")


def rotate_key(
    session: Session, actor: Actor, key_id: KeyId, overlap: timedelta, pepper: bytes
) -> tuple[ApiKey, ApiKey, str]:
    """Make a key in place of another one, with its name, scopes and expiry; both work until the overlap ends.

    Return the old key, the new one and the text that is shown once. A key has one successor: whoever loses its text
    rotates the successor. Raises NotFound; Conflict for a key that has ended or has a successor; Forbidden where the
    caller could not grant such a key.
    """
    old = own_key(session, actor.organisation_id, key_id)
    session.refresh(old, with_for_update=True)
    if old.has_ended(now()):
        raise Conflict("key_ended", "This key is revoked or expired; make a new one with POST /v1/keys.")
    if old.replaced_by is not None:
        raise Conflict("key_replaced", "This key has a successor; rotate that one.", replaced_by=old.replaced_by)
    _check_grant(actor, [Scope(scope) for scope in old.scopes], old.expires_at)
    new, text = make_key(session, old.organisation_id, old.name, map(Scope, old.scopes), pepper, old.expires_at)
    ends_at = now() + overlap
    old.expires_at = ends_at if old.expires_at is None else min(old.expires_at, ends_at)
    old.replaced_by = new.id
    session.flush()
    record_event(session, key_event(actor, EventType.KEY_ROTATED, old, replaced_by=str(new.id)))
    return old, new, text


def revoke_key(session: Session, actor: Actor, key_id: KeyId) -> None:
    """Revoke a key; revoking again changes nothing. Raises NotFound for a key that is not the organisation's."""
    key = own_key(session, actor.organisation_id, key_id)
    if key.revoked_at is None:
        key.revoked_at = now()
        record_event(session, key_event(actor, EventType.KEY_REVOKED, key))
