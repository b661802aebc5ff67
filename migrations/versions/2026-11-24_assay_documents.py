"""Results of an assay as one JSON text, written as it is answered.

Revision: 0002
After: 0001
Created: 2026-11-24 16:10:00+00:00
"""

import json
from collections import defaultdict
from decimal import Decimal

import sqlalchemy as sa
from alembic import op

from app.catalogue.reference import reference

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_BATCH = 2000
_ASSAYS = sa.table("assays", sa.column("id", sa.Uuid), sa.column("lot_id", sa.Uuid), sa.column("results", sa.Text))
_LOTS = sa.table("lots", sa.column("current_assay_id", sa.Uuid), sa.column("current_assay", sa.JSON))
_ROWS = sa.table(
    "assay_results",
    sa.column("assay_id", sa.Uuid),
    sa.column("parameter", sa.String),
    sa.column("position", sa.Integer),
    sa.column("value", sa.Numeric(30, 12)),
    sa.column("category", sa.String),
    sa.column("given_value", sa.String),
    sa.column("given_unit", sa.String),
    sa.column("given_basis", sa.String),
)


def upgrade() -> None:
    """Write the text of every assay from its rows; derived values come from the lot that it is the newest of."""
    op.add_column("assays", sa.Column("results", sa.Text(), nullable=True))
    connection = op.get_bind()
    ids = connection.scalars(sa.select(_ASSAYS.c.id).order_by(_ASSAYS.c.id)).all()
    for first in range(0, len(ids), _BATCH):
        _write_texts(connection, ids[first : first + _BATCH])
    op.drop_table("assay_results")  # before the copy that SQLite makes: it may not drop what others refer to
    with op.batch_alter_table("assays") as batch:
        batch.alter_column("results", existing_type=sa.Text(), nullable=False)


def downgrade() -> None:
    """Make rows of the texts again; what was derived is left out."""
    connection = op.get_bind()
    ids = connection.scalars(sa.select(_ASSAYS.c.id).order_by(_ASSAYS.c.id)).all()
    op.create_table(
        "assay_results",
        sa.Column("assay_id", sa.Uuid(), nullable=False),
        sa.Column("parameter", sa.String(length=80), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("value", sa.Numeric(precision=30, scale=12), nullable=True),
        sa.Column("category", sa.String(length=80), nullable=True),
        sa.Column("given_value", sa.String(length=80), nullable=False),
        sa.Column("given_unit", sa.String(length=20), nullable=True),
        sa.Column("given_basis", sa.String(length=20), nullable=True),
        sa.ForeignKeyConstraint(["assay_id"], ["assays.id"], name=op.f("fk_assay_results_assay_id")),
        sa.PrimaryKeyConstraint("assay_id", "parameter", name=op.f("pk_assay_results")),
    )
    for first in range(0, len(ids), _BATCH):
        found = connection.execute(
            sa.select(_ASSAYS.c.id, _ASSAYS.c.results).where(_ASSAYS.c.id.in_(ids[first : first + _BATCH]))
        )
        rows = [row for assay in found for row in _rows_of(assay.id, json.loads(assay.results))]
        if rows:
            connection.execute(sa.insert(_ROWS), rows)
    op.drop_column("assays", "results")


def _write_texts(connection, ids) -> None:  # noqa: ANN001 - a connection, ids of assays
    results = defaultdict(list)
    for row in connection.execute(
        sa.select(_ROWS).where(_ROWS.c.assay_id.in_(ids)).order_by(_ROWS.c.assay_id, _ROWS.c.position)
    ):
        given = {"value": row.given_value, "unit": row.given_unit, "basis": row.given_basis}
        results[row.assay_id].append(_described(row.parameter, _plain(row), given))
    current = sa.select(_LOTS.c.current_assay_id, _LOTS.c.current_assay).where(_LOTS.c.current_assay_id.in_(ids))
    for lot in connection.execute(current):
        reported = {item["parameter"] for item in results[lot.current_assay_id]}
        derived = {name: value for name, value in (lot.current_assay or {}).items() if name not in reported}
        results[lot.current_assay_id] += [_described(name, value, None) for name, value in derived.items()]
    connection.execute(
        sa.update(_ASSAYS).where(_ASSAYS.c.id == sa.bindparam("assay")).values(results=sa.bindparam("text")),
        [{"assay": assay, "text": json.dumps(results[assay], ensure_ascii=False)} for assay in ids],
    )


def _described(name, value, given):  # noqa: ANN001, ANN202 - a value and how it was given
    parameter = reference().parameters[name]
    return {
        "parameter": name,
        "value": value,
        "unit": parameter.unit,
        "basis": parameter.basis.value,
        "derived": given is None,
        "given": given,
    }


def _plain(row):  # noqa: ANN001, ANN202 - a row of assay_results
    if row.value is not None:
        return float(row.value)
    is_yes_or_no = reference().parameters[row.parameter].kind.value == "boolean"
    return row.category == "true" if is_yes_or_no else row.category


def _rows_of(assay, results):  # noqa: ANN001, ANN202 - the id of an assay and its described results
    for position, item in enumerate(item for item in results if item["given"] is not None):
        value = item["value"]
        category = str(value).lower() if isinstance(value, bool) else value if isinstance(value, str) else None
        yield {
            "assay_id": assay,
            "parameter": item["parameter"],
            "position": position,
            "value": Decimal(str(value)) if category is None else None,
            "category": category,
            **{f"given_{name}": given for name, given in item["given"].items()},
        }
