"""Each event carries a hash made of itself and of the one before; events there already are given theirs.

On PostgreSQL who reads or appends events waits until it is done, and programs from before it can append none, because
theirs would have no hash: stop them first.

Revision: 0022
After: 0021
Created: 2026-11-29 23:30:00.000000+00:00
"""

import hashlib
from collections import defaultdict

import msgspec
import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_GENESIS = "0" * 64
_BATCH = 5000
_MESSAGE = "events are appended and never changed"
_EVENT_GUARDS = {
    verb: f"CREATE TRIGGER events_refuse_{verb.lower()} BEFORE {verb} ON events "
    f"BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END"
    for verb in ("UPDATE", "DELETE")
}
_VIEWER_GUARDS = {
    verb: f"CREATE TRIGGER event_viewers_refuse_{verb.lower()} BEFORE {verb} ON event_viewers "
    f"BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END"
    for verb in ("UPDATE", "DELETE")
}
_POSTGRESQL_VIEWER_GUARD = (
    "CREATE TRIGGER event_viewers_refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON event_viewers "
    "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_events()"
)
_IDS = ("id", "organisation_id", "delegate_id", "key_id", "subject_id")
_ORDER = (
    *("id", "type", "occurred_at", "organisation_id", "delegate_id", "key_id"),
    *("subject_kind", "subject_id", "data", "for_market"),
)


def upgrade() -> None:
    """Add the hashes, in batches, and guard who may see an event as the event itself."""
    connection = op.get_bind()
    is_postgresql = connection.dialect.name == "postgresql"
    if is_postgresql:
        connection.execute(sa.text("SELECT position FROM event_head FOR UPDATE")).one()
    # Plain, not in batch mode: that would make the table anew on SQLite, without its guards.
    for table in ("events", "event_head"):
        op.add_column(table, sa.Column("hash", sa.String(length=64), nullable=False, server_default=_GENESIS))
    op.create_index("ix_event_viewers_position", "event_viewers", ["position", "organisation_id"])
    _let_change(is_postgresql=is_postgresql)
    last = _chain(connection, is_postgresql=is_postgresql)
    connection.execute(sa.text("UPDATE event_head SET hash = :hash"), {"hash": last})
    if is_postgresql:
        op.execute("ALTER TABLE events ENABLE TRIGGER events_refuse_change")
        op.execute(_POSTGRESQL_VIEWER_GUARD)
        for table in ("events", "event_head"):
            op.execute(f"ALTER TABLE {table} ALTER COLUMN hash DROP DEFAULT")
        return
    for guard in (*_EVENT_GUARDS.values(), *_VIEWER_GUARDS.values()):
        op.execute(guard)


def _let_change(*, is_postgresql: bool) -> None:
    if is_postgresql:
        op.execute("ALTER TABLE events DISABLE TRIGGER events_refuse_change")
        return
    for verb in _EVENT_GUARDS:
        op.execute(f"DROP TRIGGER events_refuse_{verb.lower()}")


def _chain(connection: sa.Connection, *, is_postgresql: bool) -> str:
    """Give each event its hash, as app/events/chain.py makes it at this revision, and return the last one."""
    read = sa.text(_read_statement(is_postgresql=is_postgresql))
    viewers_of = sa.text(
        f"SELECT position, {_plain('organisation_id', is_postgresql=is_postgresql)} FROM event_viewers "  # noqa: S608 - names of ours
        "WHERE position > :after AND position <= :to ORDER BY position, organisation_id"
    )
    write = sa.text("UPDATE events SET hash = :hash WHERE position = :position")
    last, after = _GENESIS, 0
    while rows := connection.execute(read, {"after": after, "most": _BATCH}).mappings().all():
        viewers: dict[int, list[str]] = defaultdict(list)
        for position, viewer in connection.execute(viewers_of, {"after": after, "to": rows[-1]["position"]}):
            viewers[position].append(_hyphened(viewer))
        hashes = []
        for row in rows:
            content = {name: _hyphened(row[name]) if name in _IDS else row[name] for name in _ORDER}
            if content["delegate_id"] is None:
                del content["delegate_id"]
            content |= {"for_market": bool(row["for_market"]), "viewers": viewers[row["position"]]}
            written = msgspec.json.encode(content).decode()
            last = hashlib.sha256(f"{last}\n{row['position']}\n{written}".encode()).hexdigest()
            hashes.append({"hash": last, "position": row["position"]})
        connection.execute(write, hashes)
        after = rows[-1]["position"]
    return last


def _plain(column: str, *, is_postgresql: bool) -> str:
    return f"CAST({column} AS varchar)" if is_postgresql else column


def _read_statement(*, is_postgresql: bool) -> str:
    at = "to_char(timezone('UTC', occurred_at), 'YYYY-MM-DD HH24:MI:SS.US')" if is_postgresql else "occurred_at"
    plain = {name: _plain(name, is_postgresql=is_postgresql) for name in _ORDER if name != "for_market"}
    columns = plain | {"occurred_at": at, "for_market": "for_market"}
    listed = ", ".join(f"{column} AS {name}" for name, column in columns.items())
    return f"SELECT position, {listed} FROM events WHERE position > :after ORDER BY position LIMIT :most"  # noqa: S608 - names of ours


def _hyphened(identifier: str | None) -> str | None:
    """Return an id with its hyphens, which SQLite does without."""
    if identifier is None or "-" in identifier:
        return identifier
    return "-".join((identifier[:8], identifier[8:12], identifier[12:16], identifier[16:20], identifier[20:]))


def downgrade() -> None:
    """Drop what was added; events keep their own guard."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER event_viewers_refuse_change ON event_viewers")
    else:
        for verb in _VIEWER_GUARDS:
            op.execute(f"DROP TRIGGER event_viewers_refuse_{verb.lower()}")
    op.drop_index("ix_event_viewers_position", table_name="event_viewers")
    for table in ("event_head", "events"):
        op.execute(f"ALTER TABLE {table} DROP COLUMN hash")
