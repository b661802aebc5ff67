"""Who a stored key stands for: when a request comes with it, and later, when its work is done in the background."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth.actor import Actor, Role, Scope
from app.auth.models import ApiKey
from app.core.errors import Forbidden
from app.organisations.models import Organisation, OrganisationStatus


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
