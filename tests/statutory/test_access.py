"""Who reads the tables of a site, and what is answered to a question that cannot be."""

from typing import Any

import pytest

from app.core.clock import today
from tests.factories import Deal, Member, World

YEAR = today().year - 1
MONTH = f"{YEAR}-03"
ABSENT = "01990000-0000-7000-8000-00000000abcd"


@pytest.fixture
def deal(world: World) -> Deal:
    """Return a deal of a producer in Changshou."""
    return world.deal()


def refusal(member: Member, number: int | str, **query: Any) -> tuple[int, str]:  # noqa: ANN401 - query values
    """Return status and code of an answer."""
    answer = member.request("GET", f"/ledger/tables/{number}", params=query)
    return answer.status_code, answer.json().get("code", "")


@pytest.mark.parametrize("number", range(1, 8))
def test_own_site_and_authorities_of_its_district(number: int, deal: Deal, world: World) -> None:
    when: dict[str, Any] = {"year": YEAR} if number == 1 else {"month": MONTH}
    for reader in (deal.producer, world.government(), world.government("50"), world.government("500115")):
        assert refusal(reader, number, site_id=deal.origin, **when) == (200, "")
    for jurisdiction in ("44", "500102", "50-liangjiang"):
        inspector = world.government(jurisdiction)
        assert refusal(inspector, number, site_id=deal.origin, **when) == (403, "outside_jurisdiction")
    for other in (deal.recycler, world.producer()):
        assert refusal(other, number, site_id=deal.origin, **when) == (404, "not_found")
    assert refusal(world.operator(), number, site_id=deal.origin, **when) == (403, "role_required")


def test_an_absent_site_or_table_is_404(deal: Deal, world: World) -> None:
    for reader in (deal.producer, world.government("50")):
        assert refusal(reader, 2, site_id=ABSENT, month=MONTH) == (404, "not_found")
        for number in (0, 8, "two"):
            assert refusal(reader, number, site_id=deal.origin, month=MONTH) == (404, "not_found")


def test_a_key_needs_the_scope(deal: Deal, world: World) -> None:
    key = deal.producer.post("/keys", {"name": "market only", "scopes": ["market:read"]})["key"]
    limited = Member(world.client, deal.producer.id, "", key)
    assert refusal(limited, 2, site_id=deal.origin, month=MONTH) == (403, "scope_required")
    query = {"site_id": deal.origin, "month": MONTH}
    assert world.client.get("/v1/ledger/tables/2", params=query).status_code == 401


@pytest.mark.parametrize(
    ("number", "query", "pointers"),
    [
        (1, {"month": MONTH}, {"month": "not_of_this_table", "year": "missing"}),
        (2, {"year": YEAR}, {"year": "not_of_this_table", "month": "missing"}),
        (2, {}, {"month": "missing"}),
        (2, {"month": MONTH, "year": YEAR}, {"year": "not_of_this_table"}),
        (2, {"month": "2199-01"}, {"month": "month_in_future"}),
        (1, {"year": 2999}, {"year": "year_in_future"}),
        (3, {"month": "2026-13"}, {"month": "string_pattern_mismatch"}),
        (3, {"month": MONTH, "format": "pdf"}, {"format": "literal_error"}),
        (3, {"month": MONTH, "material": "fly_ash"}, {"material": "unknown_parameter"}),
    ],
)
def test_a_question_that_cannot_be(number: int, query: dict[str, Any], pointers: dict[str, str], deal: Deal) -> None:
    params = {"site_id": deal.origin} | query
    answer = deal.producer.request("GET", f"/ledger/tables/{number}", params=params)
    assert answer.status_code == 422, answer.text
    assert {fault["pointer"]: fault["code"] for fault in answer.json()["errors"]} == pointers


def test_the_present_month_is_provisional(deal: Deal) -> None:
    month = f"{today():%Y-%m}"
    answer = deal.producer.get("/ledger/tables/2", site_id=deal.origin, month=month)
    assert (answer["provisional"], answer["items"]) == (True, [])
