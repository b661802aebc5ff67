"""Lots of waste on offer, with their assays; the search for them is in `matches`."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from app.api.answers import answer_document, answer_versioned, created
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
from app.lots import queries, service
from app.lots.documents import describe_assay
from app.lots.models import AssayId, LotId
from app.lots.schemas import AssayPost, AssayRead, LotPatch, LotPost, LotRead

router = Router(prefix="/lots", tags=["lots"])
Reader = Annotated[Actor, Depends(Allow(scope=Scope.MARKET_READ))]
Producer = Annotated[Actor, Depends(Allow(Role.PRODUCER, scope=Scope.LOTS_WRITE))]


@router.post("", status_code=201, response_model=LotRead, summary="Offer a lot", responses=problem_responses(422))
def post_lot(wish: LotPost, session: CreatingSession, actor: Producer) -> Response:
    """Offer waste at one of your sites; assay values are converted to the catalogue's unit and basis.

    Give `quantity_t`, or for a continuous stream `recurring`: then as much is on offer in every month of its days, and
    what a month has left over does not carry into the next.
    """
    lot = service.post_lot(session, actor, wish)
    response = answer_versioned(queries.read_lot(session, actor, lot.id), 201)
    created(response, "/v1/lots", lot.id)
    return response


@router.get("/{lot_id}", response_model=LotRead, summary="Read one lot", responses=problem_responses(404))
def get_lot(lot_id: UUID, session: ReadSession, actor: Reader) -> Response:
    """Read a lot; one that is not open is for its owner and the parties of its agreements."""
    return answer_versioned(queries.read_lot(session, actor, LotId(lot_id)))


@router.patch(
    "/{lot_id}", response_model=LotRead, summary="Change a lot", responses=problem_responses(404, 409, 412, 422)
)
def patch_lot(lot_id: UUID, change: LotPatch, session: WriteSession, actor: Producer, wanted: IfMatch) -> Response:
    """Change quantity (not below what is reserved or shipped), least order, days, price or origin of your lot.

    The quantity of a recurring lot changes for the current month and those to come, and not below what is reserved and
    shipped in any of them (409 names the first such `month`).
    """
    lot = service.lock_own_lot(session, actor, LotId(lot_id))
    check_version(lot.version, wanted)
    service.change_lot(session, actor, lot, change)
    return answer_versioned(queries.read_lot(session, actor, lot.id))


@router.post(
    "/{lot_id}/withdraw", response_model=LotRead, summary="Withdraw a lot", responses=problem_responses(404, 409, 412)
)
def withdraw_lot(lot_id: UUID, session: WriteSession, actor: Producer, wanted: IfMatch) -> Response:
    """Take what is free of your lot off the market; agreements on it go on."""
    lot = service.lock_own_lot(session, actor, LotId(lot_id))
    check_version(lot.version, wanted)
    service.withdraw_lot(session, actor, lot)
    return answer_versioned(queries.read_lot(session, actor, lot.id))


@router.post(
    "/{lot_id}/assays",
    status_code=201,
    response_model=AssayRead,
    summary="Add an assay",
    responses=problem_responses(404, 409, 412, 422),
)
def post_assay(lot_id: UUID, report: AssayPost, session: CreatingSession, actor: Producer, wanted: IfMatch) -> Response:
    """Add an assay to your lot; the newest by day of sampling is the one that it is judged by."""
    lot = service.lock_own_lot(session, actor, LotId(lot_id))
    check_version(lot.version, wanted)
    assay = service.add_assay(session, actor, lot, report)
    response = answer_document(describe_assay(assay), 201)
    created(response, f"/v1/lots/{lot_id}/assays", assay.id)
    return response


@router.get(
    "/{lot_id}/assays",
    response_model=PageOf[AssayRead],
    summary="List the assays of a lot",
    responses=problem_responses(404),
)
def get_assays(
    lot_id: UUID, query: Annotated[ListQuery, Query()], session: ReadSession, actor: Reader, request: Request
) -> Response:
    """List the assays of a lot that you can see, the last recorded first."""
    lot = queries.visible_lot(session, actor, LotId(lot_id))
    found = queries.list_assays(session, lot, query.page(request))
    return answer_document(Slice([describe_assay(assay) for assay in found.items], found.next_cursor))


@router.get(
    "/{lot_id}/assays/{assay_id}", response_model=AssayRead, summary="Read one assay", responses=problem_responses(404)
)
def get_assay(lot_id: UUID, assay_id: UUID, session: ReadSession, actor: Reader) -> Response:
    """Read one assay of a lot that you can see; an assay never changes."""
    lot = queries.visible_lot(session, actor, LotId(lot_id))
    return answer_document(describe_assay(queries.find_assay(session, lot, AssayId(assay_id))))
