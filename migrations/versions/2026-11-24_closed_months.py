"""Closing of months: closed periods, the month that late postings belong to, what adjustments stand for.

Revision: 0010
After: 0009
Created: 2026-11-24 21:00:00+00:00
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_OLD_KEY = ["month", "origin_site_id", "site_id", "material", "account", "kind", "stock_year", "use", "verified"]
_NEW_COLUMNS = ["belongs_to", "instead_of"]


def upgrade() -> None:
    """Create the tables, the one row of the head, and the columns; what was posted so far belongs to its own month."""
    op.create_table(
        "ledger_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("closed_to", sa.String(length=7), nullable=False, comment="YYYY-MM; empty: no month is closed"),
        sa.CheckConstraint("id = 1", name=op.f("ck_ledger_head_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_head")),
    )
    op.execute("INSERT INTO ledger_head (id, closed_to) VALUES (1, '')")
    op.create_table(
        "ledger_periods",
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_by", sa.Uuid(), nullable=False),
        sa.Column("flows", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["closed_by"], ["organisations.id"], name=op.f("fk_ledger_periods_closed_by")),
        sa.PrimaryKeyConstraint("month", name=op.f("pk_ledger_periods")),
        sa.UniqueConstraint("id", name=op.f("uq_ledger_periods_id")),
    )
    comment = "the closed month of a late posting"
    op.add_column("ledger_transactions", sa.Column("belongs_to", sa.String(length=7), nullable=True, comment=comment))
    op.add_column("ledger_entries", sa.Column("instead_of", sa.String(length=24), server_default="", nullable=False))
    _add_posted_in()
    with op.batch_alter_table("ledger_flows", recreate=_recreate()) as flows:
        flows.add_column(sa.Column("belongs_to", sa.String(length=7), server_default="", nullable=False))
        flows.add_column(sa.Column("instead_of", sa.String(length=24), server_default="", nullable=False))
        flows.drop_constraint("pk_ledger_flows", type_="primary")
        flows.create_primary_key("pk_ledger_flows", [*_OLD_KEY, *_NEW_COLUMNS])


def _add_posted_in() -> None:
    with op.batch_alter_table("declarations") as declarations:
        declarations.add_column(sa.Column("posted_in", sa.String(length=7), nullable=True))
    op.execute("UPDATE declarations SET posted_in = month")
    with op.batch_alter_table("declarations") as declarations:
        declarations.alter_column("posted_in", existing_type=sa.String(length=7), nullable=False)
    op.create_index("ix_declarations_site_id_material_month", "declarations", ["site_id", "material", "month"])


def _recreate() -> str:
    """SQLite changes a primary key by making the table anew."""
    return "always" if op.get_bind().dialect.name == "sqlite" else "never"


def downgrade() -> None:
    """Drop what was created; flows that differ only in what they belong to are added up."""
    key = ", ".join(f'"{name}"' for name in _OLD_KEY)
    op.execute(
        f"CREATE TABLE summed_flows AS SELECT {key}, CAST(sum(quantity_kg) AS BIGINT) AS quantity_kg "  # noqa: S608
        f"FROM ledger_flows GROUP BY {key}"
    )
    op.execute("DELETE FROM ledger_flows")
    with op.batch_alter_table("ledger_flows", recreate=_recreate()) as flows:
        flows.drop_constraint("pk_ledger_flows", type_="primary")
        for name in _NEW_COLUMNS:
            flows.drop_column(name)
        flows.create_primary_key("pk_ledger_flows", _OLD_KEY)
    columns = f"{key}, quantity_kg"
    op.execute(f"INSERT INTO ledger_flows ({columns}) SELECT {columns} FROM summed_flows")  # noqa: S608 - our own names
    op.drop_table("summed_flows")
    op.drop_index("ix_declarations_site_id_material_month", "declarations")
    with op.batch_alter_table("declarations") as declarations:
        declarations.drop_column("posted_in")
    op.drop_column("ledger_entries", "instead_of")
    op.drop_column("ledger_transactions", "belongs_to")
    op.drop_table("ledger_periods")
    op.drop_table("ledger_head")
