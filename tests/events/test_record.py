"""Appending: positions in the order of commits, in the write's own transaction, never changed afterwards."""

import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from sqlalchemy import Delete, Update, delete, func, select, text, update
from sqlalchemy.event import listen, remove
from sqlalchemy.exc import DatabaseError

from app.core.database import Database, new_id
from app.events.models import Event, EventHead, EventViewer
from app.events.record import NewEvent, record_event, record_events
from app.events.types import EventType
from tests.databases import as_owner

WRITERS = 6
ROUNDS = 15


def _happened(kind: EventType = EventType.LOT_OPENED, subject_id: UUID | None = None, *viewers: UUID) -> NewEvent:
    return NewEvent(kind, "lot", subject_id or new_id(), for_market=not viewers, viewers=viewers)


def _positions(database: Database) -> list[int]:
    with database.read() as session:
        return list(session.scalars(select(Event.position).order_by(Event.position)))


def test_a_reader_never_misses_what_commits_later(database: Database) -> None:
    """Writers of one to three events against a reader that only ever looks beyond the last position it saw."""
    start = threading.Barrier(WRITERS + 1)
    written: set[UUID] = set()
    is_over = threading.Event()

    def write(number: int) -> None:
        start.wait()
        for turn in range(ROUNDS):
            ids = [new_id() for _ in range(1 + (number + turn) % 3)]
            with database.write() as session:
                record_events(session, [_happened(subject_id=identifier) for identifier in ids])
                session.commit()
            written.update(ids)

    def read() -> list[tuple[int, UUID]]:
        seen: list[tuple[int, UUID]] = []
        start.wait()
        while True:
            was_over = is_over.is_set()
            with database.read() as session:
                last = seen[-1][0] if seen else 0
                rows = select(Event.position, Event.subject_id).where(Event.position > last).order_by(Event.position)
                found = [(position, subject_id) for position, subject_id in session.execute(rows)]
            seen += found
            if was_over and not found:
                return seen

    with ThreadPoolExecutor(WRITERS + 1) as pool:
        reading = pool.submit(read)
        writing = [pool.submit(write, number) for number in range(WRITERS)]
        for done in writing:
            done.result(timeout=60)
        is_over.set()
        seen = reading.result(timeout=60)
    assert [position for position, _ in seen] == list(range(1, len(written) + 1))
    assert {subject_id for _, subject_id in seen} == written


def test_thousands_in_one_transaction_keep_their_order(database: Database) -> None:
    ids = [new_id() for _ in range(3000)]
    viewer = new_id()
    with database.write() as session:
        record_events(session, [_happened(EventType.LOT_CHANGED, identifier, viewer) for identifier in ids])
        session.commit()
    with database.read() as session:
        assert list(session.scalars(select(Event.subject_id).order_by(Event.position))) == ids
        assert session.scalars(select(func.count()).select_from(EventViewer)).one() == len(ids)
        assert session.scalars(select(EventHead.position)).one() == len(ids)


def test_what_is_rolled_back_has_not_happened(database: Database) -> None:
    kept, also_kept = new_id(), new_id()
    with database.write() as session:
        record_event(session, _happened())
        session.rollback()
        record_event(session, _happened(subject_id=kept))
        with session.begin_nested() as savepoint:
            record_event(session, _happened())
            with session.begin_nested():
                record_event(session, _happened())
            savepoint.rollback()
        with session.begin_nested():
            record_event(session, _happened(subject_id=also_kept))
        session.commit()
        session.commit()
    with database.write() as session:
        record_event(session, _happened())
    with database.read() as session:
        assert list(session.scalars(select(Event.subject_id).order_by(Event.position))) == [kept, also_kept]


def test_the_head_is_locked_by_the_commit_alone(database: Database) -> None:
    """On PostgreSQL one transaction with an event, still open, holds nobody up; SQLite has one writer anyhow."""
    if database.engine.dialect.name == "sqlite":
        with database.write() as session:
            record_event(session, _happened())
            session.flush()
            assert session.scalars(select(EventHead.position)).one() == 0
            session.commit()
        assert _positions(database) == [1]
        return
    with database.write() as slow, database.write() as fast:
        record_event(slow, _happened())
        slow.flush()
        record_event(fast, _happened())
        fast.execute(text("SET LOCAL lock_timeout = '2s'"))
        fast.commit()
        slow.commit()
    assert _positions(database) == [1, 2]


@pytest.mark.parametrize(
    "spoil",
    [update(Event).values(type="other"), delete(Event), update(EventViewer).values(position=7), delete(EventViewer)],
)
def test_events_and_who_sees_them_never_change(database: Database, spoil: Update | Delete) -> None:
    with database.write() as session:
        record_event(session, _happened(EventType.LOT_CHANGED, None, new_id()))
        session.commit()
    with database.write() as session, pytest.raises(DatabaseError, match="events are appended and never changed"):
        session.execute(spoil)
    assert _positions(database) == [1]


@pytest.mark.parametrize("engine", ["postgresql"])
@pytest.mark.parametrize("table", ["events", "event_viewers"])
def test_events_are_not_emptied_at_once(database: Database, table: str) -> None:
    with as_owner(database) as session, pytest.raises(DatabaseError, match="events are appended and never changed"):
        session.execute(text(f"TRUNCATE {table}"))


def test_the_head_is_held_for_two_statements_and_the_commit(database: Database) -> None:
    """One reads it, one writes events, viewers and head; an import adds its rows in bulk."""
    statements: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    with database.write() as session:
        record_events(session, [_happened(), _happened(EventType.LOT_CHANGED, None, new_id(), new_id())])
        session.connection()
        listen(database.engine, "before_cursor_execute", note)
        session.commit()
    remove(database.engine, "before_cursor_execute", note)
    assert len(statements) == (2 if database.engine.dialect.name == "postgresql" else 4), statements
    assert "event_head" in statements[0]
