"""Writers of one process stand in line on SQLite: whoever is done, however it ended, lets the next one in."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from app.core.database import Database
from app.core.turns import Line


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path / 'turns.db'}")
    with made.write() as session:
        session.execute(text("CREATE TABLE counters (value INTEGER)"))
        session.execute(text("INSERT INTO counters VALUES (0)"))
        session.commit()
    yield made
    made.dispose()


def _connection(session: Session) -> Any:  # noqa: ANN401 - a connection of the driver
    return session.connection().connection.driver_connection


@pytest.mark.parametrize("end", [Session.commit, Session.rollback, Session.close])
def test_the_turn_ends_with_the_transaction(database: Database, end: Callable[[Session], None]) -> None:
    with database.write() as session:
        connection = _connection(session)
        assert connection.has_turn
        end(session)
        assert not connection.has_turn


def test_a_reader_takes_no_turn(database: Database) -> None:
    with database.write(), database.read() as reader, database.snapshot() as snapshot:
        assert not _connection(reader).has_turn
        assert not _connection(snapshot).has_turn


def test_who_cannot_begin_leaves_the_line(database: Database) -> None:
    stranger = Database(database.url)  # as another process would be
    with database.write() as session:
        session.execute(text("PRAGMA busy_timeout=1"))
        connection = _connection(session)
        session.commit()
        with stranger.write() as other:
            other.execute(text("UPDATE counters SET value = 1"))
            with pytest.raises(OperationalError, match="locked"):
                session.connection()
        assert not connection.has_turn
        assert session.scalar(text("SELECT value FROM counters")) == 0
    stranger.dispose()


def test_who_comes_first_is_served_first() -> None:
    line = Line()
    served: list[str] = []
    assert line.enter(0)

    def wait(name: str) -> None:
        assert line.enter(10)
        served.append(name)
        line.leave()

    waiting = []
    for place, name in enumerate(("first", "second"), start=1):
        waiting.append(threading.Thread(target=wait, args=(name,)))
        waiting[-1].start()
        while len(line._waiting) < place:  # noqa: SLF001 - the thread stands in the line now
            threading.Event().wait(0.001)
    line.leave()
    assert line.enter(10)  # at once, as an import does for its next chunk
    assert served == ["first", "second"]
    line.leave()
    for thread in waiting:
        thread.join()


def test_who_waits_too_long_leaves_the_line() -> None:
    line = Line()
    assert line.enter(0)
    assert not line.enter(0.001)
    line.leave()
    assert line.enter(0)


def test_many_writers_lose_nothing(database: Database) -> None:
    def count() -> None:
        for _ in range(25):
            with database.write() as session:
                value = session.scalar(text("SELECT value FROM counters"))
                session.execute(text("UPDATE counters SET value = :value"), {"value": value + 1})
                session.commit()

    writers = [threading.Thread(target=count) for _ in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    with database.read() as session:
        assert session.scalar(text("SELECT value FROM counters")) == 200


def test_the_turn_ends_with_a_commit_that_fails(database: Database) -> None:
    """Nothing of it is left open: neither the turn nor the transaction, which SQLite keeps after such a failure."""
    with database.write() as session:
        session.execute(text("CREATE TABLE parents (id INTEGER PRIMARY KEY)"))
        session.execute(text("CREATE TABLE children (id INTEGER REFERENCES parents DEFERRABLE INITIALLY DEFERRED)"))
        session.commit()
    with database.write() as session:
        connection = _connection(session)
        session.execute(text("INSERT INTO children VALUES (1)"))
        with pytest.raises(IntegrityError):
            session.commit()
    assert (connection.has_turn, connection.in_transaction) == (False, False)
    with database.write() as session:
        assert _connection(session).has_turn
        assert session.execute(text("SELECT count(*) FROM children")).scalar_one() == 0
