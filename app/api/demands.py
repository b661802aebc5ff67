"""Standing needs of recyclers; what matches them is in `matches`."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from sqlalchemy.orm import Session

from app.api.answers import created, tag
from app.api.problems import problem_responses
from app.api.routing import Router
from app.auth.actor import Actor, Role, Scope
from app.core.paging import Slice
from app.core.schema import PageOf
from app.demands import queries, service
from app.demands.models import Demand, DemandId
from app.demands.schemas import DemandPatch, DemandPost, DemandRead
from app.dependencies.callers import Allow
from app.dependencies.creating import CreatingSession
from app.dependencies.lists import ListQuery
from app.dependencies.sessions import MarketSession, WriteSession
from app.dependencies.versions import IfMatch, check_version

router = Router(prefix="/demands", tags=["demands"])
Reader = Annotated[Actor, Depends(Allow(Role.RECYCLER, scope=Scope.MARKET_READ))]
Recycler = Annotated[Actor, Depends(Allow(Role.RECYCLER, scope=Scope.DEMANDS_WRITE))]


@router.post("", status_code=201, summary="State a demand", responses=problem_responses(422))
def post_demand(wish: DemandPost, session: CreatingSession, actor: Recycler, response: Response) -> DemandRead:
    """State a standing need at one of your sites: use, materials, grade, limits of your own, tonnes and days.

    Give `quantity_t`, or for a continuous need `recurring`. What agreements on it bring reads back as `agreed_t`.
    """
    demand = service.post_demand(session, actor, wish)
    created(response, "/v1/demands", demand.id)
    return _answer(session, demand, response)


@router.get("", response_model=PageOf[DemandRead], summary="List own demands")
def get_demands(
    query: Annotated[ListQuery, Query()], session: MarketSession, actor: Reader, request: Request
) -> Slice[DemandRead]:
    """List the demands of your own organisation, newest first; others' are seen through matches only."""
    return queries.list_demands(session, actor, query.page(request))


@router.get("/{demand_id}", summary="Read one demand", responses=problem_responses(404))
def get_demand(demand_id: UUID, session: MarketSession, actor: Reader, response: Response) -> DemandRead:
    """Read one of your own demands."""
    return _answer(session, queries.own_demand(session, actor, DemandId(demand_id)), response)


@router.patch("/{demand_id}", summary="Change a demand", responses=problem_responses(404, 409, 412, 422))
def patch_demand(
    demand_id: UUID,
    change: DemandPatch,
    session: WriteSession,
    actor: Recycler,
    wanted: IfMatch,
    response: Response,
) -> DemandRead:
    """Change what your demand asks for; site and use stay, for others state a new demand."""
    demand = service.lock_own_demand(session, actor, DemandId(demand_id))
    check_version(demand.version, wanted)
    return _answer(session, service.change_demand(session, actor, demand, change), response)


@router.post("/{demand_id}/withdraw", summary="Withdraw a demand", responses=problem_responses(404, 409, 412))
def withdraw_demand(
    demand_id: UUID, session: WriteSession, actor: Recycler, wanted: IfMatch, response: Response
) -> DemandRead:
    """Take your demand off the market; agreements on it go on."""
    demand = service.lock_own_demand(session, actor, DemandId(demand_id))
    check_version(demand.version, wanted)
    return _answer(session, service.withdraw_demand(session, actor, demand), response)


def _answer(session: Session, demand: Demand, response: Response) -> DemandRead:
    tag(response, demand)
    return queries.describe_demands(session, [demand])[0]
