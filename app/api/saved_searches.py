"""Saved searches, and the lots that they were told of."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from app.api.answers import created
from app.api.problems import problem_responses
from app.api.routing import Router
from app.auth.actor import Actor, Scope
from app.core.paging import Slice
from app.core.schema import PageOf
from app.dependencies.callers import Allow
from app.dependencies.creating import CreatingSession
from app.dependencies.lists import ListQuery
from app.dependencies.sessions import ReadSession, WriteSession
from app.dependencies.settings import CurrentSettings
from app.matching import saved_searches as service
from app.matching.conventions import conventions_of
from app.matching.models import SavedSearch, SavedSearchId, SavedSearchMatch
from app.matching.saved_schemas import FoundLot, SavedSearchPost, SavedSearchRead

router = Router(prefix="/saved-searches", tags=["saved searches"])
Reader = Annotated[Actor, Depends(Allow(scope=Scope.MARKET_READ))]
# A saved search decides what its organisation is told of, as a webhook does; and like webhooks it is open to every
# role. Reading the market alone must not be enough: a key that only reads could silence what others rely on.
Keeper = Annotated[Actor, Depends(Allow(scope=Scope.WEBHOOKS_WRITE))]


@router.post(
    "", status_code=201, response_model=SavedSearchRead, summary="Save a search", responses=problem_responses(409, 422)
)
def post_saved_search(
    wish: SavedSearchPost, session: CreatingSession, actor: Keeper, settings: CurrentSettings, response: Response
) -> SavedSearch:
    """Keep a search of lots or one of your demands: each lot that opens, or that a new assay makes fit, is told once.

    It comes as the event `match.found` and in the list of matches. Lots already on offer are found by searching.
    """
    search = service.save_search(session, actor, wish, conventions_of(settings, None))
    created(response, "/v1/saved-searches", search.id)
    return search


@router.get("", response_model=PageOf[SavedSearchRead], summary="List own saved searches")
def get_saved_searches(
    query: Annotated[ListQuery, Query()], session: ReadSession, actor: Reader, request: Request
) -> Slice[SavedSearch]:
    """List the saved searches of your own organisation, newest first."""
    return service.list_searches(session, actor, query.page(request))


@router.get(
    "/{search_id}",
    response_model=SavedSearchRead,
    summary="Read one saved search",
    responses=problem_responses(404),
)
def get_saved_search(search_id: UUID, session: ReadSession, actor: Reader) -> SavedSearch:
    """Read one of your own saved searches."""
    return service.own_search(session, actor, SavedSearchId(search_id))


@router.delete("/{search_id}", status_code=204, summary="Delete a saved search", responses=problem_responses(404))
def delete_saved_search(search_id: UUID, session: WriteSession, actor: Keeper) -> None:
    """Delete one of your own saved searches and the list of what it found."""
    service.drop_search(session, actor, SavedSearchId(search_id))


@router.get(
    "/{search_id}/matches",
    response_model=PageOf[FoundLot],
    summary="Lots that a saved search found",
    responses=problem_responses(404),
)
def get_saved_search_matches(
    search_id: UUID, query: Annotated[ListQuery, Query()], session: ReadSession, actor: Reader, request: Request
) -> Slice[SavedSearchMatch]:
    """List what one of your saved searches was told of, the last first."""
    search = service.own_search(session, actor, SavedSearchId(search_id))
    return service.list_found(session, search, query.page(request))
