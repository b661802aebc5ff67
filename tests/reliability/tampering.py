"""What somebody can do to the events who may do anything in the database: each a function that says what must be found.

The functions take a connection whose guards are off and a position with sound neighbours, and return the findings due.
"""

import random
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, insert, select, text, update

from app.core.bulk import table_of
from app.core.database import new_id
from app.events.chain import chain_hash
from app.events.findings import FindingKind
from app.events.models import Event, EventHead, EventViewer
from app.events.storing import tell

EVENTS, VIEWERS, HEAD = table_of(Event), table_of(EventViewer), table_of(EventHead)
#: Kind, first and last position.
Due = tuple[FindingKind, int, int]
Act = Callable[[Connection, int, random.Random], list[Due]]


def disarm(connection: Connection) -> None:
    """Take the guards away, as a superuser can."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        return
    for table in ("events", "event_viewers"):
        for verb in ("update", "delete"):
            connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_refuse_{verb}"))


def read_event(connection: Connection, position: int) -> dict[str, Any]:
    """Return the row at a position."""
    return dict(connection.execute(select(EVENTS).where(EVENTS.c.position == position)).mappings().one())


def read_viewers(connection: Connection, position: int) -> list[UUID]:
    """Return who may see the event at a position."""
    query = select(VIEWERS.c.organisation_id).where(VIEWERS.c.position == position)
    return list(connection.scalars(query.order_by(VIEWERS.c.organisation_id)))


def put(connection: Connection, position: int, /, **values: Any) -> None:  # noqa: ANN401 - columns
    """Write over columns of an event."""
    connection.execute(update(EVENTS).where(EVENTS.c.position == position).values(**values))


def move(connection: Connection, beginning: int, steps: int) -> None:
    """Let all events from a position stand some places further, and the head with them."""
    for table in (EVENTS, VIEWERS):
        here = table.c.position
        connection.execute(update(table).where(here >= beginning).values(position=-(here + steps)))
        connection.execute(update(table).where(here < 0).values(position=-here))
    connection.execute(update(HEAD).values(position=HEAD.c.position + steps))


def made_up(connection: Connection, position: int) -> dict[str, Any]:
    """Return an event that never happened, like the one at a position."""
    return read_event(connection, position) | {"id": new_id(), "subject_id": new_id(), "hash": "f" * 64}


def follow(connection: Connection, row: Mapping[str, Any]) -> str:
    """Return the hash with which a row follows from the one before it."""
    before = read_event(connection, row["position"] - 1)["hash"]
    return chain_hash(before, row["position"], tell(dict(row), read_viewers(connection, row["position"])).content)


def _changing(**change: Callable[[Any, random.Random], Any]) -> Act:
    ((column, new),) = change.items()

    def act(connection: Connection, position: int, chance: random.Random) -> list[Due]:
        put(connection, position, **{column: new(read_event(connection, position)[column], chance)})
        kind = FindingKind.HASH_CHANGED if column == "hash" else FindingKind.CHANGED
        return [(kind, position, position)]

    act.__name__ = f"change_{column}"
    return act


def _blank(connection: Connection, position: int, _: random.Random) -> list[Due]:
    """Add a blank to the JSON, which still means the same."""
    change = (
        "UPDATE events SET data = CAST(replace(CAST(data AS text), '}', ' }') AS {kind}) WHERE position = :position"
    )
    kind = "json" if connection.dialect.name == "postgresql" else "text"
    connection.execute(text(change.replace("{kind}", kind)), {"position": position})
    return [(FindingKind.CHANGED, position, position)]


def _remove(connection: Connection, position: int, _: random.Random) -> list[Due]:
    connection.execute(delete(EVENTS).where(EVENTS.c.position == position))
    connection.execute(delete(VIEWERS).where(VIEWERS.c.position == position))
    return [(FindingKind.MISSING, position, position)]


def _remove_three(connection: Connection, position: int, _: random.Random) -> list[Due]:
    """And leave who might see them."""
    connection.execute(delete(EVENTS).where(EVENTS.c.position.between(position, position + 2)))
    return [(FindingKind.MISSING, position, position + 2)]


def _replace(connection: Connection, position: int, _: random.Random) -> list[Due]:
    put(connection, position, **made_up(connection, position))
    return [(FindingKind.CHANGED, position, position)]


def _rewrite(connection: Connection, position: int, _: random.Random) -> list[Due]:
    """With the hash that it would have had: only the next one tells."""
    row = made_up(connection, position)
    put(connection, position, **row | {"hash": follow(connection, row)})
    return [(FindingKind.CHANGED, position + 1, position + 1)]


def _swap(connection: Connection, one: int, other: int) -> None:
    for table in (EVENTS, VIEWERS):
        for here, there in ((one, -1), (other, one), (-1, other)):
            connection.execute(update(table).where(table.c.position == here).values(position=there))


def _swap_neighbours(connection: Connection, position: int, _: random.Random) -> list[Due]:
    _swap(connection, position, position + 1)
    return [(FindingKind.MOVED, position, position), (FindingKind.MOVED, position + 1, position + 1)]


def _swap_apart(connection: Connection, position: int, _: random.Random) -> list[Due]:
    _swap(connection, position, position + 4)
    return [(FindingKind.MOVED, position, position), (FindingKind.MOVED, position + 4, position + 4)]


def _show(connection: Connection, position: int, _: random.Random) -> list[Due]:
    connection.execute(insert(VIEWERS).values(position=position, organisation_id=new_id()))
    return [(FindingKind.CHANGED, position, position)]


def _hide(connection: Connection, position: int, chance: random.Random) -> list[Due]:
    there = read_viewers(connection, position)
    if not there:
        return _show(connection, position, chance)
    gone = chance.choice(there)
    where = VIEWERS.c.position == position, VIEWERS.c.organisation_id == gone
    connection.execute(delete(VIEWERS).where(*where))
    return [(FindingKind.CHANGED, position, position)]


def _other(_value: object, _chance: random.Random) -> UUID:
    return new_id()


#: What can be done anywhere, any number of times.
ACTS: tuple[Act, ...] = (
    _changing(id=_other),
    _changing(type=lambda was, _: "lot.sold" if was != "lot.sold" else "lot.opened"),
    _changing(occurred_at=lambda was, chance: was + timedelta(microseconds=chance.choice([-1, 1]))),
    _changing(organisation_id=lambda was, _: None if was else new_id()),
    _changing(key_id=lambda was, _: None if was else new_id()),
    _changing(delegate_id=lambda was, _: None if was else new_id()),
    _changing(subject_kind=lambda was, _: was + "s"),
    _changing(subject_id=_other),
    _changing(data=lambda was, _: was | {"tonnes": 1}),
    _changing(for_market=lambda was, _: not was),
    _changing(hash=lambda _was, chance: f"{chance.getrandbits(256):064x}"),
    _blank,
    _remove,
    _remove_three,
    _replace,
    _rewrite,
    _swap_neighbours,
    _swap_apart,
    _show,
    _hide,
)


def insert_between(connection: Connection, position: int, *, follows: bool) -> list[Due]:
    """Make room for an event that never happened, with or without the hash that it would have had."""
    row = made_up(connection, position)
    move(connection, position, 1)
    if follows:
        row["hash"] = follow(connection, row)
    connection.execute(insert(EVENTS).values(**row))
    return [(FindingKind.INSERTED, position, position)]


def close_gap(connection: Connection, position: int) -> list[Due]:
    """Take an event out and let the others close up."""
    _remove(connection, position, random.Random())
    move(connection, position + 1, -1)
    return [(FindingKind.MISSING, position, position)]
