"""How consumers follow the events: one at a time, from where the last one left off."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.events.models import Event, EventCursor, EventHead


class Occurrence(NamedTuple):
    """What a consumer needs of an event; the object itself says how it stands now."""

    position: int
    type: str
    subject_id: UUID


def has_news(session: Session, consumer: str) -> bool:
    """Tell whether there is anything that a consumer has not read; locks nothing."""
    read = select(EventCursor.position).where(EventCursor.consumer == consumer).scalar_subquery()
    head, position = session.execute(select(EventHead.position, read)).one()
    return bool(head > (position or 0))


def read_positions(session: Session) -> tuple[int, dict[str, int]]:
    """Return the position of the last event, and that of each consumer."""
    head = session.scalars(select(EventHead.position)).one()
    return head, {
        row.consumer: row.position for row in session.execute(select(EventCursor.consumer, EventCursor.position))
    }


def lock_cursor(session: Session, consumer: str) -> EventCursor | None:
    """Return the consumer's cursor, locked until the transaction ends; None while another one works with it.

    On SQLite the transaction itself is the lock: a writing session waits for the one before it.
    """
    query = select(EventCursor).where(EventCursor.consumer == consumer).with_for_update(skip_locked=True)
    found = session.scalars(query).one_or_none()
    if found is None and session.get(EventCursor, consumer) is None:
        session.execute(_first_cursor(session, consumer))
        found = session.scalars(query).one_or_none()
    return found


def read_beyond(session: Session, cursor: EventCursor, limit: int) -> Sequence[Occurrence]:
    """Return what happened next, whoever may see it, in order."""
    query = select(Event.position, Event.type, Event.subject_id)
    beyond = query.where(Event.position > cursor.position).order_by(Event.position).limit(limit)
    return [Occurrence(*row) for row in session.execute(beyond)]


def subjects_between(first: int, last: int, types: Collection[str]) -> Select[UUID]:
    """Return the statement of what the events of some types at these positions, both included, are about."""
    return select(Event.subject_id).where(Event.position.between(first, last), Event.type.in_(types))


def _first_cursor(session: Session, consumer: str) -> Any:  # noqa: ANN401 - an INSERT of either dialect
    is_postgresql = session.get_bind().dialect.name == "postgresql"
    insert = postgresql.insert if is_postgresql else sqlite.insert
    return insert(EventCursor).values(consumer=consumer, position=0).on_conflict_do_nothing()
