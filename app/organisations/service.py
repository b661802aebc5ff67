"""Writes of organisations and sites: applying, approving, suspending, registering plant gates."""

from uuid import UUID

import stdnum.cn.uscc
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth.actor import Actor, OrganisationId, Role, Scope
from app.auth.service import make_key
from app.catalogue.keys import unknown_key
from app.catalogue.reference import reference
from app.core.errors import Conflict, Invalid, invalid
from app.core.geo import Datum, to_wgs84
from app.events.record import record_event, record_events
from app.events.types import EventType
from app.organisations.events import enrolled, organisation_event, site_event
from app.organisations.models import Organisation, OrganisationStatus, Site, SiteCapacity, SiteId, SiteStream
from app.organisations.queries import find_organisation, own_site
from app.organisations.schemas import CapacityPut, OrganisationPost, SitePatch, SitePost, StreamPut

_COMMON = {Scope.MARKET_READ, Scope.STATISTICS_READ, Scope.KEYS_WRITE, Scope.WEBHOOKS_WRITE}
_DEALS = {Scope.AGREEMENTS_WRITE, Scope.SHIPMENTS_WRITE, Scope.LEDGER_WRITE}
_SCOPES = {
    Role.PRODUCER: _COMMON | _DEALS | {Scope.LOTS_WRITE},
    Role.RECYCLER: _COMMON | _DEALS | {Scope.DEMANDS_WRITE},
    # An authority writes its targets and the values of indicators, which stand beside the ledger.
    Role.GOVERNMENT: _COMMON | {Scope.LEDGER_WRITE},
    # The operator closes months.
    Role.OPERATOR: _COMMON | {Scope.LEDGER_WRITE},
}


def scopes_of(roles: list[Role]) -> set[Scope]:
    """Return all that a key of an organisation with `roles` can be granted."""
    return set().union(*(_SCOPES[role] for role in roles))


def apply_for_membership(session: Session, application: OrganisationPost, pepper: bytes) -> tuple[Organisation, str]:
    """Store a pending organisation and its first key; the key's text is shown once."""
    if not stdnum.cn.uscc.is_valid(application.credit_code):
        detail = "the check character does not fit; copy the 18 characters from the business licence"
        raise invalid("/credit_code", "invalid_credit_code", detail)
    roles = [Role(role) for role in dict.fromkeys(application.roles)]
    return enrol(session, roles, pepper, **application.model_dump(exclude={"roles"}))


def enrol(
    session: Session, roles: list[Role], pepper: bytes, *, name: str, **details: str | None
) -> tuple[Organisation, str]:
    """Store an organisation (pending unless `status` says otherwise) with a key of all its scopes."""
    organisation = Organisation(name=name, roles=[role.value for role in roles], **details)
    session.add(organisation)
    session.flush()
    key, key_text = make_key(session, organisation.id, "first key", scopes_of(roles), pepper)
    record_events(session, enrolled(organisation, key))
    return organisation, key_text


def approve(session: Session, actor: Actor, organisation_id: OrganisationId) -> Organisation:
    """Make an organisation active; raises Conflict when another approved one has its credit code."""
    organisation = lock_organisation(session, organisation_id)
    twin = session.scalar(
        select(Organisation.id).where(
            Organisation.credit_code == organisation.credit_code,
            Organisation.status != OrganisationStatus.PENDING,
            Organisation.id != organisation.id,
        )
    )
    if organisation.credit_code is not None and twin is not None:
        raise Conflict("credit_code_taken", "Another approved organisation has this credit code.", organisation_id=twin)
    organisation.status = OrganisationStatus.ACTIVE
    session.flush()
    record_event(session, organisation_event(actor, EventType.ORGANISATION_APPROVED, organisation))
    return organisation


def suspend(session: Session, actor: Actor, organisation_id: OrganisationId) -> Organisation:
    """Suspend an organisation; its lots and demands leave the market at once (reads join on the status)."""
    organisation = lock_organisation(session, organisation_id)
    if organisation.status == OrganisationStatus.PENDING:
        raise Conflict(
            "not_approved", "A pending application is not suspended; leave it unapproved.", allowed=["approve"]
        )
    organisation.status = OrganisationStatus.SUSPENDED
    session.flush()
    record_event(session, organisation_event(actor, EventType.ORGANISATION_SUSPENDED, organisation))
    return organisation


def lock_organisation(session: Session, organisation_id: OrganisationId) -> Organisation:
    """Return an organisation as it is now, locked, or raise NotFound."""
    organisation = find_organisation(session, organisation_id)
    session.refresh(organisation, with_for_update=True)
    return organisation


def register_site(session: Session, actor: Actor, wish: SitePost) -> Site:
    """Store a site of the caller; the position is converted to WGS-84, the pair as given is kept beside it."""
    site = Site(organisation_id=actor.organisation_id, name=wish.name, district_code=wish.district_code)
    _place(site, wish.latitude, wish.longitude, wish.datum)
    session.add(site)
    session.flush()
    record_event(session, site_event(actor, EventType.SITE_REGISTERED, site.id))
    return site


def lock_own_site(session: Session, actor: Actor, site_id: SiteId) -> Site:
    """Return a site of the caller as it is now, locked, or raise NotFound.

    FOR NO KEY UPDATE, so that rows which merely refer to the site can still be inserted meanwhile.
    """
    site = own_site(session, actor, site_id)
    session.refresh(site, with_for_update={"key_share": True})
    return site


def change_site(session: Session, actor: Actor, site: Site, change: SitePatch) -> Site:
    """Change a site that the caller owns and holds locked; latitude and longitude change together."""
    given = change.model_fields_set
    if ("latitude" in given) != ("longitude" in given):
        missing = "longitude" if "latitude" in given else "latitude"
        raise invalid(f"/{missing}", "position_incomplete", "latitude and longitude change together")
    if change.name is not None:
        site.name = change.name
    if "district_code" in given:
        site.district_code = change.district_code
    if change.latitude is not None and change.longitude is not None:
        _place(site, change.latitude, change.longitude, change.datum or Datum.WGS84)
    session.flush()
    record_event(session, site_event(actor, EventType.SITE_CHANGED, site.id, fields=sorted(given)))
    return site


def open_stream(session: Session, site: Site, material: str) -> SiteStream:
    """Return the facts of one material at a locked site, to be changed; new ones where none are on file."""
    if material not in reference().materials:
        raise Invalid([unknown_key("material", "material", material)])
    return session.get(SiteStream, (site.id, material)) or SiteStream(site_id=site.id, material=material, version=0)


def record_stream(session: Session, actor: Actor, stream: SiteStream, facts: StreamPut) -> SiteStream:
    """Put the facts of a stream on file, replacing what was there."""
    session.add(stream)
    for field, value in facts.model_dump().items():
        setattr(stream, field, value)
    session.flush()
    record_event(session, site_event(actor, EventType.STREAM_RECORDED, stream.site_id, material=stream.material))
    return stream


def open_capacity(session: Session, site: Site, use: str) -> SiteCapacity:
    """Return what a locked site can take for one use, to be changed; a new one where none is on file."""
    if use not in reference().uses:
        raise Invalid([unknown_key("use", "use", use)])
    return session.get(SiteCapacity, (site.id, use)) or SiteCapacity(site_id=site.id, use=use, version=0)


def record_capacity(session: Session, actor: Actor, capacity: SiteCapacity, stated: CapacityPut) -> SiteCapacity:
    """Put the capacity for a use on file, replacing what was there."""
    session.add(capacity)
    for field, value in stated.model_dump().items():
        setattr(capacity, field, value)
    session.flush()
    data = {"use": capacity.use} | stated.model_dump(mode="json")
    record_event(session, site_event(actor, EventType.CAPACITY_RECORDED, capacity.site_id, **data))
    return capacity


def check_own_site(session: Session, actor: Actor, site_id: UUID, pointer: str = "/site_id") -> Site:
    """Return the caller's site that a body names; a site that is absent or foreign is a fault of the body."""
    site = session.get(Site, site_id)
    if site is None or site.organisation_id != actor.organisation_id:
        raise invalid(pointer, "unknown_site", "not a site of yours; GET /v1/sites lists them")
    return site


def _place(site: Site, latitude: float, longitude: float, datum: Datum) -> None:
    site.given_latitude, site.given_longitude, site.given_datum = latitude, longitude, datum
    site.latitude, site.longitude = to_wgs84(latitude, longitude, datum)
