"""Plans of the whole market and their flows; on PostgreSQL both are behind the second lock, as migration 0024 has it.

Revision: 0025
After: 0024
Created: 2026-11-30 04:20:00+00:00
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_IS_EXCHANGE = "(SELECT current_setting('swx.reach', true)) = 'exchange'"
_CALLER = "(SELECT CAST(nullif(current_setting('swx.organisation', true), '') AS uuid))"
_PUBLISHED = "published_at IS NOT NULL"
#: Whoever asked sees a plan and its flows; the two sides of a flow see it once the plan is published.
_OWN = {
    "plans": f"organisation_id = {_CALLER}",
    "plan_flows": (
        f"organisation_id = {_CALLER} OR ({_PUBLISHED} AND "
        f"(producer_organisation_id = {_CALLER} OR recycler_organisation_id = {_CALLER}))"
    ),
}


def upgrade() -> None:
    """Create the tables, and their policies."""
    op.create_table(
        "plans",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("levers_job_id", sa.Uuid(), nullable=True),
        sa.Column("question", sa.JSON(), nullable=False),
        sa.Column("input_sha256", sa.String(length=64), nullable=True),
        sa.Column("input", sa.LargeBinary(), nullable=True),
        sa.Column("solution", sa.LargeBinary(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("levers", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_plans_organisation_id")),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_plans_job_id")),
        sa.ForeignKeyConstraint(["levers_job_id"], ["jobs.id"], name=op.f("fk_plans_levers_job_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plans")),
        sa.UniqueConstraint("job_id", name=op.f("uq_plans_job_id")),
        sa.UniqueConstraint("levers_job_id", name=op.f("uq_plans_levers_job_id")),
    )
    op.create_index("ix_plans_organisation_id_id", "plans", ["organisation_id", "id"])
    _create_flows()
    if op.get_bind().dialect.name == "postgresql":
        for table, own in _OWN.items():
            op.execute(f"CREATE POLICY own ON {table} USING ({_IS_EXCHANGE} OR {own})")
            op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
            op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def _create_flows() -> None:
    op.create_table(
        "plan_flows",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("producer_organisation_id", sa.Uuid(), nullable=False),
        sa.Column("recycler_organisation_id", sa.Uuid(), nullable=True),
        sa.Column("lot_id", sa.Uuid(), nullable=True),
        sa.Column("demand_id", sa.Uuid(), nullable=True),
        sa.Column("added_plant", sa.Integer(), nullable=True),
        sa.Column("material", sa.String(length=80), nullable=False),
        sa.Column("origin_site_id", sa.Uuid(), nullable=False),
        sa.Column("destination_site_id", sa.Uuid(), nullable=True),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("quantity_kg", sa.BigInteger(), nullable=False),
        sa.Column("metres", sa.BigInteger(), nullable=False),
        sa.Column("delivered_fen_per_t", sa.BigInteger(), nullable=False),
        sa.Column("lot_terms", sa.BigInteger(), nullable=True),
        sa.Column("demand_terms", sa.BigInteger(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("agreement_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("quantity_kg > 0", name=op.f("ck_plan_flows_quantity_positive")),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"], name=op.f("fk_plan_flows_plan_id")),
        sa.ForeignKeyConstraint(["agreement_id"], ["agreements.id"], name=op.f("fk_plan_flows_agreement_id")),
        sa.PrimaryKeyConstraint("plan_id", "number", name=op.f("pk_plan_flows")),
    )
    for side in ("producer", "recycler"):
        op.create_index(
            f"ix_plan_flows_{side}",
            "plan_flows",
            [f"{side}_organisation_id", "plan_id", "number"],
            sqlite_where=sa.text(_PUBLISHED),
            postgresql_where=sa.text(_PUBLISHED),
        )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("plan_flows")
    op.drop_table("plans")
