"""Reads of organisations and sites: what a caller may see."""

from functools import cache
from typing import TypeVar

from sqlalchemy import ColumnElement, Select, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.auth.actor import Actor, OrganisationId, Role
from app.catalogue.reference import reference
from app.core.errors import NotFound
from app.core.paging import Page, Slice, page_by_id
from app.organisations.models import Organisation, Site, SiteCapacity, SiteId, SiteStream

Fact = TypeVar("Fact", SiteStream, SiteCapacity)


def find_organisation(session: Session, organisation_id: OrganisationId) -> Organisation:
    """Return one organisation or raise NotFound."""
    organisation = session.get(Organisation, organisation_id)
    if organisation is None:
        raise NotFound("organisation")
    return organisation


def list_organisations(session: Session, status: str | None, page: Page) -> Slice[Organisation]:
    """Return one page of organisations, newest first."""
    query = select(Organisation)
    if status is not None:
        query = query.where(Organisation.status == status)
    return page_by_id(session, query, Organisation.id, page)


def own_site(session: Session, actor: Actor, site_id: SiteId) -> Site:
    """Return a site of the caller's organisation or raise NotFound."""
    site = session.get(Site, site_id)
    if site is None or site.organisation_id != actor.organisation_id:
        raise NotFound("site")
    return site


def list_sites(session: Session, actor: Actor, page: Page) -> Slice[Site]:
    """Return one page of the caller's sites, newest first."""
    return page_by_id(session, select(Site).where(Site.organisation_id == actor.organisation_id), Site.id, page)


def find_stream(session: Session, site_id: SiteId, material: str) -> SiteStream:
    """Return what is on file of one material at a site, or raise NotFound."""
    stream = session.get(SiteStream, (site_id, material))
    if stream is None:
        raise NotFound("stream of this site")
    return stream


def list_streams(session: Session, site_id: SiteId, page: Page) -> Slice[SiteStream]:
    """Return one page of what is on file of the materials of a site, in order of their keys."""
    return _page_by_key(session, select(SiteStream).where(SiteStream.site_id == site_id), SiteStream.material, page)


def find_capacity(session: Session, site_id: SiteId, use: str) -> SiteCapacity:
    """Return what a site can take for one use, or raise NotFound."""
    capacity = session.get(SiteCapacity, (site_id, use))
    if capacity is None:
        raise NotFound("capacity of this site")
    return capacity


def list_capacities(session: Session, site_id: SiteId, page: Page) -> Slice[SiteCapacity]:
    """Return one page of what a site can take, in order of the uses' keys."""
    return _page_by_key(session, select(SiteCapacity).where(SiteCapacity.site_id == site_id), SiteCapacity.use, page)


def _page_by_key(session: Session, query: Select[Fact], key: InstrumentedAttribute[str], page: Page) -> Slice[Fact]:
    """Return one page of what is on file of a site, in order of the catalogue's keys."""
    ordered = query.order_by(key).limit(page.limit + 1)
    if page.after is not None:
        ordered = ordered.where(key > page.after[0])
    return page.cut(session.scalars(ordered).all(), lambda fact: (getattr(fact, key.key),))


def within_jurisdiction(jurisdiction: str | None) -> ColumnElement[bool]:
    """Return the condition on `sites` for a jurisdiction: leading digits of a district key, or the key itself.

    A district that exists has with it those that went into it: their sites stand under the old keys for ever, and
    nobody else answers for them. A key that has ceased keeps to its own sites, not those of its successor, which is
    more than it was. Zones are no part of the districts that they lie in: the city reports them separately.
    """
    if jurisdiction is None:
        return true()
    within = (
        Site.district_code.startswith(jurisdiction, autoescape=True)
        if jurisdiction.isdigit()
        else Site.district_code == jurisdiction
    )
    forerunners = _forerunners(jurisdiction)
    return or_(within, Site.district_code.in_(forerunners)) if forerunners else within


def is_within_jurisdiction(district_code: str | None, jurisdiction: str | None) -> bool:
    """Tell what `within_jurisdiction` tells, of one district key."""
    if jurisdiction is None:
        return True
    if district_code is None:
        return False
    return _covers(jurisdiction, district_code) or district_code in _forerunners(jurisdiction)


def _covers(jurisdiction: str, district_code: str) -> bool:
    return district_code.startswith(jurisdiction) if jurisdiction.isdigit() else district_code == jurisdiction


@cache
def _forerunners(jurisdiction: str) -> tuple[str, ...]:
    """Return the keys, not of the jurisdiction themselves, whose districts went into it."""
    districts = reference()
    return tuple(
        key
        for key in districts.districts
        if not _covers(jurisdiction, key) and _covers(jurisdiction, districts.present_district(key))
    )


def visible_sites(actor: Actor) -> ColumnElement[bool]:
    """Return the condition on `sites` for the ledger of the caller: its own, or those of its jurisdiction."""
    conditions = [Site.organisation_id == actor.organisation_id]
    if actor.has_role(Role.GOVERNMENT):
        conditions.append(within_jurisdiction(actor.jurisdiction))
    if actor.has_role(Role.OPERATOR):
        conditions.append(true())
    return or_(*conditions)
