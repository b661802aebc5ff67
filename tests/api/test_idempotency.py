"""A POST that creates, sent again with the same Idempotency-Key, is answered as the first time and done once."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import select, text, update
from starlette.testclient import TestClient

from app.api.examples import EXAMPLES
from app.auth.actor import Role
from app.core.database import Database
from app.requests.models import IdempotencyKey
from tests.api.market import OPERATIONS, Market
from tests.databases import Listen
from tests.factories import CHANGSHOU, Body, Member, World

CREATING = sorted(
    name
    for name, (method, _, operation) in OPERATIONS.items()
    if method == "POST" and operation["responses"].keys() & {"201", "202"}
)
#: Their answers hold a key or a secret, which is shown once.
SECRET = {"post_key", "post_organisation", "post_webhook", "rotate_key"}
KEY = {"Idempotency-Key": "0193b0a5-7c3e-7000-8000-000000000001"}
TWINS = 20


def _site(member: Member, name: str = "gate", key: str = "first") -> Any:  # noqa: ANN401 - a response
    body = {"name": name, **CHANGSHOU}
    return member.request("POST", "/sites", json=body, headers={"Idempotency-Key": key})


@pytest.mark.parametrize("name", CREATING)
def test_every_post_that_creates_takes_a_key(name: str, market: Market) -> None:
    """A new route that creates, and does not, is red here."""
    named = [parameter["name"] for parameter in OPERATIONS[name][2].get("parameters", [])]
    assert "Idempotency-Key" in named
    first, again = (market.send(name, headers=KEY) for _ in range(2))
    assert first.status_code in {201, 202}, first.text
    assert "idempotency-replayed" not in first.headers
    if name in SECRET:
        assert (again.status_code, again.json()["code"]) == (409, "secret_already_shown")
        return
    assert again.headers["idempotency-replayed"] == "true"
    for part in ("status_code", "content"):
        assert getattr(again, part) == getattr(first, part)
    for header in ("location", "etag", "content-type"):
        assert again.headers.get(header) == first.headers.get(header)


def test_no_answer_with_a_secret_is_stored(market: Market, stored: Database) -> None:
    for name in SECRET:
        assert market.send(name, headers=KEY).status_code == 201
    with stored.read() as session:
        rows = session.scalars(select(IdempotencyKey)).all()
    assert len(rows) == len(SECRET)
    assert all(row.body is None and row.status == 201 for row in rows)


def test_a_key_is_for_one_body(world: World) -> None:
    producer = world.producer()
    assert _site(producer, "gate").status_code == 201
    other = _site(producer, "another gate")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert other.json()["errors"][0]["pointer"] == "Idempotency-Key"
    assert len(producer.get("/sites")["items"]) == 1


def test_a_query_makes_another_request_of_an_import(world: World) -> None:
    producer = world.producer()
    headers = {"Content-Type": "text/csv", "Idempotency-Key": "file"}
    sent = [
        producer.request("POST", path, content=b"material\nfly_ash\n", headers=headers).status_code
        for path in ("/lots/import?dry_run=true", "/lots/import", "/lots/import?dry_run=true")
    ]
    assert sent == [202, 422, 202]


def test_a_key_is_of_one_organisation_and_path(world: World) -> None:
    producer, other = world.producer(), world.producer()
    sites = [_site(member).json() for member in (producer, other)]
    assert sites[0]["id"] != sites[1]["id"]
    stock = {"site_id": sites[0]["id"], "material": "fly_ash", "stock_year": 2023, "stored_t": 1}
    answer = producer.request("POST", "/opening-stocks", json=stock, headers={"Idempotency-Key": "first"})
    assert answer.status_code == 201


def test_strangers_of_one_address_with_one_key(client: TestClient) -> None:
    body = EXAMPLES["post_organisation"].body or {}

    def send(change: Body) -> Any:  # noqa: ANN401 - a response
        return client.post("/v1/organisations", json={**body, **change}, headers=KEY)

    first = send({})
    assert first.json()["api_key"]
    assert send({}).json()["code"] == "secret_already_shown"
    assert send({"name": "other works"}).json()["code"] == "idempotency_key_reused"


def test_what_failed_is_not_kept(world: World) -> None:
    """Also not what is refused after the key was claimed: a site of somebody else is found out in the database."""
    producer, other = world.producer(), world.producer()
    foreign, own = world.site(other)["id"], world.site(producer)["id"]
    stock = {"material": "fly_ash", "stock_year": 2023, "stored_t": 1}

    def send(site: str) -> Any:  # noqa: ANN401 - a response
        return producer.request("POST", "/opening-stocks", json=stock | {"site_id": site}, headers=KEY)

    assert send(foreign).status_code in {404, 422}
    assert send(own).status_code == 201
    assert send(own).headers["idempotency-replayed"] == "true"


def test_a_key_that_may_not_do_it_gets_no_answer_of_one_that_may(world: World) -> None:
    producer = world.producer()
    lot = {"Idempotency-Key": "lot"}
    site = world.site(producer)["id"]
    body = {
        "site_id": site,
        "material": "fly_ash",
        "quantity_t": 5,
        "price_cny_per_t": 1,
        "available_from": "2026-01-01",
        "available_to": "2035-12-31",
    }
    assert producer.request("POST", "/lots", json=body, headers=lot).status_code == 201
    reading = producer.post("/keys", {"name": "reader", "scopes": ["market:read"]})["key"]
    reader = Member(producer.client, producer.id, producer.name, reading)
    refused = reader.request("POST", "/lots", json=body, headers=lot)
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_required")


@pytest.mark.parametrize("key", ["", "x" * 256, "schlüssel"])
def test_a_key_that_is_none(world: World, key: str) -> None:
    answer = world.producer().request("POST", "/sites", headers={"Idempotency-Key": key.encode("latin-1")}, json={})
    assert answer.status_code == 422
    assert "Idempotency-Key" in {fault["pointer"] for fault in answer.json()["errors"]}


def test_routes_that_create_nothing_ignore_a_key(world: World) -> None:
    producer = world.producer()
    site = world.site(producer)
    for name in ("one", "two"):
        answer = producer.request("PATCH", f"/sites/{site['id']}", json={"name": name}, headers=KEY)
        assert answer.json()["name"] == name


def test_a_key_is_free_again_after_seven_days(world: World, database: Database) -> None:
    producer = world.producer()
    first = _site(producer)
    with database.write() as session:
        row = session.scalars(select(IdempotencyKey)).one()
        session.execute(update(IdempotencyKey).values(created_at=row.created_at - timedelta(days=7, minutes=1)))
        session.commit()
    second = _site(producer, "another gate")
    assert second.status_code == 201
    assert second.json()["id"] != first.json()["id"]
    assert _site(producer, "another gate").json() == second.json()


def test_twenty_twins_make_one(application: FastAPI, world: World) -> None:
    producer = world.producer()
    with TestClient(application) as client, ThreadPoolExecutor(TWINS) as pool:
        member = Member(client, producer.id, producer.name, producer.key)
        answers = list(pool.map(lambda _: _site(member), range(TWINS)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == TWINS - 1
    assert len(producer.get("/sites")["items"]) == 1


def test_twins_of_a_load_move_its_tonnes_once(application: FastAPI, world: World) -> None:
    deal = world.deal(1000)
    path = f"/agreements/{deal.agreement['id']}/shipments"
    day = deal.agreement["starts_on"]
    ticket = {"ticket_no": "T-1", "vehicle_plate": "渝A12345", "dispatched_at": f"{day}T04:00:00Z", "net_t": 30}
    with TestClient(application) as client, ThreadPoolExecutor(TWINS) as pool:
        producer = Member(client, deal.producer.id, deal.producer.name, deal.producer.key)
        send = lambda _: producer.request("POST", path, json=ticket, headers=KEY)  # noqa: E731
        answers = list(pool.map(send, range(TWINS)))
    assert {(answer.status_code, answer.json()["id"]) for answer in answers} == {(201, answers[0].json()["id"])}
    assert deal.producer.get(f"/agreements/{deal.agreement['id']}")["shipped_t"] == 30


@contextmanager
def _claimed_elsewhere(database: Database) -> Iterator[None]:
    """Hold the only key there is, as a twin in another process that has not ended."""
    with database.write() as session:
        session.execute(text("UPDATE idempotency_keys SET created_at = created_at"))
        yield
        session.rollback()


@pytest.mark.parametrize("engine", ["postgresql"])
def test_a_twin_that_runs_for_too_long_is_told_so(
    world: World, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.requests.idempotency.PATIENCE_SECONDS", 1)
    producer = world.producer()
    first = _site(producer)
    with _claimed_elsewhere(database):
        waiting = _site(producer)
        assert (waiting.status_code, waiting.json()["code"]) == (409, "request_in_progress")
    assert _site(producer).content == first.content


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_twin_of_one_who_waits_for_other_writers_is_told_so(
    world: World,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    listen: Listen,
) -> None:
    monkeypatch.setattr("app.requests.idempotency.PATIENCE_SECONDS", 0.5)
    producer, other = world.producer(), world.producer()
    begun = threading.Event()
    listen(database.engine, "engine_connect", lambda _: begun.set())
    with ThreadPoolExecutor(2) as pool:
        with database.write() as writer:
            writer.connection()
            begun.clear()
            first = pool.submit(_site, producer)
            assert begun.wait(10)
            waiting = _site(producer)
            assert (waiting.status_code, waiting.json()["code"]) == (409, "request_in_progress")
            others = pool.submit(_site, other)  # with the same key, and none of its business
        assert (first.result(10).status_code, others.result(10).status_code) == (201, 201)
    again = _site(producer)
    assert (again.content, again.headers["idempotency-replayed"]) == (first.result().content, "true")


@pytest.mark.parametrize("engine", ["postgresql"])
def test_a_twin_whose_first_gives_up_runs_itself(world: World, database: Database, listen: Listen) -> None:
    producer = world.producer()
    _site(producer)
    with database.write() as session:
        digest = session.scalars(select(IdempotencyKey.digest)).one()
        session.execute(text("DELETE FROM idempotency_keys"))
        session.commit()
    begun = threading.Event()
    with database.write() as twin, ThreadPoolExecutor(1) as pool:
        row = {"digest": digest, "fingerprint": b"x"}
        twin.execute(
            text(
                "INSERT INTO idempotency_keys (digest, fingerprint, created_at) VALUES (:digest, :fingerprint, now())"
            ),
            row,
        )
        listen(database.engine, "before_cursor_execute", lambda *_: begun.set())
        waiting = pool.submit(_site, producer)
        assert begun.wait(10)
        twin.rollback()
        assert waiting.result(10).status_code == 201


def test_without_a_key_no_statement_more(world: World, database: Database, listen: Listen) -> None:
    producer = world.member(Role.PRODUCER)
    statements: list[str] = []
    listen(database.engine, "before_cursor_execute", lambda *told: statements.append(told[2]))
    assert producer.request("POST", "/sites", json={"name": "gate", **CHANGSHOU}).status_code == 201
    without = [statement for statement in statements if "BEGIN" not in statement]
    assert not any("idempotency" in statement for statement in without)
    statements.clear()
    _site(producer)
    with_key = [statement for statement in statements if "BEGIN" not in statement]
    of_keys = {"sqlite": 2, "postgresql": 4}[database.engine.dialect.name]
    assert len(with_key) == len(without) + of_keys
