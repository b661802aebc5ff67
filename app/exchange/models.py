"""Tables of agreements, shipments with their corrections, and utilisations."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, NewType
from uuid import UUID

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    String,
    UniqueConstraint,
    Uuid,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.auth.actor import OrganisationId
from app.core.clock import now
from app.core.database import Base, new_id
from app.core.quantities import ZERO, TonnesType, YuanType
from app.demands.models import DemandId
from app.lots.models import LotId
from app.organisations.models import SiteId

AgreementId = NewType("AgreementId", UUID)
ShipmentId = NewType("ShipmentId", UUID)
CorrectionId = NewType("CorrectionId", UUID)
UtilisationId = NewType("UtilisationId", UUID)


class Agreement(Base):
    """Tonnes of one lot promised to one site; accepted, it reserves quantity − shipped on the lot.

    A recurring one promises `quantity_t` in every month of its days; `shipped_t` is that of all months.
    """

    __tablename__ = "agreements"
    __table_args__ = (
        CheckConstraint("quantity_kg > 0 AND shipped_kg >= 0", name="amounts_not_negative"),
        # Those whose days are over: what they have not shipped is to be released.
        Index(
            "ix_agreements_accepted_ends_on",
            "ends_on",
            sqlite_where=text("status = 'accepted'"),
            postgresql_where=text("status = 'accepted'"),
        ),
        Index("ix_agreements_producer_organisation_id_id", "producer_organisation_id", "id"),
        Index("ix_agreements_recycler_organisation_id_id", "recycler_organisation_id", "id"),
    )

    id: Mapped[AgreementId] = mapped_column(Uuid, primary_key=True, default=new_id)
    lot_id: Mapped[LotId] = mapped_column(ForeignKey("lots.id"), index=True)
    demand_id: Mapped[DemandId | None] = mapped_column(ForeignKey("demands.id"), index=True)
    material: Mapped[str] = mapped_column(String(80))
    origin_site_id: Mapped[SiteId] = mapped_column(ForeignKey("sites.id"))
    destination_site_id: Mapped[SiteId] = mapped_column(ForeignKey("sites.id"))
    producer_organisation_id: Mapped[OrganisationId] = mapped_column(ForeignKey("organisations.id"))
    recycler_organisation_id: Mapped[OrganisationId] = mapped_column(ForeignKey("organisations.id"))
    proposed_by: Mapped[OrganisationId] = mapped_column(ForeignKey("organisations.id"))
    quantity_t: Mapped[Decimal] = mapped_column("quantity_kg", TonnesType)
    is_recurring: Mapped[bool] = mapped_column(default=False, server_default=false())
    shipped_t: Mapped[Decimal] = mapped_column("shipped_kg", TonnesType, default=ZERO)
    price_cny_per_t: Mapped[Decimal] = mapped_column("price_fen_per_t", YuanType)
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    expires_at: Mapped[datetime | None]
    status: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime] = mapped_column(default=now)
    accepted_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(Integer, default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - read by SQLAlchemy as a class attribute


class AgreementMonth(Base):
    """What of a recurring agreement was shipped in one calendar month; written when first needed."""

    __tablename__ = "agreement_months"
    __table_args__ = (CheckConstraint("shipped_kg >= 0", name="shipped_not_negative"),)

    agreement_id: Mapped[AgreementId] = mapped_column(ForeignKey("agreements.id"), primary_key=True)
    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    shipped_t: Mapped[Decimal] = mapped_column("shipped_kg", TonnesType, default=ZERO)


class Shipment(Base):
    """One load with one weighbridge ticket, weighed at both gates."""

    __tablename__ = "shipments"
    __table_args__ = (
        CheckConstraint("net_kg > 0", name="net_positive"),
        CheckConstraint(
            "accepted_kg IS NULL OR accepted_kg + refused_kg = received_net_kg", name="accepted_and_refused_are_net"
        ),
        Index(
            "uq_shipments_origin_site_id_ticket_no",
            "origin_site_id",
            "ticket_no",
            unique=True,
            sqlite_where=text("status <> 'voided'"),
            postgresql_where=text("status <> 'voided'"),
        ),
        # The loads of a site in a month: statutory table 3.
        Index("ix_shipments_origin_site_id_dispatched_at", "origin_site_id", "dispatched_at"),
        # The few loads that inspectors ask for.
        Index(
            "ix_shipments_disputed",
            "id",
            sqlite_where=text("disputed IS 1"),
            postgresql_where=text("disputed IS true"),
        ),
        Index(
            "ix_shipments_dispatched_beyond",
            "id",
            sqlite_where=text("dispatched_beyond_kg > 0"),
            postgresql_where=text("dispatched_beyond_kg > 0"),
        ),
        Index("ix_shipments_producer_organisation_id_id", "producer_organisation_id", "id"),
        Index("ix_shipments_recycler_organisation_id_id", "recycler_organisation_id", "id"),
    )

    id: Mapped[ShipmentId] = mapped_column(Uuid, primary_key=True, default=new_id)
    agreement_id: Mapped[AgreementId] = mapped_column(ForeignKey("agreements.id"), index=True)
    material: Mapped[str] = mapped_column(String(80))
    origin_site_id: Mapped[SiteId] = mapped_column(ForeignKey("sites.id"))
    destination_site_id: Mapped[SiteId] = mapped_column(ForeignKey("sites.id"))
    producer_organisation_id: Mapped[OrganisationId] = mapped_column(ForeignKey("organisations.id"))
    recycler_organisation_id: Mapped[OrganisationId] = mapped_column(ForeignKey("organisations.id"))
    ticket_no: Mapped[str] = mapped_column(String(80))
    vehicle_plate: Mapped[str] = mapped_column(String(20))
    dispatched_at: Mapped[datetime]
    gross_t: Mapped[Decimal | None] = mapped_column("gross_kg", TonnesType)
    tare_t: Mapped[Decimal | None] = mapped_column("tare_kg", TonnesType)
    net_t: Mapped[Decimal] = mapped_column("net_kg", TonnesType)
    moisture_pct: Mapped[Decimal | None] = mapped_column(Numeric(9, 6))
    stock_year: Mapped[int | None] = mapped_column(comment="null: fresh waste of the year of dispatch")
    carrier: Mapped[str | None] = mapped_column(String(200))
    driver_name: Mapped[str | None] = mapped_column(String(80))
    driver_phone: Mapped[str | None] = mapped_column(String(40))
    handler: Mapped[str | None] = mapped_column(String(80))
    transport_mode: Mapped[str | None] = mapped_column(String(40))
    dispatched_beyond_t: Mapped[Decimal] = mapped_column("dispatched_beyond_kg", TonnesType, default=ZERO)
    status: Mapped[str] = mapped_column(String(20))
    received_at: Mapped[datetime | None]
    received_gross_t: Mapped[Decimal | None] = mapped_column("received_gross_kg", TonnesType)
    received_tare_t: Mapped[Decimal | None] = mapped_column("received_tare_kg", TonnesType)
    received_net_t: Mapped[Decimal | None] = mapped_column("received_net_kg", TonnesType)
    accepted_t: Mapped[Decimal | None] = mapped_column("accepted_kg", TonnesType)
    refused_t: Mapped[Decimal | None] = mapped_column("refused_kg", TonnesType)
    reason: Mapped[str | None] = mapped_column(String(2000))
    disputed: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=now)
    version: Mapped[int] = mapped_column(Integer, default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - read by SQLAlchemy as a class attribute


class Correction(Base):
    """New values for a load, proposed by one side; the old ones stand beside them for ever.

    `changes` and `before` map names of the shipment's fields to values as JSON shows them. What it posts when it is
    approved has it as its source.
    """

    __tablename__ = "corrections"
    __table_args__ = (
        CheckConstraint("status IN ('pending', 'approved', 'rejected')", name="status_known"),
        Index(
            "uq_corrections_pending",
            "shipment_id",
            unique=True,
            sqlite_where=text("status = 'pending'"),
            postgresql_where=text("status = 'pending'"),
        ),
        Index("ix_corrections_shipment_id_id", "shipment_id", "id"),
    )

    id: Mapped[CorrectionId] = mapped_column(Uuid, primary_key=True, default=new_id)
    shipment_id: Mapped[ShipmentId] = mapped_column(ForeignKey("shipments.id"))
    proposed_by: Mapped[OrganisationId] = mapped_column(ForeignKey("organisations.id"))
    comment: Mapped[str] = mapped_column(String(2000))
    changes: Mapped[dict[str, Any]] = mapped_column(JSON)
    before: Mapped[dict[str, Any]] = mapped_column(JSON)
    status: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime] = mapped_column(default=now)
    decided_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(Integer, default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - read by SQLAlchemy as a class attribute


class Utilisation(Base):
    """A batch of use at a recycler's site: this, and nothing before it, counts as utilised."""

    __tablename__ = "utilisations"
    __table_args__ = (
        CheckConstraint("quantity_kg > 0", name="quantity_positive"),
        UniqueConstraint("site_id", "batch_no"),
        # What a site used in a year, against its capacity.
        Index("ix_utilisations_site_id_use_utilised_on", "site_id", "use", "utilised_on"),
        Index("ix_utilisations_organisation_id_id", "organisation_id", "id"),
    )

    id: Mapped[UtilisationId] = mapped_column(Uuid, primary_key=True, default=new_id)
    organisation_id: Mapped[OrganisationId] = mapped_column(ForeignKey("organisations.id"))
    site_id: Mapped[SiteId] = mapped_column(ForeignKey("sites.id"))
    material: Mapped[str] = mapped_column(String(80))
    utilised_on: Mapped[date]
    quantity_t: Mapped[Decimal] = mapped_column("quantity_kg", TonnesType)
    use: Mapped[str] = mapped_column(String(80))
    batch_no: Mapped[str] = mapped_column(String(80))
    product: Mapped[str | None] = mapped_column(String(200))
    product_t: Mapped[Decimal | None] = mapped_column("product_kg", TonnesType)
    status: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime] = mapped_column(default=now)
    version: Mapped[int] = mapped_column(Integer, default=1)
    draws: Mapped[list["UtilisationDraw"]] = relationship(lazy="selectin", order_by="UtilisationDraw.shipment_id")

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - read by SQLAlchemy as a class attribute


class UtilisationDraw(Base):
    """What a utilisation took from one received load."""

    __tablename__ = "utilisation_draws"

    utilisation_id: Mapped[UtilisationId] = mapped_column(ForeignKey("utilisations.id"), primary_key=True)
    shipment_id: Mapped[ShipmentId] = mapped_column(ForeignKey("shipments.id"), primary_key=True)
    quantity_t: Mapped[Decimal] = mapped_column("quantity_kg", TonnesType)
