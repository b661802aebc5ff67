"""swx verify-events beside a running exchange, after a migration of old events, and when it is asked wrongly."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select

from app.core.database import Database, new_id
from app.core.revisions import migrate
from app.events.models import Event
from app.events.record import NewEvent, name_delegate, record_events
from app.events.types import EventType
from app.events.verification import find_tampering, read_anchor
from tests.cli.command import run_swx
from tests.factories import World

WRITERS, ROUNDS = 4, 25


def _record(database: Database, count: int) -> None:
    with database.write() as session:
        events = [NewEvent(EventType.LOT_CHANGED, "lot", new_id(), viewers=(new_id(), new_id())) for _ in range(count)]
        record_events(session, events)
        session.commit()


def _findings(database: Database) -> list[str]:
    with database.read() as session:
        return [finding.sentence for finding in find_tampering(session)]


def test_many_writers_make_one_chain_and_it_is_checked_meanwhile(database: Database) -> None:
    start = threading.Barrier(WRITERS + 1)

    def write() -> None:
        start.wait()
        for number in range(ROUNDS):
            _record(database, 1 + number % 3)

    with ThreadPoolExecutor(WRITERS) as pool:
        writing = [pool.submit(write) for _ in range(WRITERS)]
        start.wait()
        found = _findings(database)
        while not all(done.done() for done in writing):
            found += _findings(database)
        for done in writing:
            done.result(timeout=60)
    assert found + _findings(database) == []
    with database.read() as session:
        assert read_anchor(session).position == WRITERS * sum(1 + number % 3 for number in range(ROUNDS))


def test_events_from_before_the_chain_are_given_the_hashes_that_they_would_have_had(
    world: World, database: Database, owned: Database
) -> None:
    world.deal(100)
    _record(database, 150)
    with database.write() as session:
        name_delegate(session, new_id())
        data = {"名": '\u0001 \u2028 "\\'}
        told = NewEvent(EventType.LOT_CHANGED, "lot", new_id(), new_id(), new_id(), data, viewers=(new_id(),))
        record_events(session, [told])
        session.commit()
    query = select(Event.hash).order_by(Event.position)
    with database.read() as session:
        before, anchor = list(session.scalars(query)), read_anchor(session)
    migrate(owned.engine, "0021")
    migrate(owned.engine)
    with database.read() as session:
        assert (list(session.scalars(query)), read_anchor(session)) == (before, anchor)
    _record(database, 1)
    assert _findings(database) == []


@pytest.mark.parametrize("given", ["7", "0:" + "0" * 64, "7:" + "g" * 64, "7:" + "0" * 63])
def test_an_anchor_that_is_none_is_refused(given: str, database_url: str, tmp_path: Path) -> None:
    for option in ("--anchor", "--since"):
        said = run_swx("verify-events", option, given, folder=tmp_path, url=database_url)
        assert (said.exit_code, "give POSITION:HASH" in said.stderr) == (1, True)


def test_no_database_is_made(tmp_path: Path) -> None:
    said = run_swx("verify-events", folder=tmp_path / "none")
    assert (said.exit_code, "swx migrate" in said.stderr) == (1, True)
    assert not (tmp_path / "none").exists()
