"""Lots and assays as they are answered: JSON written straight from rows, for a page holds thousands of values."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.core.clock import month_of
from app.core.documents import Document, written_part
from app.lots.lifecycle import month_in_question, status_on
from app.lots.models import Assay, Lot
from app.lots.months import Taken, load_taken, shown_months
from app.organisations.models import Organisation, Site

# Columns of the tables, not attributes of entities: rows come as they are, without the detour of loading objects.
_LOTS, _SITES, _ORGANISATIONS, _ASSAYS = (entity.__table__.c for entity in (Lot, Site, Organisation, Assay))
_COLUMNS = (
    *(_LOTS.id, _LOTS.organisation_id, _LOTS.material, _LOTS.status, _LOTS.site_id, _LOTS.stock_year),
    *(_LOTS.available_from, _LOTS.available_to, _LOTS.origin_process, _LOTS.created_at, _LOTS.version),
    _LOTS.quantity_kg.label("quantity_t"),
    _LOTS.is_recurring,
    _LOTS.reserved_kg.label("reserved_t"),
    _LOTS.shipped_kg.label("shipped_t"),
    _LOTS.min_order_kg.label("min_order_t"),
    _LOTS.price_fen_per_t.label("price_cny_per_t"),
    *(_LOTS.current_assay, _LOTS.current_assay_on),
    *(_SITES.name.label("site_name"), _SITES.latitude, _SITES.longitude, _SITES.district_code),
    _ORGANISATIONS.name.label("organisation_name"),
    *(_ASSAYS.id.label("assay_id"), _ASSAYS.laboratory, _ASSAYS.report_no, _ASSAYS.results),
    _ASSAYS.created_at.label("assay_created_at"),
)


def select_lots(*columns: Any) -> Select[Any]:  # noqa: ANN401 - columns of whatever it is joined with
    """Return the statement of lots with site, owner and current assay, and of further columns."""
    return (
        select(*_COLUMNS, *columns)
        .join_from(Lot, Site, Site.id == Lot.site_id)
        .join(Organisation, Organisation.id == Lot.organisation_id)
        .outerjoin(Assay, Assay.id == Lot.current_assay_id)
    )


def describe_lots(session: Session, rows: Sequence[Any], today: date, month: str | None = None) -> list[Document]:
    """Return lots as `LotRead` has them, recurring ones as of a month (the current one), from rows of `select_lots`."""
    asked = month or month_of(today)
    taken = load_taken(session, rows, asked)
    return [describe_lot(row, today, asked, taken) for row in rows]


def describe_lot(row: Any, today: date, month: str, taken: Taken) -> Document:  # noqa: ANN401 - a row of `select_lots`
    """Return a lot as `LotRead` has it."""
    return {
        "id": row.id,
        "material": row.material,
        "status": status_on(row.status, row.available_to, today),
        **(_monthly(row, month, taken) if row.is_recurring else _once(row)),
        "min_order_t": row.min_order_t,
        "available_from": row.available_from,
        "available_to": row.available_to,
        "price_cny_per_t": row.price_cny_per_t,
        "origin": None if row.origin_process is None else {"process": row.origin_process},
        "stock_year": row.stock_year,
        "assay": None if row.assay_id is None else _describe_current_assay(row),
        "site": {
            "id": row.site_id,
            "name": row.site_name,
            "latitude": row.latitude,
            "longitude": row.longitude,
            "district_code": row.district_code,
        },
        "organisation": {"id": row.organisation_id, "name": row.organisation_name},
        "created_at": row.created_at,
        "version": row.version,
    }


def _once(row: Any) -> Document:  # noqa: ANN401 - as above
    return {
        "quantity_t": row.quantity_t,
        "recurring": None,
        "available_t": row.quantity_t - row.reserved_t - row.shipped_t,
        "available_by_month": None,
        "reserved_t": row.reserved_t,
        "shipped_t": row.shipped_t,
    }


def _monthly(row: Any, month: str, taken: Taken) -> Document:  # noqa: ANN401 - as above
    available, reserved, shipped = taken.parts_of(row, month_in_question(row, month))
    return {
        "quantity_t": None,
        "recurring": {"per": "month", "quantity_t": row.quantity_t},
        "available_t": available,
        "available_by_month": [
            {"month": shown, "available_t": taken.parts_of(row, shown)[0]} for shown in shown_months()
        ],
        "reserved_t": reserved,
        "shipped_t": shipped,
    }


def _describe_current_assay(row: Any) -> Document:  # noqa: ANN401 - a row of `select_lots`
    return {
        "id": row.assay_id,
        "sampled_on": row.current_assay_on,
        "laboratory": row.laboratory,
        "report_no": row.report_no,
        "results": written_part(row.results),
        "created_at": row.assay_created_at,
    }


def describe_assay(assay: Assay) -> Document:
    """Return an assay as `AssayRead` has it."""
    return {
        "id": assay.id,
        "sampled_on": assay.sampled_on,
        "laboratory": assay.laboratory,
        "report_no": assay.report_no,
        "results": written_part(assay.results),
        "created_at": assay.created_at,
    }
