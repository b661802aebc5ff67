"""Use beyond what a site's approved plant can take in a year."""

from typing import Any

import pytest

from app.core.clock import today
from tests.factories import Body, Deal, Member, World

YEAR = today().year - 1
PERIOD = {"from": f"{YEAR}-01", "to": f"{YEAR}-12"}


def _put(deal: Deal, tonnes: float, use: str = "cement_retarder", **stated: Any) -> Body:  # noqa: ANN401 - JSON
    body = {"capacity_t_per_year": tonnes} | stated
    answer = deal.recycler.request("PUT", f"/sites/{deal.destination}/capacities/{use}", json=body)
    assert answer.status_code == 200, answer.text
    capacity: Body = answer.json()
    return capacity


def _found(authority: Member, **query: Any) -> list[Body]:  # noqa: ANN401 - of any type
    asked = PERIOD | {"kind": "use_beyond_capacity"} | query
    items: list[Body] = authority.get("/statistics/anomalies", **asked)["items"]
    return items


@pytest.fixture
def deal(world: World) -> Deal:
    """Return a deal of which 90 t are in stock since January."""
    deal = world.deal()
    for _ in range(3):
        deal.receive(deal.dispatch(30, f"{YEAR}-01-05"), f"{YEAR}-01-06")
    return deal


def test_more_used_than_the_capacity(world: World, deal: Deal) -> None:
    authority = world.government("500102")
    deal.use(20, f"{YEAR}-02-01")
    deal.use(21, f"{YEAR}-03-31")
    assert _found(authority) == []  # a site that states no capacity is not judged
    _put(deal, 41)
    assert _found(authority) == []
    _put(deal, 40)
    (found,) = _found(authority, to=f"{YEAR}-03")
    assert found["figures"] == {"year": YEAR, "used_t": 41, "capacity_t_per_year": 40, "share_pct": 102.5}
    assert (found["use"], found["material"], found["at"], found["month"]) == (
        *("cement_retarder", None, None),
        f"{YEAR}-03",
    )
    assert [(item["kind"], item["id"]) for item in found["objects"]] == [("site", deal.destination)]
    assert "41.000 t" in found["sentence_en"]
    assert "102.50%" in found["sentence_zh"]
    assert "水泥" in found["sentence_zh"]
    assert found["label_zh"] == "利用量超过处理能力"


def test_only_what_the_year_holds_up_to_the_end_of_the_period(world: World, deal: Deal) -> None:
    authority = world.government("50")
    _put(deal, 40)
    deal.use(30, f"{YEAR}-02-01")
    deal.use(11, f"{YEAR}-05-01")
    assert _found(authority, to=f"{YEAR}-04") == []
    # The beginning of the year counts, whenever the period begins.
    (found,) = _found(authority, **{"from": f"{YEAR}-05", "to": f"{YEAR}-05"})
    assert found["figures"]["used_t"] == 41
    # Another year has the whole capacity for itself.
    assert _found(authority, **{"from": f"{YEAR}-12", "to": f"{YEAR + 1}-01"})[0]["figures"]["year"] == YEAR
    assert _found(authority, **{"from": f"{YEAR + 1}-01", "to": f"{YEAR + 1}-01"}) == []


def test_reversed_use_and_use_before_the_capacity_do_not_count(world: World, deal: Deal) -> None:
    authority = world.government("50")
    _put(deal, 40)
    deal.use(30, f"{YEAR}-02-01")
    more = deal.use(20, f"{YEAR}-03-01")
    assert len(_found(authority)) == 1
    _put(deal, 40, valid_from=f"{YEAR}-02-02")
    assert _found(authority) == []
    _put(deal, 40, valid_from=f"{YEAR}-02-01", permit_no="批复1号")
    assert len(_found(authority)) == 1
    deal.recycler.post(f"/utilisations/{more['id']}/reverse", status=200)
    assert _found(authority) == []


def test_each_use_of_a_site_page_by_page(world: World, deal: Deal) -> None:
    authority = world.government("50")
    for use in ("cement_retarder", "gypsum_board"):
        _put(deal, 10, use)
        deal.use(11, f"{YEAR}-02-01", use=use)
        deal.use(12, f"{YEAR + 1}-01-01", use=use)
    period = {"from": f"{YEAR}-12", "to": f"{YEAR + 1}-01"}
    whole = _found(authority, **period)
    assert [(item["figures"]["year"], item["use"]) for item in whole] == [
        (year, use) for year in (YEAR, YEAR + 1) for use in ("cement_retarder", "gypsum_board")
    ]
    walked: list[Body] = []
    cursor: dict[str, str] = {}
    while len(walked) < len(whole):
        page = authority.get("/statistics/anomalies", kind="use_beyond_capacity", limit=1, **period, **cursor)
        walked += page["items"]
        cursor = {"cursor": page["next_cursor"]}
    assert walked == whole
    assert cursor == {"cursor": None}


def test_an_authority_sees_its_own_jurisdiction(world: World, deal: Deal) -> None:
    _put(deal, 1)
    deal.use(2, f"{YEAR}-02-01")
    assert len(_found(world.government("500102"))) == 1
    assert _found(world.government("500115")) == []
