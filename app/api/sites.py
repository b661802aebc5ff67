"""Sites of one's own organisation, the facts of their streams and their capacities."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from app.api.answers import created, tag
from app.api.problems import problem_responses
from app.api.routing import Router
from app.auth.actor import Actor, Role, Scope
from app.core.paging import Slice
from app.core.schema import PageOf
from app.dependencies.callers import Allow
from app.dependencies.creating import CreatingSession
from app.dependencies.lists import ListQuery
from app.dependencies.sessions import MarketSession, ReadSession, WriteSession
from app.dependencies.versions import IfMatch, check_version
from app.organisations import queries, service
from app.organisations.models import Site, SiteCapacity, SiteId, SiteStream
from app.organisations.schemas import CapacityPut, CapacityRead, SitePatch, SitePost, SiteRead, StreamPut, StreamRead

router = Router(prefix="/sites", tags=["sites"])
Reader = Annotated[Actor, Depends(Allow(for_delegates=True))]
#: The ledger stands on sites and on what is on file of them: moving one moves its tonnes to another district.
Keeper = Annotated[Actor, Depends(Allow(scope=Scope.LEDGER_WRITE, for_delegates=False))]
Recycler = Annotated[Actor, Depends(Allow(Role.RECYCLER, scope=Scope.LEDGER_WRITE, for_delegates=False))]


@router.post("", status_code=201, response_model=SiteRead, summary="Register a site", responses=problem_responses(422))
def post_site(wish: SitePost, session: CreatingSession, actor: Keeper, response: Response) -> Site:
    """Register a plant gate; its position is converted to WGS-84."""
    site = service.register_site(session, actor, wish)
    created(response, "/v1/sites", site.id)
    tag(response, site)
    return site


@router.get("", response_model=PageOf[SiteRead], summary="List own sites")
def get_sites(
    query: Annotated[ListQuery, Query()], session: MarketSession, actor: Reader, request: Request
) -> Slice[Site]:
    """List the sites of one's own organisation, newest first."""
    return queries.list_sites(session, actor, query.page(request))


@router.get("/{site_id}", response_model=SiteRead, summary="Read one site")
def get_site(site_id: UUID, session: MarketSession, actor: Reader, response: Response) -> Site:
    """Read one of one's own sites."""
    site = queries.own_site(session, actor, SiteId(site_id))
    tag(response, site)
    return site


@router.patch("/{site_id}", response_model=SiteRead, summary="Change a site", responses=problem_responses(412, 422))
def patch_site(
    site_id: UUID, change: SitePatch, session: WriteSession, actor: Keeper, wanted: IfMatch, response: Response
) -> Site:
    """Change name, district or position (latitude and longitude together)."""
    site = service.lock_own_site(session, actor, SiteId(site_id))
    check_version(site.version, wanted)
    service.change_site(session, actor, site, change)
    tag(response, site)
    return site


@router.put(
    "/{site_id}/streams/{material}",
    response_model=StreamRead,
    summary="Record the facts of a stream",
    responses=problem_responses(412, 422),
)
def put_stream(
    site_id: UUID,
    material: str,
    facts: StreamPut,
    session: WriteSession,
    actor: Keeper,
    wanted: IfMatch,
    response: Response,
) -> SiteStream:
    """Put the facts that the statutory ledger tables ask of one material at one site."""
    site = service.lock_own_site(session, actor, SiteId(site_id))
    stream = service.open_stream(session, site, material)
    check_version(stream.version, wanted)
    service.record_stream(session, actor, stream, facts)
    tag(response, stream)
    return stream


@router.get("/{site_id}/streams", response_model=PageOf[StreamRead], summary="List the streams of a site")
def get_streams(
    site_id: UUID, query: Annotated[ListQuery, Query()], session: ReadSession, actor: Reader, request: Request
) -> Slice[SiteStream]:
    """List what is on file of the materials of one of one's own sites, in order of their keys."""
    site = queries.own_site(session, actor, SiteId(site_id))
    return queries.list_streams(session, site.id, query.page(request))


@router.get("/{site_id}/streams/{material}", response_model=StreamRead, summary="Read the facts of a stream")
def get_stream(site_id: UUID, material: str, session: ReadSession, actor: Reader, response: Response) -> SiteStream:
    """Read what is on file of one material at one of one's own sites."""
    site = queries.own_site(session, actor, SiteId(site_id))
    stream = queries.find_stream(session, site.id, material)
    tag(response, stream)
    return stream


@router.put(
    "/{site_id}/capacities/{use}",
    response_model=CapacityRead,
    summary="State the capacity for a use",
    responses=problem_responses(403, 412, 422),
)
def put_capacity(
    site_id: UUID,
    use: str,
    stated: CapacityPut,
    session: WriteSession,
    actor: Recycler,
    wanted: IfMatch,
    response: Response,
) -> SiteCapacity:
    """State what the approved plant of one's own site can take for one use in a calendar year.

    Recorded use beyond it is an anomaly (`use_beyond_capacity`); nothing is refused because of it.
    """
    site = service.lock_own_site(session, actor, SiteId(site_id))
    capacity = service.open_capacity(session, site, use)
    check_version(capacity.version, wanted)
    service.record_capacity(session, actor, capacity, stated)
    tag(response, capacity)
    return capacity


@router.get("/{site_id}/capacities", response_model=PageOf[CapacityRead], summary="List the capacities of a site")
def get_capacities(
    site_id: UUID, query: Annotated[ListQuery, Query()], session: ReadSession, actor: Reader, request: Request
) -> Slice[SiteCapacity]:
    """List what one of one's own sites can take, in order of the uses' keys."""
    site = queries.own_site(session, actor, SiteId(site_id))
    return queries.list_capacities(session, site.id, query.page(request))


@router.get("/{site_id}/capacities/{use}", response_model=CapacityRead, summary="Read the capacity for a use")
def get_capacity(site_id: UUID, use: str, session: ReadSession, actor: Reader, response: Response) -> SiteCapacity:
    """Read what one of one's own sites can take for one use."""
    site = queries.own_site(session, actor, SiteId(site_id))
    capacity = queries.find_capacity(session, site.id, use)
    tag(response, capacity)
    return capacity
