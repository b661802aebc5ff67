"""Cursors are ours, and fit only the list that made them."""

import pytest

from tests.api.market import OPERATIONS, Market
from tests.factories import World


def _pages(world: World) -> tuple[object, str]:
    producer = world.producer()
    for _ in range(3):
        world.site(producer)
    cursor = producer.get("/sites", limit=1)["next_cursor"]
    return producer, cursor


def test_a_cursor_that_was_changed_anywhere(world: World) -> None:
    producer = world.producer()
    for _ in range(3):
        world.site(producer)
    cursor = producer.get("/sites", limit=1)["next_cursor"]
    changed = [cursor[:at] + ("A" if cursor[at] != "A" else "B") + cursor[at + 1 :] for at in range(len(cursor))]
    grown = [cursor + "!", cursor + "=", "!" + cursor, cursor[:9] + "\n" + cursor[9:], cursor + "AAAA", cursor * 2]
    for wrong in [*changed, *grown, "", "x", "schlüssel", cursor[:-1], cursor[:16]]:
        answer = producer.request("GET", "/sites", params={"cursor": wrong, "limit": 1})
        assert answer.status_code == 422, wrong
        assert answer.json()["code"] == "invalid_cursor", wrong
    assert len(producer.get("/sites", cursor=cursor, limit=2)["items"]) == 2


def test_a_cursor_of_another_list_filter_or_sort(world: World) -> None:
    producer = world.producer()
    site = world.site(producer)["id"]
    for _ in range(3):
        world.lot(producer, site_id=site)
        world.site(producer)
    lots = producer.get("/lots", limit=1, material="phosphogypsum", sort="newest")["next_cursor"]
    for path, query in (
        ("/sites", {}),
        ("/lots", {"material": "phosphogypsum", "sort": "delivered_price", "near": "29.5,106.5"}),
        ("/lots", {"material": "fly_ash", "sort": "newest"}),
        ("/lots", {"sort": "newest"}),
    ):
        answer = producer.request("GET", path, params={**query, "cursor": lots})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_cursor"), path
    rest = producer.get("/lots", limit=2, sort="newest", material="phosphogypsum", cursor=lots)
    assert len(rest["items"]) == 2


def test_a_cursor_of_another_organisation_shows_nothing_of_it(world: World) -> None:
    producer, other = world.producer(), world.producer()
    own = world.site(other)["id"]
    for _ in range(2):
        world.site(producer)
    cursor = producer.get("/sites", limit=1)["next_cursor"]
    assert [site["id"] for site in other.get("/sites", cursor=cursor)["items"]] == [own]


@pytest.mark.parametrize(
    "name",
    sorted(
        name
        for name, (_, _, operation) in OPERATIONS.items()
        if any(parameter["name"] == "cursor" for parameter in operation.get("parameters", []))
    ),
)
def test_every_list_refuses_a_cursor_that_is_none(name: str, market: Market) -> None:
    answer = market.send(name, query={**market.example(name).query, "cursor": "bm90IG91cnM"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_cursor"), answer.text
