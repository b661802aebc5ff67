"""A request whose transaction the database gives up for another one is repeated as a whole, three times at most."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.database import Database
from tests.databases import Listen, as_owner, superuser_url
from tests.factories import CHANGSHOU, World

POSTGRESQL = pytest.mark.parametrize("engine", ["postgresql"])
SQLITE = pytest.mark.parametrize("engine", ["sqlite"])
#: A sequence counts on whatever is rolled back, so it knows how often the request was tried.
_COLLIDING = (
    "CREATE SEQUENCE tries",
    (
        "CREATE FUNCTION collide() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF nextval('tries') <= {failures} THEN RAISE EXCEPTION 'collided' USING ERRCODE = '{sqlstate}'; END IF; "
        "RETURN NULL; END $$"
    ),
    (
        "CREATE CONSTRAINT TRIGGER collide AFTER INSERT ON sites DEFERRABLE INITIALLY {moment} "
        "FOR EACH ROW EXECUTE FUNCTION collide()"
    ),
)


def _collide(database: Database, failures: int, sqlstate: str = "40001", moment: str = "IMMEDIATE") -> None:
    with as_owner(database) as session:
        for statement in _COLLIDING:
            session.execute(text(statement.format(failures=failures, sqlstate=sqlstate, moment=moment)))


def _tries(database: Database) -> int:
    with as_owner(database) as session:
        tries: int = session.scalar(text("SELECT last_value FROM tries")) or 0
    return tries


@POSTGRESQL
@pytest.mark.parametrize("moment", ["IMMEDIATE", "DEFERRED"])
@pytest.mark.parametrize("sqlstate", ["40001", "40P01"])
def test_three_collisions_are_survived(world: World, database: Database, sqlstate: str, moment: str) -> None:
    """DEFERRED: it is COMMIT that fails."""
    producer = world.producer()
    _collide(database, 3, sqlstate, moment)
    headers = {"Idempotency-Key": "one"}
    answer = producer.request("POST", "/sites", json={"name": "gate", **CHANGSHOU}, headers=headers)
    assert answer.status_code == 201, answer.text
    assert _tries(database) == 4
    assert len(producer.get("/sites")["items"]) == 1
    again = producer.request("POST", "/sites", json={"name": "gate", **CHANGSHOU}, headers=headers)
    assert again.content == answer.content


@POSTGRESQL
def test_after_the_fourth_collision_it_is_told(world: World, database: Database) -> None:
    producer = world.producer()
    _collide(database, 1000)
    answer = producer.request("POST", "/sites", json={"name": "gate", **CHANGSHOU})
    assert (answer.status_code, answer.json()["code"]) == (503, "too_busy")
    assert answer.headers["retry-after"] == "1"
    assert _tries(database) == 4
    assert producer.get("/sites")["items"] == []


@POSTGRESQL
def test_no_other_failure_is_repeated(world: World, database: Database) -> None:
    producer = world.producer()
    _collide(database, 1000, sqlstate="23505")
    answer = producer.request("POST", "/sites", json={"name": "gate", **CHANGSHOU})
    assert answer.status_code == 409
    assert _tries(database) == 1


@contextmanager
def _stranger(database: Database) -> Iterator[Session]:
    """Another transaction, which PostgreSQL never chooses to give up: it looks for deadlocks later than the other."""
    superuser = Database(superuser_url(database.url))
    with superuser.write() as session:
        session.execute(text("SET LOCAL deadlock_timeout = '60s'"))
        yield session
        session.rollback()
    superuser.dispose()


def _wait_until_blocked(database: Database) -> None:
    deadline = time.monotonic() + 10
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with database.market() as session:  # without a transaction, in which it would stand still
        while not session.scalar(waiting):
            assert time.monotonic() < deadline
            time.sleep(0.01)


@POSTGRESQL
def test_a_deadlock_is_no_failure(world: World, database: Database, listen: Listen) -> None:
    """The request holds the lot and waits for the head of the events; the stranger the other way round."""
    producer = world.producer()
    lot = world.lot(producer)
    tries: list[str] = []
    listen(database.engine, "begin", lambda _: tries.append("begin"))
    with ThreadPoolExecutor(1) as pool, _stranger(database) as stranger:
        stranger.execute(text("UPDATE event_head SET position = position"))
        tries.clear()
        change = pool.submit(producer.patch, f"/lots/{lot['id']}", {"price_cny_per_t": -7})
        _wait_until_blocked(database)
        stranger.execute(text("SELECT id FROM lots FOR UPDATE"))
        stranger.rollback()
        changed = change.result(30)
    assert changed["price_cny_per_t"] == -7
    assert changed["version"] == lot["version"] + 1
    assert len(tries) == 2
    types = [happened["type"] for happened in producer.get("/events")["items"]]
    assert types.count("lot.changed") == 1, types


@pytest.fixture
def impatient(database: Database, listen: Listen) -> Database:
    """Return the database, whose connections do not wait when SQLite's file is locked."""
    listen(database.engine, "connect", lambda connection, _: connection.execute("PRAGMA busy_timeout=0").close())
    return database


@SQLITE
def test_a_file_that_is_locked_for_a_moment(world: World, impatient: Database, listen: Listen) -> None:
    producer = world.producer()
    stranger = Database(impatient.url)
    begins: list[str] = []
    with stranger.write() as session:
        session.execute(text("UPDATE event_head SET position = position"))

        def release(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            if statement.startswith("BEGIN"):
                begins.append(statement)
                if len(begins) == 3:
                    session.rollback()

        listen(impatient.engine, "before_cursor_execute", release)
        assert producer.request("POST", "/sites", json={"name": "gate", **CHANGSHOU}).status_code == 201
    assert len(begins) == 3
    stranger.dispose()


@SQLITE
def test_a_file_that_stays_locked(application: FastAPI, world: World, impatient: Database) -> None:
    producer = world.producer()
    stranger = Database(impatient.url)
    assert application.state.database.engine is impatient.engine
    with stranger.write() as session:
        session.execute(text("UPDATE event_head SET position = position"))
        answer = producer.request("POST", "/sites", json={"name": "gate", **CHANGSHOU})
        assert (answer.status_code, answer.json()["code"]) == (503, "too_busy")
        session.rollback()
    stranger.dispose()
    assert producer.request("POST", "/sites", json={"name": "gate", **CHANGSHOU}).status_code == 201
