"""Saved searches: keeping, reading and dropping them, and finding those in whose reach a lot lies."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

import structlog
from pydantic import ValidationError
from sqlalchemy import Select, delete, func, insert, or_, select
from sqlalchemy.orm import Session

from app.auth.actor import Actor, OrganisationId
from app.auth.events import event_by
from app.core.clock import today
from app.core.errors import Conflict, NotFound, invalid
from app.core.paging import Page, Slice, page_by_id
from app.demands.models import Demand, DemandId, DemandStatus
from app.demands.service import lock_own_demand
from app.events.record import record_event
from app.events.types import EventType
from app.matching.conventions import Conventions
from app.matching.models import SavedSearch, SavedSearchId, SavedSearchMatch, SearchReach
from app.matching.reach import ANY_MATERIAL, ANYWHERE, reach_of
from app.matching.saved_schemas import SavedSearchPost
from app.matching.schemas import LotFilters
from app.matching.standing import StandingWish, wish_of_demand, wish_of_filters
from app.organisations.models import Organisation, OrganisationStatus, Site
from app.organisations.service import lock_own_site

#: So that nobody makes every new lot expensive for all.
MOST_SEARCHES = 100
_MOST_PREPARED = 50_000
_prepared: dict[tuple[Any, ...], StandingWish | None] = {}
log = structlog.get_logger()


def save_search(session: Session, actor: Actor, wish: SavedSearchPost, conventions: Conventions) -> SavedSearch:
    """Keep a search of the caller; raises Conflict `too_many_saved_searches`, and Invalid for a demand not its own."""
    demand = None if wish.demand_id is None else _lock_followed(session, actor, DemandId(wish.demand_id))
    _check_number(session, actor.organisation_id)
    search = SavedSearch(
        organisation_id=actor.organisation_id,
        name=wish.name,
        filters=None if wish.filters is None else wish.filters.model_dump(mode="json", exclude_unset=True),
        demand_id=None if demand is None else demand.id,
    )
    session.add(search)
    session.flush()
    site = None if demand is None else lock_own_site(session, actor, demand.site_id)
    _store_reach(session, search, prepare(search, demand, site, conventions))
    _tell(session, actor, EventType.SEARCH_SAVED, search)
    return search


def _tell(session: Session, actor: Actor, kind: EventType, search: SavedSearch) -> None:
    record_event(session, event_by(actor, kind, ("saved_search", search.id), [search.organisation_id]))


def _lock_followed(session: Session, actor: Actor, demand_id: DemandId) -> Demand:
    """Lock the demand: whatever changes it afterwards is an event that finds the search already there."""
    try:
        demand = lock_own_demand(session, actor, demand_id)
    except NotFound:
        raise invalid("/demand_id", "unknown_demand", "not a demand of yours; GET /v1/demands lists them") from None
    if demand.status == DemandStatus.WITHDRAWN:
        raise invalid("/demand_id", "demand_withdrawn", "the demand is withdrawn, so nothing will match it")
    return demand


def _check_number(session: Session, organisation_id: OrganisationId) -> None:
    """Count under the lock of the organisation; FOR NO KEY UPDATE lets others still refer to it meanwhile."""
    session.execute(select(Organisation.id).where(Organisation.id == organisation_id).with_for_update(key_share=True))
    count = select(func.count()).where(SavedSearch.organisation_id == organisation_id)
    if session.scalars(count).one() >= MOST_SEARCHES:
        detail = f"An organisation keeps at most {MOST_SEARCHES} searches; delete one first."
        raise Conflict("too_many_saved_searches", detail, most=MOST_SEARCHES)


def drop_search(session: Session, actor: Actor, search_id: SavedSearchId) -> None:
    """Delete a search of the caller with what it found, or raise NotFound; events of it stay in the feed."""
    search = own_search(session, actor, search_id)
    session.execute(delete(SavedSearch).where(SavedSearch.id == search_id))
    _tell(session, actor, EventType.SEARCH_DELETED, search)


def own_search(session: Session, actor: Actor, search_id: SavedSearchId) -> SavedSearch:
    """Return a search of the caller or raise NotFound."""
    search = session.get(SavedSearch, search_id)
    if search is None or search.organisation_id != actor.organisation_id:
        raise NotFound("saved search")
    return search


def list_searches(session: Session, actor: Actor, page: Page) -> Slice[SavedSearch]:
    """Return one page of the caller's searches, newest first."""
    query = select(SavedSearch).where(SavedSearch.organisation_id == actor.organisation_id)
    return page_by_id(session, query, SavedSearch.id, page)


def list_found(session: Session, search: SavedSearch, page: Page) -> Slice[SavedSearchMatch]:
    """Return one page of what a search found, the last found first."""
    query = select(SavedSearchMatch).where(SavedSearchMatch.saved_search_id == search.id)
    return page_by_id(session, query, SavedSearchMatch.id, page)


def follow_demands(
    session: Session, demand_ids: Collection[UUID], site_ids: Collection[UUID], conventions: Conventions
) -> None:
    """Make the reach of searches follow demands, and sites of demands, that have changed."""
    query = (
        select(SavedSearch, Demand, Site)
        .join(Demand, Demand.id == SavedSearch.demand_id)
        .join(Site, Site.id == Demand.site_id)
        .where(or_(Demand.id.in_(demand_ids), Demand.site_id.in_(site_ids)))
        .order_by(SavedSearch.id)
        # Before its rows of reach, as when it is deleted.
        .with_for_update(of=SavedSearch, key_share=True)
    )
    for search, demand, site in session.execute(query).all():
        session.execute(delete(SearchReach).where(SearchReach.saved_search_id == search.id))
        _store_reach(session, search, prepare(search, demand, site, conventions))


def _store_reach(session: Session, search: SavedSearch, wish: StandingWish | None) -> None:
    rows = [] if wish is None else reach_of(wish)
    if rows:
        reach = [{"material": material, "cell": cell, "saved_search_id": search.id} for material, cell in rows]
        session.execute(insert(SearchReach), reach)


def reaching(material: str, cell: int) -> Select[SavedSearch, Demand, Site]:
    """Return the statement of the searches that must be asked about a material in a cell, each once.

    Those of organisations that may not read the market now are left out. None of them is deleted before the
    transaction ends.
    """
    return (
        select(SavedSearch, Demand, Site)
        .join(SearchReach, SearchReach.saved_search_id == SavedSearch.id)
        .join(Organisation, Organisation.id == SavedSearch.organisation_id)
        .outerjoin(Demand, Demand.id == SavedSearch.demand_id)
        .outerjoin(Site, Site.id == Demand.site_id)
        .where(
            SearchReach.material.in_([material, ANY_MATERIAL]),
            SearchReach.cell.in_([cell, ANYWHERE]),
            Organisation.status == OrganisationStatus.ACTIVE,
        )
        .with_for_update(of=SavedSearch, read=True, key_share=True)
    )


def prepare(
    search: SavedSearch, demand: Demand | None, site: Site | None, conventions: Conventions
) -> StandingWish | None:
    """Return what a search asks today, kept until it, its demand or the day changes; None where it asks nothing."""
    versions = () if demand is None or site is None else (demand.version, site.version)
    key = (search.id, *versions, today(), conventions.assays_since)
    if key not in _prepared:
        if len(_prepared) >= _MOST_PREPARED:
            _prepared.clear()
        if demand is not None and site is not None:
            _prepared[key] = wish_of_demand(demand, site, conventions)
        else:
            _prepared[key] = _read_filters(search, conventions)
    return _prepared[key]


def _read_filters(search: SavedSearch, conventions: Conventions) -> StandingWish | None:
    try:
        filters = LotFilters.model_validate(search.filters)
    except ValidationError as error:  # it was fine when it was saved: the catalogue has changed since
        faults = [fault["type"] for fault in error.errors()]  # and not what it looks for
        log.warning("saved_search_unreadable", saved_search_id=str(search.id), faults=faults)
        return None
    return wish_of_filters(search.organisation_id, filters, today(), conventions)
