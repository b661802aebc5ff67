"""Keys are rotated with overlap: both work until it ends, and nobody gains scope or time by it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from app.auth.models import ApiKey
from app.core.clock import now
from app.core.database import Database
from tests.factories import Body, Member, World

SCOPES = ["market:read", "keys:write"]


def _bear(world: World, key: str) -> Member:
    return Member(world.client, "", "", key)


def _make(member: Member, **changes: Any) -> Body:  # noqa: ANN401 - JSON
    made: Body = member.post("/keys", {"name": "gate", "scopes": SCOPES, **changes})
    return made


def test_both_keys_work_until_the_overlap_ends(world: World) -> None:
    producer = world.producer()
    old = _make(producer)
    new = producer.post(f"/keys/{old['id']}/rotate", {})
    assert (new["name"], new["scopes"], new["expires_at"]) == (old["name"], old["scopes"], old["expires_at"])
    assert new["replaces"] == old["id"]
    assert timedelta(hours=23, minutes=59) < datetime.fromisoformat(new["replaced_expires_at"]) - now()
    assert datetime.fromisoformat(new["replaced_expires_at"]) - now() <= timedelta(hours=24)
    for key in (old["key"], new["key"]):
        assert _bear(world, key).get("/me")["scopes"] == sorted(SCOPES)
    read = producer.get(f"/keys/{old['id']}")
    assert (read["expires_at"], read["replaced_by"]) == (new["replaced_expires_at"], new["id"])


def test_without_overlap_the_old_key_ends_at_once(world: World) -> None:
    producer = world.producer()
    old = _make(producer)
    assert _bear(world, old["key"]).get("/me")
    new = producer.post(f"/keys/{old['id']}/rotate", {"overlap_hours": 0})
    assert _bear(world, old["key"]).request("GET", "/me").json()["code"] == "key_expired"
    assert _bear(world, new["key"]).get("/me")


def test_a_key_rotates_itself(world: World) -> None:
    producer = world.producer()
    ends_at = now() + timedelta(hours=1)
    old = _make(producer, expires_at=ends_at.isoformat())
    new = _bear(world, old["key"]).post(f"/keys/{old['id']}/rotate", {"overlap_hours": 720})
    assert new["expires_at"] == old["expires_at"]
    assert new["replaced_expires_at"] == old["expires_at"], "the overlap lengthens nothing"


@pytest.mark.parametrize("hours", [-1, 721, 1e9])
def test_the_overlap_is_bounded(world: World, hours: float) -> None:
    producer = world.producer()
    refused = producer.post(f"/keys/{_make(producer)['id']}/rotate", {"overlap_hours": hours}, status=422)
    assert refused["errors"][0]["pointer"] == "/overlap_hours"


def test_a_key_has_one_successor(world: World) -> None:
    producer = world.producer()
    old = _make(producer)
    new = producer.post(f"/keys/{old['id']}/rotate", {})
    refused = producer.post(f"/keys/{old['id']}/rotate", {}, status=409)
    assert (refused["code"], refused["replaced_by"]) == ("key_replaced", new["id"])
    producer.post(f"/keys/{new['id']}/rotate", {"overlap_hours": 0})


def test_a_key_that_has_ended_stays_ended(world: World, database: Database) -> None:
    producer = world.producer()
    revoked, expired = _make(producer), _make(producer)
    producer.request("DELETE", f"/keys/{revoked['id']}")
    with database.write() as session:
        late = now() - timedelta(seconds=1)
        session.execute(
            update(ApiKey).where(ApiKey.name == "gate", ApiKey.revoked_at.is_(None)).values(expires_at=late)
        )
        session.commit()
    for key in (revoked, expired):
        assert producer.post(f"/keys/{key['id']}/rotate", {}, status=409)["code"] == "key_ended"
    assert len(producer.get("/keys")["items"]) == 3


def test_nobody_gains_by_rotating(world: World) -> None:
    producer = world.producer()
    first = producer.get("/keys")["items"][0]
    narrow = _bear(world, _make(producer)["key"])
    assert narrow.post(f"/keys/{first['id']}/rotate", {}, status=403)["code"] == "scope_exceeded"
    brief = _make(producer, expires_at=(now() + timedelta(hours=1)).isoformat())
    endless = _make(producer)
    assert _bear(world, brief["key"]).post(f"/keys/{endless['id']}/rotate", {}, status=403)["code"] == "time_exceeded"
    stranger = world.producer()
    assert stranger.post(f"/keys/{first['id']}/rotate", {}, status=404)["code"] == "not_found"


def test_twins_make_one_successor(world: World) -> None:
    producer = world.producer()
    old = _make(producer)
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda _: producer.request("POST", f"/keys/{old['id']}/rotate", json={}).status_code, range(8))
        )
    assert sorted(answers) == [201] + [409] * 7
    assert len(producer.get("/keys")["items"]) == 3


def test_the_rotation_is_on_record(world: World) -> None:
    producer, stranger = world.producer(), world.producer()
    old = _make(producer)
    new = producer.post(f"/keys/{old['id']}/rotate", {})
    (event,) = [item for item in producer.get("/events")["items"] if item["type"] == "key.rotated"]
    assert (event["subject"]["id"], event["data"]) == (old["id"], {"replaced_by": new["id"]})
    assert new["key"] not in str(event)
    assert [item for item in stranger.get("/events")["items"] if item["type"] == "key.rotated"] == []
