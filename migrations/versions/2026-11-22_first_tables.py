"""The first tables of the exchange.

Revision: 0001
After:
Created: 2026-11-22 18:50:36.933602+00:00
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the first tables."""
    op.create_table(
        "ledger_transactions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("occurred_on", sa.Date(), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("source_type", sa.String(length=40), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("reversal_of", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["reversal_of"], ["ledger_transactions.id"], name=op.f("fk_ledger_transactions_reversal_of")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_transactions")),
        sa.UniqueConstraint("source_type", "source_id", name=op.f("uq_ledger_transactions_source_type_source_id")),
    )
    op.create_index("ix_ledger_transactions_month", "ledger_transactions", ["month"], unique=False)
    op.create_table(
        "organisations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("credit_code", sa.String(length=18), nullable=True),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("contact_email", sa.String(length=254), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("jurisdiction", sa.String(length=40), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("status IN ('pending', 'active', 'suspended')", name=op.f("ck_organisations_status_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisations")),
    )
    op.create_index(
        "uq_organisations_credit_code_approved",
        "organisations",
        ["credit_code"],
        unique=True,
        sqlite_where=sa.text("status <> 'pending'"),
        postgresql_where=sa.text("status <> 'pending'"),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("hashed_secret", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_api_keys_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
    )
    op.create_index(op.f("ix_api_keys_organisation_id"), "api_keys", ["organisation_id"], unique=False)
    op.create_table(
        "sites",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("latitude", sa.Float(precision=53), nullable=False),
        sa.Column("longitude", sa.Float(precision=53), nullable=False),
        sa.Column("given_datum", sa.String(length=10), nullable=False),
        sa.Column("given_latitude", sa.Float(precision=53), nullable=False),
        sa.Column("given_longitude", sa.Float(precision=53), nullable=False),
        sa.Column("district_code", sa.String(length=40), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180", name=op.f("ck_sites_position_on_earth")
        ),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_sites_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sites")),
    )
    op.create_index(op.f("ix_sites_district_code"), "sites", ["district_code"], unique=False)
    op.create_index(op.f("ix_sites_organisation_id"), "sites", ["organisation_id"], unique=False)
    op.create_index("ix_sites_position", "sites", ["latitude", "longitude"], unique=False)
    op.create_table(
        "declarations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("material", sa.String(length=80), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("generated_kg", sa.BigInteger(), nullable=False),
        sa.Column("self_utilised_kg", sa.BigInteger(), nullable=False),
        sa.Column("self_utilised_from_prior_kg", sa.BigInteger(), nullable=False),
        sa.Column("disposed_kg", sa.BigInteger(), nullable=False),
        sa.Column("disposed_from_prior_kg", sa.BigInteger(), nullable=False),
        sa.Column("discarded_kg", sa.BigInteger(), nullable=False),
        sa.Column("entrusted_utilised_kg", sa.BigInteger(), nullable=False),
        sa.Column("entrusted_utilised_from_prior_kg", sa.BigInteger(), nullable=False),
        sa.Column("entrusted_disposed_kg", sa.BigInteger(), nullable=False),
        sa.Column("entrusted_disposed_from_prior_kg", sa.BigInteger(), nullable=False),
        sa.Column("receivers", sa.String(length=2000), nullable=True),
        sa.Column("self_use_method", sa.String(length=200), nullable=True),
        sa.Column("disposal_method", sa.String(length=200), nullable=True),
        sa.Column("replaced_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_declarations_organisation_id")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_declarations_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_declarations")),
    )
    op.create_index(op.f("ix_declarations_organisation_id"), "declarations", ["organisation_id"], unique=False)
    op.create_index(
        "uq_declarations_current",
        "declarations",
        ["site_id", "material", "month"],
        unique=True,
        sqlite_where=sa.text("replaced_by IS NULL"),
        postgresql_where=sa.text("replaced_by IS NULL"),
    )
    op.create_table(
        "demands",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("use", sa.String(length=80), nullable=False),
        sa.Column("materials", sa.JSON(), nullable=False),
        sa.Column("grade", sa.String(length=80), nullable=True),
        sa.Column("criteria", sa.JSON(), nullable=False),
        sa.Column("quantity_kg", sa.BigInteger(), nullable=False),
        sa.Column("needed_from", sa.Date(), nullable=False),
        sa.Column("needed_to", sa.Date(), nullable=False),
        sa.Column("max_distance_km", sa.Float(precision=53), nullable=True),
        sa.Column("max_delivered_fen_per_t", sa.BigInteger(), nullable=True),
        sa.Column("accept_unknown", sa.Boolean(), nullable=False),
        sa.Column("end_product", sa.String(length=80), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("status IN ('open', 'withdrawn')", name=op.f("ck_demands_status_known")),
        sa.CheckConstraint("quantity_kg > 0", name=op.f("ck_demands_quantity_positive")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_demands_organisation_id")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_demands_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_demands")),
    )
    op.create_index("ix_demands_organisation_id_id", "demands", ["organisation_id", "id"], unique=False)
    op.create_index("ix_demands_site_id_status", "demands", ["site_id", "status"], unique=False)
    op.create_table(
        "ledger_balances",
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("account", sa.String(length=24), nullable=False),
        sa.Column("material", sa.String(length=80), nullable=False),
        sa.Column("origin_site_id", sa.Uuid(), nullable=False),
        sa.Column("stock_year", sa.Integer(), nullable=False),
        sa.Column("quantity_kg", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "quantity_kg >= 0 OR account NOT IN ('storage', 'in_transit', 'received')",
            name=op.f("ck_ledger_balances_stock_not_negative"),
        ),
        sa.ForeignKeyConstraint(["origin_site_id"], ["sites.id"], name=op.f("fk_ledger_balances_origin_site_id")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_ledger_balances_site_id")),
        sa.PrimaryKeyConstraint(
            "site_id", "account", "material", "origin_site_id", "stock_year", name=op.f("pk_ledger_balances")
        ),
    )
    op.create_index("ix_ledger_balances_origin_site_id", "ledger_balances", ["origin_site_id"], unique=False)
    op.create_table(
        "ledger_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("account", sa.String(length=24), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("material", sa.String(length=80), nullable=False),
        sa.Column("origin_site_id", sa.Uuid(), nullable=False),
        sa.Column("stock_year", sa.Integer(), nullable=False),
        sa.Column("use", sa.String(length=80), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("quantity_kg", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["origin_site_id"], ["sites.id"], name=op.f("fk_ledger_entries_origin_site_id")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_ledger_entries_site_id")),
        sa.ForeignKeyConstraint(
            ["transaction_id"], ["ledger_transactions.id"], name=op.f("fk_ledger_entries_transaction_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entries")),
    )
    op.create_index("ix_ledger_entries_origin_site_id_id", "ledger_entries", ["origin_site_id", "id"], unique=False)
    op.create_index("ix_ledger_entries_site_id_id", "ledger_entries", ["site_id", "id"], unique=False)
    op.create_index(op.f("ix_ledger_entries_transaction_id"), "ledger_entries", ["transaction_id"], unique=False)
    op.create_table(
        "ledger_flows",
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("origin_site_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("material", sa.String(length=80), nullable=False),
        sa.Column("account", sa.String(length=24), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("stock_year", sa.Integer(), nullable=False),
        sa.Column("use", sa.String(length=80), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("quantity_kg", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["origin_site_id"], ["sites.id"], name=op.f("fk_ledger_flows_origin_site_id")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_ledger_flows_site_id")),
        sa.PrimaryKeyConstraint(
            "month",
            "origin_site_id",
            "site_id",
            "material",
            "account",
            "kind",
            "stock_year",
            "use",
            "verified",
            name=op.f("pk_ledger_flows"),
        ),
    )
    op.create_index("ix_ledger_flows_origin_site_id_month", "ledger_flows", ["origin_site_id", "month"], unique=False)
    op.create_table(
        "lots",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("material", sa.String(length=80), nullable=False),
        sa.Column("quantity_kg", sa.BigInteger(), nullable=False),
        sa.Column("reserved_kg", sa.BigInteger(), nullable=False),
        sa.Column("shipped_kg", sa.BigInteger(), nullable=False),
        sa.Column("min_order_kg", sa.BigInteger(), nullable=True),
        sa.Column("available_from", sa.Date(), nullable=False),
        sa.Column("available_to", sa.Date(), nullable=False),
        sa.Column("price_fen_per_t", sa.BigInteger(), nullable=False),
        sa.Column("origin_process", sa.String(length=80), nullable=True),
        sa.Column("stock_year", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("current_assay", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("current_assay_id", sa.Uuid(), nullable=True),
        sa.Column("current_assay_on", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("status IN ('open', 'exhausted', 'withdrawn')", name=op.f("ck_lots_status_known")),
        sa.CheckConstraint("quantity_kg > 0", name=op.f("ck_lots_quantity_positive")),
        sa.CheckConstraint("reserved_kg + shipped_kg <= quantity_kg", name=op.f("ck_lots_never_oversold")),
        sa.CheckConstraint("reserved_kg >= 0 AND shipped_kg >= 0", name=op.f("ck_lots_parts_not_negative")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_lots_organisation_id")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_lots_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lots")),
    )
    op.create_index(
        "ix_lots_open_site_material",
        "lots",
        ["site_id", "material"],
        unique=False,
        sqlite_where=sa.text("status = 'open'"),
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_index("ix_lots_organisation_id_id", "lots", ["organisation_id", "id"], unique=False)
    op.create_table(
        "opening_stocks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("material", sa.String(length=80), nullable=False),
        sa.Column("stock_year", sa.Integer(), nullable=False),
        sa.Column("stored_kg", sa.BigInteger(), nullable=False),
        sa.Column("replaced_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("stored_kg >= 0", name=op.f("ck_opening_stocks_stored_not_negative")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_opening_stocks_organisation_id")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_opening_stocks_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opening_stocks")),
    )
    op.create_index(op.f("ix_opening_stocks_organisation_id"), "opening_stocks", ["organisation_id"], unique=False)
    op.create_index(
        "uq_opening_stocks_current",
        "opening_stocks",
        ["site_id", "material", "stock_year"],
        unique=True,
        sqlite_where=sa.text("replaced_by IS NULL"),
        postgresql_where=sa.text("replaced_by IS NULL"),
    )
    op.create_table(
        "site_streams",
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("material", sa.String(length=80), nullable=False),
        sa.Column("waste_code", sa.String(length=20), nullable=True),
        sa.Column("waste_class", sa.String(length=10), nullable=True),
        sa.Column("generation_step", sa.String(length=200), nullable=True),
        sa.Column("physical_state", sa.String(length=80), nullable=True),
        sa.Column("main_components", sa.String(length=2000), nullable=True),
        sa.Column("pollution_characteristics", sa.String(length=2000), nullable=True),
        sa.Column("facilities", sa.String(length=2000), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_site_streams_site_id")),
        sa.PrimaryKeyConstraint("site_id", "material", name=op.f("pk_site_streams")),
    )
    op.create_table(
        "utilisations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("material", sa.String(length=80), nullable=False),
        sa.Column("utilised_on", sa.Date(), nullable=False),
        sa.Column("quantity_kg", sa.BigInteger(), nullable=False),
        sa.Column("use", sa.String(length=80), nullable=False),
        sa.Column("batch_no", sa.String(length=80), nullable=False),
        sa.Column("product", sa.String(length=200), nullable=True),
        sa.Column("product_kg", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity_kg > 0", name=op.f("ck_utilisations_quantity_positive")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_utilisations_organisation_id")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_utilisations_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_utilisations")),
        sa.UniqueConstraint("site_id", "batch_no", name=op.f("uq_utilisations_site_id_batch_no")),
    )
    op.create_index("ix_utilisations_organisation_id_id", "utilisations", ["organisation_id", "id"], unique=False)
    op.create_table(
        "agreements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("demand_id", sa.Uuid(), nullable=True),
        sa.Column("material", sa.String(length=80), nullable=False),
        sa.Column("origin_site_id", sa.Uuid(), nullable=False),
        sa.Column("destination_site_id", sa.Uuid(), nullable=False),
        sa.Column("producer_organisation_id", sa.Uuid(), nullable=False),
        sa.Column("recycler_organisation_id", sa.Uuid(), nullable=False),
        sa.Column("proposed_by", sa.Uuid(), nullable=False),
        sa.Column("quantity_kg", sa.BigInteger(), nullable=False),
        sa.Column("shipped_kg", sa.BigInteger(), nullable=False),
        sa.Column("price_fen_per_t", sa.BigInteger(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity_kg > 0 AND shipped_kg >= 0", name=op.f("ck_agreements_amounts_not_negative")),
        sa.ForeignKeyConstraint(["demand_id"], ["demands.id"], name=op.f("fk_agreements_demand_id")),
        sa.ForeignKeyConstraint(["destination_site_id"], ["sites.id"], name=op.f("fk_agreements_destination_site_id")),
        sa.ForeignKeyConstraint(["lot_id"], ["lots.id"], name=op.f("fk_agreements_lot_id")),
        sa.ForeignKeyConstraint(["origin_site_id"], ["sites.id"], name=op.f("fk_agreements_origin_site_id")),
        sa.ForeignKeyConstraint(
            ["producer_organisation_id"], ["organisations.id"], name=op.f("fk_agreements_producer_organisation_id")
        ),
        sa.ForeignKeyConstraint(["proposed_by"], ["organisations.id"], name=op.f("fk_agreements_proposed_by")),
        sa.ForeignKeyConstraint(
            ["recycler_organisation_id"], ["organisations.id"], name=op.f("fk_agreements_recycler_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreements")),
    )
    op.create_index(op.f("ix_agreements_lot_id"), "agreements", ["lot_id"], unique=False)
    op.create_index(
        "ix_agreements_producer_organisation_id_id", "agreements", ["producer_organisation_id", "id"], unique=False
    )
    op.create_index(
        "ix_agreements_recycler_organisation_id_id", "agreements", ["recycler_organisation_id", "id"], unique=False
    )
    op.create_table(
        "assays",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("sampled_on", sa.Date(), nullable=False),
        sa.Column("laboratory", sa.String(length=200), nullable=True),
        sa.Column("report_no", sa.String(length=200), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["lot_id"], ["lots.id"], name=op.f("fk_assays_lot_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assays")),
    )
    op.create_index(op.f("ix_assays_lot_id"), "assays", ["lot_id"], unique=False)
    op.create_table(
        "assay_results",
        sa.Column("assay_id", sa.Uuid(), nullable=False),
        sa.Column("parameter", sa.String(length=80), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("value", sa.Numeric(precision=30, scale=12), nullable=True),
        sa.Column("category", sa.String(length=80), nullable=True),
        sa.Column("given_value", sa.String(length=80), nullable=False),
        sa.Column("given_unit", sa.String(length=20), nullable=True),
        sa.Column("given_basis", sa.String(length=20), nullable=True),
        sa.ForeignKeyConstraint(["assay_id"], ["assays.id"], name=op.f("fk_assay_results_assay_id")),
        sa.PrimaryKeyConstraint("assay_id", "parameter", name=op.f("pk_assay_results")),
    )
    op.create_table(
        "shipments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("material", sa.String(length=80), nullable=False),
        sa.Column("origin_site_id", sa.Uuid(), nullable=False),
        sa.Column("destination_site_id", sa.Uuid(), nullable=False),
        sa.Column("producer_organisation_id", sa.Uuid(), nullable=False),
        sa.Column("recycler_organisation_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_no", sa.String(length=80), nullable=False),
        sa.Column("vehicle_plate", sa.String(length=20), nullable=False),
        sa.Column("dispatched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gross_kg", sa.BigInteger(), nullable=True),
        sa.Column("tare_kg", sa.BigInteger(), nullable=True),
        sa.Column("net_kg", sa.BigInteger(), nullable=False),
        sa.Column("moisture_pct", sa.Numeric(precision=9, scale=6), nullable=True),
        sa.Column("stock_year", sa.Integer(), nullable=True, comment="null: fresh waste of the year of dispatch"),
        sa.Column("carrier", sa.String(length=200), nullable=True),
        sa.Column("driver_name", sa.String(length=80), nullable=True),
        sa.Column("driver_phone", sa.String(length=40), nullable=True),
        sa.Column("handler", sa.String(length=80), nullable=True),
        sa.Column("transport_mode", sa.String(length=40), nullable=True),
        sa.Column("dispatched_beyond_kg", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_gross_kg", sa.BigInteger(), nullable=True),
        sa.Column("received_tare_kg", sa.BigInteger(), nullable=True),
        sa.Column("received_net_kg", sa.BigInteger(), nullable=True),
        sa.Column("accepted_kg", sa.BigInteger(), nullable=True),
        sa.Column("refused_kg", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(length=2000), nullable=True),
        sa.Column("disputed", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "accepted_kg IS NULL OR accepted_kg + refused_kg = received_net_kg",
            name=op.f("ck_shipments_accepted_and_refused_are_net"),
        ),
        sa.CheckConstraint("net_kg > 0", name=op.f("ck_shipments_net_positive")),
        sa.ForeignKeyConstraint(["agreement_id"], ["agreements.id"], name=op.f("fk_shipments_agreement_id")),
        sa.ForeignKeyConstraint(["destination_site_id"], ["sites.id"], name=op.f("fk_shipments_destination_site_id")),
        sa.ForeignKeyConstraint(["origin_site_id"], ["sites.id"], name=op.f("fk_shipments_origin_site_id")),
        sa.ForeignKeyConstraint(
            ["producer_organisation_id"], ["organisations.id"], name=op.f("fk_shipments_producer_organisation_id")
        ),
        sa.ForeignKeyConstraint(
            ["recycler_organisation_id"], ["organisations.id"], name=op.f("fk_shipments_recycler_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipments")),
    )
    op.create_index(op.f("ix_shipments_agreement_id"), "shipments", ["agreement_id"], unique=False)
    op.create_index(
        "ix_shipments_producer_organisation_id_id", "shipments", ["producer_organisation_id", "id"], unique=False
    )
    op.create_index(
        "ix_shipments_recycler_organisation_id_id", "shipments", ["recycler_organisation_id", "id"], unique=False
    )
    op.create_index(
        "uq_shipments_origin_site_id_ticket_no",
        "shipments",
        ["origin_site_id", "ticket_no"],
        unique=True,
        sqlite_where=sa.text("status <> 'voided'"),
        postgresql_where=sa.text("status <> 'voided'"),
    )
    op.create_table(
        "received_loads",
        sa.Column("shipment_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("material", sa.String(length=80), nullable=False),
        sa.Column("origin_site_id", sa.Uuid(), nullable=False),
        sa.Column("stock_year", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("unused_kg", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("unused_kg >= 0", name=op.f("ck_received_loads_unused_not_negative")),
        sa.ForeignKeyConstraint(["origin_site_id"], ["sites.id"], name=op.f("fk_received_loads_origin_site_id")),
        sa.ForeignKeyConstraint(["shipment_id"], ["shipments.id"], name=op.f("fk_received_loads_shipment_id")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_received_loads_site_id")),
        sa.PrimaryKeyConstraint("shipment_id", name=op.f("pk_received_loads")),
    )
    op.create_index(
        "ix_received_loads_site_id_material_received_at",
        "received_loads",
        ["site_id", "material", "received_at"],
        unique=False,
    )
    op.create_table(
        "utilisation_draws",
        sa.Column("utilisation_id", sa.Uuid(), nullable=False),
        sa.Column("shipment_id", sa.Uuid(), nullable=False),
        sa.Column("quantity_kg", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["shipment_id"], ["shipments.id"], name=op.f("fk_utilisation_draws_shipment_id")),
        sa.ForeignKeyConstraint(
            ["utilisation_id"], ["utilisations.id"], name=op.f("fk_utilisation_draws_utilisation_id")
        ),
        sa.PrimaryKeyConstraint("utilisation_id", "shipment_id", name=op.f("pk_utilisation_draws")),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("utilisation_draws")
    op.drop_index("ix_received_loads_site_id_material_received_at", table_name="received_loads")
    op.drop_table("received_loads")
    op.drop_index(
        "uq_shipments_origin_site_id_ticket_no",
        table_name="shipments",
        sqlite_where=sa.text("status <> 'voided'"),
        postgresql_where=sa.text("status <> 'voided'"),
    )
    op.drop_index("ix_shipments_recycler_organisation_id_id", table_name="shipments")
    op.drop_index("ix_shipments_producer_organisation_id_id", table_name="shipments")
    op.drop_index(op.f("ix_shipments_agreement_id"), table_name="shipments")
    op.drop_table("shipments")
    op.drop_table("assay_results")
    op.drop_index(op.f("ix_assays_lot_id"), table_name="assays")
    op.drop_table("assays")
    op.drop_index("ix_agreements_recycler_organisation_id_id", table_name="agreements")
    op.drop_index("ix_agreements_producer_organisation_id_id", table_name="agreements")
    op.drop_index(op.f("ix_agreements_lot_id"), table_name="agreements")
    op.drop_table("agreements")
    op.drop_index("ix_utilisations_organisation_id_id", table_name="utilisations")
    op.drop_table("utilisations")
    op.drop_table("site_streams")
    op.drop_index(
        "uq_opening_stocks_current",
        table_name="opening_stocks",
        sqlite_where=sa.text("replaced_by IS NULL"),
        postgresql_where=sa.text("replaced_by IS NULL"),
    )
    op.drop_index(op.f("ix_opening_stocks_organisation_id"), table_name="opening_stocks")
    op.drop_table("opening_stocks")
    op.drop_index("ix_lots_organisation_id_id", table_name="lots")
    op.drop_index(
        "ix_lots_open_site_material",
        table_name="lots",
        sqlite_where=sa.text("status = 'open'"),
        postgresql_where=sa.text("status = 'open'"),
    )
    op.drop_table("lots")
    op.drop_index("ix_ledger_flows_origin_site_id_month", table_name="ledger_flows")
    op.drop_table("ledger_flows")
    op.drop_index(op.f("ix_ledger_entries_transaction_id"), table_name="ledger_entries")
    op.drop_index("ix_ledger_entries_site_id_id", table_name="ledger_entries")
    op.drop_index("ix_ledger_entries_origin_site_id_id", table_name="ledger_entries")
    op.drop_table("ledger_entries")
    op.drop_index("ix_ledger_balances_origin_site_id", table_name="ledger_balances")
    op.drop_table("ledger_balances")
    op.drop_index("ix_demands_site_id_status", table_name="demands")
    op.drop_index("ix_demands_organisation_id_id", table_name="demands")
    op.drop_table("demands")
    op.drop_index(
        "uq_declarations_current",
        table_name="declarations",
        sqlite_where=sa.text("replaced_by IS NULL"),
        postgresql_where=sa.text("replaced_by IS NULL"),
    )
    op.drop_index(op.f("ix_declarations_organisation_id"), table_name="declarations")
    op.drop_table("declarations")
    op.drop_index("ix_sites_position", table_name="sites")
    op.drop_index(op.f("ix_sites_organisation_id"), table_name="sites")
    op.drop_index(op.f("ix_sites_district_code"), table_name="sites")
    op.drop_table("sites")
    op.drop_index(op.f("ix_api_keys_organisation_id"), table_name="api_keys")
    op.drop_table("api_keys")
    op.drop_index(
        "uq_organisations_credit_code_approved",
        table_name="organisations",
        sqlite_where=sa.text("status <> 'pending'"),
        postgresql_where=sa.text("status <> 'pending'"),
    )
    op.drop_table("organisations")
    op.drop_index("ix_ledger_transactions_month", table_name="ledger_transactions")
    op.drop_table("ledger_transactions")
