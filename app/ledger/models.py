"""Tables of the ledger: transactions, entries, what is derived from them, declarations, closed months."""

from datetime import date, datetime
from decimal import Decimal
from typing import NewType
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from app.auth.actor import OrganisationId
from app.core.clock import now
from app.core.database import Base, new_id
from app.core.quantities import ZERO, TonnesType
from app.organisations.models import SiteId

TransactionId = NewType("TransactionId", UUID)
DeclarationId = NewType("DeclarationId", UUID)
OpeningStockId = NewType("OpeningStockId", UUID)
PeriodId = NewType("PeriodId", UUID)


class LedgerTransaction(Base):
    """One posting: its source posts once, whatever is retried."""

    __tablename__ = "ledger_transactions"
    __table_args__ = (UniqueConstraint("source_type", "source_id"), Index("ix_ledger_transactions_month", "month"))

    id: Mapped[TransactionId] = mapped_column(Uuid, primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(String(20))
    occurred_on: Mapped[date]
    month: Mapped[str] = mapped_column(String(7))
    belongs_to: Mapped[str | None] = mapped_column(String(7), comment="the closed month of a late posting")
    source_type: Mapped[str] = mapped_column(String(40))
    source_id: Mapped[UUID] = mapped_column(Uuid)
    reversal_of: Mapped[TransactionId | None] = mapped_column(ForeignKey("ledger_transactions.id"))
    recorded_at: Mapped[datetime] = mapped_column(default=now)


class LedgerEntry(Base):
    """Signed tonnes of a transaction on one account; the entries of a transaction sum to zero."""

    __tablename__ = "ledger_entries"
    __table_args__ = (
        Index("ix_ledger_entries_site_id_id", "site_id", "id"),
        Index("ix_ledger_entries_origin_site_id_id", "origin_site_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    transaction_id: Mapped[TransactionId] = mapped_column(ForeignKey("ledger_transactions.id"), index=True)
    account: Mapped[str] = mapped_column(String(24))
    site_id: Mapped[SiteId] = mapped_column(ForeignKey("sites.id"))
    material: Mapped[str] = mapped_column(String(80))
    origin_site_id: Mapped[SiteId] = mapped_column(ForeignKey("sites.id"))
    stock_year: Mapped[int]
    use: Mapped[str] = mapped_column(String(80), default="")
    verified: Mapped[bool] = mapped_column(default=False)
    instead_of: Mapped[str] = mapped_column(String(24), default="", server_default="")
    quantity_t: Mapped[Decimal] = mapped_column("quantity_kg", TonnesType)


class Balance(Base):
    """Derived: tonnes on an account now. A physical stock is never below zero."""

    __tablename__ = "ledger_balances"
    __table_args__ = (
        CheckConstraint(
            "quantity_kg >= 0 OR account NOT IN ('storage', 'in_transit', 'received')", name="stock_not_negative"
        ),
        Index("ix_ledger_balances_origin_site_id", "origin_site_id"),
    )

    site_id: Mapped[SiteId] = mapped_column(ForeignKey("sites.id"), primary_key=True)
    account: Mapped[str] = mapped_column(String(24), primary_key=True)
    material: Mapped[str] = mapped_column(String(80), primary_key=True)
    origin_site_id: Mapped[SiteId] = mapped_column(ForeignKey("sites.id"), primary_key=True)
    stock_year: Mapped[int] = mapped_column(primary_key=True)
    quantity_t: Mapped[Decimal] = mapped_column("quantity_kg", TonnesType)


class MonthlyFlow(Base):
    """Derived: signed tonnes a month; statistics read these and never the entries. `site_id` is the place of use."""

    __tablename__ = "ledger_flows"
    __table_args__ = (
        Index("ix_ledger_flows_origin_site_id_month", "origin_site_id", "month"),
        # When a balance last moved.
        Index(
            "ix_ledger_flows_of_balance",
            *("site_id", "account", "material", "origin_site_id", "stock_year", "month"),
        ),
    )

    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    origin_site_id: Mapped[SiteId] = mapped_column(ForeignKey("sites.id"), primary_key=True)
    site_id: Mapped[SiteId] = mapped_column(ForeignKey("sites.id"), primary_key=True)
    material: Mapped[str] = mapped_column(String(80), primary_key=True)
    account: Mapped[str] = mapped_column(String(24), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    stock_year: Mapped[int] = mapped_column(primary_key=True)
    use: Mapped[str] = mapped_column(String(80), primary_key=True, default="")
    verified: Mapped[bool] = mapped_column(primary_key=True, default=False)
    #: The closed month of late postings; empty: its own.
    belongs_to: Mapped[str] = mapped_column(String(7), primary_key=True, default="", server_default="")
    instead_of: Mapped[str] = mapped_column(String(24), primary_key=True, default="", server_default="")
    quantity_t: Mapped[Decimal] = mapped_column("quantity_kg", TonnesType)


class LedgerHead(Base):
    """Up to which month the ledger is closed, in one row; whoever posts holds its lock in share mode until the commit.

    A closing takes the row for itself: it waits for the postings under way, and those after it see the new month.
    """

    __tablename__ = "ledger_head"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    closed_to: Mapped[str] = mapped_column(String(7), comment="YYYY-MM; empty: no month is closed")


class Period(Base):
    """A closed month, with the digest of its flows, which never change again."""

    __tablename__ = "ledger_periods"

    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    id: Mapped[PeriodId] = mapped_column(Uuid, unique=True, default=new_id)
    closed_at: Mapped[datetime] = mapped_column(default=now)
    closed_by: Mapped[OrganisationId] = mapped_column(ForeignKey("organisations.id"))
    flows: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))


class OriginMonth(Base):
    """Derived: the mass balance of one origin's material in one month, by the figures of `origin_months`.

    However many loads there are, a city has a row for each stream and month. The key begins as statistics group.
    """

    __tablename__ = "ledger_origin_months"
    __table_args__ = ({"sqlite_with_rowid": False},)

    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    material: Mapped[str] = mapped_column(String(80), primary_key=True)
    origin_site_id: Mapped[SiteId] = mapped_column(ForeignKey("sites.id"), primary_key=True)
    generated_t: Mapped[Decimal] = mapped_column("generated_kg", TonnesType)
    generated_on_dispatch_t: Mapped[Decimal] = mapped_column("generated_on_dispatch_kg", TonnesType)
    utilised_t: Mapped[Decimal] = mapped_column("utilised_kg", TonnesType)
    utilised_from_prior_t: Mapped[Decimal] = mapped_column("utilised_from_prior_kg", TonnesType)
    verified_use_t: Mapped[Decimal] = mapped_column("verified_use_kg", TonnesType)
    verified_use_from_prior_t: Mapped[Decimal] = mapped_column("verified_use_from_prior_kg", TonnesType)
    off_exchange_use_t: Mapped[Decimal] = mapped_column("off_exchange_use_kg", TonnesType)
    off_exchange_use_from_prior_t: Mapped[Decimal] = mapped_column("off_exchange_use_from_prior_kg", TonnesType)
    stored_at_producer_t: Mapped[Decimal] = mapped_column("stored_at_producer_kg", TonnesType)
    in_transit_t: Mapped[Decimal] = mapped_column("in_transit_kg", TonnesType)
    held_by_recyclers_t: Mapped[Decimal] = mapped_column("held_by_recyclers_kg", TonnesType)
    weighing_difference_t: Mapped[Decimal] = mapped_column("weighing_difference_kg", TonnesType)
    disposed_t: Mapped[Decimal] = mapped_column("disposed_kg", TonnesType)
    disposed_from_prior_t: Mapped[Decimal] = mapped_column("disposed_from_prior_kg", TonnesType)
    discarded_t: Mapped[Decimal] = mapped_column("discarded_kg", TonnesType)
    prior_stock_adjustment_t: Mapped[Decimal] = mapped_column("prior_stock_adjustment_kg", TonnesType)
    opening_t: Mapped[Decimal] = mapped_column("opening_kg", TonnesType)
    closing_t: Mapped[Decimal] = mapped_column("closing_kg", TonnesType)
    dispatched_for_use_t: Mapped[Decimal] = mapped_column("dispatched_for_use_kg", TonnesType)
    dispatched_for_use_from_prior_t: Mapped[Decimal] = mapped_column("dispatched_for_use_from_prior_kg", TonnesType)


#: The figures of an origin's month, as attributes of OriginMonth.
ORIGIN_FIGURES = tuple(name for name in OriginMonth.__annotations__ if name.endswith("_t"))


class OriginYear(Base):
    """Derived: the figures of `YEAR_FIGURES` of one origin's material, summed over the months of a year.

    The stock at the start of a year is the sum of the years before it, however many months those have.
    """

    __tablename__ = "ledger_origin_years"
    __table_args__ = ({"sqlite_with_rowid": False},)

    material: Mapped[str] = mapped_column(String(80), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    origin_site_id: Mapped[SiteId] = mapped_column(ForeignKey("sites.id"), primary_key=True)
    utilised_t: Mapped[Decimal] = mapped_column("utilised_kg", TonnesType)
    verified_use_t: Mapped[Decimal] = mapped_column("verified_use_kg", TonnesType)
    closing_t: Mapped[Decimal] = mapped_column("closing_kg", TonnesType)


#: The figures of an origin's year: what the stock at its start is made of, on either basis.
YEAR_FIGURES = tuple(name for name in OriginYear.__annotations__ if name.endswith("_t"))


class ReceivedLoad(Base):
    """What of one received load is still unused at the recycler; use draws the oldest first."""

    __tablename__ = "received_loads"
    __table_args__ = (
        CheckConstraint("unused_kg >= 0", name="unused_not_negative"),
        Index("ix_received_loads_site_id_material_received_at", "site_id", "material", "received_at"),
    )

    shipment_id: Mapped[UUID] = mapped_column(ForeignKey("shipments.id"), primary_key=True)
    site_id: Mapped[SiteId] = mapped_column(ForeignKey("sites.id"))
    material: Mapped[str] = mapped_column(String(80))
    origin_site_id: Mapped[SiteId] = mapped_column(ForeignKey("sites.id"))
    stock_year: Mapped[int]
    received_at: Mapped[datetime]
    verified: Mapped[bool]
    unused_t: Mapped[Decimal] = mapped_column("unused_kg", TonnesType)


class OpeningStock(Base):
    """What a site held of one earlier year's waste when it began; a later one replaces it."""

    __tablename__ = "opening_stocks"
    __table_args__ = (
        CheckConstraint("stored_kg >= 0", name="stored_not_negative"),
        Index(
            "uq_opening_stocks_current",
            "site_id",
            "material",
            "stock_year",
            unique=True,
            sqlite_where=text("replaced_by IS NULL"),
            postgresql_where=text("replaced_by IS NULL"),
        ),
    )

    id: Mapped[OpeningStockId] = mapped_column(Uuid, primary_key=True, default=new_id)
    organisation_id: Mapped[OrganisationId] = mapped_column(ForeignKey("organisations.id"), index=True)
    site_id: Mapped[SiteId] = mapped_column(ForeignKey("sites.id"))
    material: Mapped[str] = mapped_column(String(80))
    stock_year: Mapped[int]
    stored_t: Mapped[Decimal] = mapped_column("stored_kg", TonnesType)
    replaced_by: Mapped[OpeningStockId | None] = mapped_column(Uuid)
    created_at: Mapped[datetime] = mapped_column(default=now)


class Declaration(Base):
    """A site's absolute totals of one material in one month; a later one replaces it by reversing entries."""

    __tablename__ = "declarations"
    __table_args__ = (
        Index(
            "uq_declarations_current",
            "site_id",
            "material",
            "month",
            unique=True,
            sqlite_where=text("replaced_by IS NULL"),
            postgresql_where=text("replaced_by IS NULL"),
        ),
        Index("ix_declarations_site_id_material_month", "site_id", "material", "month"),
        Index("ix_declarations_month_material_site_id", "month", "material", "site_id", "posted_in"),
    )

    id: Mapped[DeclarationId] = mapped_column(Uuid, primary_key=True, default=new_id)
    organisation_id: Mapped[OrganisationId] = mapped_column(ForeignKey("organisations.id"), index=True)
    site_id: Mapped[SiteId] = mapped_column(ForeignKey("sites.id"))
    material: Mapped[str] = mapped_column(String(80))
    month: Mapped[str] = mapped_column(String(7))
    #: Another month than its own where that was closed.
    posted_in: Mapped[str] = mapped_column(String(7), default=lambda context: context.get_current_parameters()["month"])
    generated_t: Mapped[Decimal] = mapped_column("generated_kg", TonnesType)
    self_utilised_t: Mapped[Decimal] = mapped_column("self_utilised_kg", TonnesType, default=ZERO)
    self_utilised_from_prior_t: Mapped[Decimal] = mapped_column("self_utilised_from_prior_kg", TonnesType, default=ZERO)
    disposed_t: Mapped[Decimal] = mapped_column("disposed_kg", TonnesType, default=ZERO)
    disposed_from_prior_t: Mapped[Decimal] = mapped_column("disposed_from_prior_kg", TonnesType, default=ZERO)
    discarded_t: Mapped[Decimal] = mapped_column("discarded_kg", TonnesType, default=ZERO)
    entrusted_utilised_t: Mapped[Decimal] = mapped_column("entrusted_utilised_kg", TonnesType, default=ZERO)
    entrusted_utilised_from_prior_t: Mapped[Decimal] = mapped_column(
        "entrusted_utilised_from_prior_kg", TonnesType, default=ZERO
    )
    entrusted_disposed_t: Mapped[Decimal] = mapped_column("entrusted_disposed_kg", TonnesType, default=ZERO)
    entrusted_disposed_from_prior_t: Mapped[Decimal] = mapped_column(
        "entrusted_disposed_from_prior_kg", TonnesType, default=ZERO
    )
    receivers: Mapped[str | None] = mapped_column(String(2000))
    self_use_method: Mapped[str | None] = mapped_column(String(200))
    disposal_method: Mapped[str | None] = mapped_column(String(200))
    replaced_by: Mapped[DeclarationId | None] = mapped_column(Uuid)
    created_at: Mapped[datetime] = mapped_column(default=now)
