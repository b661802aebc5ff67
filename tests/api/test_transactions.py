"""One request, one transaction: it is stored before it is acknowledged, or not at all."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from fastapi import FastAPI
from sqlalchemy import text
from starlette.testclient import TestClient

from app.core.database import Database
from app.core.settings import Settings
from app.main import create_app
from tests.databases import as_owner
from tests.factories import CHANGSHOU, World

#: The pool has 40 threads, and 40 connections to read with.
_WRITERS = 50
_READERS = 100
#: Of who waits for a connection.
_PATIENCE_SECONDS = 10
_ORPHANS = (
    "CREATE TABLE parents (id INTEGER PRIMARY KEY)",
    "CREATE TABLE orphans (id INTEGER REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED)",
)
_SQLITE = ("CREATE TRIGGER spoil AFTER INSERT ON sites BEGIN INSERT INTO orphans VALUES (1); END",)
_POSTGRESQL = (
    (
        "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql "
        "AS 'BEGIN INSERT INTO orphans VALUES (1); RETURN NULL; END'"
    ),
    "CREATE TRIGGER spoil AFTER INSERT ON sites FOR EACH ROW EXECUTE FUNCTION spoil()",
)


def test_a_commit_that_fails_is_never_acknowledged(world: World, database: Database) -> None:
    """The spoilt row breaks a deferred constraint, so every statement succeeds and only COMMIT fails."""
    producer = world.producer()
    spoiling = _POSTGRESQL if database.engine.dialect.name == "postgresql" else _SQLITE
    with as_owner(database) as session:
        for statement in (*_ORPHANS, *spoiling):
            session.execute(text(statement))
    answer = producer.request("POST", "/sites", json={"name": "gate", **CHANGSHOU})
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "commit_failed"
    assert producer.get("/sites")["items"] == []


def test_more_writers_than_threads_never_wait_for_each_other_in_vain(application: FastAPI, world: World) -> None:
    """In one event loop, as a server has: nobody holds a lock while waiting for a thread that waits for the lock."""
    producer = world.producer()
    with TestClient(application) as client:

        def register(number: int) -> int:
            body = {"name": f"gate {number}", **CHANGSHOU}
            headers = {"Authorization": f"Bearer {producer.key}"}
            status: int = client.post("/v1/sites", json=body, headers=headers).status_code
            return status

        with ThreadPoolExecutor(_WRITERS) as pool:
            statuses = set(pool.map(register, range(_WRITERS)))
    assert statuses == {201}


def test_more_readers_than_threads_and_connections_never_wait_for_each_other_in_vain(
    world: World, database_url: str
) -> None:
    """All at once, with a key not seen before: nobody holds a connection while waiting for a thread that wants one."""
    recycler, lot = world.recycler(), world.lot(world.producer())
    wide = create_app(Settings(database_url=database_url, rate_limit=0, requests_at_once=_READERS))
    with TestClient(wide) as client:
        start = Barrier(_READERS)

        def read(_number: int) -> int:
            headers = {"Authorization": f"Bearer {recycler.key}"}
            start.wait()
            status: int = client.get(f"/v1/lots/{lot['id']}", headers=headers).status_code
            return status

        begun = time.monotonic()
        with ThreadPoolExecutor(_READERS) as pool:
            statuses = set(pool.map(read, range(_READERS)))
        seconds = time.monotonic() - begun
    assert statuses == {200}
    assert seconds < _PATIENCE_SECONDS, "they stood still until some of them gave up"
