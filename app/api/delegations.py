"""Delegations: letting another organisation act for one's own, and ending it."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from app.api.answers import created, tag
from app.api.problems import problem_responses
from app.api.routing import Router
from app.auth.actor import COMPANIES, Actor, Scope
from app.core.paging import Slice
from app.core.schema import PageOf
from app.delegations import queries, service
from app.delegations.models import DelegationId
from app.delegations.schemas import DelegationPost, DelegationRead, Side
from app.dependencies.callers import Allow, ChangesActors
from app.dependencies.creating import CreatingSession
from app.dependencies.lists import ListQuery
from app.dependencies.sessions import ReadSession, WriteSession
from app.dependencies.versions import IfMatch, check_version

router = Router(prefix="/delegations", tags=["delegations"])
Keeper = Annotated[Actor, Depends(Allow(*COMPANIES, scope=Scope.KEYS_WRITE))]
Party = Annotated[Actor, Depends(Allow(*COMPANIES))]


class DelegationsQuery(ListQuery):
    """Filters of the list of delegations."""

    side: Side | None = None


@router.post(
    "",
    status_code=201,
    dependencies=[ChangesActors],
    summary="Let another organisation act for yours",
    responses=problem_responses(422),
)
def post_delegation(
    wish: DelegationPost, session: CreatingSession, actor: Keeper, response: Response
) -> DelegationRead:
    """Let a carrier sign your dispatches, or a consultant file your declarations.

    It calls with its own key and the header `Acting-For: <id of your organisation>`. Every event names both of you.
    Keys, webhooks, sites and delegations stay yours, and what it was lent it cannot lend further.
    """
    delegation = service.grant(session, actor, wish)
    created(response, "/v1/delegations", delegation.id)
    tag(response, delegation)
    return queries.describe_delegations(session, [delegation])[0]


@router.get("", response_model=PageOf[DelegationRead], summary="List own delegations")
def get_delegations(
    query: Annotated[DelegationsQuery, Query()], session: ReadSession, actor: Party, request: Request
) -> Slice[DelegationRead]:
    """List the delegations that your organisation gave (`side=principal`), was given (`side=delegate`), or both."""
    return queries.list_delegations(session, actor.organisation_id, query.side, query.page(request))


@router.get("/{delegation_id}", summary="Read one delegation")
def get_delegation(delegation_id: UUID, session: ReadSession, actor: Party, response: Response) -> DelegationRead:
    """Read a delegation that your organisation gave or was given."""
    delegation = queries.find_delegation(session, actor.organisation_id, DelegationId(delegation_id))
    tag(response, delegation)
    return queries.describe_delegations(session, [delegation])[0]


@router.post(
    "/{delegation_id}/revoke",
    dependencies=[ChangesActors],
    summary="Revoke a delegation",
    responses=problem_responses(412),
)
def revoke_delegation(
    delegation_id: UUID, session: WriteSession, actor: Keeper, wanted: IfMatch, response: Response
) -> DelegationRead:
    """End a delegation at once; either side may. Files handed in under it land no further."""
    delegation = service.lock_delegation(session, actor, DelegationId(delegation_id))
    check_version(delegation.version, wanted)
    service.revoke(session, actor, delegation)
    tag(response, delegation)
    return queries.describe_delegations(session, [delegation])[0]
