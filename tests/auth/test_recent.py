"""Callers known a moment ago: for a second at the most, and not beyond a change in this process."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from app.auth.actor import Actor, KeyId, OrganisationId
from app.auth.recent import KEPT_SECONDS, RecentActors
from app.core.clock import now
from tests.factories import World

_ID = UUID("01990000-0000-7000-8000-000000000001")
ACTOR = Actor(KeyId(_ID), OrganisationId(_ID), "works", frozenset(), frozenset(), None, "active")


class _Clock:
    """A clock that stands still until it is put forward."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_a_caller_is_known_for_a_second_from_before_the_look_up() -> None:
    clock = _Clock()
    recent = RecentActors(clock)
    looked_up_at = recent.clock()
    clock.seconds = 0.3
    recent.keep("swx_a", looked_up_at, ACTOR)
    assert recent.find("swx_a") is ACTOR
    assert recent.find("swx_b") is None
    clock.seconds = KEPT_SECONDS
    assert recent.find("swx_a") is None


def test_who_acts_for_another_is_another_caller() -> None:
    recent = RecentActors(_Clock())
    recent.keep("swx_a", 0.0, ACTOR, "one")
    assert recent.find("swx_a", "one") is ACTOR
    assert recent.find("swx_a") is None
    assert recent.find("swx_a", "two") is None


def test_a_look_up_begun_before_a_change_is_not_kept_after_it() -> None:
    clock = _Clock()
    recent = RecentActors(clock)
    looked_up_at = recent.clock()
    clock.seconds = 0.1
    recent.forget()
    recent.keep("swx_a", looked_up_at, ACTOR)
    assert recent.find("swx_a") is None
    clock.seconds = 0.2
    recent.keep("swx_a", recent.clock(), ACTOR)
    assert recent.find("swx_a") is ACTOR


def test_a_key_that_expires_meanwhile_is_not_known() -> None:
    recent = RecentActors(_Clock())
    recent.keep("swx_a", 0.0, replace(ACTOR, expires_at=now() - timedelta(milliseconds=1)))
    assert recent.find("swx_a") is None


def test_a_revoked_key_and_a_suspended_organisation_stop_at_once(world: World) -> None:
    producer, operator = world.producer(), world.operator()
    second = producer.post("/keys", {"name": "gate", "scopes": ["market:read", "keys:write"]})
    headers = {"Authorization": f"Bearer {second['key']}"}
    assert world.client.get("/v1/me", headers=headers).status_code == 200
    assert producer.request("DELETE", f"/keys/{second['id']}").status_code == 204
    assert world.client.get("/v1/me", headers=headers).status_code == 401
    producer.get("/lots")
    operator.post(f"/organisations/{producer.id}/suspend", status=200)
    assert producer.request("GET", "/lots").json()["code"] == "organisation_suspended"
