"""Granting, reading and revoking delegations: what is refused, and who may see and end them."""

from datetime import timedelta
from typing import Any

import pytest

from app.auth.actor import Role
from app.core.clock import now
from app.core.database import new_id
from tests.factories import Body, Member, World

CARRIER = {"scopes": ["shipments:write"]}


def _grant(principal: Member, delegate: Member, **changes: Any) -> Body:  # noqa: ANN401 - JSON
    made: Body = principal.post("/delegations", {"delegate_id": delegate.id, **CARRIER, **changes})
    return made


def _fault(member: Member, body: Body) -> tuple[str, str]:
    (fault,) = member.post("/delegations", body, status=422)["errors"]
    return fault["pointer"], fault["code"]


def _with_key(member: Member, **wish: Any) -> Member:  # noqa: ANN401 - JSON
    key = member.post("/keys", {"name": "another", **wish})["key"]
    return Member(member.client, member.id, member.name, key)


def test_a_grant_reads_back_on_both_sides_alone(world: World) -> None:
    principal, delegate, other = world.producer(), world.recycler(), world.producer()
    made = _grant(principal, delegate, scopes=["shipments:write", "market:read", "shipments:write"])
    assert made["principal"] == {"id": principal.id, "name": principal.name}
    assert made["delegate"] == {"id": delegate.id, "name": delegate.name}
    assert made["scopes"] == ["market:read", "shipments:write"]
    assert (made["status"], made["revoked_at"], made["version"]) == ("in_force", None, 1)
    path = f"/delegations/{made['id']}"
    for side in (principal, delegate):
        assert side.get(path) == made
        assert side.get("/delegations")["items"] == [made]
    assert principal.get("/delegations", side="principal")["items"] == [made]
    assert principal.get("/delegations", side="delegate")["items"] == []
    assert delegate.get("/delegations", side="delegate")["items"] == [made]
    assert other.get("/delegations")["items"] == []
    for method, foreign in (("GET", path), ("POST", f"{path}/revoke")):
        answer = other.request(method, foreign)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_pages_of_delegations(world: World) -> None:
    principal = world.producer()
    made = [_grant(principal, world.recycler())["id"] for _ in range(3)]
    first = principal.get("/delegations", limit=2)
    second = principal.get("/delegations", limit=2, cursor=first["next_cursor"])
    assert [item["id"] for item in first["items"] + second["items"]] == made[::-1]
    assert second["next_cursor"] is None


def test_times(world: World) -> None:
    principal, delegate = world.producer(), world.recycler()
    usual = _grant(principal, delegate)
    at = now()
    later = _grant(principal, delegate, starts_at=str(at + timedelta(days=3)), ends_at=str(at + timedelta(days=4)))
    past = _grant(principal, delegate, starts_at="2020-01-01T00:00:00Z")
    assert later["status"] == "upcoming"
    assert past["starts_at"] > "2026-01-01"
    assert usual["ends_at"][5:10] == usual["starts_at"][5:10] or "02-29" in usual["starts_at"]
    body = {"delegate_id": delegate.id, **CARRIER}
    for changes in (
        {"ends_at": str(at)},
        {"starts_at": str(at + timedelta(days=9)), "ends_at": str(at + timedelta(8))},
    ):
        assert _fault(principal, body | changes) == ("/ends_at", "ends_before_start")
    assert _fault(principal, body | {"starts_at": "9999-12-31T00:00:00Z"}) == ("/starts_at", "starts_too_late")
    assert _fault(principal, body | {"starts_at": "0001-01-01T00:00:00+08:00"})[0] == "/starts_at"
    assert _fault(principal, body | {"ends_at": str(at + timedelta(days=733))}) == ("/ends_at", "lasts_too_long")
    assert len(principal.get("/delegations")["items"]) == 3


def test_no_more_scope_or_time_than_the_key_that_grants(world: World) -> None:
    principal, delegate = world.producer(), world.recycler()
    at = now()
    soon = str(at + timedelta(hours=1))
    weak = _with_key(principal, scopes=["keys:write", "market:read"], expires_at=soon)
    body = {"delegate_id": delegate.id, "scopes": ["market:read"]}
    assert weak.post("/delegations", body | CARRIER, status=403)["code"] == "scope_exceeded"
    assert weak.post("/delegations", body | {"ends_at": str(at + timedelta(1))}, status=403)["code"] == "time_exceeded"
    assert (
        weak.get(f"/delegations/{_grant(weak, delegate, scopes=['market:read'])['id']}")["ends_at"][:19]
        == ((at + timedelta(hours=1)).isoformat()[:19])
    )
    without = _with_key(principal, scopes=["market:read", "shipments:write"])
    assert without.post("/delegations", body, status=403)["code"] == "scope_required"


@pytest.mark.parametrize("scope", ["keys:write", "webhooks:write", "everything"])
def test_what_is_never_lent(world: World, scope: str) -> None:
    principal, delegate = world.producer(), world.recycler()
    pointer, _ = _fault(principal, {"delegate_id": delegate.id, "scopes": [scope]})
    assert pointer == "/scopes/0"


def test_whom_one_cannot_let_act(world: World) -> None:
    principal = world.producer()
    suspended, operator = world.recycler(), world.operator()
    operator.post(f"/organisations/{suspended.id}/suspend", status=200)
    application = {
        "name": "任意",
        "credit_code": "91110000600037341L",
        "roles": ["producer"],
        "contact_email": "office@example.com",
    }
    pending = world.client.post("/v1/organisations", json=application).json()["id"]
    assert _fault(principal, {"delegate_id": principal.id, **CARRIER}) == ("/delegate_id", "own_organisation")
    for delegate_id in (str(new_id()), pending, suspended.id, operator.id, world.government("50").id):
        fault = _fault(principal, {"delegate_id": delegate_id, **CARRIER})
        assert fault == ("/delegate_id", "unknown_organisation")
    both = principal.post("/delegations", {"delegate_id": principal.id, **CARRIER, "ends_at": str(now())}, status=422)
    assert [fault["pointer"] for fault in both["errors"]] == ["/delegate_id", "/ends_at"]


@pytest.mark.parametrize("role", [Role.GOVERNMENT, Role.OPERATOR])
def test_an_authority_lends_nothing(world: World, role: Role) -> None:
    body = {"delegate_id": world.producer().id, "scopes": ["market:read"]}
    assert world.member(role).post("/delegations", body, status=403)["code"] == "role_required"


@pytest.mark.parametrize("by_delegate", [False, True])
def test_either_side_ends_it_once(world: World, *, by_delegate: bool) -> None:
    principal, delegate = world.producer(), world.recycler()
    made = _grant(principal, delegate)
    path = f"/delegations/{made['id']}/revoke"
    ending = delegate if by_delegate else principal
    stale = ending.request("POST", path, headers={"If-Match": '"7"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_version")
    ended = ending.post(path, status=200)
    assert (ended["status"], ended["version"]) == ("revoked", 2)
    assert principal.post(path, status=200) == ended
    weak = _with_key(ending, scopes=["market:read"])
    assert weak.post(path, status=403)["code"] == "scope_required"
    for side in (principal, delegate):
        events = side.get("/events", types=["delegation.granted", "delegation.revoked"])["items"]
        assert [event["type"] for event in events] == ["delegation.granted", "delegation.revoked"]
        assert {event["subject"]["id"] for event in events} == {made["id"]}
        assert [event["actor"]["organisation_id"] for event in events] == [principal.id, ending.id]
        assert events[0]["data"]["delegate_id"] == delegate.id
    assert world.producer().get("/events", types=["delegation.granted", "delegation.revoked"])["items"] == []
