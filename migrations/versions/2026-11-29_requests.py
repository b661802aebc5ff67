"""First answers by Idempotency-Key, and buckets of the limits of requests.

Revision: 0020
After: 0019
Created: 2026-11-29 23:40:00+00:00
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "idempotency_keys",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("headers", sa.JSON(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_idempotency_keys")),
    )
    op.create_index(op.f("ix_idempotency_keys_created_at"), "idempotency_keys", ["created_at"])
    # What it holds is worth nothing after a crash, and its commits need not wait for the disk.
    unlogged = [] if op.get_bind().dialect.name == "sqlite" else ["UNLOGGED"]
    op.create_table(
        "rate_buckets",
        sa.Column("bucket", sa.String(length=100), nullable=False),
        sa.Column("full_at", sa.Float(precision=53), nullable=False),
        sa.PrimaryKeyConstraint("bucket", name=op.f("pk_rate_buckets")),
        prefixes=unlogged,
    )
    op.create_index(op.f("ix_rate_buckets_full_at"), "rate_buckets", ["full_at"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("rate_buckets")
    op.drop_table("idempotency_keys")
