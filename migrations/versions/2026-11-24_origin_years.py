"""Years of the origins beside their months, filled from these; declarations by month.

Revision: 0018
After: 0017
Created: 2026-11-24 23:00:00+00:00
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_TABLE = "ledger_origin_years"
_FIGURES = ("utilised_kg", "verified_use_kg", "closing_kg")
_STOCK = "ix_ledger_origin_months_stock"
_DECLARATIONS = "ix_declarations_month_material_site_id"


def upgrade() -> None:
    """Create the table and fill it; stock is not added up from an index of months any more."""
    op.create_table(
        _TABLE,
        sa.Column("material", sa.String(length=80), nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("origin_site_id", sa.Uuid(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _FIGURES),
        sa.ForeignKeyConstraint(["origin_site_id"], ["sites.id"], name=op.f(f"fk_{_TABLE}_origin_site_id")),
        sa.PrimaryKeyConstraint("material", "year", "origin_site_id", name=op.f(f"pk_{_TABLE}")),
        sqlite_with_rowid=False,
    )
    year = "CAST(substr(month, 1, 4) AS INTEGER)"
    sums = ", ".join(f"CAST(SUM({name}) AS BIGINT)" for name in _FIGURES)
    op.execute(
        f"INSERT INTO {_TABLE} (material, year, origin_site_id, {', '.join(_FIGURES)})"  # noqa: S608 - names of ours
        f" SELECT material, {year}, origin_site_id, {sums} FROM ledger_origin_months"
        f" GROUP BY material, {year}, origin_site_id"
    )
    op.drop_index(_STOCK, table_name="ledger_origin_months")
    op.create_index(_DECLARATIONS, "declarations", ["month", "material", "site_id", "posted_in"])


def downgrade() -> None:
    """Drop the table, which is derived, and index the stock in months again."""
    op.drop_index(_DECLARATIONS, table_name="declarations")
    op.create_index(_STOCK, "ledger_origin_months", ["material", "month", "origin_site_id", "closing_kg"], unique=False)
    op.drop_table(_TABLE)
