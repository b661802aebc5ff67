"""Accepted agreements end by their days: when each was accepted, and an index of those that are to end.

Revision: 0014
After: 0013
Created: 2026-11-24 23:10:00+00:00
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_ACCEPTED = sa.text("status = 'accepted'")
_INDEX = "ix_agreements_accepted_ends_on"


def upgrade() -> None:
    """Add the instant; of those accepted before, nothing better is known than when they were proposed."""
    op.add_column("agreements", sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE agreements SET accepted_at = created_at WHERE status IN ('accepted', 'cancelled', 'completed')")
    op.create_index(_INDEX, "agreements", ["ends_on"], sqlite_where=_ACCEPTED, postgresql_where=_ACCEPTED)


def downgrade() -> None:
    """Drop both.

    `expired` was not stored before. Those that have ended hold nothing on their lots, as those that were completed:
    that is what they become.
    """
    op.execute("UPDATE agreements SET status = 'completed' WHERE status = 'expired'")
    op.drop_index(_INDEX, "agreements")
    op.drop_column("agreements", "accepted_at")
