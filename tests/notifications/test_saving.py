"""Saving searches: what is accepted, what is refused with which faults, who may."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, text

from app.core.database import Database, new_id
from app.core.settings import Settings
from app.matching.conventions import conventions_of
from app.matching.models import SavedSearch, SearchReach
from app.matching.saved_searches import MOST_SEARCHES, reaching
from app.notifications.alerts import find_alerts
from tests.databases import as_owner
from tests.factories import Member, World
from tests.notifications.searching import follow, save, told, work_off
from tests.query_plans import explain


def _faults(member: Member, body: dict[str, Any]) -> list[tuple[str, str]]:
    answer = member.post("/saved-searches", body, status=422)
    return [(fault["pointer"], fault["code"]) for fault in answer["errors"]]


def test_a_search_reads_back_as_it_was_given(world: World) -> None:
    recycler = world.recycler()
    filters = {"spec": ["caso4_2h2o>=85"], "near": "29.7,107.39", "within_km": 300, "max_price_cny_per_t": 12.35}
    made = recycler.post("/saved-searches", {"name": "石膏", "filters": filters})
    assert (made["name"], made["filters"], made["demand_id"]) == ("石膏", filters, None)
    demand = world.demand(recycler)
    other = recycler.get(f"/saved-searches/{follow(recycler, demand)}")
    assert (other["filters"], other["demand_id"]) == (None, demand["id"])
    assert recycler.get(f"/saved-searches/{made['id']}") == made
    assert [item["id"] for item in recycler.get("/saved-searches")["items"]] == [other["id"], made["id"]]


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"filters": {"spec": ["nonsense"]}}, [("/filters/spec/0", "invalid_spec")]),
        (
            {"filters": {"spec": ["ph=6..9", "ph<6"], "material": ["fly_ash", "gold"], "within_km": 5}},
            [
                ("/filters/spec/1", "strict_limit"),
                ("/filters/material/1", "unknown_material"),
                ("/filters/within_km", "near_required"),
            ],
        ),
        (
            {"filters": {"mine": True, "limit": 5}},
            [("/filters/mine", "own_lots"), ("/filters/limit", "extra_forbidden")],
        ),
        ({"filters": {"grade": "gold", "near": "here"}, "name": ""}, None),
        ({}, [("/demand_id", "filters_or_demand")]),
        ({"filters": {}, "demand_id": str(new_id())}, [("/demand_id", "filters_or_demand")]),
        ({"demand_id": str(new_id())}, [("/demand_id", "unknown_demand")]),
    ],
)
def test_all_faults_at_once_with_their_pointers(
    world: World, changes: dict[str, Any], faults: list[tuple[str, str]] | None
) -> None:
    recycler = world.recycler()
    found = _faults(recycler, {"name": "search", **changes})
    if faults is None:
        assert {pointer for pointer, _ in found} == {"/name", "/filters/grade", "/filters/near"}
    else:
        assert found == faults
    assert recycler.get("/saved-searches")["items"] == []


def test_demands_of_others_and_withdrawn_ones_are_refused(world: World) -> None:
    recycler, other = world.recycler(), world.recycler()
    body = {"name": "demand", "demand_id": world.demand(recycler)["id"]}
    assert _faults(other, body) == [("/demand_id", "unknown_demand")]
    recycler.post(f"/demands/{body['demand_id']}/withdraw", status=200)
    assert _faults(recycler, body) == [("/demand_id", "demand_withdrawn")]


def test_a_key_that_only_reads_the_market_changes_nothing(world: World) -> None:
    member = world.government()
    search = save(member)
    key = member.post("/keys", {"name": "reader", "scopes": ["market:read"]})["key"]
    reader = Member(world.client, member.id, member.name, key)
    assert reader.get(f"/saved-searches/{search}/matches")["items"] == []
    refused = reader.request("DELETE", f"/saved-searches/{search}")
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_required")
    assert reader.request("POST", "/saved-searches", json={"name": "x", "filters": {}}).status_code == 403


def test_there_is_a_limit_for_each_organisation(world: World, database: Database) -> None:
    recycler, other = world.recycler(), world.recycler()
    row = {"organisation_id": new_id(), "name": "search", "filters": {}}
    with database.write() as session:
        owner = session.execute(text("SELECT id FROM organisations WHERE name = :name"), {"name": recycler.name})
        row["organisation_id"] = UUID(str(owner.scalar_one()))
        session.execute(insert(SavedSearch), [row] * (MOST_SEARCHES - 1))
        session.commit()
    save(recycler)
    refused = recycler.post("/saved-searches", {"name": "one more", "filters": {}}, status=409)
    assert (refused["code"], refused["most"]) == ("too_many_saved_searches", MOST_SEARCHES)
    save(other)


def test_filters_that_the_catalogue_no_longer_knows_find_nothing(world: World, database: Database) -> None:
    recycler = world.recycler()
    sound = save(recycler)
    with database.write() as session:
        owner = session.get_one(SavedSearch, UUID(sound)).organisation_id
        stale = SavedSearch(organisation_id=owner, name="stale", filters={"grade": "of another age"})
        session.add(stale)
        session.flush()
        session.add(SearchReach(material="*", cell=-1, saved_search_id=stale.id))
        session.commit()
    lot = world.lot(world.producer())["id"]
    work_off(database)
    assert told(recycler, str(stale.id)) == []
    assert told(recycler, sound) == [lot]


def test_a_lot_asks_the_searches_in_reach_alone(world: World, database: Database) -> None:
    """Of thousands of searches elsewhere none is read: the lookup is by equality on the key of the table."""
    recycler = world.recycler()
    search = save(recycler, material=["phosphogypsum"], near="29.70613,107.39028", within_km=100)
    with database.write() as session:
        kept = session.get_one(SavedSearch, UUID(search))
        others = [
            {"id": new_id(), "organisation_id": kept.organisation_id, "name": "other", "filters": {}}
            for _ in range(3000)
        ]
        session.execute(insert(SavedSearch), others)
        reach = [
            {"material": "fly_ash", "cell": number % 700, "saved_search_id": other["id"]}
            for number, other in enumerate(others)
        ]
        session.execute(insert(SearchReach), reach)
        session.commit()
    with as_owner(database) as session:
        session.execute(text("ANALYZE"))
    with database.read() as session:
        plan = explain(session, reaching("phosphogypsum", 123))
    assert "saved_search_reach" in plan
    for whole in ("Seq Scan on saved_search_reach", "SCAN saved_search_reach", "SCAN saved_searches"):
        assert whole not in plan
    lot = world.lot(world.producer())
    with database.write() as session:
        (alert,) = find_alerts(session, [UUID(lot["id"])], conventions_of(Settings(), None))
    assert str(alert.search.id) == search
