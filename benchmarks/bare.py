"""A bare FastAPI + SQLAlchemy application on the same tables, as a tutorial would write it: no keys, no rules."""

import sys
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import uvicorn
from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel, ConfigDict, Json
from sqlalchemy.orm import Session

import app.tables  # noqa: F401 - foreign keys resolve once every table is known
from app.core.database import Database
from app.lots.models import Assay, Lot, LotId
from app.organisations.models import Organisation, Site


class _Body(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class LotRow(_Body):
    """The columns of a lot."""

    id: UUID
    organisation_id: UUID
    site_id: UUID
    material: str
    quantity_t: Decimal
    reserved_t: Decimal
    shipped_t: Decimal
    min_order_t: Decimal | None
    available_from: date
    available_to: date
    price_cny_per_t: Decimal
    origin_process: str | None
    stock_year: int | None
    status: str
    current_assay: dict[str, Any] | None
    created_at: datetime
    version: int


class _Given(_Body):
    value: str
    unit: str | None
    basis: str | None


class _Result(_Body):
    parameter: str
    value: float | str | bool
    unit: str
    basis: str
    derived: bool
    given: _Given | None


class _Assay(_Body):
    id: UUID
    sampled_on: date
    laboratory: str | None
    report_no: str | None
    created_at: datetime
    results: Json[list[_Result]]


class _Site(_Body):
    id: UUID
    name: str
    latitude: float
    longitude: float
    district_code: str | None


class _Organisation(_Body):
    id: UUID
    name: str


class LotWhole(LotRow):
    """A lot with all that the exchange answers of it."""

    site: _Site
    organisation: _Organisation
    assay: _Assay


def create_app(url: str) -> FastAPI:
    """Return the application over a database."""
    database = Database(url)
    bare = FastAPI()

    def session() -> Iterator[Session]:
        with database.read() as opened:
            yield opened

    reading = Annotated[Session, Depends(session)]

    @bare.get("/lots/{lot_id}/row")
    def read_row(lot_id: UUID, session: reading) -> LotRow:
        return LotRow.model_validate(_find(session, lot_id))

    @bare.get("/lots/{lot_id}")
    def read_whole(lot_id: UUID, session: reading) -> LotWhole:
        lot = _find(session, lot_id)
        return LotWhole(
            **LotRow.model_validate(lot).model_dump(),
            site=_Site.model_validate(session.get(Site, lot.site_id)),
            organisation=_Organisation.model_validate(session.get(Organisation, lot.organisation_id)),
            assay=_Assay.model_validate(session.get(Assay, lot.current_assay_id)),
        )

    return bare


def _find(session: Session, lot_id: UUID) -> Lot:
    lot = session.get(Lot, LotId(lot_id))
    if lot is None:
        raise HTTPException(404)
    return lot


if __name__ == "__main__":
    uvicorn.run(create_app(sys.argv[1]), host="127.0.0.1", port=int(sys.argv[2]))
