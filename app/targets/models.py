"""Tables of the targets that authorities set, and of the values that they enter of indicators."""

from datetime import date, datetime
from decimal import Decimal
from typing import NewType
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, Numeric, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.auth.actor import OrganisationId
from app.core.clock import now
from app.core.database import Base, new_id

TargetId = NewType("TargetId", UUID)
TargetValueId = NewType("TargetValueId", UUID)


class AuthorityTarget(Base):
    """A utilisation rate that an authority wants reached in a year; it never changes.

    `district` is a district key or its leading digits, null the whole country; `materials` null are the bulk streams.
    """

    __tablename__ = "targets"
    __table_args__ = (CheckConstraint("rate_pct > 0 AND rate_pct <= 100", name="rate_possible"),)

    id: Mapped[TargetId] = mapped_column(Uuid, primary_key=True, default=new_id)
    organisation_id: Mapped[OrganisationId] = mapped_column(ForeignKey("organisations.id"))
    name: Mapped[str] = mapped_column(String(200))
    district: Mapped[str | None] = mapped_column(String(40), index=True)
    materials: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    rate_pct: Mapped[Decimal] = mapped_column(Numeric(9, 6))
    target_year: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(default=now)


class TargetValue(Base):
    """What an indicator of a plan stood at on a day, by a source; of one day the last entered counts."""

    __tablename__ = "target_values"
    __table_args__ = (Index("ix_target_values_target_holds_on_id", "target", "holds_on", "id"),)

    id: Mapped[TargetValueId] = mapped_column(Uuid, primary_key=True, default=new_id)
    target: Mapped[str] = mapped_column(String(80), comment="key of the catalogue's target")
    organisation_id: Mapped[OrganisationId] = mapped_column(ForeignKey("organisations.id"))
    value: Mapped[Decimal] = mapped_column(Numeric(15, 4))
    holds_on: Mapped[date]
    source: Mapped[str] = mapped_column(String(500))
    created_at: Mapped[datetime] = mapped_column(default=now)
