"""Demands may have a freight tariff of their own.

Revision: 0003
After: 0002
Created: 2026-11-24 16:30:00+00:00
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both halves of the tariff, each with the CHECK of its range.

    As plain statements, which both engines read: a batch would build the table anew, and SQLite does not drop the old
    one while agreements refer to its rows.
    """
    op.execute(
        "ALTER TABLE demands ADD COLUMN freight_cny_e4_per_t_km BIGINT"
        " CONSTRAINT ck_demands_freight_rate_in_range CHECK (freight_cny_e4_per_t_km BETWEEN 0 AND 100000)"
    )
    op.execute(
        "ALTER TABLE demands ADD COLUMN freight_fixed_fen_per_t BIGINT"
        " CONSTRAINT ck_demands_freight_fixed_in_range CHECK (freight_fixed_fen_per_t BETWEEN 0 AND 1000000)"
    )


def downgrade() -> None:
    """Drop both halves with their CHECKs."""
    op.execute("ALTER TABLE demands DROP COLUMN freight_fixed_fen_per_t")
    op.execute("ALTER TABLE demands DROP COLUMN freight_cny_e4_per_t_km")
