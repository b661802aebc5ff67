"""Tables of organisations, their sites, what each site generates and what it can use."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NewType
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, Float, ForeignKey, Index, Integer, String, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from app.auth.actor import OrganisationId
from app.core.clock import now
from app.core.database import Base, new_id
from app.core.quantities import TonnesType

SiteId = NewType("SiteId", UUID)


class OrganisationStatus(StrEnum):
    """Where an organisation stands: approved by the operator or not."""

    PENDING = "pending"
    ACTIVE = "active"
    SUSPENDED = "suspended"


class Organisation(Base):
    """A company or an authority; a credit code is unique among approved organisations only."""

    __tablename__ = "organisations"
    __table_args__ = (
        Index(
            "uq_organisations_credit_code_approved",
            "credit_code",
            unique=True,
            sqlite_where=text("status <> 'pending'"),
            postgresql_where=text("status <> 'pending'"),
        ),
        CheckConstraint("status IN ('pending', 'active', 'suspended')", name="status_known"),
    )

    id: Mapped[OrganisationId] = mapped_column(Uuid, primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(200))
    credit_code: Mapped[str | None] = mapped_column(String(18))
    roles: Mapped[list[str]] = mapped_column(JSON)
    contact_email: Mapped[str | None] = mapped_column(String(254))
    status: Mapped[str] = mapped_column(String(20), default=OrganisationStatus.PENDING)
    jurisdiction: Mapped[str | None] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(default=now)
    version: Mapped[int] = mapped_column(Integer, default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - read by SQLAlchemy as a class attribute


class Site(Base):
    """A plant gate: position in WGS-84, with the pair as given kept beside it."""

    __tablename__ = "sites"
    __table_args__ = (
        Index("ix_sites_position", "latitude", "longitude"),
        CheckConstraint("latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180", name="position_on_earth"),
    )

    id: Mapped[SiteId] = mapped_column(Uuid, primary_key=True, default=new_id)
    organisation_id: Mapped[OrganisationId] = mapped_column(ForeignKey("organisations.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    latitude: Mapped[float] = mapped_column(Float(53))
    longitude: Mapped[float] = mapped_column(Float(53))
    given_datum: Mapped[str] = mapped_column(String(10), default="wgs84")
    given_latitude: Mapped[float] = mapped_column(Float(53))
    given_longitude: Mapped[float] = mapped_column(Float(53))
    district_code: Mapped[str | None] = mapped_column(String(40), index=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    version: Mapped[int] = mapped_column(Integer, default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - read by SQLAlchemy as a class attribute


class SiteStream(Base):
    """What the statutory ledger tables say of one material at one site."""

    __tablename__ = "site_streams"

    site_id: Mapped[SiteId] = mapped_column(ForeignKey("sites.id"), primary_key=True)
    material: Mapped[str] = mapped_column(String(80), primary_key=True)
    waste_code: Mapped[str | None] = mapped_column(String(20))
    waste_class: Mapped[str | None] = mapped_column(String(10))
    generation_step: Mapped[str | None] = mapped_column(String(200))
    physical_state: Mapped[str | None] = mapped_column(String(80))
    main_components: Mapped[str | None] = mapped_column(String(2000))
    pollution_characteristics: Mapped[str | None] = mapped_column(String(2000))
    facilities: Mapped[str | None] = mapped_column(String(2000))
    version: Mapped[int] = mapped_column(Integer, default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - read by SQLAlchemy as a class attribute


class SiteCapacity(Base):
    """What the approved plant of a site can take for one use in a year, as received: judged by the anomalies."""

    __tablename__ = "site_capacities"
    __table_args__ = (CheckConstraint("capacity_kg_per_year > 0", name="capacity_positive"),)

    site_id: Mapped[SiteId] = mapped_column(ForeignKey("sites.id"), primary_key=True)
    use: Mapped[str] = mapped_column(String(80), primary_key=True)
    capacity_t_per_year: Mapped[Decimal] = mapped_column("capacity_kg_per_year", TonnesType)
    valid_from: Mapped[date | None]
    permit_no: Mapped[str | None] = mapped_column(String(200))
    version: Mapped[int] = mapped_column(Integer, default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - read by SQLAlchemy as a class attribute
