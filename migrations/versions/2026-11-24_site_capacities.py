"""What a site can take for a use in a year, and an index of what it used.

Revision: 0017
After: 0016
Created: 2026-11-24 23:10:00+00:00
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_INDEX = "ix_utilisations_site_id_use_utilised_on"


def upgrade() -> None:
    """Create the table and the index."""
    op.create_table(
        "site_capacities",
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("use", sa.String(length=80), nullable=False),
        sa.Column("capacity_kg_per_year", sa.BigInteger(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("permit_no", sa.String(length=200), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("capacity_kg_per_year > 0", name=op.f("ck_site_capacities_capacity_positive")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_site_capacities_site_id")),
        sa.PrimaryKeyConstraint("site_id", "use", name=op.f("pk_site_capacities")),
    )
    op.create_index(_INDEX, "utilisations", ["site_id", "use", "utilised_on"])


def downgrade() -> None:
    """Drop both."""
    op.drop_index(_INDEX, "utilisations")
    op.drop_table("site_capacities")
