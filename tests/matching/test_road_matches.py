"""Road distances over HTTP: what a page shows with a routing server, and that its order does not depend on one."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from fastapi import FastAPI

from app.core.clock import today
from app.core.database import Database
from app.core.settings import Settings
from app.main import create_app
from app.matching.routes import Router
from tests.factories import CHANGSHOU, FULING, HECHUAN, Body, Member, World
from tests.matching.osrm_server import RoadServer, answer_well, answer_with, asked, hang_up, road_m, serve_roads
from tests.matching.test_page_walk import WALKS, Adder, check_walk

NEAR = "29.70613,107.39028"
GATE = (29.70613, 107.39028)
CENT = Decimal("0.01")


@pytest.fixture
def roads(application: FastAPI) -> Iterator[RoadServer]:
    """Return a routing server that the application asks."""
    with serve_roads(answer_well) as server:
        application.state.router = Router(server.url)
        yield server
        application.state.router.close()
        application.state.router = None


def _place(site: Body) -> tuple[float, float]:
    return site["latitude"], site["longitude"]


def _costs(metres: float, price: str = "-15", rate: str = "0.5", fixed: str = "0") -> tuple[float, float, float]:
    """Return the route in km, freight and delivered price that a road leads to."""
    route = Decimal(str(metres)) / 1000
    freight = (Decimal(rate) * route + Decimal(fixed)).quantize(CENT, rounding=ROUND_HALF_UP)
    return (
        float(route.quantize(Decimal("0.001"), rounding=ROUND_HALF_UP)),
        float(freight),
        float(Decimal(price) + freight),
    )


def _shown(item: Body) -> tuple[float, float, float]:
    return item["route_km"], item["freight_cny_per_t"], item["delivered_cny_per_t"]


def test_a_search_shows_roads_from_the_lot_to_the_place(world: World, roads: RoadServer) -> None:
    producer, recycler = world.producer(), world.recycler()
    results = [{"parameter": "moisture", "value": 16.3}, {"parameter": "caso4_2h2o", "value": 91.2}]
    lot = world.lot(producer, assay={"sampled_on": str(today()), "results": results})
    world.lot(producer, site_id=lot["site"]["id"])
    other = world.lot(producer, site_id=world.site(producer, **HECHUAN)["id"])
    first, second, third = recycler.get("/lots", near=NEAR, use="cement_retarder")["items"]
    assert {item["route_source"] for item in (first, second, third)} == {"osrm"}
    metres = road_m((29.83615, 107.07041), GATE)
    assert _shown(first) == _shown(second) == _costs(metres)
    assert _shown(third) == _costs(road_m(_place(other["site"]), GATE))
    assert first["distance_km"] == 34.126
    delivered = Decimal(str(first["delivered_cny_per_t"]))
    per_dry = delivered / Decimal("0.837")
    assert first["delivered_cny_per_dry_t"] == float(per_dry.quantize(CENT, rounding=ROUND_HALF_UP))
    per_active = per_dry / Decimal("0.912")
    assert first["delivered_cny_per_active_t"] == float(per_active.quantize(CENT, rounding=ROUND_HALF_UP))
    # One question, each site once, towards the place; and the next search asks nothing.
    recycler.get("/lots", near=NEAR, sort="delivered_price")
    sites = {(29.83615, 107.07041), _place(other["site"])}
    ((origins, ends),) = [asked(path) for path in roads.questions]
    assert (set(origins), len(origins), ends) == (sites, 2, [GATE])


def test_both_sides_see_the_same_road(world: World, roads: RoadServer) -> None:
    producer, recycler = world.producer(), world.recycler()
    lot = world.lot(producer)
    demand = world.demand(recycler, freight_cny_per_t_km=0.4321, freight_fixed_cny_per_t=2.5)
    (for_demand,) = recycler.get(f"/demands/{demand['id']}/matches")["items"]
    (for_lot,) = producer.get(f"/lots/{lot['id']}/matches")["items"]
    metres = road_m(_place(lot["site"]), _place(demand["site"]))
    assert _shown(for_demand) == _shown(for_lot) == _costs(metres, rate="0.4321", fixed="2.5")
    assert for_demand["route_source"] == for_lot["route_source"] == "osrm"
    assert len(roads.questions) == 1


def test_without_a_place_nobody_is_asked(world: World, roads: RoadServer) -> None:
    producer, recycler = world.producer(), world.recycler()
    world.lot(producer)
    (item,) = recycler.get("/lots")["items"]
    assert (item["route_km"], item["route_source"]) == (None, None)
    assert recycler.get("/lots", near=NEAR, within_km=1)["items"] == []
    assert roads.questions == []


@pytest.mark.parametrize("answer", [hang_up, answer_with({"code": "Ok", "distances": [[None]]})])
def test_without_an_answer_the_detour_factor_serves(world: World, roads: RoadServer, answer: Any) -> None:  # noqa: ANN401 - an answer
    roads.answer = answer
    producer, recycler = world.producer(), world.recycler()
    world.lot(producer)
    (item,) = recycler.get("/lots", near=NEAR)["items"]
    assert item["route_source"] == "detour_factor"
    assert _shown(item) == (44.364, 22.18, 7.18)


def test_filters_and_order_go_by_the_estimate(world: World, roads: RoadServer) -> None:
    producer, recycler = world.producer(), world.recycler()
    near = world.lot(producer, price_cny_per_t=0)
    far = world.lot(producer, site_id=world.site(producer, **HECHUAN)["id"], price_cny_per_t=0)
    roads.answer = answer_with({"code": "Ok", "distances": [[900000], [1000]]})
    items = recycler.get("/lots", near=NEAR, sort="delivered_price")["items"]
    assert [item["lot"]["id"] for item in items] == [near["id"], far["id"]]
    assert [item["delivered_cny_per_t"] for item in items] == [450.0, 0.5]
    found = recycler.get("/lots", near=NEAR, max_delivered_cny_per_t=25)["items"]
    assert [item["lot"]["id"] for item in found] == [near["id"]]


@pytest.mark.parametrize("params", WALKS)
def test_walk_over_lots_by_road(world: World, database: Database, roads: RoadServer, params: dict[str, Any]) -> None:
    adder = Adder(database, world.producer(), recycler := world.recycler())
    adder.add(25)
    check_walk(recycler, "/lots", "lot", {"limit": 3} | params, adder)
    assert bool(roads.questions) == ("near" in params)


@pytest.mark.parametrize("sort", ["distance", "delivered_price", "newest"])
def test_walk_over_demands_by_road(world: World, database: Database, roads: RoadServer, sort: str) -> None:
    producer, recycler = world.producer(), world.recycler()
    lot = world.lot(producer)
    adder = Adder(database, producer, recycler)
    adder.add(60)
    check_walk(producer, f"/lots/{lot['id']}/matches", "demand", {"limit": 3, "sort": sort}, adder)
    assert roads.questions != []


def test_a_walk_survives_a_server_that_fails_in_between(world: World, roads: RoadServer) -> None:
    producer, recycler = world.producer(), world.recycler()
    lots = [
        world.lot(producer, site_id=world.site(producer, **place)["id"], price_cny_per_t=price)["id"]
        for place, price in ((CHANGSHOU, 0), (HECHUAN, -60), (FULING, 30), (HECHUAN, 3))
    ]
    seen = _walk(recycler, roads)
    roads.answer = hang_up
    assert sorted(seen) == sorted(lots)
    assert len(seen) == len(set(seen)) == 4


def _walk(recycler: Member, roads: RoadServer) -> list[str]:
    seen: list[str] = []
    page = recycler.get("/lots", near=NEAR, sort="delivered_price", limit=1)
    while True:
        seen += [item["lot"]["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            return seen
        roads.answer = hang_up if len(seen) == 1 else answer_well
        page = recycler.get("/lots", near=NEAR, sort="delivered_price", limit=1, cursor=page["next_cursor"])


def test_a_page_of_a_hundred_sites_is_one_question(world: World, roads: RoadServer) -> None:
    producer, recycler = world.producer(), world.recycler()
    for step in range(100):
        site = world.site(producer, latitude=29.0 + step / 1000)
        world.lot(producer, site_id=site["id"], available_to=str(today() + timedelta(9)))
    items = recycler.get("/lots", near=NEAR, limit=100)["items"]
    assert {item["route_source"] for item in items} == {"osrm"}
    (path,) = roads.questions
    assert len(asked(path)[0]) == 100


@pytest.mark.parametrize("url", ["router:5000", "ftp://router:5000", "file:///etc/passwd", "http://"])
def test_only_http_addresses_are_taken(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("SWX_ROUTER_URL", url)
    with pytest.raises(ValueError, match="router_url"):
        Settings()


def test_the_environment_names_the_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:  # noqa: ANN401 - a path
    assert Settings(data_dir=tmp_path).router_url is None
    monkeypatch.setenv("SWX_ROUTER_URL", "http://127.0.0.1:5000")
    app = create_app(Settings(data_dir=tmp_path))
    assert isinstance(app.state.router, Router)
    app.state.database.dispose()
