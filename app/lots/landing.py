"""Lots in bulk: bodies that are checked already become rows here, stored in few statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.auth.actor import OrganisationId
from app.core.bulk import insert_rows
from app.core.clock import now
from app.core.database import new_id
from app.core.quantities import ZERO
from app.lots.assays import Measured, current_values
from app.lots.models import Assay, AssayId, AssayResult, Lot, LotId, LotStatus
from app.lots.schemas import LotPost


@dataclass(frozen=True)
class CheckedAssay:
    """A laboratory report with its results in the catalogue's unit and basis."""

    sampled_on: date
    laboratory: str | None
    report_no: str | None
    current: dict[str, float | str | bool]
    results: list[Measured]


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
        assay = CheckedAssay(report.sampled_on, report.laboratory, report.report_no, current, measured)
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


def land_lots(session: Session, organisation_id: OrganisationId, lots: Sequence[CheckedLot]) -> list[LotId]:
    """Store lots with their assays at sites that are the organisation's; return their ids in the same order."""
    identifiers = [LotId(new_id()) for _ in lots]
    lot_rows, assay_rows, result_rows = _rows(organisation_id, lots, identifiers)
    insert_rows(session, Lot, lot_rows)
    insert_rows(session, Assay, assay_rows)
    insert_rows(session, AssayResult, result_rows)
    return identifiers


_Rows = list[dict[str, Any]]


def _rows(
    organisation_id: OrganisationId, lots: Sequence[CheckedLot], identifiers: Sequence[LotId]
) -> tuple[_Rows, _Rows, _Rows]:
    """Return the rows of lots, assays and results."""
    created_at = now()
    lot_rows: _Rows = []
    assay_rows: _Rows = []
    result_rows: _Rows = []
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
            result_rows += [
                {"assay_id": assay_id, "position": position, **vars(item)}
                for position, item in enumerate(assay.results)
            ]
    return lot_rows, assay_rows, result_rows
