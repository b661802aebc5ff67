"""Lots in bulk: bodies that are checked already become rows here, stored in few statements."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from msgspec.structs import asdict
from pydantic import ValidationError
from sqlalchemy.orm import Session

from app.auth.actor import Actor, OrganisationId
from app.core.bulk import insert_rows
from app.core.clock import now
from app.core.database import new_id
from app.core.quantities import ZERO
from app.events.record import record_events
from app.lots.assays import ReportedText, measure_results, measure_texts
from app.lots.events import lots_landed
from app.lots.measured import Measured, describe_results
from app.lots.models import Assay, AssayId, Lot, LotId, LotStatus
from app.lots.ranges import Ranges, ranges_of, widen_ranges
from app.lots.schemas import MAX_RESULTS, AssayHead, LotPost, LotTerms, offered_t


class CheckedAssay(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A laboratory report; `current` and `results` are what `measured.describe_results` makes of its values."""

    sampled_on: date
    laboratory: str | None
    report_no: str | None
    current: dict[str, float | str | bool]
    results: str


class CheckedLot(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An offer with all that its body alone can be checked for; plain values, so that it passes between processes."""

    site_id: UUID
    material: str
    quantity_t: Decimal
    is_recurring: bool
    min_order_t: Decimal | None
    available_from: date
    available_to: date
    price_cny_per_t: Decimal
    origin_process: str | None
    stock_year: int | None
    assay: CheckedAssay | None


def check_lot(body: object) -> CheckedLot:
    """Return a checked offer, measuring its assay once; raises pydantic's ValidationError."""
    heard: dict[str, Any] = {}
    wish = LotPost.model_validate(body, context=heard)
    return _checked_lot(wish, wish.assay, heard.get("measured", []))


def check_lot_of_table(body: Mapping[str, Any], results: Sequence[ReportedText]) -> CheckedLot:
    """Return what `check_lot` returns of a body with these results in its assay, at a quarter of the cost.

    It makes no model of each value. Whatever is wrong is left to `check_lot`, so that it is told in the same words.
    """
    return _check_in_parts(body, results) or check_lot(_with_results(body, results))


def _check_in_parts(body: Mapping[str, Any], results: Sequence[ReportedText]) -> CheckedLot | None:
    terms = dict(body)
    report = terms.pop("assay", None)
    if (report is None) is not (not results) or len(results) > MAX_RESULTS:
        return None
    try:
        wish = LotTerms.model_validate(terms)
        head = None if report is None else AssayHead.model_validate(report)
    except ValidationError:
        return None
    measured = measure_texts(results)
    if measured is None:
        measured, faults = measure_results(results)
        if faults:
            return None
    return _checked_lot(wish, head, measured)


def _with_results(body: Mapping[str, Any], results: Sequence[ReportedText]) -> dict[str, Any]:
    if not results:
        return dict(body)
    return {**body, "assay": {**body.get("assay", {}), "results": [result._asdict() for result in results]}}


def _checked_lot(wish: LotTerms, head: AssayHead | None, measured: Sequence[Measured]) -> CheckedLot:
    assay = None
    if head is not None:
        assay = CheckedAssay(head.sampled_on, head.laboratory, head.report_no, *describe_results(measured))
    return CheckedLot(
        site_id=wish.site_id,
        material=wish.material,
        quantity_t=offered_t(wish),
        is_recurring=wish.recurring is not None,
        min_order_t=wish.min_order_t,
        available_from=wish.available_from,
        available_to=wish.available_to,
        price_cny_per_t=wish.price_cny_per_t,
        origin_process=None if wish.origin is None else wish.origin.process,
        stock_year=wish.stock_year,
        assay=assay,
    )


def land_lots(session: Session, actor: Actor, lots: Sequence[CheckedLot]) -> list[LotId]:
    """Store lots with their assays at sites that are the caller's; return their ids in the same order."""
    identifiers = [LotId(new_id()) for _ in lots]
    lot_rows, assay_rows = _rows(actor.organisation_id, lots, identifiers)
    insert_rows(session, Lot, lot_rows)
    insert_rows(session, Assay, assay_rows)
    widen_ranges(session, _ranges_by_material(lots))
    landed = ((lot_id, lot.material, lot.site_id) for lot_id, lot in zip(identifiers, lots, strict=True))
    record_events(session, lots_landed(actor, landed))
    return identifiers


def _ranges_by_material(lots: Sequence[CheckedLot]) -> dict[str, Ranges]:
    assays: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for lot in lots:
        if lot.assay is not None:
            assays[lot.material].append(lot.assay.current)
    return {material: ranges_of(found) for material, found in assays.items()}


_Rows = list[dict[str, Any]]


def _rows(
    organisation_id: OrganisationId, lots: Sequence[CheckedLot], identifiers: Sequence[LotId]
) -> tuple[_Rows, _Rows]:
    """Return the rows of lots and of assays."""
    created_at = now()
    new_lot = {
        "organisation_id": organisation_id,
        "reserved_t": ZERO,
        "shipped_t": ZERO,
        "status": LotStatus.OPEN.value,
        "current_assay": None,
        "current_assay_id": None,
        "current_assay_on": None,
        "created_at": created_at,
        "version": 1,
    }
    lot_rows: _Rows = []
    assay_rows: _Rows = []
    for lot_id, lot in zip(identifiers, lots, strict=True):
        row = new_lot | asdict(lot)
        row["id"] = lot_id
        if (assay := lot.assay) is not None:
            assay_id = AssayId(new_id())
            assay_rows.append(asdict(assay) | {"id": assay_id, "lot_id": lot_id, "created_at": created_at})
            row["current_assay"] = assay.current
            row["current_assay_id"] = assay_id
            row["current_assay_on"] = assay.sampled_on
        lot_rows.append(row)
    return lot_rows, assay_rows
