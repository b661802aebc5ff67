"""The search for lots, the lots that serve a demand, and the demands that a lot can serve."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Query, Request, Response

from app.api.answers import answer_document
from app.api.problems import problem_responses
from app.api.routing import Router
from app.auth.actor import Actor, Scope
from app.core.schema import PageOf
from app.demands.models import DemandId
from app.demands.queries import own_demand
from app.dependencies.callers import Allow
from app.dependencies.lists import ListQuery
from app.dependencies.sessions import ReadSession, SearchSession
from app.dependencies.settings import CurrentSettings
from app.lots.models import LotId
from app.lots.queries import own_lot, visible_lot
from app.matching.conventions import Conventions, conventions_of
from app.matching.lot_search import demand_search, market_search
from app.matching.schemas import DemandMatch, LotFilters, LotMatch, MatchFilters, TakerFilters, Wishes
from app.matching.search import search_lots
from app.matching.single import judge_lot
from app.matching.takers import find_takers
from app.matching.tariffs import conventions_for
from app.organisations.models import Site

router = Router(tags=["matching"])
Reader = Annotated[Actor, Depends(Allow(scope=Scope.MARKET_READ))]


async def _conventions(
    settings: CurrentSettings,
    request: Request,
    accept_language: Annotated[str | None, Header(description="Language of `advice`: `zh` or `en` (default).")] = None,
) -> Conventions:
    return conventions_of(settings, accept_language, request.app.state.router)


CurrentConventions = Annotated[Conventions, Depends(_conventions)]


class LotsQuery(LotFilters, ListQuery):
    """The search for lots."""


class WishesQuery(Wishes):
    """What one lot is held against."""


class MatchesQuery(MatchFilters, ListQuery):
    """Choice and order of the lots for a demand."""


class TakersQuery(TakerFilters, ListQuery):
    """Choice and order of the demands for a lot."""


@router.get("/lots", response_model=PageOf[LotMatch], summary="Search for lots", responses=problem_responses(422))
def get_lots(
    query: Annotated[LotsQuery, Query()],
    session: SearchSession,
    actor: Reader,
    conventions: CurrentConventions,
    request: Request,
) -> Response:
    """Search the lots on offer by place, specification and terms; every lot comes with its verdict, limit by limit."""
    search = market_search(query, actor, conventions)
    return answer_document(search_lots(session, search, conventions, query.page(request, search.sort)))


@router.get(
    "/lots/{lot_id}/verdict",
    response_model=LotMatch,
    summary="Why, or why not, this lot",
    responses=problem_responses(404, 422),
)
def get_lot_verdict(
    lot_id: UUID,
    query: Annotated[WishesQuery, Query()],
    session: ReadSession,
    actor: Reader,
    conventions: CurrentConventions,
) -> Response:
    """Hold one lot against limits, a grade, a use: limit by limit, with the law that closes the use if one does."""
    lot = visible_lot(session, actor, LotId(lot_id))
    return answer_document(judge_lot(session, lot, query, conventions))


@router.get(
    "/demands/{demand_id}/matches",
    response_model=PageOf[LotMatch],
    summary="Lots that serve a demand",
    responses=problem_responses(404, 422),
)
def get_demand_matches(
    demand_id: UUID,
    query: Annotated[MatchesQuery, Query()],
    session: SearchSession,
    actor: Reader,
    conventions: CurrentConventions,
    request: Request,
) -> Response:
    """List the lots of others that one of your demands can use, at your gate."""
    demand = own_demand(session, actor, DemandId(demand_id))
    site = session.get_one(Site, demand.site_id)
    own = conventions_for(demand, conventions)
    search = demand_search(demand, site, query, own)
    return answer_document(search_lots(session, search, own, query.page(request, search.sort)))


@router.get(
    "/lots/{lot_id}/matches",
    response_model=PageOf[DemandMatch],
    summary="Demands that a lot can serve",
    responses=problem_responses(404, 422),
)
def get_lot_matches(
    lot_id: UUID,
    query: Annotated[TakersQuery, Query()],
    session: SearchSession,
    actor: Reader,
    conventions: CurrentConventions,
    request: Request,
) -> Response:
    """List the open demands of others that one of your lots can serve, with the price at their gates."""
    lot = own_lot(session, actor, LotId(lot_id))
    site = session.get_one(Site, lot.site_id)
    page = query.page(request, query.sort)
    return answer_document(find_takers(session, lot, site, query, conventions, page))
