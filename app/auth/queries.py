"""Reads of keys."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth.actor import KeyId, OrganisationId
from app.auth.models import ApiKey
from app.core.errors import NotFound
from app.core.paging import Page, Slice, page_by_id


def own_key(session: Session, organisation_id: OrganisationId, key_id: KeyId) -> ApiKey:
    """Return a key of the organisation or raise NotFound."""
    key = session.get(ApiKey, key_id)
    if key is None or key.organisation_id != organisation_id:
        raise NotFound("key")
    return key


def list_keys(session: Session, organisation_id: OrganisationId, page: Page) -> Slice[ApiKey]:
    """Return one page of an organisation's keys, newest first."""
    return page_by_id(session, select(ApiKey).where(ApiKey.organisation_id == organisation_id), ApiKey.id, page)
