"""The mass balance of each origin's month, filled from the monthly flows.

Revision: 0011
After: 0010
Created: 2026-11-24 21:00:00+00:00
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_TABLE = "ledger_origin_months"
_PRIOR = "stock_year < CAST(substr(month, 1, 4) AS INTEGER)"
_FRESH = f"NOT {_PRIOR}"
_USED = "account IN ('utilised', 'self_utilised', 'entrusted_utilised')"
_VERIFIED = "account = 'utilised' AND verified"
_OFF_EXCHANGE = "account IN ('self_utilised', 'entrusted_utilised')"
_DISPOSED = "account IN ('disposed', 'entrusted_disposed')"
_STOCK = "account IN ('storage', 'in_transit', 'received', 'weighing_difference')"
_LEFT = f"({_OFF_EXCHANGE} OR (account = 'in_transit' AND kind IN ('dispatch', 'refusal')))"
#: Sign and condition of the flows that each figure is the sum of.
_FIGURES = {
    "generated_kg": (-1, "account = 'generation'"),
    "generated_on_dispatch_kg": (-1, "account = 'generation' AND kind = 'dispatch'"),
    "utilised_kg": (1, _USED),
    "utilised_from_prior_kg": (1, f"{_USED} AND {_PRIOR}"),
    "verified_use_kg": (1, _VERIFIED),
    "verified_use_from_prior_kg": (1, f"{_VERIFIED} AND {_PRIOR}"),
    "off_exchange_use_kg": (1, _OFF_EXCHANGE),
    "off_exchange_use_from_prior_kg": (1, f"{_OFF_EXCHANGE} AND {_PRIOR}"),
    "stored_at_producer_kg": (1, f"account = 'storage' AND {_FRESH}"),
    "in_transit_kg": (1, f"account = 'in_transit' AND {_FRESH}"),
    "held_by_recyclers_kg": (1, f"account = 'received' AND {_FRESH}"),
    "weighing_difference_kg": (1, f"account = 'weighing_difference' AND {_FRESH}"),
    "disposed_kg": (1, _DISPOSED),
    "disposed_from_prior_kg": (1, f"{_DISPOSED} AND {_PRIOR}"),
    "discarded_kg": (1, "account = 'discarded'"),
    "prior_stock_adjustment_kg": (-1, f"account = 'adjustment' AND {_PRIOR}"),
    "opening_kg": (-1, "account = 'opening'"),
    "closing_kg": (1, _STOCK),
    "dispatched_for_use_kg": (1, _LEFT),
    "dispatched_for_use_from_prior_kg": (1, f"{_LEFT} AND {_PRIOR}"),
}


def upgrade() -> None:
    """Create the table and fill it."""
    op.create_table(
        _TABLE,
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("material", sa.String(length=80), nullable=False),
        sa.Column("origin_site_id", sa.Uuid(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _FIGURES),
        sa.ForeignKeyConstraint(["origin_site_id"], ["sites.id"], name=op.f(f"fk_{_TABLE}_origin_site_id")),
        sa.PrimaryKeyConstraint("month", "material", "origin_site_id", name=op.f(f"pk_{_TABLE}")),
        sqlite_with_rowid=False,
    )
    sums = ", ".join(
        f"CAST({sign} * SUM(CASE WHEN {condition} THEN quantity_kg ELSE 0 END) AS BIGINT)"
        for sign, condition in _FIGURES.values()
    )
    op.execute(
        f"INSERT INTO {_TABLE} (month, material, origin_site_id, {', '.join(_FIGURES)})"  # noqa: S608 - names of ours
        f" SELECT month, material, origin_site_id, {sums} FROM ledger_flows GROUP BY month, material, origin_site_id"
    )
    op.create_index(f"ix_{_TABLE}_stock", _TABLE, ["material", "month", "origin_site_id", "closing_kg"])


def downgrade() -> None:
    """Drop the table: it is derived."""
    op.drop_index(f"ix_{_TABLE}_stock", table_name=_TABLE)
    op.drop_table(_TABLE)
