"""Lots, demands and agreements that recur every month.

Revision: 0015
After: 0014
Created: 2026-11-24 23:20:00+00:00
"""

from collections import defaultdict
from datetime import date
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_KINDS = ("lots", "demands", "agreements")
_LOTS = sa.table(
    "lots",
    sa.column("id", sa.Uuid),
    sa.column("is_recurring", sa.Boolean),
    sa.column("status", sa.String),
    sa.column("quantity_kg", sa.BigInteger),
    sa.column("reserved_kg", sa.BigInteger),
    sa.column("shipped_kg", sa.BigInteger),
)
_AGREEMENTS = sa.table(
    "agreements",
    sa.column("id", sa.Uuid),
    sa.column("is_recurring", sa.Boolean),
    sa.column("status", sa.String),
    sa.column("quantity_kg", sa.BigInteger),
    sa.column("shipped_kg", sa.BigInteger),
    sa.column("starts_on", sa.Date),
    sa.column("ends_on", sa.Date),
)
_LOT_MONTHS = sa.table(
    "lot_months",
    sa.column("lot_id", sa.Uuid),
    sa.column("reserved_kg", sa.BigInteger),
    sa.column("shipped_kg", sa.BigInteger),
)
_AGREEMENT_MONTHS = sa.table(
    "agreement_months", sa.column("agreement_id", sa.Uuid), sa.column("shipped_kg", sa.BigInteger)
)


def upgrade() -> None:
    """Add the kinds and the months; what is there already is there once."""
    for table in _KINDS:
        op.add_column(table, sa.Column("is_recurring", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "lot_months",
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("quantity_kg", sa.BigInteger(), nullable=False),
        sa.Column("reserved_kg", sa.BigInteger(), nullable=False),
        sa.Column("shipped_kg", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("reserved_kg >= 0 AND shipped_kg >= 0", name=op.f("ck_lot_months_parts_not_negative")),
        sa.CheckConstraint("reserved_kg + shipped_kg <= quantity_kg", name=op.f("ck_lot_months_never_oversold")),
        sa.ForeignKeyConstraint(["lot_id"], ["lots.id"], name=op.f("fk_lot_months_lot_id")),
        sa.PrimaryKeyConstraint("lot_id", "month", name=op.f("pk_lot_months")),
    )
    op.create_table(
        "agreement_months",
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("shipped_kg", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("shipped_kg >= 0", name=op.f("ck_agreement_months_shipped_not_negative")),
        sa.ForeignKeyConstraint(["agreement_id"], ["agreements.id"], name=op.f("fk_agreement_months_agreement_id")),
        sa.PrimaryKeyConstraint("agreement_id", "month", name=op.f("pk_agreement_months")),
    )
    op.create_index(op.f("ix_agreements_demand_id"), "agreements", ["demand_id"])


def downgrade() -> None:
    """Make what recurs something that is there once, as far as it is promised, and drop the months.

    A recurring lot is withdrawn, for nobody could know any more that it offers as much every month; its tonnes are
    those that its months have reserved and shipped. A live agreement on it is one about what it has shipped and what
    its months still hold, which ends as any other. A recurring demand asks for the tonnes of one month.
    """
    connection = op.get_bind()
    _add_up_agreements(connection)
    _add_up_lots(connection)
    op.drop_index(op.f("ix_agreements_demand_id"), "agreements")
    op.drop_table("agreement_months")
    op.drop_table("lot_months")
    for table in _KINDS:
        op.drop_column(table, "is_recurring")


def _add_up_agreements(connection: sa.Connection) -> None:
    shipped: dict[Any, list[int]] = defaultdict(list)
    for agreement_id, kg in connection.execute(sa.select(_AGREEMENT_MONTHS)):
        shipped[agreement_id].append(kg)
    live = sa.select(_AGREEMENTS).where(_AGREEMENTS.c.is_recurring, _AGREEMENTS.c.status == "accepted")
    for row in connection.execute(live).all():
        promised = row.quantity_kg * _count_months(row.starts_on, row.ends_on)
        held = promised - sum(min(row.quantity_kg, kg) for kg in shipped[row.id])
        quantity = max(1, row.shipped_kg + held)
        connection.execute(sa.update(_AGREEMENTS).where(_AGREEMENTS.c.id == row.id).values(quantity_kg=quantity))


def _count_months(first: date, last: date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month + 1


def _add_up_lots(connection: sa.Connection) -> None:
    months = _LOT_MONTHS.c
    sums = sa.select(months.lot_id, sa.func.sum(months.reserved_kg), sa.func.sum(months.shipped_kg))
    taken = {row[0]: (int(row[1]), int(row[2])) for row in connection.execute(sums.group_by(months.lot_id))}
    for row in connection.execute(sa.select(_LOTS.c.id, _LOTS.c.quantity_kg).where(_LOTS.c.is_recurring)).all():
        reserved, shipped = taken.get(row.id, (0, 0))
        connection.execute(
            sa.update(_LOTS)
            .where(_LOTS.c.id == row.id)
            .values(
                status="withdrawn",
                quantity_kg=(reserved + shipped) or row.quantity_kg,
                reserved_kg=reserved,
                shipped_kg=shipped,
            )
        )
