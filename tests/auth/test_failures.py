"""Wrong keys are limited by address, before anything is looked up; missing, ended and right ones are not counted."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from app.auth.failures import FailedAttempts
from app.core.database import Database
from app.core.errors import TooManyRequests
from app.core.settings import Settings
from app.main import create_app
from tests.databases import Listen
from tests.factories import Member, World

WRONG = "swx_0199000000007000800000000000000f_wrong"


class _Clock:
    """A clock that stands still until it is put forward."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def _is_limited(failures: FailedAttempts, address: str, credential: str = "any") -> bool:
    try:
        failures.check(address, credential)
    except TooManyRequests:
        return True
    return False


def test_an_address_waits_until_its_minute_is_over() -> None:
    clock = _Clock()
    failures = FailedAttempts(2, clock)
    failures.count("192.0.2.1", "a")
    assert not _is_limited(failures, "192.0.2.1")
    clock.seconds = 20
    failures.count("192.0.2.1", "b")
    with pytest.raises(TooManyRequests) as refused:
        failures.check("192.0.2.1", "c")
    assert refused.value.facts["retry_after_s"] == 40
    assert not _is_limited(failures, "192.0.2.2")
    clock.seconds = 60
    assert not _is_limited(failures, "192.0.2.1")


def test_a_key_that_was_right_is_looked_up_all_the_same() -> None:
    failures = FailedAttempts(1, _Clock())
    failures.trust("right")
    failures.count("192.0.2.1", "wrong")
    assert not _is_limited(failures, "192.0.2.1", "right")
    failures.count("192.0.2.1", "right")
    assert _is_limited(failures, "192.0.2.1", "right")


def test_memory_is_bounded() -> None:
    failures = FailedAttempts(1, _Clock())
    for number in range(10_001):
        failures.count(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", "wrong")
        failures.trust(str(number))
    assert not _is_limited(failures, "10.0.0.0")
    assert _is_limited(failures, "10.0.0.1")
    assert _is_limited(failures, "10.0.0.1", "0")
    assert not _is_limited(failures, "10.0.0.1", "1")


@pytest.fixture
def service(database: Database) -> Iterator[FastAPI]:
    """Return an application of its own that takes three wrong keys a minute, behind one proxy."""
    settings = {"database_url": database.url, "failed_keys_per_minute": 3, "trusted_proxies": "10.0.0.0/8, 192.0.2.7"}
    app = create_app(Settings.model_validate(settings))
    yield app
    app.state.database.dispose()


def _get(client: TestClient, key: str | None, **headers: str) -> Any:  # noqa: ANN401 - a response
    sent = headers if key is None else headers | {"Authorization": f"Bearer {key}"}
    return client.get("/v1/me", headers=sent)


def _use_up(client: TestClient, **headers: str) -> None:
    for _ in range(3):
        assert _get(client, WRONG, **headers).status_code == 401


def test_too_many_wrong_keys_are_refused_before_a_look_up(world: World, service: FastAPI, listen: Listen) -> None:
    client = TestClient(service, client=("192.0.2.1", 1))
    known, new = world.producer(), world.producer()
    assert _get(client, known.key).status_code == 200
    _use_up(client)
    statements: list[str] = []
    listen(
        service.state.database.market().get_bind(), "before_cursor_execute", lambda *given: statements.append(given[2])
    )
    refused = _get(client, WRONG)
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_wrong_keys")
    assert refused.headers["content-type"] == "application/problem+json"
    assert 0 < int(refused.headers["retry-after"]) <= 60
    assert _get(client, new.key).status_code == 429, "a key that nobody knows yet waits as well"
    assert statements == []
    service.state.recent_actors.forget()
    assert _get(client, known.key).status_code == 200
    assert statements != []
    elsewhere = TestClient(service, client=("192.0.2.2", 1))
    assert _get(elsewhere, new.key).status_code == 200


def test_missing_and_ended_keys_are_no_guesses(world: World, service: FastAPI) -> None:
    client = TestClient(service, client=("192.0.2.1", 1))
    producer = world.producer()
    revoked = producer.post("/keys", {"name": "gate", "scopes": ["market:read"]})
    producer.request("DELETE", f"/keys/{revoked['id']}")
    for _ in range(10):
        assert _get(client, None).json()["code"] == "missing_key"
        assert _get(client, revoked["key"]).json()["code"] == "key_expired"
    assert _get(client, producer.key).status_code == 200


def test_the_token_endpoint_counts_too(world: World, service: FastAPI) -> None:
    client = TestClient(service, client=("192.0.2.1", 1))
    producer = world.producer()
    form = {"grant_type": "client_credentials", "client_id": producer.id, "client_secret": "guess"}
    for _ in range(3):
        assert client.post("/v1/oauth2/token", data=form).status_code == 401
    assert client.post("/v1/oauth2/token", data=form).status_code == 429
    assert _get(client, WRONG).status_code == 429


def test_only_proxies_of_ours_say_who_the_client_is(world: World, service: FastAPI) -> None:
    producer = world.producer()
    proxy = TestClient(service, client=("192.0.2.7", 1))
    _use_up(proxy, **{"X-Forwarded-For": "198.51.100.1"})
    assert _get(proxy, producer.key, **{"X-Forwarded-For": "198.51.100.1"}).status_code == 429
    # What the client itself wrote stands left of what the proxies saw.
    invented = {"X-Forwarded-For": "203.0.113.9, 198.51.100.1, 10.1.2.3"}
    assert _get(proxy, producer.key, **invented).status_code == 429
    assert _get(proxy, producer.key, **{"X-Forwarded-For": "198.51.100.2"}).status_code == 200
    stranger = TestClient(service, client=("203.0.113.1", 1))
    _use_up(stranger, **{"X-Forwarded-For": "198.51.100.3"})
    assert _get(stranger, WRONG, **{"X-Forwarded-For": "198.51.100.4"}).status_code == 429


def test_no_limits_at_all(database: Database) -> None:
    app = create_app(Settings.model_validate({"database_url": database.url, "rate_limit": 0}))
    client = TestClient(app)
    assert {_get(client, WRONG).status_code for _ in range(50)} == {401}
    app.state.database.dispose()


def test_a_revoked_key_stops_within_a_second_in_every_process(world: World, service: FastAPI) -> None:
    """`service` stands for a second process over the same database: nothing tells it of the change."""
    clock = _Clock()
    service.state.recent_actors._clock = clock  # noqa: SLF001 - instead of waiting
    second = TestClient(service)
    producer, suspended, operator = world.producer(), world.producer(), world.operator()
    made = producer.post("/keys", {"name": "gate", "scopes": ["market:read"]})
    gate = Member(second, "", "", made["key"])
    assert gate.get("/me")
    assert Member(second, "", "", suspended.key).get("/lots")
    assert producer.request("DELETE", f"/keys/{made['id']}").status_code == 204
    operator.post(f"/organisations/{suspended.id}/suspend", status=200)
    assert gate.request("GET", "/me").status_code == 200, "known a moment ago"
    clock.seconds = 1.0
    assert gate.request("GET", "/me").json()["code"] == "key_expired"
    refused = Member(second, "", "", suspended.key).request("GET", "/lots")
    assert refused.json()["code"] == "organisation_suspended"
