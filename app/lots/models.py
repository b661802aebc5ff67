"""Tables of lots and their assays, and of the ranges of values seen."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, NewType
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, Float, ForeignKey, Index, Integer, String, Text, Uuid, false, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column

from app.auth.actor import OrganisationId
from app.core.clock import now
from app.core.database import Base, new_id
from app.core.quantities import ZERO, TonnesType, YuanType
from app.organisations.models import SiteId

LotId = NewType("LotId", UUID)
AssayId = NewType("AssayId", UUID)
_ASSAY_JSON = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


class LotStatus(StrEnum):
    """Where a lot stands; `expired` is never stored: a lot expires by its `available_to`."""

    OPEN = "open"
    EXHAUSTED = "exhausted"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class Lot(Base):
    """Tonnes of one material on offer at one site; `current_assay` maps parameter to value in canonical unit.

    A recurring one offers `quantity_t` in every month of its days; what of a month is taken stands in `lot_months`, and
    its own `reserved_t` and `shipped_t` stay 0.
    """

    __tablename__ = "lots"
    __table_args__ = (
        CheckConstraint("quantity_kg > 0", name="quantity_positive"),
        CheckConstraint("reserved_kg >= 0 AND shipped_kg >= 0", name="parts_not_negative"),
        CheckConstraint("reserved_kg + shipped_kg <= quantity_kg", name="never_oversold"),
        CheckConstraint("status IN ('open', 'exhausted', 'withdrawn')", name="status_known"),
        Index(
            "ix_lots_open_site_material",
            "site_id",
            "material",
            sqlite_where=text("status = 'open'"),
            postgresql_where=text("status = 'open'"),
        ),
        # The least price of a material: how far away a lot can still be the cheaper one.
        Index(
            "ix_lots_open_material_price",
            "material",
            "price_fen_per_t",
            sqlite_where=text("status = 'open'"),
            postgresql_where=text("status = 'open'"),
        ),
        Index("ix_lots_organisation_id_id", "organisation_id", "id"),
    )

    id: Mapped[LotId] = mapped_column(Uuid, primary_key=True, default=new_id)
    organisation_id: Mapped[OrganisationId] = mapped_column(ForeignKey("organisations.id"))
    site_id: Mapped[SiteId] = mapped_column(ForeignKey("sites.id"))
    material: Mapped[str] = mapped_column(String(80))
    quantity_t: Mapped[Decimal] = mapped_column("quantity_kg", TonnesType)
    is_recurring: Mapped[bool] = mapped_column(default=False, server_default=false())
    reserved_t: Mapped[Decimal] = mapped_column("reserved_kg", TonnesType, default=ZERO)
    shipped_t: Mapped[Decimal] = mapped_column("shipped_kg", TonnesType, default=ZERO)
    min_order_t: Mapped[Decimal | None] = mapped_column("min_order_kg", TonnesType)
    available_from: Mapped[date]
    available_to: Mapped[date]
    price_cny_per_t: Mapped[Decimal] = mapped_column("price_fen_per_t", YuanType)
    origin_process: Mapped[str | None] = mapped_column(String(80))
    stock_year: Mapped[int | None]
    status: Mapped[str] = mapped_column(String(20), default=LotStatus.OPEN)
    current_assay: Mapped[dict[str, Any] | None] = mapped_column(_ASSAY_JSON)
    current_assay_id: Mapped[AssayId | None] = mapped_column(Uuid)
    current_assay_on: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    version: Mapped[int] = mapped_column(Integer, default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - read by SQLAlchemy as a class attribute

    @hybrid_property
    def available_t(self) -> Decimal:
        """Tonnes neither reserved nor shipped; of a recurring lot see its months."""
        return self.quantity_t - self.reserved_t - self.shipped_t


class LotMonth(Base):
    """What a recurring lot offers in one calendar month; written, under the lock of the lot, when first needed."""

    __tablename__ = "lot_months"
    __table_args__ = (
        CheckConstraint("reserved_kg >= 0 AND shipped_kg >= 0", name="parts_not_negative"),
        CheckConstraint("reserved_kg + shipped_kg <= quantity_kg", name="never_oversold"),
    )

    lot_id: Mapped[LotId] = mapped_column(ForeignKey("lots.id"), primary_key=True)
    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    quantity_t: Mapped[Decimal] = mapped_column("quantity_kg", TonnesType)
    reserved_t: Mapped[Decimal] = mapped_column("reserved_kg", TonnesType, default=ZERO)
    shipped_t: Mapped[Decimal] = mapped_column("shipped_kg", TonnesType, default=ZERO)

    @hybrid_property
    def available_t(self) -> Decimal:
        """Tonnes neither reserved nor shipped."""
        return self.quantity_t - self.reserved_t - self.shipped_t


class ParameterRange(Base):
    """The lowest and the highest number that any assay of a material has given for a parameter; it only widens."""

    __tablename__ = "parameter_ranges"
    __table_args__ = (CheckConstraint("lowest <= highest", name="range_not_reversed"),)

    material: Mapped[str] = mapped_column(String(80), primary_key=True)
    parameter: Mapped[str] = mapped_column(String(80), primary_key=True)
    lowest: Mapped[float] = mapped_column(Float(53))
    highest: Mapped[float] = mapped_column(Float(53))


class Assay(Base):
    """One laboratory report on a lot; it never changes.

    `results` is the JSON of its values as they are answered, each as given and in the catalogue's unit and basis: they
    are read whole or not at all, and text goes into an answer as it is. What the search compares stands on the lot.
    """

    __tablename__ = "assays"

    id: Mapped[AssayId] = mapped_column(Uuid, primary_key=True, default=new_id)
    lot_id: Mapped[LotId] = mapped_column(ForeignKey("lots.id"), index=True)
    sampled_on: Mapped[date]
    laboratory: Mapped[str | None] = mapped_column(String(200))
    report_no: Mapped[str | None] = mapped_column(String(200))
    results: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(default=now)
