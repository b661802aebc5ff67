"""Values entered of indicators: what is kept, what counts, what is refused."""

from datetime import timedelta
from typing import Any

import pytest

from app.core.clock import today
from tests.factories import Body, Member, World

FACTORIES, ENERGY = "cq_green_factories", "cq_energy_per_value_added"
YEAR = today().year


def enter(member: Member, value: float, on: str, target: str = FACTORIES, source: str = "市经信委通报") -> Body:
    """Enter a value."""
    body = {"value": value, "holds_on": on, "source": source}
    made: Body = member.post(f"/statistics/targets/{target}/values", body)
    return made


def progress(member: Member, target: str, language: str = "en", **params: Any) -> Any:  # noqa: ANN401 - JSON
    """Return the progress of a target."""
    query = {"target": target, **params}
    answer = member.request("GET", "/statistics/progress", params=query, headers={"Accept-Language": language})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_value_is_entered_and_read_back(world: World) -> None:
    city = world.government("50")
    body = {"value": 286, "holds_on": "2025-06-30", "source": "市经信委通报"}
    answer = city.request("POST", f"/statistics/targets/{FACTORIES}/values", json=body)
    made = answer.json()
    assert answer.status_code == 201, answer.text
    assert made == made | body | {"target": FACTORIES, "organisation_id": city.id}
    assert answer.headers["Location"] == f"/v1/statistics/targets/{FACTORIES}/values/{made['id']}"
    assert city.get(f"/statistics/targets/{FACTORIES}/values/{made['id']}") == made
    assert city.get(f"/statistics/targets/{FACTORIES}/values")["items"] == [made]
    assert city.get("/statistics/targets/cq_green_parks/values")["items"] == []
    other = city.request("GET", f"/statistics/targets/cq_green_parks/values/{made['id']}")
    assert other.status_code == 404
    event = city.get("/events")["items"][-1]
    assert (event["type"], event["subject"]) == ("target.value_entered", {"kind": "target_value", "id": made["id"]})
    assert event["data"] == {"target": FACTORIES, "holds_on": "2025-06-30"}


def test_the_value_of_the_latest_day_counts_and_of_a_day_the_last_entered(world: World) -> None:
    city = world.government("50")
    assert progress(city, FACTORIES, year=2025)["entered"] is None
    enter(city, 286, "2025-06-30")
    enter(city, 310, "2025-12-31")
    enter(city, 250, "2025-03-31")
    assert progress(city, FACTORIES, year=2025)["entered"]["value"] == 310
    enter(city, 299, "2025-12-31", source="更正")
    read = progress(city, FACTORIES, year=2025)
    assert read["entered"] == {
        "value": 299,
        "holds_on": "2025-12-31",
        "source": "更正",
        "reached": False,
        "gap": 1,
    }
    assert read["advice"] == "On 2025-12-31 it stood at 299 factories: 1 short of 300."
    assert progress(city, FACTORIES, "zh-CN", year=2025)["advice"] == "2025-12-31 为 299 家：距 300 家还差 1 家。"
    assert progress(city, FACTORIES, year=2024)["entered"] is None
    assert len(city.get(f"/statistics/targets/{FACTORIES}/values")["items"]) == 4


def test_a_larger_fall_is_better(world: World) -> None:
    city = world.government("50")
    enter(city, -15.25, "2025-09-30", ENERGY)
    missed = progress(city, ENERGY, year=2025)
    assert (missed["entered"]["reached"], missed["entered"]["gap"]) == (False, -0.75)
    assert "-15.25 % against 2020: 0.75 short of -16." in missed["advice"]
    enter(city, -16.5, "2025-12-31", ENERGY)
    met = progress(city, ENERGY, year=2025)["entered"]
    assert (met["reached"], met["gap"]) == (True, 0.5)


def test_nothing_of_an_indicator_is_computed(world: World) -> None:
    city = world.government("50")
    read = progress(city, FACTORIES)
    for name in ("formula", "materials", "basis", "districts", "to_date", "forecast", "entered", "provisional"):
        assert read[name] is None, name
    assert read["year"] == YEAR
    assert f"No value is entered up to the end of {YEAR}." in read["advice"]
    assert read["as_of"].endswith("Z")


@pytest.mark.parametrize(
    ("target", "changes", "code"),
    [
        (FACTORIES, {"value": 1.5}, "not_a_count"),
        (FACTORIES, {"value": -1}, "not_a_count"),
        (FACTORIES, {"value": "Infinity"}, "finite_number"),
        (FACTORIES, {"value": 10**12}, "decimal_whole_digits"),
        (ENERGY, {"value": -100.5}, "change_impossible"),
        (ENERGY, {"value": -1.23456}, "decimal_max_places"),
        (FACTORIES, {"holds_on": str(today() + timedelta(days=1))}, "holds_on_in_future"),
        (FACTORIES, {"holds_on": "yesterday"}, "date_parsing"),
        (FACTORIES, {"source": " "}, "string_too_short"),
        (FACTORIES, {"sauce": "a"}, "extra_forbidden"),
    ],
)
def test_what_cannot_be_a_value_is_refused(world: World, target: str, changes: Body, code: str) -> None:
    city = world.government("50")
    body = {"value": 10, "holds_on": "2025-06-30", "source": "a"} | changes
    answer = city.request("POST", f"/statistics/targets/{target}/values", json=body)
    assert answer.status_code == 422, answer.text
    assert [fault["code"] for fault in answer.json()["errors"]] == [code]
    assert city.get(f"/statistics/targets/{target}/values")["items"] == []


def test_a_rate_of_the_ledger_takes_no_value(world: World) -> None:
    city = world.government("50")
    own = city.post(
        "/statistics/targets", {"name": "own", "district": "500102", "rate_pct": 70, "target_year": YEAR + 1}
    )
    for key in ("cq_manufacturing_green_plan_rate", own["key"]):
        body = {"value": 71, "holds_on": "2025-06-30", "source": "a"}
        answer = city.request("POST", f"/statistics/targets/{key}/values", json=body)
        assert (answer.status_code, answer.json()["code"]) == (409, "computed_target")


def test_a_value_is_entered_by_an_authority_of_the_city(world: World) -> None:
    body = {"value": 71, "holds_on": "2025-06-30", "source": "a"}
    for jurisdiction in ("500102", "44"):
        answer = world.government(jurisdiction).request("POST", f"/statistics/targets/{FACTORIES}/values", json=body)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert enter(world.government(), 71, "2025-06-30")["value"] == 71
