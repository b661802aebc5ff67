"""Sending: signed, in the order of each subject, again until it is taken, under one id."""

import asyncio
from datetime import timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text, update
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from app.core.clock import now
from app.core.database import Database
from app.webhooks.claims import LEASE
from app.webhooks.models import Webhook, WebhookDelivery
from app.webhooks.retries import FAILING_AFTER, KEPT_UP, LONGEST_PAUSE, next_try
from tests.factories import Member, World
from tests.webhooks.receiver import Receiver, Sending, with_status


def make(member: Member, receiver: Receiver, *types: str, path: str = "") -> Any:  # noqa: ANN401 - JSON
    """Make a webhook for the receiver; of lots unless said otherwise."""
    return member.post("/webhooks", {"url": receiver.url + path, "types": list(types or ["lot"])})


def log_of(member: Member, webhook: dict[str, Any], **query: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = member.get(f"/webhooks/{webhook['id']}/deliveries", **query)["items"]
    return items[::-1]


def test_what_the_feed_shows_comes_signed(world: World, receiver: Receiver, sending: Sending) -> None:
    producer = world.producer()
    before = producer.get("/events", limit=100)["items"]
    webhook = make(producer, receiver, "*")
    other = make(world.recycler(), receiver, path="/other")
    lot = world.lot(producer)
    producer.patch(f"/sites/{lot['site']['id']}", {"name": "another gate"})
    sending.work_off()
    own, (told,) = ([item for item in receiver.received if item.path == path] for path in ("/hook", "/hook/other"))
    verified = [Verifier(webhook["secret"]).verify(item.body, item.headers) for item in own]
    shown = producer.get("/events", limit=100)["items"][len(before) :]
    assert sorted((message["data"] for message in verified), key=lambda event: event["id"]) == shown
    assert {event["type"] for event in shown} >= {"webhook.made", "lot.opened", "site.changed"}
    assert [item.id for item in own] == [message["data"]["id"] for message in verified]
    assert all(item.headers["content-type"] == "application/json" for item in own)
    message = Verifier(other["secret"]).verify(told.body, told.headers)
    assert (message["type"], message["data"]["subject"]["id"]) == ("lot.opened", lot["id"])
    assert message["data"]["actor"] == {"organisation_id": producer.id, "delegate_id": None, "key_id": None}
    assert message["timestamp"] == message["data"]["occurred_at"]
    with pytest.raises(WebhookVerificationError):
        Verifier(webhook["secret"]).verify(told.body, told.headers)


def test_a_subject_keeps_its_order_while_others_go_on(world: World, receiver: Receiver, sending: Sending) -> None:
    producer = world.producer()
    webhook = make(producer, receiver)
    slow = world.lot(producer)
    for price in (1, 2, 3):
        producer.patch(f"/lots/{slow['id']}", {"price_cny_per_t": price})
    receiver.answer = with_status(500)
    sending.work_off()
    assert len(receiver.received) == 1
    assert [item["status"] for item in log_of(producer, webhook)] == ["pending"] * 4
    receiver.answer = with_status(200)
    quick = world.lot(producer)
    sending.work_off()
    assert [item.message["data"]["subject"]["id"] for item in receiver.received] == [slow["id"], quick["id"]]
    sending.clock.pass_by(seconds=13)
    sending.work_off()
    of_slow = [item.id for item in receiver.received if item.message["data"]["subject"]["id"] == slow["id"]]
    in_order = [item["id"] for item in log_of(producer, webhook) if item["subject_id"] == slow["id"]]
    assert of_slow == [in_order[0], *in_order]
    assert [item["status"] for item in log_of(producer, webhook)] == ["delivered"] * 5


def test_it_is_tried_for_three_days_with_growing_pauses(world: World, receiver: Receiver, sending: Sending) -> None:
    producer = world.producer()
    webhook = make(producer, receiver)
    lot = world.lot(producer)
    producer.patch(f"/lots/{lot['id']}", {"price_cny_per_t": 1})
    receiver.answer = with_status(503)
    sending.queue()
    began, instants = sending.clock.at, []
    sending.work_off()
    while (first := log_of(producer, webhook)[0])["status"] == "pending":
        instants.append(sending.clock.at)
        with sending.database.read() as session:
            tries = select(WebhookDelivery.next_try_at).where(WebhookDelivery.id == UUID(first["id"]))
            sending.clock.at = session.scalars(tries).one() or sending.clock.at
        sending.work_off()
    assert (first["status"], first["response_status"], first["error"]) == ("failed", 503, "status")
    assert first["next_try_at"] is None
    pauses = [later - earlier for earlier, later in pairwise(instants)]
    assert timedelta(seconds=8) <= pauses[0] <= timedelta(seconds=12)
    assert all(pause <= LONGEST_PAUSE * 1.2 for pause in pauses)
    assert timedelta(hours=12) < sum(pauses, timedelta()) <= KEPT_UP
    assert sending.clock.at - began == pytest.approx(KEPT_UP, abs=timedelta(minutes=1))
    assert 15 <= first["attempts"] == len(instants) + 1 <= 30
    assert len(set(receiver.ids[: first["attempts"]])) == 1
    # The next of the subject has its turn, and the webhook says what is wrong.
    assert log_of(producer, webhook)[1]["attempts"] == 1
    failing = producer.get(f"/webhooks/{webhook['id']}")
    assert (failing["status"], failing["failing_since"] is None) == ("failing", False)
    kinds = [item["type"] for item in producer.get("/events", limit=100)["items"]]
    assert kinds.count("webhook.failing") == 1


def test_pauses_double_and_the_last_attempt_is_at_the_end() -> None:
    at = now()
    pauses = [next_try(at, attempts, at, 0.5) for attempts in (1, 2, 3, 11, 12, 13, 400)]
    assert [None if pause is None else (pause - at).total_seconds() for pause in pauses] == [
        10, 20, 40, 10240, 20480, 21600, 21600,
    ]  # fmt: skip
    assert next_try(at, 20, at + KEPT_UP - timedelta(hours=1), 0.5) == at + KEPT_UP
    assert next_try(at, 20, at + KEPT_UP, 0.5) is None


def test_a_success_ends_the_failing(world: World, receiver: Receiver, sending: Sending) -> None:
    producer = world.producer()
    webhook = make(producer, receiver)
    receiver.answer = with_status(404)
    world.lot(producer)
    sending.work_off()
    sending.clock.pass_by(seconds=FAILING_AFTER.total_seconds() + 1)
    sending.work_off()
    assert producer.get(f"/webhooks/{webhook['id']}")["status"] == "failing"
    receiver.answer = with_status(202)
    sending.clock.pass_by(hours=1)
    sending.work_off()
    mended = producer.get(f"/webhooks/{webhook['id']}")
    assert (mended["status"], mended["failing_since"]) == ("active", None)
    assert producer.get("/events", limit=100)["items"][-1]["type"] == "webhook.recovered"


def test_gone_disables_until_its_owner_says_otherwise(world: World, receiver: Receiver, sending: Sending) -> None:
    producer = world.producer()
    webhook = make(producer, receiver)
    receiver.answer = with_status(410)
    world.lot(producer)
    sending.work_off()
    receiver.answer = with_status(200)
    world.lot(producer)
    sending.work_off()
    assert producer.get(f"/webhooks/{webhook['id']}")["status"] == "disabled"
    assert len(receiver.received) == 1
    refused = producer.post(f"/webhooks/{webhook['id']}/ping", status=409)
    assert refused["code"] == "webhook_inactive"
    assert producer.patch(f"/webhooks/{webhook['id']}", {"active": True})["status"] == "active"
    lot = world.lot(producer)
    sending.work_off()
    assert [item.message["data"]["subject"]["id"] for item in receiver.received[1:]] == [lot["id"]]


def test_a_replay_has_the_same_id_and_stands_in_no_line(world: World, receiver: Receiver, sending: Sending) -> None:
    producer = world.producer()
    webhook = make(producer, receiver)
    lot = world.lot(producer)
    sending.work_off()
    (first,) = log_of(producer, webhook)
    path = f"/webhooks/{webhook['id']}/deliveries/{first['id']}"
    assert producer.get(path) == first
    receiver.answer = with_status(500)
    again = producer.post(f"{path}/replay", status=202)
    assert (again["status"], again["attempts"]) == ("pending", 0)
    sending.work_off()
    receiver.answer = with_status(200)
    producer.patch(f"/lots/{lot['id']}", {"price_cny_per_t": 1})
    sending.work_off()  # what came later does not wait for the replay
    assert [item["status"] for item in log_of(producer, webhook)] == ["pending", "delivered"]
    producer.post(f"{path}/replay", status=202)  # and this does not wait for its next attempt
    sending.clock.pass_by(seconds=1)
    sending.work_off()
    assert receiver.ids == [first["id"], first["id"], receiver.ids[2], first["id"]]
    assert {item.body for item in receiver.received if item.id == first["id"]} == {receiver.received[0].body}
    assert [item["status"] for item in log_of(producer, webhook)] == ["delivered"] * 2
    with sending.database.write() as session:
        session.execute(
            text("UPDATE webhook_deliveries SET status = 'sending', next_try_at = queued_at, ended_at = NULL")
        )
        session.commit()
    assert producer.post(f"{path}/replay", status=409)["code"] == "delivery_under_way"


def test_a_ping_is_sent_once_whatever_comes_of_it(world: World, receiver: Receiver, sending: Sending) -> None:
    producer = world.producer()
    webhook = make(producer, receiver, "agreement")
    receiver.answer = with_status(500)
    pings = [producer.post(f"/webhooks/{webhook['id']}/ping", status=202) for _ in range(2)]
    sending.work_off()
    sending.clock.pass_by(days=1)
    sending.work_off()
    assert sorted(receiver.ids) == sorted(ping["id"] for ping in pings)
    told = Verifier(webhook["secret"]).verify(receiver.received[0].body, receiver.received[0].headers)
    assert (told["type"], told["data"]["subject"]) == ("webhook.ping", {"kind": "webhook", "id": webhook["id"]})
    assert [item["status"] for item in log_of(producer, webhook, status="failed")] == ["failed"] * 2
    assert log_of(producer, webhook, status="pending") == []


def test_two_secrets_sign_while_they_rotate(world: World, receiver: Receiver, sending: Sending) -> None:
    producer = world.producer()
    webhook = make(producer, receiver)
    rotated = producer.post(f"/webhooks/{webhook['id']}/rotate", {"overlap_hours": 1}, status=200)
    assert rotated["secret"] != webhook["secret"]
    assert producer.post(f"/webhooks/{webhook['id']}/rotate", status=409)["code"] == "rotation_under_way"
    world.lot(producer)
    sending.work_off()
    (item,) = receiver.received
    assert len(item.headers["webhook-signature"].split(" ")) == 2
    for secret in (webhook["secret"], rotated["secret"]):
        assert Verifier(secret).verify(item.body, item.headers) == item.message
    final = producer.post(f"/webhooks/{webhook['id']}/rotate", {"overlap_hours": 0}, status=200)
    world.lot(producer)
    sending.work_off()
    item = receiver.received[1]
    Verifier(final["secret"]).verify(item.body, item.headers)
    for secret in (webhook["secret"], rotated["secret"]):
        with pytest.raises(WebhookVerificationError):
            Verifier(secret).verify(item.body, item.headers)


def test_the_secret_of_before_ends_with_the_overlap(world: World, receiver: Receiver, sending: Sending) -> None:
    producer = world.producer()
    webhook = make(producer, receiver)
    producer.post(f"/webhooks/{webhook['id']}/rotate", {"overlap_hours": 1}, status=200)
    world.lot(producer)
    sending.queue()
    sending.clock.pass_by(hours=1, seconds=1)
    sending.work_off()
    assert len(receiver.received[0].headers["webhook-signature"].split(" ")) == 1


def test_nothing_goes_to_a_suspended_organisation(world: World, receiver: Receiver, sending: Sending) -> None:
    producer, recycler, operator = world.producer(), world.recycler(), world.operator()
    webhook = make(recycler, receiver)
    world.lot(producer)
    sending.queue()  # queued before, due now
    operator.post(f"/organisations/{recycler.id}/suspend", status=200)
    world.lot(producer)
    sending.work_off()
    assert receiver.received == []
    operator.post(f"/organisations/{recycler.id}/approve", status=200)
    sending.work_off()
    assert [item.id for item in receiver.received] == [item["id"] for item in log_of(recycler, webhook)]
    assert len(receiver.received) == 1  # what happened meanwhile is in the feed


def test_of_two_senders_one_has_each_delivery(world: World, receiver: Receiver, sending: Sending) -> None:
    producer = world.producer()
    webhook = make(producer, receiver)
    for _ in range(10):
        world.lot(producer)
    sending.queue()

    async def work() -> None:
        senders = sending.sender(), sending.sender()
        while any([*await asyncio.gather(*(sender.take_turn() for sender in senders))]):
            for sender in senders:
                while sender.flying:
                    await sender.wait(20)

    asyncio.run(work())
    assert sorted(receiver.ids) == [item["id"] for item in log_of(producer, webhook)]


def test_an_outcome_that_comes_after_its_lease_changes_nothing(
    world: World, receiver: Receiver, sending: Sending, database: Database
) -> None:
    producer = world.producer()
    webhook = make(producer, receiver)
    world.lot(producer)
    sending.queue()
    receiver.answer = with_status(500)

    async def work() -> None:
        late = sending.sender()
        await late.take_turn()
        while late.flying:
            await late.wait(20)
        receiver.answer = with_status(200)
        sending.clock.pass_by(seconds=LEASE.total_seconds() + 1)
        second = sending.sender()
        await second.take_turn()
        while second.flying:
            await second.wait(20)
        await second.take_turn()
        await late.take_turn()

    asyncio.run(work())
    (item,) = log_of(producer, webhook)
    assert (item["status"], item["attempts"], item["response_status"]) == ("delivered", 2, 200)
    assert receiver.ids == [item["id"]] * 2
    with database.read() as session:
        assert session.scalars(select(Webhook.failing_since)).one() is None


def test_a_webhook_deleted_under_way_leaves_nothing(world: World, receiver: Receiver, sending: Sending) -> None:
    producer = world.producer()
    webhook = make(producer, receiver)
    world.lot(producer)
    sending.queue()
    sender = sending.sender()

    async def work() -> None:
        await sender.take_turn()
        deleted = await asyncio.to_thread(producer.request, "DELETE", f"/webhooks/{webhook['id']}")
        assert deleted.status_code == 204
        while sender.flying:
            await sender.wait(20)
        await sender.take_turn()

    asyncio.run(work())
    with sending.database.read() as session:
        assert session.scalars(select(WebhookDelivery)).all() == []


def test_a_delivery_that_cannot_be_read_ends_in_no_crash(world: World, receiver: Receiver, sending: Sending) -> None:
    """A row that no check of ours let in: the sender says so and goes on with the others."""
    producer = world.producer()
    webhook, sound = make(producer, receiver), make(producer, receiver)
    with sending.database.write() as session:
        session.execute(update(Webhook).where(Webhook.id == UUID(webhook["id"])).values(url="gopher://x"))
        session.commit()
    world.lot(producer)
    sending.work_off()
    assert [item["error"] for item in log_of(producer, webhook)] == ["invalid_url"]
    assert [item["status"] for item in log_of(producer, sound)] == ["delivered"]
