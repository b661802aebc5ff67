"""What a request may not exceed: its address, its headers, its parameters, its depth, its time; and HEAD."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from app.core.database import Database
from tests.api.market import OPERATIONS, Market
from tests.databases import as_owner
from tests.factories import CHANGSHOU, World

_GETS = sorted(name for name, (method, _, _) in OPERATIONS.items() if method == "GET")
#: Their answers differ from one request to the next.
_MOVING = {"X-Request-Id", "date"}
_SECONDS = 0.5
_SLOW = {
    "sqlite": (
        "CREATE TABLE sink (x INTEGER)",
        (
            "CREATE VIEW slow AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 1e10) "
            "SELECT max(x) AS x FROM c"
        ),
        "CREATE TRIGGER dawdle AFTER INSERT ON sites BEGIN INSERT INTO sink SELECT x FROM slow; END",
    ),
    "postgresql": (
        "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); RETURN NULL; END'",
        "CREATE TRIGGER dawdle AFTER INSERT ON sites FOR EACH ROW EXECUTE FUNCTION dawdle()",
    ),
}


@pytest.mark.parametrize("name", _GETS)
def test_head_is_get_without_the_body(name: str, market: Market) -> None:
    method, template, operation = OPERATIONS[name]
    example = market.example(name)
    caller = market.who(operation)
    headers = {"Authorization": f"Bearer {caller.key}", "X-Request-Id": "one"} if operation["security"] else {}
    path = template.format(**example.path)
    get, head = (caller.client.request(verb, path, params=example.query, headers=headers) for verb in (method, "HEAD"))
    assert head.content == b""
    assert head.status_code == get.status_code
    assert head.headers.keys() == get.headers.keys()
    if path.startswith("/v1"):
        assert head.headers["content-type"] == get.headers["content-type"]


def test_head_of_what_has_no_get(market: Market) -> None:
    assert market.caller.request("HEAD", f"/sites/{market.site}/streams").status_code == 200
    assert market.caller.request("HEAD", "/lots/import").status_code == 405


def _refused(answer: Any) -> tuple[int, str]:  # noqa: ANN401 - a response
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"]
    return answer.status_code, answer.json()["code"]


def test_an_address_that_is_too_long(market: Market) -> None:
    assert _refused(market.caller.request("GET", "/lots?spec=" + "x" * 8000)) == (414, "uri_too_long")
    assert _refused(market.caller.request("GET", "/lots/" + "x" * 8000)) == (414, "uri_too_long")


def test_headers_that_are_too_long(market: Market) -> None:
    many = {f"X-{number}": "x" * 1000 for number in range(40)}
    assert _refused(market.caller.request("GET", "/me", headers=many)) == (431, "headers_too_large")


def test_more_filters_than_anybody_needs(market: Market) -> None:
    assert market.caller.request("GET", "/lots", params={"material": ["fly_ash"] * 50}).status_code == 200
    too_many = market.caller.request("GET", "/lots", params={"material": ["fly_ash"] * 51})
    assert _refused(too_many) == (422, "too_many_parameters")


@pytest.mark.parametrize("body", [b'{"a":' * 100_000, b"[" * 1_900_000, b'{"name": ' + b"9" * 1_000_000 + b"}"])
def test_bodies_that_are_hard_to_read(market: Market, body: bytes) -> None:
    begun = time.monotonic()
    assert market.send("post_site", content=body).status_code == 422
    assert time.monotonic() - begun < 5


@pytest.fixture
def hurried(application: FastAPI, database_url: str, world: World, database: Database) -> Iterator[World]:
    """Return the world over a database whose requests have half a second, and on which sites take a minute."""
    with as_owner(database) as session:
        for statement in _SLOW[database.engine.dialect.name]:
            session.execute(text(statement))
    quick = Database(database_url, statement_seconds=_SECONDS)
    seconds, application.state.request_seconds = application.state.request_seconds, _SECONDS
    application.state.database = quick
    yield world
    application.state.request_seconds = seconds
    quick.dispose()


def test_what_takes_too_long_is_stopped_and_stores_nothing(hurried: World) -> None:
    producer = hurried.producer()
    begun = time.monotonic()
    answer = producer.request("POST", "/sites", json={"name": "gate", **CHANGSHOU}, headers={"Idempotency-Key": "k"})
    assert time.monotonic() - begun < 10
    assert _refused(answer) == (503, "took_too_long")
    assert producer.get("/sites")["items"] == []
    assert answer.json()["detail"].startswith("This took longer than 0.5 s")


def test_who_waits_for_another_writer_waits_no_longer_than_the_limit(hurried: World, application: FastAPI) -> None:
    """On SQLite in the line of this process, on PostgreSQL at the row."""
    producer = hurried.producer()
    other: Database = application.state.database
    with other.write() as session:
        session.execute(text("UPDATE event_head SET position = position"))
        begun = time.monotonic()
        key = producer.request("POST", "/keys", json={"name": "k", "scopes": ["market:read"]})
        lot = producer.request("POST", "/saved-searches", json={"name": "any", "filters": {}})
        assert time.monotonic() - begun < 10
        session.rollback()
    assert {key.status_code, lot.status_code} <= {201, 503}
    codes = {answer.json().get("code") for answer in (key, lot)} - {None}
    assert codes <= {"took_too_long"}
    assert application.state.database.engine.dialect.name == "postgresql" or codes
