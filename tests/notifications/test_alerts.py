"""What saved searches are told: each lot once, when it opens or a new assay makes it fit, and nothing else."""

from datetime import timedelta

from app.auth.actor import Role
from app.core.clock import month_of, months_from, today
from app.core.database import Database
from app.demands.models import Demand
from app.lots.models import Lot
from tests.factories import FULING, HECHUAN, World
from tests.notifications.searching import (
    FAILING,
    NEAR_FULING,
    PASSING,
    follow,
    let_expire,
    save,
    told,
    work_off,
)


def test_a_lot_that_opens_is_told_once(world: World, database: Database) -> None:
    producer, recycler = world.producer(), world.recycler()
    search = save(recycler, material=["phosphogypsum"], **NEAR_FULING)
    lot = world.lot(producer)
    world.lot(producer, material="fly_ash")
    world.lot(producer, site_id=world.site(producer, **HECHUAN)["id"])  # 110 km away
    work_off(database)
    producer.post(f"/lots/{lot['id']}/assays", PASSING)
    work_off(database)
    assert told(recycler, search) == [lot["id"]]


def test_what_is_told_is_for_its_owner_alone(world: World, database: Database) -> None:
    recycler = world.recycler()
    search = save(recycler)
    lot = world.lot(world.producer())
    work_off(database)
    found = [item for item in recycler.get("/events")["items"] if item["type"] == "match.found"]
    assert [(item["actor"], item["data"]) for item in found] == [(None, {"lot_id": lot["id"], "verdict": "pass"})]
    for other in (world.recycler(), world.government(), world.operator()):
        assert [item["type"] for item in other.get("/events", types=["lot.opened", "match.found"])["items"]] == [
            "lot.opened"
        ]
        for path in ("", "/matches"):
            assert other.request("GET", f"/saved-searches/{search}{path}").status_code == 404
        assert other.request("DELETE", f"/saved-searches/{search}").status_code == 404
        assert other.get("/saved-searches")["items"] == []


def test_an_assay_that_turns_unknown_into_pass(world: World, database: Database) -> None:
    producer, recycler = world.producer(), world.recycler()
    certain, open_minded = (
        save(recycler, spec=["caso4_2h2o>=85"], verdict="pass"),
        save(recycler, spec=["caso4_2h2o>=85"]),
    )
    lots = [world.lot(producer)["id"] for _ in range(2)]
    work_off(database)
    assert told(recycler, certain) == []
    assert told(recycler, open_minded) == lots
    producer.post(f"/lots/{lots[0]}/assays", PASSING)
    producer.post(f"/lots/{lots[1]}/assays", FAILING)
    work_off(database)
    assert told(recycler, certain) == lots[:1]
    assert told(recycler, open_minded) == lots


def test_a_lot_that_comes_back_is_not_told_again(world: World, database: Database) -> None:
    producer, recycler = world.producer(), world.recycler()
    search = save(recycler)
    lot = world.lot(producer)["id"]
    work_off(database)
    let_expire(database, Lot, lot)
    late = save(recycler)
    producer.patch(f"/lots/{lot}", {"available_to": str(today() + timedelta(9))})
    work_off(database)
    assert told(recycler, search) == [lot]
    assert told(recycler, late) == [lot]


def test_what_has_left_the_market_meanwhile_is_not_told(world: World, database: Database) -> None:
    producer, recycler = world.producer(), world.recycler()
    search = save(recycler)
    expired, withdrawn = (world.lot(producer)["id"] for _ in range(2))
    let_expire(database, Lot, expired)
    producer.post(f"/lots/{withdrawn}/withdraw", status=200)
    work_off(database)
    assert told(recycler, search) == []


def test_own_lots_are_never_told(world: World, database: Database) -> None:
    member = world.member(Role.PRODUCER, Role.RECYCLER)
    searches = [save(member), follow(member, world.demand(member))]
    world.lot(member)
    work_off(database)
    assert [told(member, search) for search in searches] == [[], []]


def test_suspended_organisations_neither_tell_nor_are_told(world: World, database: Database) -> None:
    operator, producer, silent, recycler = world.operator(), world.producer(), world.producer(), world.recycler()
    reader, suspended = world.recycler(), recycler
    searches = {member.id: save(member) for member in (reader, suspended)}
    hidden, shown = world.lot(silent)["id"], world.lot(producer)["id"]
    for member in (silent, suspended):
        operator.post(f"/organisations/{member.id}/suspend", status=200)
    work_off(database)
    assert told(reader, searches[reader.id]) == [shown]
    assert suspended.request("GET", "/events").status_code == 403
    for member in (silent, suspended):
        operator.post(f"/organisations/{member.id}/approve", status=200)
    assert told(suspended, searches[suspended.id]) == []
    silent.post(f"/lots/{hidden}/assays", PASSING)
    work_off(database)
    assert told(suspended, searches[suspended.id]) == [hidden]


def test_a_demand_is_followed_as_it_changes(world: World, database: Database) -> None:
    producer, recycler = world.producer(), world.recycler()
    demand = world.demand(recycler, materials=["phosphogypsum"], max_distance_km=50)
    search = follow(recycler, demand)
    near, far = world.site(producer)["id"], world.site(producer, latitude=26.6412, longitude=106.6301)["id"]
    first = world.lot(producer, site_id=near)["id"]
    world.lot(producer, site_id=near, material="fgd_gypsum")
    world.lot(producer, site_id=far)
    work_off(database)
    assert told(recycler, search) == [first]
    recycler.patch(f"/demands/{demand['id']}", {"materials": ["fgd_gypsum"], "max_distance_km": 500})
    world.lot(producer, site_id=near)
    second = world.lot(producer, site_id=far, material="fgd_gypsum")["id"]
    work_off(database)
    assert told(recycler, search) == [first, second]
    recycler.post(f"/demands/{demand['id']}/withdraw", status=200)
    world.lot(producer, site_id=far, material="fgd_gypsum")
    work_off(database)
    assert told(recycler, search) == [first, second]


def test_a_demand_is_followed_to_where_its_site_moves(world: World, database: Database) -> None:
    producer, recycler = world.producer(), world.recycler()
    demand = world.demand(recycler, max_distance_km=50)
    search = follow(recycler, demand)
    away = {"latitude": 26.6412, "longitude": 106.6301}
    recycler.patch(f"/sites/{demand['site']['id']}", away)
    world.lot(producer)
    lot = world.lot(producer, site_id=world.site(producer, **away)["id"])["id"]
    work_off(database)
    assert told(recycler, search) == [lot]


def test_a_demand_that_takes_no_unknown_or_has_expired(world: World, database: Database) -> None:
    producer, recycler = world.producer(), world.recycler()
    strict = {"criteria": [{"parameter": "caso4_2h2o", "min": 85}], "accept_unknown": False}
    demand, expired = world.demand(recycler, **strict), world.demand(recycler)
    searches = [follow(recycler, demand), follow(recycler, expired)]
    let_expire(database, Demand, expired["id"])
    lot = world.lot(producer)["id"]
    work_off(database)
    assert [told(recycler, search) for search in searches] == [[], []]
    producer.post(f"/lots/{lot}/assays", PASSING)
    recycler.patch(f"/demands/{expired['id']}", {"needed_to": str(today() + timedelta(9))})
    work_off(database)
    assert [told(recycler, search) for search in searches] == [[lot], [lot]]


def test_delivered_price_counts_the_way(world: World, database: Database) -> None:
    producer, recycler = world.producer(), world.recycler()
    first = world.lot(producer)
    (item,) = recycler.get("/lots", **NEAR_FULING)["items"]
    exact = item["delivered_cny_per_t"]
    assert exact > first["price_cny_per_t"]
    searches = [save(recycler, **NEAR_FULING, max_delivered_cny_per_t=most) for most in (exact, round(exact - 0.01, 2))]
    second = world.lot(producer)["id"]
    work_off(database)
    assert [told(recycler, search) for search in searches] == [[first["id"], second], []]


def test_what_is_deleted_is_told_nothing(world: World, database: Database) -> None:
    producer, recycler = world.producer(), world.recycler()
    gone, kept = save(recycler), save(recycler, district="50")
    first = world.lot(producer)["id"]
    work_off(database)
    assert told(recycler, gone) == [first]
    assert recycler.request("DELETE", f"/saved-searches/{gone}").status_code == 204
    assert recycler.request("DELETE", f"/saved-searches/{gone}").status_code == 404
    second = world.lot(producer, site_id=world.site(producer, **FULING)["id"])["id"]
    work_off(database)
    assert told(recycler, kept) == [first, second]
    found = [item for item in recycler.get("/events", limit=100)["items"] if item["type"] == "match.found"]
    assert sorted(item["subject"]["id"] for item in found) == sorted([gone, kept, kept])


def test_a_page_of_matches(world: World, database: Database) -> None:
    producer, recycler = world.producer(), world.recycler()
    search = save(recycler)
    lots = [world.lot(producer)["id"] for _ in range(5)]
    work_off(database)
    path = f"/saved-searches/{search}/matches"
    page = recycler.get(path, limit=3)
    rest = recycler.get(path, limit=3, cursor=page["next_cursor"])
    assert rest["next_cursor"] is None
    assert [item["lot_id"] for item in page["items"] + rest["items"]] == lots[::-1]
    assert {item["verdict"] for item in page["items"]} == {"pass"}


def test_a_lot_that_a_cancelled_deal_sets_free_is_on_the_market_again(world: World, database: Database) -> None:
    deal = world.deal(1000)
    watcher = world.recycler()
    search = save(watcher, material=["phosphogypsum"])
    work_off(database)
    assert told(watcher, search) == []
    deal.recycler.post(f"/agreements/{deal.agreement['id']}/cancel", status=200)
    work_off(database)
    assert told(watcher, search) == [deal.lot["id"]]


def test_a_recurring_lot_is_told_by_what_its_month_has(world: World, database: Database) -> None:
    """Of a lot that begins next month its first month counts; the demand is for the days on which it is there."""
    recycler = world.recycler()
    month = months_from(month_of(today()), 2)[1]
    days = {"available_from": f"{month}-01", "available_to": str(today() + timedelta(days=90))}
    anywhere, much = save(recycler), save(recycler, min_quantity_t=40.001)
    of_demand = follow(recycler, world.demand(recycler))
    lot = world.lot(world.producer(), quantity_t=None, recurring={"per": "month", "quantity_t": 40}, **days)["id"]
    work_off(database)
    assert (told(recycler, anywhere), told(recycler, much), told(recycler, of_demand)) == ([lot], [], [lot])
