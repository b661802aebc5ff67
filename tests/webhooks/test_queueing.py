"""Queueing: what the feed shows is queued once, for those who want it and may see it, and nothing else."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.auth.actor import Role
from app.core.clock import now
from app.core.database import Database, new_id
from app.events.models import EventHead
from app.webhooks.claims import due_deliveries, find_due, find_waiting, waiting_webhooks
from app.webhooks.models import WebhookId
from app.webhooks.queries import webhook_figures
from app.webhooks.queueing import KEPT, queue_batch, sweep_ended
from app.webhooks.room import MOST_OF_FAILING, MOST_OF_ONE, MOST_UNDER_WAY, share_room
from tests.databases import as_owner
from tests.factories import Member, World
from tests.query_plans import explain
from tests.webhooks.receiver import Receiver, Sending

_SPOIL = {
    "sqlite": (
        "CREATE TRIGGER spoil BEFORE UPDATE ON event_cursors BEGIN SELECT RAISE(ABORT, 'killed'); END",
        "DROP TRIGGER spoil",
    ),
    "postgresql": (
        """CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''killed''; END';
        CREATE TRIGGER spoil BEFORE UPDATE ON event_cursors FOR EACH ROW EXECUTE FUNCTION spoil()""",
        "DROP TRIGGER spoil ON event_cursors",
    ),
}


def _execute(database: Database, statement: str, **values: object) -> None:
    with as_owner(database) as session:
        session.execute(text(statement), values)


def make(member: Member, *types: str) -> str:
    identifier: str = member.post("/webhooks", {"url": "https://receiver.example.com/", "types": list(types)})["id"]
    return identifier


def queued(member: Member, webhook: str) -> list[str]:
    """Return the ids of the events that are queued, in order."""
    items: list[dict[str, Any]] = member.get(f"/webhooks/{webhook}/deliveries", limit=100)["items"]
    return [item["id"] for item in items][::-1]


def shown(member: Member, kind: str = "") -> list[str]:
    """Return the ids of the events in a member's feed, of a kind of subject if it is said, in order."""
    items = member.get("/events", limit=100)["items"]
    return [item["id"] for item in items if item["type"].startswith(kind)]


def test_everybody_is_told_what_their_feed_shows(world: World, sending: Sending) -> None:
    """Also an authority and the operator, who see the market and no more."""
    members = [world.member(role) for role in Role]
    webhooks = [make(member, "*") for member in members]
    before = {member.id: shown(member) for member in members}
    made = {member.id: shown(member, "webhook.") for member in members}
    producer, recycler = members[:2]
    demand = world.demand(recycler)
    lot = world.lot(producer)
    producer.patch(f"/lots/{lot['id']}", {"price_cny_per_t": 1})
    producer.post(f"/lots/{lot['id']}/withdraw", status=200)
    recycler.post(f"/demands/{demand['id']}/withdraw", status=200)
    sending.queue()
    for member, webhook in zip(members, webhooks, strict=True):
        feed = shown(member)
        assert queued(member, webhook) == [*made[member.id], *feed[len(before[member.id]) :]], member.name
    assert len({len(shown(member)) for member in members}) > 1


def test_only_the_types_asked_for_and_from_then_on(world: World, sending: Sending) -> None:
    producer = world.producer()
    world.lot(producer)
    lots, demands = make(producer, "lot"), make(producer, "demand", "match.found")
    lot = world.lot(producer)
    site = producer.patch(f"/sites/{lot['site']['id']}", {"name": "gate"})
    assert site["version"] == 2
    sending.queue()
    wanted = [item["id"] for item in producer.get("/events")["items"] if item["subject"]["id"] == lot["id"]]
    assert (queued(producer, lots), queued(producer, demands)) == (wanted, [])


def test_what_happens_while_it_is_paused_is_not_queued(world: World, sending: Sending) -> None:
    producer = world.producer()
    webhook = make(producer, "lot")
    producer.patch(f"/webhooks/{webhook}", {"active": False})
    world.lot(producer)
    sending.queue()
    world.lot(producer)
    producer.patch(f"/webhooks/{webhook}", {"active": True})  # before the last one was read
    lot = world.lot(producer)
    sending.queue()
    log = producer.get(f"/webhooks/{webhook}/deliveries")["items"]
    assert [item["subject_id"] for item in log] == [lot["id"]]


def test_killed_before_the_commit_it_does_all_of_it_again_once(
    world: World, sending: Sending, database: Database
) -> None:
    producer = world.producer()
    webhook = make(producer, "lot")
    for _ in range(3):
        world.lot(producer)
    spoil, mend = _SPOIL[database.engine.dialect.name]
    _execute(database, spoil)
    with pytest.raises(DBAPIError, match="killed"):
        queue_batch(database)
    assert queued(producer, webhook) == []
    _execute(database, mend)
    sending.queue()
    assert queued(producer, webhook) == shown(producer, "lot.")


def test_a_cursor_that_was_set_back_queues_nothing_twice(world: World, receiver: Receiver, sending: Sending) -> None:
    producer = world.producer()
    webhook = producer.post("/webhooks", {"url": receiver.url, "types": ["lot"]})["id"]
    world.lot(producer)
    sending.work_off()
    _execute(sending.database, "UPDATE event_cursors SET position = 0 WHERE consumer = 'webhooks'")
    world.lot(producer)
    sending.work_off()
    assert receiver.ids == queued(producer, webhook) == shown(producer, "lot.")


def test_without_news_it_locks_nothing(world: World, sending: Sending) -> None:
    make(world.producer(), "lot")
    sending.queue()
    with sending.database.write() as writer:
        writer.get(EventHead, 1, with_for_update=True)
        assert queue_batch(sending.database) == 0


def test_ended_deliveries_are_swept_after_thirty_days(world: World, receiver: Receiver, sending: Sending) -> None:
    producer = world.producer()
    webhook = producer.post("/webhooks", {"url": receiver.url, "types": ["lot"]})["id"]
    world.lot(producer)
    sending.work_off()
    world.lot(producer)
    sending.queue()
    later = now() + KEPT
    assert sweep_ended(sending.database, later - timedelta(minutes=1)) == 0
    assert sweep_ended(sending.database, later + timedelta(minutes=1)) == 1
    assert sweep_ended(sending.database, later + timedelta(minutes=1)) == 0
    assert [item["status"] for item in producer.get(f"/webhooks/{webhook}/deliveries")["items"]] == ["pending"]


def test_looking_for_what_is_due_walks_along_indexes(world: World, database: Database) -> None:
    """A long log, and much that waits for a webhook that is told nothing, make no difference."""
    producer = world.producer()
    webhook = WebhookId(UUID(make(producer, "lot")))
    row = (
        "INSERT INTO webhook_deliveries (webhook_id, id, type, subject_id, place, status, attempts, queued_at, "
        "next_try_at, ended_at) SELECT w.id, :id, 'lot.opened', :id, :place, :status, 1, w.created_at, "
        "CASE WHEN :is_open THEN w.created_at END, CASE WHEN NOT :is_open THEN w.created_at END FROM webhooks w"
    )
    with database.write() as session:
        for place in range(2000):
            is_open = place % 10 == 0
            status = "pending" if is_open else "delivered"
            values = {"id": new_id().hex, "place": place, "status": status, "is_open": is_open}
            session.execute(text(row), values)
        session.commit()
    _execute(database, "ANALYZE")
    at = now()
    with database.read() as session:
        room = dict.fromkeys(find_waiting(session, at), 4)
        assert [len(find_due(session, room, at)), len(room)] == [4, 1]
        plans = "\n".join(
            explain(session, statement)
            for statement in (waiting_webhooks(at), due_deliveries(webhook, at), webhook_figures())
        )
    assert "ix_webhook_deliveries_due" in plans
    for whole in ("Seq Scan on webhook_deliveries", "SCAN webhook_deliveries"):
        assert whole not in plans


def test_slow_receivers_leave_room_for_the_others() -> None:
    ids = [WebhookId(new_id()) for _ in range(60)]
    assert set(share_room({ids[0]: False}, {}).values()) == {MOST_OF_ONE}
    assert share_room({ids[0]: False}, {ids[0]: MOST_OF_ONE}) == {}
    assert share_room({ids[0]: True}, {ids[0]: 1}) == {}
    room = share_room(dict.fromkeys(ids, True), {})
    assert (len(room), sum(room.values())) == (MOST_OF_FAILING, MOST_OF_FAILING)
    flying = dict.fromkeys(ids[:MOST_OF_FAILING], 1)
    mixed = share_room({identifier: identifier in ids[:30] for identifier in ids}, flying)
    assert sum(mixed.values()) + sum(flying.values()) == MOST_UNDER_WAY
    assert set(mixed) <= set(ids[30:])
