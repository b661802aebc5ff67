"""Many rows at once: stored as the session would store them, and refused in SQLAlchemy's words."""

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.core.bulk import insert_guarded, insert_rows
from app.core.database import Database, new_id
from app.events.models import EventCursor, EventViewer


def test_rows_are_stored_on_both_engines(database: Database) -> None:
    organisation = new_id()
    with database.write() as session:
        insert_rows(session, EventViewer, [{"organisation_id": organisation, "position": n} for n in range(3)])
        session.commit()
    with database.read() as session:
        query = select(EventViewer).where(EventViewer.organisation_id == organisation).order_by(EventViewer.position)
        assert [row.position for row in session.scalars(query)] == [0, 1, 2]


def test_a_row_that_is_there_raises_what_a_session_raises(database: Database) -> None:
    rows = [{"consumer": "once", "position": 1}]
    with database.write() as session:
        insert_rows(session, EventCursor, rows)
        with pytest.raises(IntegrityError), session.begin_nested():
            insert_rows(session, EventCursor, rows)
        insert_rows(session, EventCursor, [{"consumer": "after", "position": 1}])
        session.commit()
    with database.read() as session:
        assert set(session.scalars(select(EventCursor.consumer))) >= {"once", "after"}


def test_behind_row_level_security_texts_arrive_as_they_are(database: Database) -> None:
    """EventCursor has no such lock; what differs from COPY is how values are written."""
    names = ['a"b', "a\\b", "{a,b}", "NULL", "", " 粉煤灰 ", "'"]
    with database.write() as session:
        insert_guarded(session, EventCursor, [{"consumer": name, "position": 7} for name in names])
        with pytest.raises(IntegrityError), session.begin_nested():
            insert_guarded(session, EventCursor, [{"consumer": "{a,b}", "position": 7}])
        session.commit()
    with database.read() as session:
        found = session.scalars(select(EventCursor.consumer).where(EventCursor.position == 7))
        assert sorted(found) == sorted(names)
