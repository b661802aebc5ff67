"""An index of open lots by material and price.

Revision: 0007
After: 0006
Created: 2026-11-24 18:10:00+00:00
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_NAME = "ix_lots_open_material_price"
_IS_OPEN = sa.text("status = 'open'")


def upgrade() -> None:
    """Create the index."""
    columns = ["material", "price_fen_per_t"]
    op.create_index(_NAME, "lots", columns, sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN)


def downgrade() -> None:
    """Drop the index."""
    op.drop_index(_NAME, "lots", sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN)
