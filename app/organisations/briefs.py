"""What the market shows of a site and its owner beside each lot and demand."""

from collections.abc import Collection
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.schema import Schema
from app.organisations.models import Organisation, Site, SiteId


class SiteBrief(Schema):
    """A plant gate; WGS-84."""

    id: UUID
    name: str
    latitude: float
    longitude: float
    district_code: str | None


class OrganisationBrief(Schema):
    """Whose it is."""

    id: UUID
    name: str


class Place(NamedTuple):
    """A site with its owner."""

    site: SiteBrief
    organisation: OrganisationBrief


def load_places(session: Session, site_ids: Collection[SiteId]) -> dict[SiteId, Place]:
    """Return the sites with their owners, in one statement."""
    query = (
        select(
            Site.id,
            Site.name,
            Site.latitude,
            Site.longitude,
            Site.district_code,
            Organisation.id.label("organisation_id"),
            Organisation.name.label("organisation_name"),
        )
        .join(Organisation, Organisation.id == Site.organisation_id)
        .where(Site.id.in_(site_ids))
    )
    return {
        row.id: Place(
            SiteBrief.model_validate(row), OrganisationBrief(id=row.organisation_id, name=row.organisation_name)
        )
        for row in session.execute(query)
    }
