"""Events, who may see them and who follows them; saved searches with their reach and what they found.

Revision: 0005
After: 0004
Created: 2026-11-24 16:14:13.030999+00:00
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_MESSAGE = "events are appended and never changed"
_SQLITE_GUARDS = [
    f"CREATE TRIGGER events_refuse_{verb.lower()} BEFORE {verb} ON events BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END"
    for verb in ("UPDATE", "DELETE")
]
_POSTGRESQL_GUARDS = [
    (
        "CREATE FUNCTION refuse_change_of_events() RETURNS trigger LANGUAGE plpgsql "
        f"AS 'BEGIN RAISE EXCEPTION ''{_MESSAGE}''; END'"
    ),
    (
        "CREATE TRIGGER events_refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON events "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_events()"
    ),
]


def upgrade() -> None:
    """Create the tables, the one row of the head, and the guard of the events."""
    _create_events()
    _create_saved_searches()


def _create_events() -> None:
    op.create_table(
        "event_cursors",
        sa.Column("consumer", sa.String(length=40), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("consumer", name=op.f("pk_event_cursors")),
    )
    op.create_table(
        "event_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_event_head_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_head")),
    )
    op.execute("INSERT INTO event_head (id, position) VALUES (1, 0)")
    op.create_table(
        "event_viewers",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "position", name=op.f("pk_event_viewers")),
    )
    op.create_table(
        "events",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.String(length=60), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("key_id", sa.Uuid(), nullable=True),
        sa.Column("subject_kind", sa.String(length=40), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("for_market", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_events")),
        sa.UniqueConstraint("id", name=op.f("uq_events_id")),
    )
    op.create_index(
        "ix_events_market",
        "events",
        ["position"],
        unique=False,
        sqlite_where=sa.text("for_market = 1"),
        postgresql_where=sa.text("for_market"),
    )
    for guard in _SQLITE_GUARDS if op.get_bind().dialect.name == "sqlite" else _POSTGRESQL_GUARDS:
        op.execute(guard)


def _create_saved_searches() -> None:
    op.create_table(
        "saved_searches",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("filters", sa.JSON(), nullable=True),
        sa.Column("demand_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(filters IS NULL) <> (demand_id IS NULL)", name=op.f("ck_saved_searches_filters_or_demand")
        ),
        sa.ForeignKeyConstraint(["demand_id"], ["demands.id"], name=op.f("fk_saved_searches_demand_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_saved_searches_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_searches")),
    )
    op.create_index(op.f("ix_saved_searches_demand_id"), "saved_searches", ["demand_id"], unique=False)
    op.create_index("ix_saved_searches_organisation_id_id", "saved_searches", ["organisation_id", "id"], unique=False)
    op.create_table(
        "saved_search_matches",
        sa.Column("saved_search_id", sa.Uuid(), nullable=False),
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("verdict", sa.String(length=10), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["saved_search_id"],
            ["saved_searches.id"],
            name=op.f("fk_saved_search_matches_saved_search_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("saved_search_id", "lot_id", name=op.f("pk_saved_search_matches")),
    )
    op.create_index(
        "ix_saved_search_matches_saved_search_id_id", "saved_search_matches", ["saved_search_id", "id"], unique=False
    )
    op.create_table(
        "saved_search_reach",
        sa.Column("material", sa.String(length=80), nullable=False),
        sa.Column("cell", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("saved_search_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["saved_search_id"],
            ["saved_searches.id"],
            name=op.f("fk_saved_search_reach_saved_search_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("material", "cell", "saved_search_id", name=op.f("pk_saved_search_reach")),
    )
    op.create_index(
        op.f("ix_saved_search_reach_saved_search_id"), "saved_search_reach", ["saved_search_id"], unique=False
    )


def downgrade() -> None:
    """Drop what was created; indexes and triggers go with their tables."""
    for table in ("saved_search_reach", "saved_search_matches", "saved_searches", "events"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_change_of_events()")
    for table in ("event_viewers", "event_head", "event_cursors"):
        op.drop_table(table)
