"""Lots in bulk: bodies that are checked already become rows here, stored in few statements."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.auth.actor import Actor, OrganisationId
from app.core.bulk import insert_rows
from app.core.clock import now
from app.core.database import new_id
from app.core.quantities import ZERO
from app.events.record import record_events
from app.lots.events import lot_landed
from app.lots.measured import current_values, write_results
from app.lots.models import Assay, AssayId, Lot, LotId, LotStatus
from app.lots.ranges import Ranges, ranges_of, widen_ranges
from app.lots.schemas import LotPost


@dataclass(frozen=True)
class CheckedAssay:
    """A laboratory report; `results` is the JSON that `documents.write_results` makes."""

    sampled_on: date
    laboratory: str | None
    report_no: str | None
    current: dict[str, float | str | bool]
    results: str


@dataclass(frozen=True)
class CheckedLot:
    """An offer with all that its body alone can be checked for; plain values, so that it passes between processes."""

    site_id: UUID
    material: str
    quantity_t: Decimal
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
    measured = heard.get("measured", [])
    report = wish.assay
    assay = None
    if report is not None:
        current = current_values(measured)
        assay = CheckedAssay(report.sampled_on, report.laboratory, report.report_no, current, write_results(measured))
    return CheckedLot(
        site_id=wish.site_id,
        material=wish.material,
        quantity_t=wish.quantity_t,
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
    record_events(
        session,
        [lot_landed(actor, lot_id, lot.material, lot.site_id) for lot_id, lot in zip(identifiers, lots, strict=True)],
    )
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
    lot_rows: _Rows = []
    assay_rows: _Rows = []
    for lot_id, lot in zip(identifiers, lots, strict=True):
        assay, assay_id = lot.assay, None if lot.assay is None else AssayId(new_id())
        lot_rows.append(
            vars(lot)
            | {
                "id": lot_id,
                "organisation_id": organisation_id,
                "reserved_t": ZERO,
                "shipped_t": ZERO,
                "status": LotStatus.OPEN,
                "current_assay": None if assay is None else assay.current,
                "current_assay_id": assay_id,
                "current_assay_on": None if assay is None else assay.sampled_on,
                "created_at": created_at,
                "version": 1,
            }
        )
        if assay is not None:
            assay_rows.append(vars(assay) | {"id": assay_id, "lot_id": lot_id, "created_at": created_at})
    return lot_rows, assay_rows
