"""Agreements: from proposal to completion."""

from collections.abc import Callable
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
from app.dependencies.callers import Allow
from app.dependencies.creating import CreatingSession
from app.dependencies.lists import ListQuery
from app.dependencies.sessions import ReadSession, WriteSession
from app.dependencies.versions import IfMatch, check_version
from app.exchange import agreements, queries
from app.exchange.lifecycle import AgreementStatus
from app.exchange.models import Agreement, AgreementId
from app.exchange.schemas import AgreementPost, AgreementRead

router = Router(prefix="/agreements", tags=["agreements"])
Trader = Annotated[Actor, Depends(Allow(Role.PRODUCER, Role.RECYCLER, scope=Scope.AGREEMENTS_WRITE))]
Reader = Annotated[Actor, Depends(Allow(Role.PRODUCER, Role.RECYCLER, scope=Scope.MARKET_READ))]
_MOVES = problem_responses(409, 412)


class AgreementsQuery(ListQuery):
    """Filters of the list of agreements."""

    status: AgreementStatus | None = None


@router.post(
    "",
    status_code=201,
    summary="Propose an agreement",
    responses=problem_responses(409, 422),
)
def post_agreement(wish: AgreementPost, session: CreatingSession, actor: Trader, response: Response) -> AgreementRead:
    """Propose tonnes of a lot for a demand or a site; either side may propose, the other one accepts.

    On a recurring lot give `recurring` in place of `quantity_t`: as much is meant for every month of the days.
    """
    agreement = agreements.propose(session, actor, wish)
    created(response, "/v1/agreements", agreement.id)
    tag(response, agreement)
    return queries.describe_agreements(session, [agreement])[0]


@router.get("", response_model=PageOf[AgreementRead], summary="List own agreements")
def get_agreements(
    query: Annotated[AgreementsQuery, Query()], session: ReadSession, actor: Reader, request: Request
) -> Slice[AgreementRead]:
    """List the agreements that one is a party of, newest first."""
    return queries.list_agreements(session, actor, query.status, query.page(request))


@router.get("/{agreement_id}", summary="Read one agreement")
def get_agreement(agreement_id: UUID, session: ReadSession, actor: Reader, response: Response) -> AgreementRead:
    """Read an agreement that one is a party of."""
    agreement = queries.find_agreement(session, actor, AgreementId(agreement_id))
    tag(response, agreement)
    return queries.describe_agreements(session, [agreement])[0]


def _move(
    step: Callable[[Session, Actor, AgreementId], Agreement],
    session: Session,
    actor: Actor,
    agreement_id: UUID,
    wanted: int | None,
    response: Response,
) -> AgreementRead:
    if wanted is not None:
        locked, _ = agreements.lock_agreement(session, actor, AgreementId(agreement_id))
        check_version(locked.version, wanted)
    agreement = step(session, actor, AgreementId(agreement_id))
    tag(response, agreement)
    return queries.describe_agreements(session, [agreement])[0]


@router.post("/{agreement_id}/accept", summary="Accept a proposal", responses=_MOVES)
def accept_agreement(
    agreement_id: UUID, session: WriteSession, actor: Trader, wanted: IfMatch, response: Response
) -> AgreementRead:
    """Accept the other side's proposal: its tonnes are reserved on the lot, of a recurring one in every month.

    Where the lot has too few free, 409 `insufficient_quantity` says `available_t` and the first `month` that is short.
    They stay so until the day after `ends_on` (of a late agreement, whose days are past, until the day after it was
    accepted): then it is `expired`, and what was not shipped is free on the lot again. Late tickets stay possible as
    far as the lot has the tonnes free.
    """
    return _move(agreements.accept, session, actor, agreement_id, wanted, response)


@router.post("/{agreement_id}/decline", summary="Decline a proposal", responses=_MOVES)
def decline_agreement(
    agreement_id: UUID, session: WriteSession, actor: Trader, wanted: IfMatch, response: Response
) -> AgreementRead:
    """Decline the other side's proposal."""
    return _move(agreements.decline, session, actor, agreement_id, wanted, response)


@router.post("/{agreement_id}/withdraw", summary="Withdraw a proposal", responses=_MOVES)
def withdraw_agreement(
    agreement_id: UUID, session: WriteSession, actor: Trader, wanted: IfMatch, response: Response
) -> AgreementRead:
    """Withdraw one's own proposal before it is answered."""
    return _move(agreements.withdraw, session, actor, agreement_id, wanted, response)


@router.post("/{agreement_id}/cancel", summary="Cancel an agreement", responses=_MOVES)
def cancel_agreement(
    agreement_id: UUID, session: WriteSession, actor: Trader, wanted: IfMatch, response: Response
) -> AgreementRead:
    """End an accepted agreement early: what is not shipped is free on the lot again."""
    return _move(agreements.cancel, session, actor, agreement_id, wanted, response)


@router.post("/{agreement_id}/complete", summary="Complete an agreement", responses=_MOVES)
def complete_agreement(
    agreement_id: UUID, session: WriteSession, actor: Trader, wanted: IfMatch, response: Response
) -> AgreementRead:
    """Close an accepted agreement when nothing is in transit; what is not shipped is free on the lot again."""
    return _move(agreements.complete, session, actor, agreement_id, wanted, response)
