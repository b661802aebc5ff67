"""The feed over HTTP: every change that a caller may see, in order, and nothing of others."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text, update

from app.auth.actor import Role
from app.core.clock import today
from app.core.database import Database, new_id
from app.events.queries import visible_events
from app.events.record import NewEvent, record_events
from app.events.types import EventType
from app.lots.models import Lot
from tests.databases import as_owner
from tests.factories import Body, Member, World
from tests.query_plans import explain

ASSAY = {"sampled_on": str(today()), "results": [{"parameter": "caso4_2h2o", "value": 90}]}


#: All but how the members came to be there.
TRADE = [kind for kind in EventType if not kind.startswith(("organisation.", "key.", "site.registered"))]


def _feed(member: Member) -> list[Body]:
    items: list[Body] = member.get("/events", types=TRADE)["items"]
    return items


def _types(member: Member) -> list[str]:
    return [item["type"] for item in _feed(member)]


def _expire(database: Database, lot_id: str) -> None:
    with database.write() as session:
        changed = update(Lot).where(Lot.id == UUID(lot_id))
        session.execute(changed.values(available_from=today() - timedelta(9), available_to=today() - timedelta(1)))
        session.commit()


def test_changes_of_a_lot_in_order(world: World) -> None:
    producer, other = world.producer(), world.government("50")
    lot = world.lot(producer)
    path = f"/lots/{lot['id']}"
    producer.patch(path, {"price_cny_per_t": -20, "min_order_t": 10})
    assay = producer.post(f"{path}/assays", ASSAY)
    producer.post(f"{path}/withdraw", status=200)
    items = _feed(other)
    assert [item["type"] for item in items] == ["lot.opened", "lot.changed", "assay.added", "lot.withdrawn"]
    assert {(item["subject"]["kind"], item["subject"]["id"]) for item in items} == {("lot", lot["id"])}
    assert items[0]["data"] == {"material": "phosphogypsum", "site_id": lot["site"]["id"]}
    assert items[1]["data"] == {"fields": ["min_order_t", "price_cny_per_t"]}
    assert items[2]["data"] == {"assay_id": assay["id"], "sampled_on": str(today()), "is_current": True}
    assert all(item["actor"] == {"organisation_id": producer.id, "delegate_id": None, "key_id": None} for item in items)
    key_id = producer.get("/keys")["items"][0]["id"]
    assert {item["actor"]["key_id"] for item in _feed(producer)} == {key_id}
    assert len({item["id"] for item in items}) == 4


def test_a_lot_that_comes_back_opens_again(world: World, database: Database) -> None:
    producer, reader = world.producer(), world.recycler()
    lot = world.lot(producer)
    path = f"/lots/{lot['id']}"
    _expire(database, lot["id"])
    producer.patch(path, {"price_cny_per_t": 1})  # nobody else could see it now
    producer.patch(path, {"available_to": str(today() + timedelta(30))})
    assert _types(reader) == ["lot.opened", "lot.opened"]
    assert _types(producer) == ["lot.opened", "lot.changed", "lot.opened"]


def test_a_lot_off_the_market_is_its_owners_alone(world: World, database: Database) -> None:
    producer = world.producer()
    lot = world.lot(producer)
    _expire(database, lot["id"])
    producer.post(f"/lots/{lot['id']}/assays", ASSAY)
    for member in (world.recycler(), world.government(), world.operator()):
        assert _types(member) == ["lot.opened"]
    assert _types(producer) == ["lot.opened", "assay.added"]


def test_demands_and_sites_are_their_owners_alone(world: World) -> None:
    recycler = world.recycler()
    demand = world.demand(recycler)
    recycler.patch(f"/demands/{demand['id']}", {"quantity_t": 7})
    recycler.patch(f"/sites/{demand['site']['id']}", {"name": "another gate"})
    recycler.post(f"/demands/{demand['id']}/withdraw", status=200)
    assert _types(recycler) == ["demand.opened", "demand.changed", "site.changed", "demand.withdrawn"]
    for member in (world.producer(), world.recycler(), world.government(), world.operator()):
        assert _types(member) == []


def test_a_deal_is_told_to_its_two_parties_alone(world: World) -> None:
    deal = world.deal()
    yesterday = str(today() - timedelta(1))
    load = deal.receive(deal.dispatch(40, yesterday), yesterday, net_t=40)
    correction = deal.recycler.post(f"/shipments/{load['id']}/corrections", {"net_t": 40.05, "comment": "misread"})
    deal.producer.post(f"/corrections/{correction['id']}/reject", status=200)
    deal.producer.post(f"/agreements/{deal.agreement['id']}/complete", status=200)
    trade = ["agreement.proposed", "agreement.accepted", "shipment.dispatched", "shipment.received"]
    trade += ["correction.proposed", "correction.rejected", "agreement.completed"]
    for party in (deal.producer, deal.recycler):
        told = [event for event in _feed(party) if not event["type"].startswith("lot.")]
        assert [event["type"] for event in told] == trade
        assert told[3]["data"] == {"agreement_id": deal.agreement["id"], "status": "received"}
        assert told[4]["data"] == {"shipment_id": load["id"], "fields": ["net_t"]}
    for member in (world.member(Role.PRODUCER, Role.RECYCLER), world.government("50"), world.operator()):
        assert _types(member) == ["lot.opened", "lot.opened"]


def test_an_operators_decision_is_told_to_the_organisation_and_the_operator(world: World) -> None:
    operator, member = world.operator(), world.recycler()
    operator.post(f"/organisations/{member.id}/suspend", status=200)
    operator.post(f"/organisations/{member.id}/approve", status=200)
    for reader in (operator, member):
        told = [event for event in reader.get("/events")["items"] if event["subject"]["id"] == member.id]
        decided = [event for event in told if event["type"] != "organisation.enrolled"]
        assert [event["type"] for event in decided] == ["organisation.suspended", "organisation.approved"]
        assert {event["actor"]["organisation_id"] for event in decided} == {operator.id}
    assert not [event for event in world.producer().get("/events")["items"] if event["subject"]["id"] == member.id]


def test_a_refused_write_leaves_no_event(world: World) -> None:
    producer = world.producer()
    lot = world.lot(producer)
    producer.patch(f"/lots/{lot['id']}", {"min_order_t": 99999}, status=422)
    assert _types(producer) == ["lot.opened"]


def test_the_cursor_always_goes_on(world: World) -> None:
    producer, reader = world.producer(), world.recycler()
    begun = reader.get("/events")
    assert [item["type"] for item in begun["items"]] == ["organisation.enrolled", "key.made"]
    lots = [world.lot(producer)["id"] for _ in range(5)]
    seen, cursor = [], begun["next_cursor"]
    for expected in (2, 2, 1, 0, 0):
        answer = reader.get("/events", after=cursor, limit=2)
        assert len(answer["items"]) == expected
        seen += [item["subject"]["id"] for item in answer["items"]]
        cursor = answer["next_cursor"]
    assert seen == lots
    last = world.lot(producer)["id"]
    assert [item["subject"]["id"] for item in reader.get("/events", after=cursor)["items"]] == [last]


def test_a_filter_looks_through_a_bounded_part_and_goes_on(world: World, database: Database) -> None:
    """Rare among many: each answer moves the cursor, the end is where it stays, and nothing wanted is passed over."""
    reader = world.recycler()
    begun = reader.get("/events")["next_cursor"]
    wanted = [EventType.AGREEMENT_ACCEPTED, EventType.PERIOD_CLOSED]
    with database.write() as session:
        own = (UUID(reader.id),)
        events = [NewEvent(EventType.LOT_CHANGED, "lot", new_id(), for_market=True) for _ in range(2500)]
        events[1700] = NewEvent(EventType.AGREEMENT_ACCEPTED, "agreement", new_id(), viewers=own)
        events[2400] = NewEvent(EventType.PERIOD_CLOSED, "period", new_id(), for_market=True)
        record_events(session, events)
        session.commit()
    seen, cursor, answers = [], None, 0
    while True:
        answer = reader.get("/events", types=wanted, limit=1, after=cursor or begun)
        seen += [item["type"] for item in answer["items"]]
        answers += 1
        if answer["next_cursor"] == cursor:
            break
        cursor = answer["next_cursor"]
    assert (seen, answers) == (["agreement.accepted", "period.closed"], 5)
    assert world.producer().get("/events", types=["agreement.accepted"])["items"] == []


@pytest.mark.parametrize(
    ("query", "pointer", "code"),
    [
        ({"after": "nonsense"}, "after", "invalid_cursor"),
        ({"limit": 101}, "limit", "less_than_equal"),
        ({"types": ["lot.opened", "lot.sold"]}, "types.1", "enum"),
        ({"cursor": "x"}, "cursor", "unknown_parameter"),
    ],
)
def test_a_wrong_query_is_refused(world: World, query: dict[str, Any], pointer: str, code: str) -> None:
    answer = world.recycler().request("GET", "/events", params=query)
    assert answer.status_code == 422
    assert [(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]] == [(pointer, code)]


def test_a_cursor_of_another_list_is_refused(world: World) -> None:
    producer = world.member(Role.PRODUCER, Role.RECYCLER)
    for _ in range(2):
        world.lot(producer)
    foreign = producer.get("/lots", limit=1, mine="true")["next_cursor"]
    assert producer.request("GET", "/events", params={"after": foreign}).json()["code"] == "invalid_cursor"


def test_the_key_must_read_the_market(world: World) -> None:
    member = world.recycler()
    key = member.post("/keys", {"name": "narrow", "scopes": ["statistics:read"]})["key"]
    narrow = Member(world.client, member.id, member.name, key)
    assert narrow.request("GET", "/events").json()["code"] == "scope_required"
    assert world.client.get("/v1/events").status_code == 401


def test_reading_walks_indexes_whatever_the_length(database: Database) -> None:
    reader, others = new_id(), [new_id() for _ in range(50)]
    with database.write() as session:
        events = [
            NewEvent(
                EventType.DEMAND_CHANGED,
                "demand",
                new_id(),
                viewers=(reader if number % 500 == 0 else others[number % 50],),
            )
            for number in range(5000)
        ]
        events += [NewEvent(EventType.LOT_OPENED, "lot", new_id(), for_market=True) for _ in range(50)]
        record_events(session, events)
        session.commit()
    with as_owner(database) as session:
        session.execute(text("ANALYZE"))
    with database.read() as session:
        plan = explain(session, visible_events(reader, 100, 20))
    assert "ix_events_market" in plan
    assert "event_viewers" in plan
    assert "Seq Scan" not in plan
    assert "SCAN events" not in plan
