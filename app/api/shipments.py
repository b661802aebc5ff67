"""Shipments: dispatch with a weighbridge ticket, receipt with the second weighing, void."""

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
from app.exchange import queries, shipments
from app.exchange.lifecycle import ShipmentStatus
from app.exchange.models import AgreementId, Shipment, ShipmentId
from app.exchange.schemas import ReceiptPost, ShipmentPost, ShipmentRead

router = Router(tags=["shipments"])
Producer = Annotated[Actor, Depends(Allow(Role.PRODUCER, scope=Scope.SHIPMENTS_WRITE))]
Recycler = Annotated[Actor, Depends(Allow(Role.RECYCLER, scope=Scope.SHIPMENTS_WRITE))]
Reader = Annotated[Actor, Depends(Allow(Role.PRODUCER, Role.RECYCLER, scope=Scope.MARKET_READ))]


class ShipmentsQuery(ListQuery):
    """Filters of the list of shipments."""

    agreement_id: UUID | None = None
    status: ShipmentStatus | None = None


@router.post(
    "/agreements/{agreement_id}/shipments",
    status_code=201,
    response_model=ShipmentRead,
    summary="Dispatch a load",
    responses=problem_responses(409, 422),
)
def post_shipment(
    agreement_id: UUID, ticket: ShipmentPost, session: CreatingSession, actor: Producer, response: Response
) -> Shipment:
    """Record a load that leaves: it draws on the agreement, the lot and the ledger's storage.

    On a recurring lot it counts in the month of `dispatched_at` (Asia/Shanghai). On an agreement that has expired a
    late ticket of its days is taken if the lot has the tonnes free.
    """
    shipment = shipments.dispatch(session, actor, AgreementId(agreement_id), ticket)
    created(response, "/v1/shipments", shipment.id)
    tag(response, shipment)
    return shipment


@router.get("/shipments", response_model=PageOf[ShipmentRead], summary="List own shipments")
def get_shipments(
    query: Annotated[ShipmentsQuery, Query()], session: ReadSession, actor: Reader, request: Request
) -> Slice[Shipment]:
    """List the loads that one is a party of, newest first."""
    agreement_id = None if query.agreement_id is None else AgreementId(query.agreement_id)
    return queries.list_shipments(session, actor, agreement_id, query.status, query.page(request))


@router.get("/shipments/{shipment_id}", response_model=ShipmentRead, summary="Read one shipment")
def get_shipment(shipment_id: UUID, session: ReadSession, actor: Reader, response: Response) -> Shipment:
    """Read a load that one is a party of."""
    shipment = queries.find_shipment(session, actor, ShipmentId(shipment_id))
    tag(response, shipment)
    return shipment


def _check_version(session: Session, actor: Actor, shipment_id: UUID, wanted: int | None) -> None:
    if wanted is not None:
        locked, _, _ = shipments.lock_shipment(session, actor, ShipmentId(shipment_id))
        check_version(locked.version, wanted)


@router.post(
    "/shipments/{shipment_id}/receipt",
    response_model=ShipmentRead,
    summary="Receive a load",
    responses=problem_responses(409, 412, 422),
)
def post_receipt(
    shipment_id: UUID,
    receipt: ReceiptPost,
    session: WriteSession,
    actor: Recycler,
    wanted: IfMatch,
    response: Response,
) -> Shipment:
    """Record the second weighing: what is accepted becomes stock here, what is refused is the producer's again."""
    _check_version(session, actor, shipment_id, wanted)
    shipment = shipments.receive(session, actor, ShipmentId(shipment_id), receipt)
    tag(response, shipment)
    return shipment


@router.post(
    "/shipments/{shipment_id}/void",
    response_model=ShipmentRead,
    summary="Void a load",
    responses=problem_responses(409, 412),
)
def void_shipment(
    shipment_id: UUID, session: WriteSession, actor: Producer, wanted: IfMatch, response: Response
) -> Shipment:
    """Undo a dispatch before it is received."""
    _check_version(session, actor, shipment_id, wanted)
    shipment = shipments.void(session, actor, ShipmentId(shipment_id))
    tag(response, shipment)
    return shipment
