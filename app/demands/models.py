"""Table of demands: what a recycler's site needs, and on which terms."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, NewType
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, Float, ForeignKey, Index, Integer, String, Uuid, false
from sqlalchemy.orm import Mapped, mapped_column

from app.auth.actor import OrganisationId
from app.core.clock import now
from app.core.database import Base, new_id
from app.core.quantities import FreightRateType, TonnesType, YuanType
from app.organisations.models import SiteId

DemandId = NewType("DemandId", UUID)


class DemandStatus(StrEnum):
    """Where a demand stands; `expired` is never stored: a demand expires by its `needed_to`."""

    OPEN = "open"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class Demand(Base):
    """A standing need; `criteria` holds the recycler's own limits, `grade` pins one edition of a standard.

    A recurring one needs `quantity_t` in every month.
    """

    __tablename__ = "demands"
    __table_args__ = (
        CheckConstraint("quantity_kg > 0", name="quantity_positive"),
        CheckConstraint("status IN ('open', 'withdrawn')", name="status_known"),
        CheckConstraint("freight_cny_e4_per_t_km BETWEEN 0 AND 100000", name="freight_rate_in_range"),
        CheckConstraint("freight_fixed_fen_per_t BETWEEN 0 AND 1000000", name="freight_fixed_in_range"),
        Index("ix_demands_organisation_id_id", "organisation_id", "id"),
        Index("ix_demands_site_id_status", "site_id", "status"),
    )

    id: Mapped[DemandId] = mapped_column(Uuid, primary_key=True, default=new_id)
    organisation_id: Mapped[OrganisationId] = mapped_column(ForeignKey("organisations.id"))
    site_id: Mapped[SiteId] = mapped_column(ForeignKey("sites.id"))
    use: Mapped[str] = mapped_column(String(80))
    materials: Mapped[list[str]] = mapped_column(JSON)
    grade: Mapped[str | None] = mapped_column(String(80))
    criteria: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    quantity_t: Mapped[Decimal] = mapped_column("quantity_kg", TonnesType)
    is_recurring: Mapped[bool] = mapped_column(default=False, server_default=false())
    needed_from: Mapped[date]
    needed_to: Mapped[date]
    max_distance_km: Mapped[float | None] = mapped_column(Float(53))
    max_delivered_cny_per_t: Mapped[Decimal | None] = mapped_column("max_delivered_fen_per_t", YuanType)
    freight_cny_per_t_km: Mapped[Decimal | None] = mapped_column("freight_cny_e4_per_t_km", FreightRateType)
    freight_fixed_cny_per_t: Mapped[Decimal | None] = mapped_column("freight_fixed_fen_per_t", YuanType)
    accept_unknown: Mapped[bool] = mapped_column(default=True)
    end_product: Mapped[str | None] = mapped_column(String(80))
    status: Mapped[str] = mapped_column(String(20), default=DemandStatus.OPEN)
    created_at: Mapped[datetime] = mapped_column(default=now)
    version: Mapped[int] = mapped_column(Integer, default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - read by SQLAlchemy as a class attribute
