"""Applying, approving, suspending; what a pending, revoked, expired or weaker key can do."""

from datetime import timedelta

from starlette.testclient import TestClient

from app.core.clock import now
from tests.factories import Body, Member, World

CREDIT_CODE = "91110000600037341L"
APPLICATION = {
    "name": "重庆长寿化工有限公司",
    "credit_code": CREDIT_CODE,
    "roles": ["producer"],
    "contact_email": "office@example.com",
}


def _apply(client: TestClient, **changes: object) -> tuple[Body, Member]:
    answer = client.post("/v1/organisations", json=APPLICATION | changes)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert answer.headers["location"] == f"/v1/organisations/{made['id']}"
    return made, Member(client, made["id"], made["name"], made["api_key"])


def test_a_pending_member_reads_reference_data_and_itself_only(world: World) -> None:
    made, member = _apply(world.client)
    assert made["status"] == "pending"
    me = member.get("/me")
    assert me["organisation"]["id"] == made["id"]
    assert me["roles"] == ["producer"]
    assert "lots:write" in me["scopes"]
    assert member.request("GET", "/materials").status_code == 200
    refused = member.request("GET", "/sites")
    assert (refused.status_code, refused.json()["code"]) == (403, "organisation_pending")


def test_the_operator_approves_and_suspends(world: World) -> None:
    made, member = _apply(world.client)
    operator = world.operator()
    assert [row["id"] for row in operator.get("/organisations", status="pending")["items"]] == [made["id"]]
    assert world.producer().request("POST", f"/organisations/{made['id']}/approve").status_code == 403
    assert operator.post(f"/organisations/{made['id']}/approve", status=200)["status"] == "active"
    assert member.get("/sites")["items"] == []
    assert operator.post(f"/organisations/{made['id']}/suspend", status=200)["status"] == "suspended"
    assert member.request("GET", "/sites").json()["code"] == "organisation_suspended"


def test_a_credit_code_belongs_to_one_approved_member(world: World) -> None:
    operator = world.operator()
    first, second = _apply(world.client)[0], _apply(world.client)[0]
    operator.post(f"/organisations/{first['id']}/approve", status=200)
    taken = operator.post(f"/organisations/{second['id']}/approve", status=409)
    assert (taken["code"], taken["organisation_id"]) == ("credit_code_taken", first["id"])


def test_bad_applications(client: TestClient) -> None:
    bad = {"name": "", "credit_code": "short", "roles": ["operator"], "contact_email": "nobody", "status": "active"}
    problem = client.post("/v1/organisations", json=bad)
    assert problem.status_code == 422
    pointers = {fault["pointer"] for fault in problem.json()["errors"]}
    assert pointers == {"/name", "/credit_code", "/roles/0", "/contact_email", "/status"}
    wrong = client.post("/v1/organisations", json=APPLICATION | {"credit_code": "91110000600037341A"})
    assert wrong.json()["code"] == "invalid_credit_code"


def test_keys_grant_no_more_than_their_maker(world: World) -> None:
    producer = world.producer()
    expires_at = (now() + timedelta(days=1)).isoformat()
    made = producer.post("/keys", {"name": "gate", "scopes": ["keys:write", "market:read"], "expires_at": expires_at})
    weaker = Member(world.client, producer.id, producer.name, made["key"])
    assert weaker.get("/me")["scopes"] == ["keys:write", "market:read"]
    refused = weaker.request("POST", "/lots", json={})
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_required")
    more = weaker.post("/keys", {"name": "x", "scopes": ["lots:write"]}, status=403)
    assert more["code"] == "scope_exceeded"
    later = (now() + timedelta(days=2)).isoformat()
    longer = weaker.post("/keys", {"name": "x", "scopes": ["market:read"], "expires_at": later}, status=403)
    assert longer["code"] == "time_exceeded"
    inherits = weaker.post("/keys", {"name": "x", "scopes": ["market:read"]})
    assert inherits["expires_at"] is not None
    assert "key" not in producer.get(f"/keys/{made['id']}")


def test_a_revoked_key_is_no_key(world: World) -> None:
    producer = world.producer()
    made = producer.post("/keys", {"name": "gate", "scopes": ["market:read"]})
    gate = Member(world.client, producer.id, producer.name, made["key"])
    assert gate.request("GET", "/me").status_code == 200
    assert world.recycler().request("DELETE", f"/keys/{made['id']}").status_code == 404
    assert producer.request("DELETE", f"/keys/{made['id']}").status_code == 204
    assert gate.request("GET", "/me").json()["code"] == "key_expired"


def test_no_key_or_a_wrong_one_is_401(world: World) -> None:
    producer = world.producer()
    for header in ({}, {"Authorization": "Bearer swx_nothing"}, {"Authorization": f"Bearer {producer.key}x"}):
        answer = world.client.get("/v1/me", headers=header)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.headers["content-type"] == "application/problem+json"


def test_answers_carry_request_id_and_are_not_cached(world: World) -> None:
    answer = world.producer().request("GET", "/me", headers={"X-Request-Id": "gate-2:17"})
    assert answer.headers["x-request-id"] == "gate-2:17"
    assert answer.headers["cache-control"] == "private, no-store"
    public = world.client.get("/v1/materials", headers={"X-Request-Id": "bad id"})
    assert public.headers["x-request-id"] != "bad id"
    again = world.client.get("/v1/materials", headers={"If-None-Match": public.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
