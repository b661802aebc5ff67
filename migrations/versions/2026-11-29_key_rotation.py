"""A key names the one that takes its place.

Revision: 0021
After: 0020
Created: 2026-11-29 23:40:00+00:00
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the successor; no key has one yet. No foreign key: keys are never deleted, and it would lock them all."""
    op.add_column("api_keys", sa.Column("replaced_by", sa.Uuid(), nullable=True))


def downgrade() -> None:
    """Forget successors; each key keeps the expiry that it has."""
    op.drop_column("api_keys", "replaced_by")
