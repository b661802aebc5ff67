"""Organisations that act for others, and who did in events and jobs.

Revision: 0019
After: 0018
Created: 2026-11-29 23:30:00+00:00
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table; so far everybody acted for itself."""
    op.create_table(
        "delegations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("principal_id", sa.Uuid(), nullable=False),
        sa.Column("delegate_id", sa.Uuid(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("granted_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("principal_id <> delegate_id", name=op.f("ck_delegations_not_to_itself")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_delegations_ends_after_start")),
        sa.ForeignKeyConstraint(["principal_id"], ["organisations.id"], name=op.f("fk_delegations_principal_id")),
        sa.ForeignKeyConstraint(["delegate_id"], ["organisations.id"], name=op.f("fk_delegations_delegate_id")),
        sa.ForeignKeyConstraint(["granted_by"], ["api_keys.id"], name=op.f("fk_delegations_granted_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delegations")),
    )
    op.create_index("ix_delegations_principal_id", "delegations", ["principal_id"])
    op.create_index("ix_delegations_delegate_id_principal_id", "delegations", ["delegate_id", "principal_id"])
    op.add_column("events", sa.Column("delegate_id", sa.Uuid(), nullable=True))
    op.add_column("jobs", sa.Column("delegate_id", sa.Uuid(), nullable=True))


def downgrade() -> None:
    """Drop them; what delegates did stays, as their principals' own."""
    op.drop_column("jobs", "delegate_id")
    op.drop_column("events", "delegate_id")
    op.drop_table("delegations")
