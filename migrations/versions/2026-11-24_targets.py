"""Targets of authorities, and values of indicators.

Revision: 0012
After: 0011
Created: 2026-11-24 21:00:00+00:00
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "targets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("district", sa.String(length=40), nullable=True),
        sa.Column("materials", sa.JSON(), nullable=True),
        sa.Column("rate_pct", sa.Numeric(precision=9, scale=6), nullable=False),
        sa.Column("target_year", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("rate_pct > 0 AND rate_pct <= 100", name=op.f("ck_targets_rate_possible")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_targets_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_targets")),
    )
    op.create_index(op.f("ix_targets_district"), "targets", ["district"], unique=False)
    op.create_table(
        "target_values",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("target", sa.String(length=80), nullable=False, comment="key of the catalogue's target"),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("value", sa.Numeric(precision=15, scale=4), nullable=False),
        sa.Column("holds_on", sa.Date(), nullable=False),
        sa.Column("source", sa.String(length=500), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_target_values_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_target_values")),
    )
    op.create_index("ix_target_values_target_holds_on_id", "target_values", ["target", "holds_on", "id"], unique=False)


def downgrade() -> None:
    """Drop them."""
    op.drop_table("target_values")
    op.drop_table("targets")
