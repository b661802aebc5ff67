"""Who sees which rows of the utilisation statistics."""

from dataclasses import dataclass
from uuid import UUID

import pytest

from app.auth.actor import Role
from app.core.database import Database
from app.ledger.accounts import Account, Kind
from tests.factories import CHANGSHOU, FULING, HECHUAN, Body, Member, World
from tests.statistics.books import Books, ask

MONTH = "2025-06"


@dataclass(frozen=True)
class Market:
    """Producers in Changshou and Hechuan, and a recycler in Fuling that used 3 t of the one and 4 t of the other."""

    here: Member
    there: Member
    recycler: Member


@pytest.fixture
def market(world: World, database: Database) -> Market:
    """Return the market: 10 t generated in Changshou, 20 t in Hechuan."""
    books = Books(database)
    market = Market(world.producer(), world.producer(), world.recycler())
    place = UUID(world.site(market.recycler, **FULING)["id"])
    for member, where, generated, used in ((market.here, CHANGSHOU, 10, 3), (market.there, HECHUAN, 20, 4)):
        origin = UUID(world.site(member, **where)["id"])
        books.move(MONTH, Kind.DISPATCH, (Account.GENERATION, Account.IN_TRANSIT), generated, origin=origin)
        books.move(MONTH, Kind.RECEIPT, (Account.IN_TRANSIT, Account.RECEIVED), generated, origin=origin, target=place)
        books.move(
            MONTH,
            Kind.UTILISATION,
            (Account.RECEIVED, Account.UTILISED),
            used,
            origin=origin,
            source=place,
            target=place,
            verified=True,
        )
    books.write()
    return market


def seen(member: Member, **params: str) -> tuple[float | None, float]:
    """Return the tonnes generated and utilised that a member sees."""
    total: Body = ask(member, MONTH, MONTH, **params)["total"]
    return total["generated_t"], total["utilised_t"]


@pytest.mark.usefixtures("market")
def test_an_authority_sees_its_jurisdiction(world: World) -> None:
    cases: list[tuple[str | None, tuple[float | None, float], float]] = [
        (None, (30, 7), 7),
        ("50", (30, 7), 7),
        ("500115", (10, 3), 0),
        ("500117", (20, 4), 0),
        ("500102", (0, 0), 7),
        ("44", (0, 0), 0),
        ("50-liangjiang", (0, 0), 0),
    ]
    for jurisdiction, by_origin, by_place in cases:
        authority = world.government(jurisdiction)
        assert seen(authority) == by_origin, jurisdiction
        assert seen(authority, place="utilised") == (None, by_place), jurisdiction


@pytest.mark.usefixtures("market")
def test_an_authority_asks_within_its_jurisdiction(world: World) -> None:
    city = world.government("50")
    assert seen(city, district="500117") == (20, 4)
    assert seen(city, district="50") == (30, 7)
    for member, district in ((city, "44"), (city, "510101"), (world.government("500115"), "50")):
        response = member.request(
            "GET", "/statistics/utilisation", params={"from": MONTH, "to": MONTH, "district": district}
        )
        assert (response.status_code, response.json()["code"]) == (403, "outside_jurisdiction")


def test_an_authority_answers_for_what_its_district_came_from(world: World, books: Books) -> None:
    """Jiangbei (500105) and Yubei (500112) merged into Liangjiang in November 2025."""
    producer = world.producer()
    for tonnes, code in enumerate(("500105", "500112", "50-liangjiang", "500109", "50-wansheng", "500110"), start=1):
        origin = UUID(world.site(producer, district_code=code)["id"])
        move = (Account.GENERATION, Account.STORAGE)
        books.move(MONTH, Kind.DECLARATION, move, 10**tonnes, origin=origin)
    books.write()
    cases = [
        ("50-liangjiang", 1110),
        ("500105", 10),  # what it was is not what its successor is
        ("500112", 100),
        ("500109", 10_000),  # five towns of Yubei went there, but no site says which
        ("500110", 1_000_000),  # the zone within is reported separately
        ("50-wansheng", 100_000),
        ("50", 1_111_110),
    ]
    for jurisdiction, generated in cases:
        for districts in ("as_recorded", "current"):
            assert seen(world.government(jurisdiction), districts=districts) == (generated, 0), jurisdiction
    heir = world.government("50-liangjiang")
    assert seen(heir, district="500105") == (10, 0)
    assert seen(heir, district="50-liangjiang") == (1000, 0)
    assert seen(heir, district="50-liangjiang", districts="current") == (1110, 0)
    params = {"from": MONTH, "to": MONTH, "district": "50-liangjiang", "districts": "current"}
    refused = world.government("500105").request("GET", "/statistics/utilisation", params=params)
    assert (refused.status_code, refused.json()["code"]) == (403, "outside_jurisdiction")


def test_the_ledger_of_a_merged_district_is_its_successors_to_see(world: World) -> None:
    producer = world.producer()
    site = world.site(producer, district_code="500105")
    stock = {"site_id": site["id"], "material": "phosphogypsum", "stock_year": 2024, "stored_t": 5}
    producer.post("/opening-stocks", stock)
    for jurisdiction, count in (("50-liangjiang", 1), ("500105", 1), ("500109", 0)):
        balances = world.government(jurisdiction).get("/ledger/balances")["items"]
        assert len([row for row in balances if row["account"] == "storage"]) == count, jurisdiction


def test_producers_and_recyclers_see_their_own(market: Market, world: World) -> None:
    assert seen(market.here) == (10, 3)
    assert seen(market.there) == (20, 4)
    assert seen(market.recycler) == (0, 0)
    assert seen(market.here, place="utilised") == (None, 3)
    assert seen(market.recycler, place="utilised") == (None, 7)
    assert seen(market.here, district="500117") == (0, 0)
    assert seen(world.producer()) == (0, 0)
    assert ask(market.recycler, MONTH, MONTH)["undeclared_site_months"] == 0
    assert ask(market.here, MONTH, MONTH)["undeclared_site_months"] == 1


def test_the_operator_sees_all(market: Market, world: World) -> None:
    assert seen(world.operator()) == (30, 7)
    rows = ask(world.operator(), MONTH, MONTH, group_by="organisation")["items"]
    assert {row["organisation_name"]: row["generated_t"] for row in rows} == {
        market.here.name: 10,
        market.there.name: 20,
    }


def test_a_key_without_the_scope_is_refused(world: World) -> None:
    producer = world.producer()
    key = producer.post("/keys", {"name": "market only", "scopes": ["market:read"]})["key"]
    limited = Member(world.client, producer.id, producer.name, key)
    response = limited.request("GET", "/statistics/utilisation", params={"from": MONTH, "to": MONTH})
    assert (response.status_code, response.json()["code"]) == (403, "scope_required")


def test_without_a_key_or_approval_there_are_no_statistics(world: World) -> None:
    params = {"from": MONTH, "to": MONTH}
    assert world.client.get("/v1/statistics/utilisation", params=params).status_code == 401
    both = world.member(Role.PRODUCER, Role.RECYCLER)
    assert both.request("GET", "/statistics/utilisation", params=params).status_code == 200
    application = {"name": "new", "credit_code": "91110000600037341L", "roles": ["producer"], "contact_email": "a@b.cn"}
    made = world.client.post("/v1/organisations", json=application).json()
    pending = Member(world.client, made["id"], made["name"], made["api_key"])
    response = pending.request("GET", "/statistics/utilisation", params=params)
    assert (response.status_code, response.json()["code"]) == (403, "organisation_pending")
