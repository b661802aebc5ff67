"""The ranges of values seen, filled from the current assays of all lots.

Revision: 0004
After: 0003
Created: 2026-11-24 16:20:00+00:00
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_FILL = """
INSERT INTO parameter_ranges (material, parameter, lowest, highest)
SELECT lots.material, found.key, min({number}), max({number})
FROM lots, {values}(lots.current_assay) AS found
WHERE {is_number}
GROUP BY lots.material, found.key
"""
_SQLITE = {"values": "json_each", "number": "found.value", "is_number": "found.type IN ('integer', 'real')"}
_POSTGRESQL = {
    "values": "jsonb_each",
    "number": "found.value::text::double precision",
    "is_number": "jsonb_typeof(found.value) = 'number'",
}


def upgrade() -> None:
    """Create and fill the table of ranges."""
    op.create_table(
        "parameter_ranges",
        sa.Column("material", sa.String(length=80), nullable=False),
        sa.Column("parameter", sa.String(length=80), nullable=False),
        sa.Column("lowest", sa.Float(precision=53), nullable=False),
        sa.Column("highest", sa.Float(precision=53), nullable=False),
        sa.CheckConstraint("lowest <= highest", name=op.f("ck_parameter_ranges_range_not_reversed")),
        sa.PrimaryKeyConstraint("material", "parameter", name=op.f("pk_parameter_ranges")),
    )
    dialect = op.get_context().dialect.name
    op.execute(_FILL.format(**(_POSTGRESQL if dialect == "postgresql" else _SQLITE)))


def downgrade() -> None:
    """Drop the table of ranges."""
    op.drop_table("parameter_ranges")
