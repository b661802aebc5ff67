"""Reads all events in order and finds what was tampered with, in constant memory and beside a running exchange.

Rows are read raw, as text: what somebody put in their place need not be what a column is made for.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import ColumnElement, Row, String, cast, func, select, text, type_coerce
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.types import NullType

from app.events import findings
from app.events.chain import write_content
from app.events.findings import Finding
from app.events.models import Event, EventHead, EventViewer
from app.events.places import Row as StoredRow
from app.events.tracing import START, Head, Link, Tracer

_BATCH = 2000
_PLAIN = ("id", "type", "organisation_id", "delegate_id", "key_id", "subject_kind", "subject_id", "data", "hash")
_BOOLEANS: Mapping[Any, bool] = {0: False, 1: True}
_DIGITS_OF_ID = 32
_MOST_LISTED = 1000
#: One statement, so that it sees one state of what others are adding to.
_END = text(
    "SELECT (SELECT position FROM event_head) AS position, (SELECT hash FROM event_head) AS hash, "
    "(SELECT max(position) FROM events) AS last, "
    "(SELECT hash FROM events WHERE position = (SELECT position FROM event_head)) AS hash_there"
)
_VIEWERS_OF_NONE = text(
    "SELECT DISTINCT position FROM event_viewers WHERE position < 1 OR (position > (SELECT position FROM event_head) "
    "AND position > (SELECT coalesce(max(position), 0) FROM events)) ORDER BY position LIMIT :most"
)
Advance = Callable[[int], None]


def read_anchor(session: Session) -> Link:
    """Return the last event's position and hash; noted elsewhere, it proves later what came before it."""
    return Link(*session.execute(select(EventHead.position, EventHead.hash)).one())


def find_tampering(
    session: Session, since: Link = START, anchors: Mapping[int, str] | None = None, advance: Advance = lambda _: None
) -> Iterator[Finding]:
    """Yield what is wrong with the events after `since`; yields nothing for sound ones.

    `anchors` maps positions to the hashes that were noted of them. `session` reads in AUTOCOMMIT: a long transaction
    would keep the database from clearing up.
    """
    tracer = Tracer(since, anchors or {})
    with _any_text(session):
        if since == START:
            yield from _before_the_first(session)
        elif (found := _hash_at(session, since.position)) != since.hash:
            detail = "there is no such event" if found is None else "another hash stands there"
            yield findings.anchor_missed(since.position, f"{detail}; nothing after it was looked at")
            return
        after: Any = since.position
        while True:
            rows = _read_rows(session, after)
            if rows:
                yield from _follow(session, tracer, rows, after)
                advance(len(rows))
                after = rows[-1].position
                continue
            end = session.execute(_END).one()
            if not _is_beyond(end.last, after):
                break
        yield from tracer.end(None if end.position is None else Head(end.position, end.hash, end.hash_there))
        yield from map(findings.viewers_of_none, session.scalars(_VIEWERS_OF_NONE, {"most": _MOST_LISTED}))


def _is_beyond(last: object, after: object) -> bool:
    """Tell whether more was committed meanwhile."""
    return isinstance(last, int) and isinstance(after, int) and last > after


def _hash_at(session: Session, position: int) -> object:
    return session.scalar(select(type_coerce(Event.hash, NullType())).where(Event.position == position))


def _before_the_first(session: Session) -> Iterator[Finding]:
    query = select(Event.position).where(Event.position < 1).order_by(Event.position).limit(_MOST_LISTED)
    for position in session.scalars(query):
        yield findings.inserted(position, position, "positions begin at 1")


def _is_postgresql(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"


def _read_rows(session: Session, after: object) -> Sequence[Row[Any]]:
    columns = _columns(is_postgresql=_is_postgresql(session))
    query = select(Event.position, *columns).where(Event.position > after).order_by(Event.position).limit(_BATCH)
    return session.execute(query).all()


def _follow(session: Session, tracer: Tracer, rows: Sequence[Row[Any]], after: object) -> Iterator[Finding]:
    is_postgresql = _is_postgresql(session)
    viewers = _read_viewers(session, after, rows[-1].position)
    for row in rows:
        if isinstance(row.position, int):
            content = _write_row(row, viewers[row.position], is_postgresql=is_postgresql)
            yield from tracer.follow(StoredRow(row.position, content, str(row.hash)))
        else:
            yield findings.inserted(0, 0, f"{row.position!r} is no position")


def _read_viewers(session: Session, after: object, to: object) -> Mapping[object, list[str]]:
    """Return who may see each event, in order."""
    viewers: dict[object, list[str]] = defaultdict(list)
    is_postgresql = _is_postgresql(session)
    query = select(EventViewer.position, _raw(EventViewer.organisation_id, is_postgresql=is_postgresql))
    query = query.where(EventViewer.position > after, EventViewer.position <= to)
    for position, viewer in session.execute(query.order_by(EventViewer.position, EventViewer.organisation_id)):
        viewers[position].append(_hyphened(viewer, is_postgresql=is_postgresql))
    return viewers


def _raw(column: ColumnElement[Any] | InstrumentedAttribute[Any], *, is_postgresql: bool) -> ColumnElement[Any]:
    return cast(column, String) if is_postgresql else type_coerce(column, NullType())


def _columns(*, is_postgresql: bool) -> list[ColumnElement[Any]]:
    """Return the columns of an event as text; of SQLite as they lie there."""
    at: Any = Event.occurred_at
    if is_postgresql:
        at = func.to_char(func.timezone("UTC", at), "YYYY-MM-DD HH24:MI:SS.US")
    else:
        at = type_coerce(at, NullType())
    raw = {name: _raw(getattr(Event, name), is_postgresql=is_postgresql) for name in _PLAIN}
    columns = raw | {"occurred_at": at, "for_market": type_coerce(Event.for_market, NullType())}
    return [column.label(name) for name, column in columns.items()]


def _write_row(row: Row[Any], viewers: Sequence[str], *, is_postgresql: bool) -> str:
    def identifier(value: Any) -> Any:  # noqa: ANN401 - whatever stands there
        return _hyphened(value, is_postgresql=is_postgresql)

    return write_content(
        event_id=identifier(row.id),
        type_=row.type,
        occurred_at=row.occurred_at,
        organisation_id=identifier(row.organisation_id),
        delegate_id=identifier(row.delegate_id),
        key_id=identifier(row.key_id),
        subject_kind=row.subject_kind,
        subject_id=identifier(row.subject_id),
        data=row.data,
        for_market=_BOOLEANS.get(row.for_market, row.for_market),
        viewers=viewers,
    )


def _hyphened(value: Any, *, is_postgresql: bool) -> Any:  # noqa: ANN401 - whatever stands there
    """Return an id as PostgreSQL writes it; SQLite keeps its 32 digits alone, and anything else is no id there."""
    if is_postgresql or value is None:
        return value
    is_id = isinstance(value, str) and len(value) == _DIGITS_OF_ID
    return f"{value[:8]}-{value[8:12]}-{value[12:16]}-{value[16:20]}-{value[20:]}" if is_id else f"no id: {value!r}"


@contextmanager
def _any_text(session: Session) -> Iterator[None]:
    """Let SQLite hand over text that is not UTF-8 too: it is a finding, and no reason to stop."""
    if _is_postgresql(session):
        yield
        return
    raw: Any = session.connection().connection.driver_connection
    usual = raw.text_factory
    raw.text_factory = lambda stored: stored.decode(errors="backslashreplace")
    try:
        yield
    finally:
        raw.text_factory = usual
