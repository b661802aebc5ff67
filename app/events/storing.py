"""Storing of events: under the lock of the head they are given positions and hashes, and nothing but COMMIT follows.

Two statements on PostgreSQL, however few or many events there are: whoever else commits waits for them.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, bindparam, select, text, update
from sqlalchemy.orm import Session

from app.core.bulk import columns_of, insert_few, insert_rows
from app.core.engines import write_json_text
from app.events.chain import chain_hash, write_content, write_instant
from app.events.models import Event, EventHead, EventViewer

_MANY = 100
_LOCK_HEAD = select(EventHead.position, EventHead.hash).with_for_update()
_MOVE_HEAD = update(EventHead).values(position=bindparam("head"), hash=bindparam("head_hash"))
_ARRAYS = {
    "position": "bigint",
    "id": "uuid",
    "type": "text",
    "occurred_at": "timestamptz",
    "organisation_id": "uuid",
    "key_id": "uuid",
    "delegate_id": "uuid",
    "subject_kind": "text",
    "subject_id": "uuid",
    "data": "text",
    "for_market": "boolean",
    "hash": "text",
}
_NAMES = ", ".join(_ARRAYS)
_GIVEN = ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in _ARRAYS.items())
#: Made once, whatever the number of events; `data` comes as text and stays as it is written.
_APPEND = text(
    f"WITH told AS (INSERT INTO events ({_NAMES}) "  # noqa: S608 - names of ours
    f"SELECT {_NAMES.replace('data', 'CAST(data AS json)')} FROM unnest({_GIVEN}) AS given ({_NAMES})), "
    "shown AS (INSERT INTO event_viewers (organisation_id, position) "
    "SELECT viewer, at FROM unnest(CAST(:viewer AS uuid[]), CAST(:at AS bigint[])) AS seen (viewer, at)) "
    "UPDATE event_head SET position = :head, hash = :head_hash"
)


class Told(NamedTuple):
    """An event that lacks its position and its hash alone: its row, who may see it, and what is hashed."""

    row: dict[str, Any]
    viewers: Sequence[UUID]
    content: str


def tell(row: dict[str, Any], viewers: Sequence[UUID]) -> Told:
    """Return an event ready to be stored; `row` maps the attributes of an Event to values."""
    shown = () if row["for_market"] else sorted(set(viewers))
    content = write_content(
        event_id=row["id"],
        type_=row["type"],
        occurred_at=write_instant(row["occurred_at"]),
        organisation_id=row["organisation_id"],
        delegate_id=row["delegate_id"],
        key_id=row["key_id"],
        subject_kind=row["subject_kind"],
        subject_id=row["subject_id"],
        data=write_json_text(row["data"]),
        for_market=row["for_market"],
        viewers=shown,
    )
    return Told(row, shown, content)


def store_events(session: Session, events: Sequence[Told]) -> None:
    """Append events in their order; whoever calls commits next."""
    connection = session.connection()
    position, last = connection.execute(_LOCK_HEAD).one()
    shown = []
    for row, viewers, content in events:
        position += 1
        last = chain_hash(last, position, content)
        row["position"], row["hash"] = position, last
        shown += [{"organisation_id": viewer, "position": position} for viewer in viewers]
    head = {"head": position, "head_hash": last}
    rows = [event.row for event in events]
    if len(rows) < _MANY and connection.dialect.name == "postgresql":
        _append_at_once(connection, rows, shown, head)
        return
    insert = insert_few if len(rows) < _MANY else insert_rows
    insert(session, Event, rows)
    if shown:
        insert(session, EventViewer, shown)
    connection.execute(_MOVE_HEAD, head)


def _append_at_once(
    connection: Connection,
    rows: Sequence[Mapping[str, Any]],
    shown: Sequence[Mapping[str, Any]],
    head: Mapping[str, Any],
) -> None:
    given = {name: [row[name] for row in rows] for name in _ARRAYS}
    given["data"] = [write_json_text(data) for data in given["data"]]
    seen = {"viewer": [row["organisation_id"] for row in shown], "at": [row["position"] for row in shown]}
    connection.execute(_APPEND, {**given, **seen, **head})


assert columns_of(Event).keys() == _ARRAYS.keys()  # noqa: S101 - a new column is to be appended too
