"""Corrections of loads: proposed by one side, decided by the other."""

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
from app.exchange import corrections, queries
from app.exchange.correction_schemas import CorrectionPost, CorrectionRead
from app.exchange.lifecycle import CorrectionStatus
from app.exchange.models import Correction, CorrectionId, ShipmentId

router = Router(tags=["shipments"])
Party = Annotated[Actor, Depends(Allow(Role.PRODUCER, Role.RECYCLER, scope=Scope.SHIPMENTS_WRITE))]
Reader = Annotated[Actor, Depends(Allow(Role.PRODUCER, Role.RECYCLER, scope=Scope.MARKET_READ))]


class CorrectionsQuery(ListQuery):
    """Filters of the list of corrections."""

    shipment_id: UUID | None = None
    status: CorrectionStatus | None = None


@router.post(
    "/shipments/{shipment_id}/corrections",
    status_code=201,
    response_model=CorrectionRead,
    summary="Propose a correction of a load",
    responses=problem_responses(409, 422),
)
def post_correction(
    shipment_id: UUID, wish: CorrectionPost, session: CreatingSession, actor: Party, response: Response
) -> Correction:
    """Propose new values of a ticket or a receipt, with a comment; the load changes once the other side approves."""
    correction = corrections.propose(session, actor, ShipmentId(shipment_id), wish)
    created(response, "/v1/corrections", correction.id)
    tag(response, correction)
    return correction


@router.get("/corrections", response_model=PageOf[CorrectionRead], summary="List corrections of own loads")
def get_corrections(
    query: Annotated[CorrectionsQuery, Query()], session: ReadSession, actor: Reader, request: Request
) -> Slice[Correction]:
    """List the corrections of loads that one is a party of, newest first; `status=pending` are those that wait."""
    shipment_id = None if query.shipment_id is None else ShipmentId(query.shipment_id)
    return queries.list_corrections(session, actor, shipment_id, query.status, query.page(request))


@router.get("/corrections/{correction_id}", response_model=CorrectionRead, summary="Read one correction")
def get_correction(correction_id: UUID, session: ReadSession, actor: Reader, response: Response) -> Correction:
    """Read a correction with the old and the new values."""
    correction = queries.find_correction(session, actor, CorrectionId(correction_id))
    tag(response, correction)
    return correction


def _check_version(session: Session, actor: Actor, correction_id: UUID, wanted: int | None) -> None:
    if wanted is not None:
        locked, *_ = corrections.lock_correction(session, actor, CorrectionId(correction_id))
        check_version(locked.version, wanted)


@router.post(
    "/corrections/{correction_id}/approve",
    response_model=CorrectionRead,
    summary="Approve a correction",
    responses=problem_responses(409, 412, 422),
)
def approve_correction(
    correction_id: UUID, session: WriteSession, actor: Party, wanted: IfMatch, response: Response
) -> Correction:
    """Consent to the other side's values: what the load had posted is reversed and posted anew."""
    _check_version(session, actor, correction_id, wanted)
    correction = corrections.approve(session, actor, CorrectionId(correction_id))
    tag(response, correction)
    return correction


@router.post(
    "/corrections/{correction_id}/reject",
    response_model=CorrectionRead,
    summary="Reject a correction",
    responses=problem_responses(409, 412),
)
def reject_correction(
    correction_id: UUID, session: WriteSession, actor: Party, wanted: IfMatch, response: Response
) -> Correction:
    """Leave the load as it is; another correction can be proposed then."""
    _check_version(session, actor, correction_id, wanted)
    correction = corrections.reject(session, actor, CorrectionId(correction_id))
    tag(response, correction)
    return correction
