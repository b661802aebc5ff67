"""Reads of lots: who may see which, and their descriptions for pages."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Uuid, and_, column, exists, or_, select, table
from sqlalchemy.orm import Session

from app.auth.actor import Actor, Role
from app.catalogue.reference import reference
from app.core.clock import today
from app.core.errors import NotFound
from app.core.paging import Page, Slice, page_by_id
from app.lots.assays import derive_values, plain_value
from app.lots.lifecycle import effective_status
from app.lots.models import Assay, AssayId, AssayResult, Lot, LotId, LotStatus
from app.lots.schemas import AssayRead, Given, LotRead, Origin, ResultRead
from app.organisations.briefs import Place, load_places
from app.organisations.models import Organisation, OrganisationStatus

_Row = Row[*tuple[Any, ...]]
# Agreements stand on a floor above lots, which lots may not import; of them only these three columns are read.
_AGREEMENTS = table(
    "agreements",
    column("lot_id", Uuid),
    column("producer_organisation_id", Uuid),
    column("recycler_organisation_id", Uuid),
)


def is_on_market() -> ColumnElement[bool]:
    """Return the condition on `lots` joined with `organisations`: open today, of an active organisation."""
    return and_(
        Lot.status == LotStatus.OPEN, Lot.available_to >= today(), Organisation.status == OrganisationStatus.ACTIVE
    )


def own_lot(session: Session, actor: Actor, lot_id: LotId) -> Lot:
    """Return a lot of the caller's organisation or raise NotFound."""
    lot = session.get(Lot, lot_id)
    if lot is None or lot.organisation_id != actor.organisation_id:
        raise NotFound("lot")
    return lot


def visible_lot(session: Session, actor: Actor, lot_id: LotId) -> Lot:
    """Return a lot that the caller may see or raise NotFound.

    What is on the market is everyone's to see; the rest only its owner's, the parties' of its agreements (of
    proposals too) and the operator's.
    """
    query = select(Lot).join(Organisation, Organisation.id == Lot.organisation_id).where(Lot.id == lot_id)
    if not actor.has_role(Role.OPERATOR):
        query = query.where(
            or_(is_on_market(), Lot.organisation_id == actor.organisation_id, _is_party(actor.organisation_id))
        )
    lot = session.scalars(query).one_or_none()
    if lot is None:
        raise NotFound("lot")
    return lot


def _is_party(organisation_id: UUID) -> ColumnElement[bool]:
    parties = _AGREEMENTS.c
    return (
        exists()
        .where(parties.lot_id == Lot.id)
        .where(
            or_(
                parties.producer_organisation_id == organisation_id,
                parties.recycler_organisation_id == organisation_id,
            )
        )
    )


def list_assays(session: Session, lot: Lot, page: Page) -> Slice[AssayRead]:
    """Return one page of a lot's assays, the last recorded first."""
    found = page_by_id(session, select(Assay).where(Assay.lot_id == lot.id), Assay.id, page)
    return Slice([describe_assay(assay) for assay in found.items], found.next_cursor)


def find_assay(session: Session, lot: Lot, assay_id: AssayId) -> Assay:
    """Return one assay of a lot or raise NotFound."""
    assay = session.get(Assay, assay_id)
    if assay is None or assay.lot_id != lot.id:
        raise NotFound("assay")
    return assay


def describe_lots(session: Session, lots: Sequence[Lot]) -> list[LotRead]:
    """Return lots with place, owner and newest assay; three statements whatever their number."""
    places = load_places(session, {lot.site_id for lot in lots})
    assays = _load_assays(session, [lot.current_assay_id for lot in lots if lot.current_assay_id is not None])
    return [
        _describe(lot, places[lot.site_id], None if lot.current_assay_id is None else assays[lot.current_assay_id])
        for lot in lots
    ]


def _load_assays(session: Session, assay_ids: Collection[AssayId]) -> dict[AssayId, AssayRead]:
    """Return assays by id; read as plain rows, for a page of lots holds thousands of results."""
    if not assay_ids:
        return {}
    heads = select(Assay.id, Assay.sampled_on, Assay.laboratory, Assay.report_no, Assay.created_at)
    results = select(
        AssayResult.assay_id,
        AssayResult.parameter,
        AssayResult.value,
        AssayResult.category,
        AssayResult.given_value,
        AssayResult.given_unit,
        AssayResult.given_basis,
    ).order_by(AssayResult.assay_id, AssayResult.position)
    by_assay: dict[AssayId, list[_Row]] = defaultdict(list)
    for row in session.execute(results.where(AssayResult.assay_id.in_(assay_ids))):
        by_assay[row.assay_id].append(row)
    return {
        head.id: _assemble_assay(head, by_assay[head.id])
        for head in session.execute(heads.where(Assay.id.in_(assay_ids)))
    }


def _describe(lot: Lot, place: Place, assay: AssayRead | None) -> LotRead:
    return LotRead(
        id=lot.id,
        material=lot.material,
        status=effective_status(lot, today()),
        quantity_t=lot.quantity_t,
        available_t=lot.available_t,
        reserved_t=lot.reserved_t,
        shipped_t=lot.shipped_t,
        min_order_t=lot.min_order_t,
        available_from=lot.available_from,
        available_to=lot.available_to,
        price_cny_per_t=lot.price_cny_per_t,
        origin=None if lot.origin_process is None else Origin(process=lot.origin_process),
        stock_year=lot.stock_year,
        assay=assay,
        site=place.site,
        organisation=place.organisation,
        created_at=lot.created_at,
        version=lot.version,
    )


def describe_assay(assay: Assay) -> AssayRead:
    """Return an assay with its reported results in their order, then the derived ones."""
    return _assemble_assay(assay, assay.results)


def _assemble_assay(head: Assay | _Row, results: Sequence[AssayResult | _Row]) -> AssayRead:
    numbers = {result.parameter: result.value for result in results if result.value is not None}
    derived = derive_values(numbers)
    return AssayRead(
        id=head.id,
        sampled_on=head.sampled_on,
        laboratory=head.laboratory,
        report_no=head.report_no,
        results=[
            *(_describe_result(result) for result in results),
            *(_read_result(name, None, value=float(value)) for name, value in derived.items()),
        ],
        created_at=head.created_at,
    )


def _describe_result(result: AssayResult | _Row) -> ResultRead:
    given = Given(value=result.given_value, unit=result.given_unit, basis=result.given_basis)
    value = plain_value(result.parameter, result.value, result.category)
    return _read_result(result.parameter, given, value=value)


def _read_result(name: str, given: Given | None, *, value: float | str | bool) -> ResultRead:
    parameter = reference().parameters[name]
    return ResultRead(
        parameter=name,
        value=value,
        unit=parameter.unit,
        basis=parameter.basis.value,
        derived=given is None,
        given=given,
    )
