"""Reads of the feed: what an organisation may see beyond a position, in order."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, func, select, union
from sqlalchemy.orm import Session

from app.events.models import Event, EventViewer
from app.events.schemas import Author, EventRead, Subject
from app.events.types import EventType

#: With a filter, so many visible events are looked through for an answer, whatever their types.
_LOOKED_THROUGH = 1000


class Part(NamedTuple):
    """Events in order, and how far they reach: from there a reader goes on."""

    events: Sequence[Event]
    reaches: int


def list_visible(
    session: Session, organisation_id: UUID, after: int, limit: int, types: Collection[EventType] = ()
) -> Part:
    """Return the first events beyond a position that are the market's or addressed to an organisation.

    With `types` there can be fewer than `limit`, or none, before the end: it is where `reaches` is `after`.
    """
    if not types:
        found = session.scalars(visible_events(organisation_id, after, limit)).all()
        return Part(found, found[-1].position if found else after)
    window = visible_events(organisation_id, after, _LOOKED_THROUGH).with_only_columns(Event.position).subquery()
    # The end first: what is committed before the next statement lies beyond it.
    reaches = session.scalar(select(func.max(window.c.position)))
    if reaches is None:
        return Part([], after)
    query = select(Event).where(Event.position.in_(select(window.c.position)), Event.position <= reaches)
    found = session.scalars(query.where(Event.type.in_(types)).order_by(Event.position).limit(limit)).all()
    return Part(found, found[-1].position if len(found) == limit else reaches)


def visible_events(organisation_id: UUID, after: int, limit: int) -> Select[Event]:
    """Return the statement of it: two walks along an index, each at most `limit` long, whatever the feed's length."""
    market = select(Event.position).where(Event.for_market, Event.position > after)
    addressed = select(EventViewer.position).where(
        EventViewer.organisation_id == organisation_id, EventViewer.position > after
    )
    parts: list[Select[Any]] = []
    for part, position in ((market, Event.position), (addressed, EventViewer.position)):
        first = part.order_by(position).limit(limit).subquery()
        parts.append(select(first.c.position))
    return select(Event).where(Event.position.in_(union(*parts))).order_by(Event.position).limit(limit)


def describe_event(event: Event, reader_id: UUID) -> EventRead:
    """Return an event as an organisation sees it.

    Keys are named to their own organisation alone, and who acted for another one to these two.
    """
    author = event.organisation_id and Author(
        organisation_id=event.organisation_id,
        delegate_id=event.delegate_id if reader_id in (event.organisation_id, event.delegate_id) else None,
        key_id=event.key_id if reader_id == (event.delegate_id or event.organisation_id) else None,
    )
    return EventRead(
        id=event.id,
        type=event.type,
        occurred_at=event.occurred_at,
        actor=author,
        subject=Subject(kind=event.subject_kind, id=event.subject_id),
        data=event.data,
    )


class Shown(NamedTuple):
    """An event, with those who may see it where it is not the market's."""

    event: Event
    viewers: frozenset[UUID]

    def may_be_seen_by(self, organisation_id: UUID) -> bool:
        """Tell whether the feed of an organisation has it: the rule of `visible_events`."""
        return self.event.for_market or organisation_id in self.viewers


def list_shown(session: Session, after: int, limit: int) -> list[Shown]:
    """Return the next events beyond a position, whoever may see them."""
    events = session.scalars(select(Event).where(Event.position > after).order_by(Event.position).limit(limit)).all()
    if not events:
        return []
    viewers: dict[int, set[UUID]] = defaultdict(set)
    addressed = select(EventViewer.position, EventViewer.organisation_id).where(
        EventViewer.position.between(events[0].position, events[-1].position)
    )
    for position, organisation_id in session.execute(addressed):
        viewers[position].add(organisation_id)
    return [Shown(event, frozenset(viewers[event.position])) for event in events]
