"""The loads of a site in a month are found by an index: statutory table 3 lists them.

Revision: 0013
After: 0012
Created: 2026-11-24 21:10:00+00:00
"""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_INDEX = "ix_shipments_origin_site_id_dispatched_at"


def upgrade() -> None:
    """Add the index."""
    op.create_index(_INDEX, "shipments", ["origin_site_id", "dispatched_at"])


def downgrade() -> None:
    """Drop it."""
    op.drop_index(_INDEX, "shipments")
