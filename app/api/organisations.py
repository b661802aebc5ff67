"""Organisations: applying to join, approval by the operator, who am I."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from app.api.answers import created, tag
from app.api.problems import problem_responses
from app.api.routing import Router
from app.auth.actor import Actor, OrganisationId, Role, Scope
from app.core.paging import Slice
from app.core.schema import PageOf
from app.dependencies.callers import Allow, AnyActor, ChangesActors
from app.dependencies.creating import StrangerSession
from app.dependencies.limits import LimitsAddress
from app.dependencies.lists import ListQuery
from app.dependencies.sessions import MarketSession, WriteSession
from app.dependencies.settings import Pepper
from app.dependencies.versions import IfMatch, check_version
from app.organisations import queries, service
from app.organisations.models import Organisation, OrganisationStatus
from app.organisations.schemas import Me, OrganisationMade, OrganisationPost, OrganisationRead

router = Router(tags=["organisations"])
Reader = Annotated[Actor, Depends(Allow(Role.OPERATOR, scope=Scope.MARKET_READ))]
#: Approving lets the keys of an organisation act, suspending stops them.
Operator = Annotated[Actor, Depends(Allow(Role.OPERATOR, scope=Scope.KEYS_WRITE))]


class OrganisationsQuery(ListQuery):
    """Filters of the list of organisations."""

    status: OrganisationStatus | None = None


@router.post(
    "/organisations",
    status_code=201,
    dependencies=[Depends(LimitsAddress("applications"))],
    summary="Apply to join",
    responses=problem_responses(409, 422, 429),
)
def post_organisation(
    application: OrganisationPost, session: StrangerSession, pepper: Pepper, response: Response
) -> OrganisationMade:
    """Apply for membership; the answer holds, once, a key that reads reference data until the operator approves."""
    organisation, key_text = service.apply_for_membership(session, application, pepper)
    created(response, "/v1/organisations", organisation.id)
    tag(response, organisation)
    return OrganisationMade(**OrganisationRead.model_validate(organisation).model_dump(), api_key=key_text)


@router.get("/organisations", response_model=PageOf[OrganisationRead], summary="List organisations")
def get_organisations(
    query: Annotated[OrganisationsQuery, Query()], session: MarketSession, _: Reader, request: Request
) -> Slice[Organisation]:
    """List applications and members, newest first."""
    return queries.list_organisations(session, query.status, query.page(request))


@router.get("/organisations/{organisation_id}", response_model=OrganisationRead, summary="Read one organisation")
def get_organisation(organisation_id: UUID, session: MarketSession, _: Reader, response: Response) -> Organisation:
    """Read one application or member."""
    organisation = queries.find_organisation(session, OrganisationId(organisation_id))
    tag(response, organisation)
    return organisation


@router.post(
    "/organisations/{organisation_id}/approve",
    dependencies=[ChangesActors],
    response_model=OrganisationRead,
    summary="Approve an organisation",
    responses=problem_responses(409, 412),
)
def approve_organisation(
    organisation_id: UUID, session: WriteSession, actor: Operator, wanted: IfMatch, response: Response
) -> Organisation:
    """Let an organisation trade."""
    check_version(service.lock_organisation(session, OrganisationId(organisation_id)).version, wanted)
    organisation = service.approve(session, actor, OrganisationId(organisation_id))
    tag(response, organisation)
    return organisation


@router.post(
    "/organisations/{organisation_id}/suspend",
    dependencies=[ChangesActors],
    response_model=OrganisationRead,
    summary="Suspend an organisation",
    responses=problem_responses(409, 412),
)
def suspend_organisation(
    organisation_id: UUID, session: WriteSession, actor: Operator, wanted: IfMatch, response: Response
) -> Organisation:
    """Suspend an organisation: its lots and demands leave the market at once."""
    check_version(service.lock_organisation(session, OrganisationId(organisation_id)).version, wanted)
    organisation = service.suspend(session, actor, OrganisationId(organisation_id))
    tag(response, organisation)
    return organisation


@router.get("/me", summary="Who am I")
def get_me(session: MarketSession, actor: AnyActor) -> Me:
    """Read who the key stands for, or acts for, and what it may do."""
    organisation = queries.find_organisation(session, actor.organisation_id)
    return Me(
        organisation=OrganisationRead.model_validate(organisation),
        delegate_id=actor.delegate_id,
        roles=sorted(actor.roles),
        scopes=sorted(actor.scopes),
        key_expires_at=actor.expires_at,
    )
