"""The consumer: nothing lost and nothing twice, whoever is killed or works at the same time."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from app.core.database import Database
from app.core.settings import Settings
from app.events.cursors import has_news
from app.events.models import EventCursor, EventHead
from app.events.verification import read_anchor
from app.notifications.consumer import CONSUMER, consume_batch, run_consumer
from tests.databases import as_owner
from tests.factories import Member, World
from tests.notifications.searching import save, told, work_off

CONSUMERS = 3
_SPOIL_SQLITE = (
    (
        "CREATE TRIGGER spoil BEFORE UPDATE ON event_cursors WHEN NEW.position > 0 "
        "BEGIN SELECT RAISE(ABORT, 'killed'); END"
    ),
)
_SPOIL_POSTGRESQL = (
    "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''killed''; END'",
    "CREATE TRIGGER spoil BEFORE UPDATE ON event_cursors FOR EACH ROW EXECUTE FUNCTION spoil()",
)


def _execute(database: Database, *statements: str) -> None:
    with as_owner(database) as session:
        for statement in statements:
            session.execute(text(statement))


def test_killed_before_the_commit_it_does_all_of_it_again_once(world: World, database: Database) -> None:
    recycler = world.recycler()
    search = save(recycler)
    lots = [world.lot(world.producer())["id"] for _ in range(3)]
    is_sqlite = database.engine.dialect.name == "sqlite"
    _execute(database, *(_SPOIL_SQLITE if is_sqlite else _SPOIL_POSTGRESQL))
    with pytest.raises(DBAPIError, match="killed"):
        consume_batch(database, Settings())
    assert told(recycler, search) == []
    _execute(database, "DROP TRIGGER spoil" if is_sqlite else "DROP TRIGGER spoil ON event_cursors")
    work_off(database)
    assert told(recycler, search) == lots


def test_a_cursor_that_was_lost_tells_nothing_twice(world: World, database: Database) -> None:
    recycler = world.recycler()
    search = save(recycler)
    lots = [world.lot(world.producer())["id"] for _ in range(3)]
    work_off(database)
    _execute(database, "UPDATE event_cursors SET position = 0")
    work_off(database)
    assert told(recycler, search) == lots


def test_consumers_at_once_tell_everything_once(world: World, database: Database) -> None:
    producer, recycler = world.producer(), world.recycler()
    search = save(recycler)
    site = world.site(producer)["id"]
    is_over = threading.Event()

    def consume() -> None:
        while not is_over.is_set():
            consume_batch(database, Settings())

    with ThreadPoolExecutor(CONSUMERS) as pool:
        working = [pool.submit(consume) for _ in range(CONSUMERS)]
        lots = [world.lot(producer, site_id=site)["id"] for _ in range(20)]
        is_over.set()
        for done in working:
            done.result(timeout=60)
    work_off(database)
    assert told(recycler, search) == lots


def test_a_second_consumer_leaves_the_work_to_the_first(world: World, database: Database) -> None:
    """On PostgreSQL it passes by at once; on SQLite the transaction is the lock, and it waits for its turn."""
    world.lot(world.producer())
    with database.read() as session:
        there = read_anchor(session).position
    with database.write() as session:
        session.add(EventCursor(consumer=CONSUMER, position=0))
        session.commit()
    passes_by = database.engine.dialect.name == "postgresql"
    with ThreadPoolExecutor(1) as pool:
        with database.write() as first:
            first.scalars(select(EventCursor).where(EventCursor.consumer == CONSUMER).with_for_update()).one()
            second = pool.submit(consume_batch, database, Settings())
            if passes_by:
                assert second.result(timeout=20) == 0
        assert second.result(timeout=20) == (0 if passes_by else there)
    assert consume_batch(database, Settings()) == (there if passes_by else 0)


def test_without_news_it_locks_nothing(world: World, database: Database) -> None:
    save(world.recycler())
    world.lot(world.producer())
    work_off(database)
    with database.read() as session:
        assert not has_news(session, CONSUMER)
    with database.write() as writer:
        # Somebody else writes: on SQLite a consumer that wanted the lock would wait until it gave up.
        writer.execute(select(EventHead).with_for_update())
        assert consume_batch(database, Settings()) == 0


def test_deleting_while_it_works_fails_neither(world: World, database: Database) -> None:
    producer, recycler = world.producer(), world.recycler()
    site = world.site(producer)["id"]
    kept = save(recycler)
    searches = [save(recycler) for _ in range(15)]

    def delete() -> set[int]:
        return {recycler.request("DELETE", f"/saved-searches/{search}").status_code for search in searches}

    with ThreadPoolExecutor(1) as pool:
        deleting = pool.submit(delete)
        lots = []
        for _ in range(5):
            lots.append(world.lot(producer, site_id=site)["id"])
            work_off(database)
        assert deleting.result(timeout=60) == {204}
    assert told(recycler, kept) == lots


@contextmanager
def _running(database: Database) -> Iterator[threading.Thread]:
    stop = threading.Event()
    thread = threading.Thread(target=run_consumer, args=(database, Settings(), stop))
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join(timeout=20)
        assert not thread.is_alive()


def _await_match(recycler: Member, search: str, lot: str) -> None:
    pause = threading.Event()
    for _ in range(100):
        if recycler.get(f"/saved-searches/{search}/matches")["items"]:
            assert told(recycler, search) == [lot]
            return
        pause.wait(0.05)
    pytest.fail("not told within 5 s")


def test_it_tells_within_five_seconds(world: World, database: Database) -> None:
    producer, recycler = world.producer(), world.recycler()
    with _running(database):
        for _ in range(2):
            search = save(recycler)
            _await_match(recycler, search, world.lot(producer)["id"])


def test_it_outlives_a_database_that_fails(world: World, database: Database) -> None:
    recycler = world.recycler()
    search = save(recycler)
    _execute(database, "ALTER TABLE event_cursors RENAME TO event_cursors_away")
    lot = world.lot(world.producer())["id"]
    with pytest.raises(DBAPIError):
        consume_batch(database, Settings())
    with _running(database) as thread:
        thread.join(timeout=0.3)
        assert thread.is_alive()
        _execute(database, "ALTER TABLE event_cursors_away RENAME TO event_cursors")
        _await_match(recycler, search, lot)
