"""Sites: datum conversion on entry, own sites only, versions."""

import pytest

from tests.factories import World

#: Published pair (coordinate_systems.yaml): GCJ-02 and its WGS-84, tolerance 5 m.
GCJ02, WGS84 = (30.279164, 120.026268), (30.281543, 120.021519)
FIVE_METRES = 5e-5


def test_a_position_is_converted_and_the_given_pair_is_kept(world: World) -> None:
    producer = world.producer()
    body = {"name": "gate", "latitude": GCJ02[0], "longitude": GCJ02[1], "datum": "gcj02"}
    site = producer.post("/sites", body)
    assert (site["latitude"], site["longitude"]) == pytest.approx(WGS84, abs=FIVE_METRES)
    assert (site["given_datum"], site["given_latitude"], site["datum"]) == ("gcj02", GCJ02[0], "wgs84")
    plain = producer.post("/sites", body | {"datum": "cgcs2000", "name": "other"})
    assert (plain["latitude"], plain["longitude"]) == GCJ02


def test_sites_are_seen_by_their_owner_only(world: World) -> None:
    producer = world.producer()
    site = world.site(producer)
    assert producer.get(f"/sites/{site['id']}") == site
    assert world.recycler().request("GET", f"/sites/{site['id']}").status_code == 404
    assert producer.request("GET", "/sites/not-an-id").status_code == 404


def test_a_stale_change_is_412(world: World) -> None:
    producer = world.producer()
    site = world.site(producer)
    path = f"/sites/{site['id']}"
    read = producer.request("GET", path)
    assert read.headers["etag"] == '"1"'
    changed = producer.request("PATCH", path, json={"name": "new"}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    stale = producer.request("PATCH", path, json={"name": "newer"}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"], stale.json()["version"]) == (412, "stale_version", 2)
    assert producer.get(path)["name"] == "new"


def test_bad_sites(world: World) -> None:
    producer = world.producer()
    bad = {"name": "x" * 300, "latitude": 91, "longitude": "east", "datum": "mars", "district_code": "500999"}
    problem = producer.post("/sites", bad, status=422)
    pointers = {fault["pointer"] for fault in problem["errors"]}
    assert pointers == {"/name", "/latitude", "/longitude", "/datum", "/district_code"}
    half = producer.patch(f"/sites/{world.site(producer)['id']}", {"latitude": 30}, status=422)
    assert half["errors"][0]["pointer"] == "/longitude"
    assert len(producer.get("/sites")["items"]) == 1


def test_stream_facts_are_put_and_read(world: World) -> None:
    producer = world.producer()
    path = f"/sites/{world.site(producer)['id']}/streams/phosphogypsum"
    assert producer.request("GET", path).status_code == 404
    assert producer.request("PUT", path, json={"waste_class": "II"}).status_code == 200
    assert producer.request("PUT", path, json={"physical_state": "固态"}).json()["waste_class"] is None
    assert producer.get(path)["version"] == 2
    listed = producer.get(path.removesuffix("/phosphogypsum"))["items"]
    assert [stream["material"] for stream in listed] == ["phosphogypsum"]
    stale = producer.request("PUT", path, json={}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["version"]) == (412, 2)
    bad = producer.request("PUT", path, json={"waste_code": "900-099"})
    assert bad.status_code == 422
    unknown = producer.request("PUT", path.replace("phosphogypsum", "gypsum"), json={})
    assert unknown.status_code == 422


def test_pages_of_sites_hold_every_site_once(world: World) -> None:
    producer = world.producer()
    made = [world.site(producer)["id"] for _ in range(5)]
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = producer.get("/sites", limit=2, **cursor)
        seen += [site["id"] for site in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert seen == sorted(made, reverse=True)
    bad = producer.request("GET", "/sites", params={"cursor": "abc"})
    assert (bad.status_code, bad.json()["code"]) == (422, "invalid_cursor")
    unknown = producer.request("GET", "/sites", params={"limt": 2})
    assert unknown.json()["errors"][0]["pointer"] == "limt"


def test_capacities_are_put_and_read(world: World) -> None:
    recycler = world.recycler()
    path = f"/sites/{world.site(recycler)['id']}/capacities/cement_retarder"
    assert recycler.request("GET", path).status_code == 404
    put = recycler.request("PUT", path, json={"capacity_t_per_year": "120000.5", "permit_no": "批复1号"})
    assert (put.status_code, put.headers["etag"]) == (200, '"1"')
    changed = recycler.request("PUT", path, json={"capacity_t_per_year": 90000, "valid_from": "2026-01-01"}).json()
    assert changed == recycler.get(path)
    assert (changed["capacity_t_per_year"], changed["permit_no"], changed["version"]) == (90000, None, 2)
    stale = recycler.request("PUT", path, json={"capacity_t_per_year": 1}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["version"]) == (412, 2)
    other = path.replace("cement_retarder", "gypsum_board")
    assert recycler.request("PUT", other, json={"capacity_t_per_year": 5}).status_code == 200
    many = path.removesuffix("/cement_retarder")
    first = recycler.get(many, limit=1)
    assert [capacity["use"] for capacity in first["items"]] == ["cement_retarder"]
    second = recycler.get(many, limit=1, cursor=first["next_cursor"])
    assert ([capacity["use"] for capacity in second["items"]], second["next_cursor"]) == (["gypsum_board"], None)
    events = [event for event in recycler.get("/events")["items"] if event["type"] == "site.capacity_recorded"]
    assert [event["data"]["capacity_t_per_year"] for event in events] == [120000.5, 90000, 5]


def test_bad_capacities(world: World) -> None:
    recycler, producer = world.recycler(), world.producer()
    path = f"/sites/{world.site(recycler)['id']}/capacities/cement_retarder"
    for body, pointer in (
        ({"capacity_t_per_year": 0}, "/capacity_t_per_year"),
        ({"capacity_t_per_year": 1.0001}, "/capacity_t_per_year"),
        ({}, "/capacity_t_per_year"),
        ({"capacity_t_per_year": 1, "valid_from": "2026-13-01"}, "/valid_from"),
        ({"capacity_t_per_year": 1, "unit": "t"}, "/unit"),
    ):
        answer = recycler.request("PUT", path, json=body)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    unknown = recycler.request("PUT", path.replace("retarder", "retader"), json={"capacity_t_per_year": 1})
    assert (unknown.status_code, unknown.json()["errors"][0]["code"]) == (422, "unknown_use")
    role = producer.request("PUT", path, json={"capacity_t_per_year": 1})
    assert (role.status_code, role.json()["code"]) == (403, "role_required")
    for method, stranger in (("PUT", world.recycler()), ("GET", producer)):
        stated = {"capacity_t_per_year": 1} if method == "PUT" else None
        assert stranger.request(method, path, json=stated).status_code == 404
    assert producer.request("GET", path.removesuffix("/cement_retarder")).status_code == 404
    assert recycler.get(path.removesuffix("/cement_retarder"))["items"] == []
