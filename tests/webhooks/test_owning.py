"""Webhooks as their owner sees them: what is accepted, what is refused, who may, what is shown."""

import logging
from typing import Any

import pytest
import structlog
from sqlalchemy import text

from app.auth.actor import Role
from app.core.database import Database
from app.webhooks.service import MOST_WEBHOOKS
from app.webhooks.subscriptions import is_wanted
from tests.factories import Member, World
from tests.webhooks.receiver import Receiver, Sending

URL = "https://receiver.example.com/exchange?token=t0ken"


def make(member: Member, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    webhook: dict[str, Any] = member.post("/webhooks", {"url": URL, "types": ["lot.opened"], **changes})
    return webhook


@pytest.mark.parametrize("role", list(Role))
def test_the_secret_is_shown_once_to_every_role(world: World, database: Database, role: Role) -> None:
    member = world.member(role)
    answer = member.request("POST", "/webhooks", json={"url": URL, "types": ["lot.opened", "agreement.*", "demand."]})
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert answer.headers["Location"] == f"/v1/webhooks/{made['id']}"
    assert made["secret"].startswith("whsec_")
    assert (made["url"], made["types"], made["status"]) == (URL, ["lot.opened", "agreement", "demand"], "active")
    shown = {name: value for name, value in made.items() if name != "secret"}
    assert member.get(f"/webhooks/{made['id']}") == shown
    assert member.get("/webhooks")["items"] == [shown]
    with database.read() as session:
        rows = session.execute(text("SELECT * FROM webhooks")).all()
    assert made["secret"].removeprefix("whsec_") not in str(rows)


def test_each_webhook_has_a_secret_of_its_own(world: World) -> None:
    member = world.producer()
    assert len({make(member)["secret"] for _ in range(3)}) == 3


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"url": "https://127.0.0.1/", "types": []}, {"/types": "too_short"}),
        (
            {"url": "ftp://receiver.example.com/", "types": ["Lot"]},
            {"/url": "invalid_url", "/types/0": "unknown_event_type"},
        ),
        ({"url": "http://receiver.example.com/"}, {"/url": "https_required"}),
        ({"url": "https://10.1.2.3/"}, {"/url": "address_not_public"}),
        ({"url": "https://[::1]/"}, {"/url": "address_not_public"}),
        ({"url": "https://receiver.example.com:22/"}, {"/url": "invalid_url"}),
        ({"url": f"https://receiver.example.com/{'a' * 2000}"}, {"/url": None}),
        ({"types": ["lot..opened", "lots", "lot.openned", ""]}, {f"/types/{index}": None for index in range(4)}),
        ({"types": ["lot opened"], "secret": "x"}, {"/types/0": None, "/secret": "extra_forbidden"}),
        ({"types": ["lot"] * 51}, {"/types": "too_long"}),
    ],
)
def test_bad_ones_are_refused_with_all_their_faults(
    world: World, changes: dict[str, Any], faults: dict[str, str | None]
) -> None:
    member = world.producer()
    refused = member.post("/webhooks", {"url": URL, "types": ["lot"], **changes}, status=422)
    found = {fault["pointer"]: fault["code"] for fault in refused["errors"]}
    assert {pointer: code and found.get(pointer) for pointer, code in faults.items()} == faults
    assert set(found) == set(faults)
    if "lot.openned" in changes.get("types", []):
        assert "did you mean lot.opened" in refused["detail"]
    assert member.get("/webhooks")["items"] == []


def test_it_changes_under_its_version(world: World) -> None:
    member = world.producer()
    webhook = make(member)
    path = f"/webhooks/{webhook['id']}"
    changed = member.patch(path, {"url": "https://other.example.com/", "types": ["*"], "active": False})
    assert (changed["url"], changed["types"], changed["status"]) == ("https://other.example.com/", ["*"], "paused")
    assert changed["version"] == 2
    stale = member.request("PATCH", path, json={"active": True}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_version")
    fresh = member.request("PATCH", path, json={"active": True}, headers={"If-Match": '"2"'})
    assert (fresh.json()["status"], fresh.headers["ETag"]) == ("active", '"3"')
    for body in ({"url": None}, {"types": None}, {"active": None}):
        assert member.request("PATCH", path, json=body).json()["errors"][0]["code"] == "null_refused"
    types = [item["type"] for item in member.get("/events")["items"] if item["subject"]["id"] == webhook["id"]]
    assert types == ["webhook.made", "webhook.changed", "webhook.changed"]
    assert "example.com" not in str(member.get("/events"))


def test_it_is_nobody_elses(world: World) -> None:
    member, other = world.producer(), world.producer()
    webhook = make(member)
    ping = member.post(f"/webhooks/{webhook['id']}/ping", status=202)
    path = f"/webhooks/{webhook['id']}"
    delivery = f"{path}/deliveries/{ping['id']}"
    routes = [
        ("GET", path),
        ("PATCH", path),
        ("DELETE", path),
        ("POST", f"{path}/rotate"),
        ("POST", f"{path}/ping"),
        ("GET", f"{path}/deliveries"),
        ("GET", delivery),
        ("POST", f"{delivery}/replay"),
    ]
    for method, route in routes:
        body = {"json": {"active": False}} if method == "PATCH" else {}
        assert other.request(method, route, **body).status_code == 404, (method, route)
    # A delivery is found at its own webhook alone.
    second = make(member)
    assert member.request("GET", f"/webhooks/{second['id']}/deliveries/{ping['id']}").status_code == 404
    assert other.get("/webhooks")["items"] == []
    assert member.get(path)["status"] == "active"


def test_the_scope_is_needed_also_to_read(world: World) -> None:
    """A URL may hold a secret of the receiver's."""
    member = world.producer()
    webhook = make(member)
    key = member.post("/keys", {"name": "reader", "scopes": ["market:read"]})["key"]
    reader = Member(world.client, member.id, member.name, key)
    for method, path in (("GET", "/webhooks"), ("GET", f"/webhooks/{webhook['id']}"), ("POST", "/webhooks")):
        refused = reader.request(method, path, json={"url": URL} if method == "POST" else None)
        assert (refused.status_code, refused.json()["code"]) == (403, "scope_required")


def test_there_is_a_limit_for_each_organisation(world: World) -> None:
    member = world.producer()
    for _ in range(MOST_WEBHOOKS):
        made = make(member)
    refused = member.post("/webhooks", {"url": URL}, status=409)
    assert (refused["code"], refused["most"]) == ("too_many_webhooks", MOST_WEBHOOKS)
    assert member.request("DELETE", f"/webhooks/{made['id']}").status_code == 204
    assert member.request("GET", f"/webhooks/{made['id']}").status_code == 404
    assert make(member)["types"] == ["lot.opened"]
    make(world.producer())


def test_deliveries_are_listed_by_cursor_and_status(world: World, sending: Sending) -> None:
    member = world.producer()
    webhook = make(member)
    lots = [world.lot(member)["id"] for _ in range(5)]
    sending.queue()
    path = f"/webhooks/{webhook['id']}/deliveries"
    seen, cursor = [], None
    while cursor != "":
        page = member.get(path, limit=2, **({} if cursor is None else {"cursor": cursor}), status="pending")
        seen += [item["subject_id"] for item in page["items"]]
        cursor = page["next_cursor"] or ""
    assert seen == lots[::-1]
    first = member.get(path, limit=1)["items"][0]
    assert (first["attempts"], first["response_status"], first["duration_ms"]) == (0, None, None)
    assert member.get(path, status="delivered")["items"] == []
    assert member.request("GET", path, params={"status": "lost"}).status_code == 422
    other = member.get(path, limit=1, status="pending")["next_cursor"]
    assert member.request("GET", path, params={"cursor": other}).json()["code"] == "invalid_cursor"


def test_no_url_secret_or_body_is_logged(
    world: World,
    receiver: Receiver,
    sending: Sending,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    member = world.producer()
    webhook = make(member, url=f"{receiver.url}?token=t0ken")
    unreached = make(member, url=f"http://127.0.0.2:{receiver.port}/t0ken")
    lot = world.lot(member)
    structlog.reset_defaults()  # every line is written
    with caplog.at_level(logging.DEBUG):
        sending.work_off()
    written = caplog.text + "".join(capsys.readouterr())
    assert "webhook_answered" in written
    assert "webhook_unreached" in written
    for hidden in ("t0ken", webhook["secret"], unreached["secret"], "v1,", lot["site"]["id"]):
        assert hidden not in written


@pytest.mark.parametrize(
    ("entries", "event_type", "expected"),
    [
        (["lot.opened"], "lot.opened", True),
        (["lot"], "lot.opened", True),
        (["lot"], "lots.opened", False),
        (["lot.open"], "lot.opened", False),
        (["demand", "lot"], "lot.changed", True),
        (["*"], "period.closed", True),
        ([], "lot.opened", False),
    ],
)
def test_types_and_beginnings(entries: list[str], event_type: str, *, expected: bool) -> None:
    assert is_wanted(entries, event_type) is expected
