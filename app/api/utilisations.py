"""Utilisations: what a recycler made of what it received; only this counts as use."""

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
from app.dependencies.sessions import ReadSession, WriteSession
from app.dependencies.versions import IfMatch, check_version
from app.exchange import queries, utilisations
from app.exchange.models import Utilisation, UtilisationId
from app.exchange.schemas import UtilisationPost, UtilisationRead

router = Router(prefix="/utilisations", tags=["utilisations"])
Recycler = Annotated[Actor, Depends(Allow(Role.RECYCLER, scope=Scope.LEDGER_WRITE))]
Reader = Annotated[Actor, Depends(Allow(Role.RECYCLER, scope=Scope.MARKET_READ))]


@router.post(
    "",
    status_code=201,
    response_model=UtilisationRead,
    summary="Record a use",
    responses=problem_responses(409, 422),
)
def post_utilisation(
    wish: UtilisationPost, session: CreatingSession, actor: Recycler, response: Response
) -> Utilisation:
    """Record a batch of use: it draws on the oldest received loads, or on those named."""
    utilisation = utilisations.record(session, actor, wish)
    created(response, "/v1/utilisations", utilisation.id)
    tag(response, utilisation)
    return utilisation


@router.get("", response_model=PageOf[UtilisationRead], summary="List own utilisations")
def get_utilisations(
    query: Annotated[ListQuery, Query()], session: ReadSession, actor: Reader, request: Request
) -> Slice[Utilisation]:
    """List one's own batches of use, newest first."""
    return queries.list_utilisations(session, actor, query.page(request))


@router.get("/{utilisation_id}", response_model=UtilisationRead, summary="Read one utilisation")
def get_utilisation(utilisation_id: UUID, session: ReadSession, actor: Reader, response: Response) -> Utilisation:
    """Read one of one's own batches of use."""
    utilisation = queries.find_utilisation(session, actor, UtilisationId(utilisation_id))
    tag(response, utilisation)
    return utilisation


@router.post(
    "/{utilisation_id}/reverse",
    response_model=UtilisationRead,
    summary="Reverse a use",
    responses=problem_responses(409, 412),
)
def reverse_utilisation(
    utilisation_id: UUID, session: WriteSession, actor: Recycler, wanted: IfMatch, response: Response
) -> Utilisation:
    """Undo a batch of use: its tonnes are unused stock of their loads again."""
    check_version(utilisations.lock_utilisation(session, actor, UtilisationId(utilisation_id)).version, wanted)
    utilisation = utilisations.reverse(session, actor, UtilisationId(utilisation_id))
    tag(response, utilisation)
    return utilisation
