"""Agreements: from proposal to completion."""

from collections.abc import Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.orm import Session

from app.api.answers import created, tag
from app.api.problems import problem_responses
from app.auth.actor import Actor, Role, Scope
from app.core.paging import Slice
from app.core.schema import PageOf
from app.dependencies import Allow, IfMatch, ListQuery, ReadSession, WriteSession, check_version
from app.exchange import agreements, queries
from app.exchange.lifecycle import AgreementStatus
from app.exchange.models import Agreement, AgreementId
from app.exchange.schemas import AgreementPost, AgreementRead

router = APIRouter(prefix="/agreements", tags=["agreements"])
Trader = Annotated[Actor, Depends(Allow(Role.PRODUCER, Role.RECYCLER, scope=Scope.AGREEMENTS_WRITE))]
Reader = Annotated[Actor, Depends(Allow(Role.PRODUCER, Role.RECYCLER, scope=Scope.MARKET_READ))]
_MOVES = problem_responses(409, 412)


class AgreementsQuery(ListQuery):
    """Filters of the list of agreements."""

    status: AgreementStatus | None = None


@router.post(
    "",
    status_code=201,
    response_model=AgreementRead,
    summary="Propose an agreement",
    responses=problem_responses(409, 422),
)
def post_agreement(wish: AgreementPost, session: WriteSession, actor: Trader, response: Response) -> Agreement:
    """Propose tonnes of a lot for a demand or a site; either side may propose, the other one accepts."""
    agreement = agreements.propose(session, actor, wish)
    created(response, "/v1/agreements", agreement.id)
    tag(response, agreement)
    return agreement


@router.get("", response_model=PageOf[AgreementRead], summary="List own agreements")
def get_agreements(
    query: Annotated[AgreementsQuery, Query()], session: ReadSession, actor: Reader, request: Request
) -> Slice[Agreement]:
    """List the agreements that one is a party of, newest first."""
    return queries.list_agreements(session, actor, query.status, query.page(request))


@router.get("/{agreement_id}", response_model=AgreementRead, summary="Read one agreement")
def get_agreement(agreement_id: UUID, session: ReadSession, actor: Reader, response: Response) -> Agreement:
    """Read an agreement that one is a party of."""
    agreement = queries.find_agreement(session, actor, AgreementId(agreement_id))
    tag(response, agreement)
    return agreement


def _move(
    step: Callable[[Session, Actor, AgreementId], Agreement],
    session: Session,
    actor: Actor,
    agreement_id: UUID,
    wanted: int | None,
    response: Response,
) -> Agreement:
    if wanted is not None:
        locked, _ = agreements.lock_agreement(session, actor, AgreementId(agreement_id))
        check_version(locked.version, wanted)
    agreement = step(session, actor, AgreementId(agreement_id))
    tag(response, agreement)
    return agreement


@router.post("/{agreement_id}/accept", response_model=AgreementRead, summary="Accept a proposal", responses=_MOVES)
def accept_agreement(
    agreement_id: UUID, session: WriteSession, actor: Trader, wanted: IfMatch, response: Response
) -> Agreement:
    """Accept the other side's proposal: its tonnes are reserved on the lot."""
    return _move(agreements.accept, session, actor, agreement_id, wanted, response)


@router.post("/{agreement_id}/decline", response_model=AgreementRead, summary="Decline a proposal", responses=_MOVES)
def decline_agreement(
    agreement_id: UUID, session: WriteSession, actor: Trader, wanted: IfMatch, response: Response
) -> Agreement:
    """Decline the other side's proposal."""
    return _move(agreements.decline, session, actor, agreement_id, wanted, response)


@router.post("/{agreement_id}/withdraw", response_model=AgreementRead, summary="Withdraw a proposal", responses=_MOVES)
def withdraw_agreement(
    agreement_id: UUID, session: WriteSession, actor: Trader, wanted: IfMatch, response: Response
) -> Agreement:
    """Withdraw one's own proposal before it is answered."""
    return _move(agreements.withdraw, session, actor, agreement_id, wanted, response)


@router.post("/{agreement_id}/cancel", response_model=AgreementRead, summary="Cancel an agreement", responses=_MOVES)
def cancel_agreement(
    agreement_id: UUID, session: WriteSession, actor: Trader, wanted: IfMatch, response: Response
) -> Agreement:
    """End an accepted agreement early: what is not shipped is free on the lot again."""
    return _move(agreements.cancel, session, actor, agreement_id, wanted, response)


@router.post(
    "/{agreement_id}/complete", response_model=AgreementRead, summary="Complete an agreement", responses=_MOVES
)
def complete_agreement(
    agreement_id: UUID, session: WriteSession, actor: Trader, wanted: IfMatch, response: Response
) -> Agreement:
    """Close an accepted agreement when nothing is in transit; what is not shipped is free on the lot again."""
    return _move(agreements.complete, session, actor, agreement_id, wanted, response)
