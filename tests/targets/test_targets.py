"""Setting and reading targets over HTTP, as far as a jurisdiction reaches."""

from typing import Any

import pytest

from app.auth.actor import Role
from app.core.clock import today
from tests.factories import Body, Member, World

RATE = "cq_manufacturing_green_plan_rate"
INDICATORS = [
    "cq_energy_per_value_added",
    "cq_water_per_value_added",
    "cq_green_parks",
    "cq_green_factories",
    "cq_water_saving_enterprises",
    "cq_green_products",
]
YEAR = today().year


def wish(**changes: Any) -> Body:  # noqa: ANN401 - JSON
    """Return the body of a target in Fuling."""
    return {"name": "涪陵磷石膏", "district": "500102", "rate_pct": 72.5, "target_year": YEAR + 1} | changes


def keys(member: Member) -> list[str]:
    """Return the keys that a member lists."""
    return [item["key"] for item in member.get("/statistics/targets", limit=100)["items"]]


def refused(member: Member, body: Body) -> tuple[int, str]:
    """Return status and code of a target that is refused; nothing is stored."""
    before = keys(member)
    answer = member.request("POST", "/statistics/targets", json=body)
    assert keys(member) == before
    return answer.status_code, answer.json()["code"]


def test_the_plan_stands_in_the_list(world: World) -> None:
    city = world.government("50")
    assert keys(city) == keys(world.government()) == keys(world.operator())
    assert set(keys(city)) == {RATE, *INDICATORS}
    rate = city.get(f"/statistics/targets/{RATE}")
    assert (rate["value"], rate["unit"], rate["comparison"], rate["target_year"]) == (70, "%", "at_least", 2025)
    assert (rate["district"], rate["formula"], rate["source"]) == ("50", "U / (G + Up)", "cq-green-plan")
    assert rate["is_computed"]
    assert rate["name_zh"] == "大宗工业固体废物综合利用率"
    assert "phosphogypsum" in rate["materials"]
    assert "scrap_steel" not in rate["materials"]
    wanted = {key: city.get(f"/statistics/targets/{key}") for key in INDICATORS}
    assert {key: (target["value"], target["comparison"]) for key, target in wanted.items()} == {
        "cq_energy_per_value_added": (-16, "at_most"),
        "cq_water_per_value_added": (-20, "at_most"),
        "cq_green_parks": (30, "at_least"),
        "cq_green_factories": (300, "at_least"),
        "cq_water_saving_enterprises": (100, "at_least"),
        "cq_green_products": (100, "at_least"),
    }
    assert all(not target["is_computed"] and target["formula"] is None for target in wanted.values())


def test_a_target_is_set_and_read_back(world: World) -> None:
    city = world.member(Role.GOVERNMENT, name="重庆市经信委", jurisdiction="50")
    answer = city.request("POST", "/statistics/targets", json=wish(materials=["phosphogypsum", "fly_ash", "fly_ash"]))
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert answer.headers["Location"] == f"/v1/statistics/targets/{made['id']}"
    assert made["key"] == made["id"]
    assert city.get(f"/statistics/targets/{made['key']}") == made
    assert (made["value"], made["target_year"], made["district"]) == (72.5, YEAR + 1, "500102")
    assert (made["source"], made["materials"]) == ("重庆市经信委", ["fly_ash", "phosphogypsum"])
    event = city.get("/events")["items"][-1]
    assert (event["type"], event["subject"]) == ("target.set", {"kind": "target", "id": made["id"]})


def test_without_district_and_materials_it_is_the_jurisdiction_and_the_bulk_streams(world: World) -> None:
    fuling = world.government("500102")
    made = fuling.post("/statistics/targets", wish(district=None))
    assert made["district"] == "500102"
    assert made["materials"] == world.government("50").get(f"/statistics/targets/{RATE}")["materials"]
    assert world.government().post("/statistics/targets", wish(district=None))["district"] is None


def test_an_authority_sees_what_lies_within_its_own(world: World) -> None:
    country, city, fuling = world.government(), world.government("50"), world.government("500102")
    liangjiang = world.government("50-liangjiang")
    nationwide = country.post("/statistics/targets", wish(district=None))["key"]
    of_fuling = city.post("/statistics/targets", wish())["key"]
    of_liangjiang = city.post("/statistics/targets", wish(district="50-liangjiang"))["key"]
    elsewhere = country.post("/statistics/targets", wish(district="44"))["key"]
    mine = {nationwide, of_fuling, of_liangjiang, elsewhere}
    seen = {
        country: mine,
        city: {of_fuling, of_liangjiang},
        fuling: {of_fuling},
        liangjiang: {of_liangjiang},
        world.government("5001"): {of_fuling},
        world.government("44"): {elsewhere},
        world.operator(): mine,
    }
    for member, wanted in seen.items():
        assert set(keys(member)) & mine == wanted
        for key in mine:
            status = 200 if key in wanted else 404
            for path in (f"/statistics/targets/{key}", f"/statistics/progress?target={key}"):
                assert member.request("GET", path).status_code == status
    assert RATE not in keys(fuling)
    assert fuling.request("GET", f"/statistics/targets/{RATE}").status_code == 404
    assert fuling.request("GET", "/statistics/progress", params={"target": RATE}).status_code == 404


def test_an_authority_sets_only_what_lies_within_its_own(world: World) -> None:
    for jurisdiction, district in (("500102", "500115"), ("500102", "50"), ("50", "44"), ("50-liangjiang", "50")):
        member = world.government(jurisdiction)
        assert refused(member, wish(district=district)) == (403, "outside_jurisdiction")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"district": "50-lianjiang"}, "unknown_district"),
        ({"district": "501"}, "unknown_district"),
        ({"district": "500105"}, "district_abolished"),
        ({"materials": ["phosphogipsum"]}, "unknown_material"),
        ({"materials": []}, "too_short"),
        ({"rate_pct": 0}, "greater_than"),
        ({"rate_pct": 100.1}, "less_than_equal"),
        ({"rate_pct": "NaN"}, "finite_number"),
        ({"target_year": YEAR - 1}, "target_year_past"),
        ({"name": " "}, "string_too_short"),
        ({"name": "a\x00b"}, "string_pattern_mismatch"),
        ({"value": 70}, "extra_forbidden"),
    ],
)
def test_what_cannot_be_a_target_is_refused(world: World, changes: Body, code: str) -> None:
    member = world.government()
    before = keys(member)
    answer = member.request("POST", "/statistics/targets", json=wish(**changes))
    assert answer.status_code == 422, answer.text
    assert [fault["code"] for fault in answer.json()["errors"]] == [code]
    assert keys(member) == before


def test_an_abolished_district_names_its_successor(world: World) -> None:
    answer = world.government("50").request("POST", "/statistics/targets", json=wish(district="500105"))
    assert "江北区 Jiangbei" in answer.json()["detail"]
    assert "50-liangjiang" in answer.json()["detail"]


def test_producers_and_recyclers_have_no_targets(world: World) -> None:
    both = world.member(Role.PRODUCER, Role.RECYCLER)
    routes: list[tuple[str, str, Body | None]] = [
        ("GET", "/statistics/targets", None),
        ("POST", "/statistics/targets", wish()),
        ("GET", f"/statistics/targets/{RATE}", None),
        ("GET", "/statistics/targets/cq_green_parks/values", None),
        ("POST", "/statistics/targets/cq_green_parks/values", {"value": 1, "holds_on": "2025-01-01", "source": "a"}),
        ("GET", f"/statistics/progress?target={RATE}", None),
    ]
    for method, path, body in routes:
        answer = both.request(method, path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "role_required"), path
        assert world.client.request(method, f"/v1{path}", json=body).status_code == 401
    for method, path, body in routes:
        if method == "POST":
            answer = world.operator().request(method, path, json=body)
            assert (answer.status_code, answer.json()["code"]) == (403, "role_required")


def test_a_key_that_only_reads_sets_nothing(world: World) -> None:
    city = world.government("50")
    key = city.post("/keys", {"name": "reader", "scopes": ["statistics:read"]})["key"]
    reader = Member(world.client, city.id, city.name, key)
    assert RATE in keys(reader)
    assert refused(reader, wish()) == (403, "scope_required")


def test_a_misspelt_target_gets_the_near_name(world: World) -> None:
    city = world.government("50")
    for path in ("/statistics/targets/cq_green_factory", "/statistics/progress?target=cq_green_factory"):
        answer = city.request("GET", path)
        assert answer.status_code == 404
        assert "cq_green_factories" in answer.json()["detail"]
    hidden = world.government("500102").request("GET", "/statistics/targets/cq_green_factory")
    assert "cq_green_factories" not in hidden.json()["detail"]


def test_pages_hold_every_target_once(world: World) -> None:
    city = world.government("50")
    made = [city.post("/statistics/targets", wish(name=f"target {number}"))["key"] for number in range(4)]
    whole = keys(city)
    assert whole[7:] == made[::-1]
    for limit in (1, 2, 3, 7, 8, 11):
        found: list[str] = []
        page = city.get("/statistics/targets", limit=limit)
        while True:
            found += [item["key"] for item in page["items"]]
            if page["next_cursor"] is None:
                break
            page = city.get("/statistics/targets", limit=limit, cursor=page["next_cursor"])
        assert found == whole
