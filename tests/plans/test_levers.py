"""Levers are sized as the market is, found by what more room would bring, and ranked by what they bring when tried."""

from decimal import Decimal
from uuid import UUID

import msgspec
import pytest

from app.allocation.problem import Problem, build_problem
from app.core.clock import today
from app.core.database import Database
from app.plans import lever_ranking
from app.plans.lever_ranking import rank_levers
from app.scenarios.candidates import lever_candidates
from app.scenarios.changes import AddCapacity, AddPlant
from app.scenarios.scenario import Scenario
from app.transport.solver import Objective, Solution, solve
from tests.allocation.reading import assay, pose, read
from tests.factories import Body, World

_ASKED = Scenario(materials=("fgd_gypsum", "phosphogypsum"))


def _most(problem: Problem) -> Solution:
    return solve(problem.network, Objective.MAX_UTILISATION_THEN_MIN_COST)


def _chain(world: World) -> Body:
    """Make 500 t left over next to a full demand, whose room another lot takes that a second, full demand would take.

    Returns the second demand.
    """
    producer, recycler = world.producer(), world.recycler()
    world.lot(producer, material="fgd_gypsum", quantity_t=1000, price_cny_per_t=-50)
    world.lot(producer, material="phosphogypsum", quantity_t=500, price_cny_per_t=50)
    world.demand(recycler, quantity_t=500)
    return world.demand(recycler, quantity_t=500, materials=["fgd_gypsum"])


def test_room_is_worth_something_where_it_makes_room_elsewhere(world: World, database: Database) -> None:
    second = _chain(world)
    problem = pose(database, materials=_ASKED.materials)
    candidates = lever_candidates(problem, _most(problem))
    more = AddCapacity(UUID(second["id"]), Decimal(6000))  # a month of it is the 500 t
    assert more in [candidate.change for candidate in candidates]
    with_it = pose(database, materials=_ASKED.materials, changes=(more,))
    assert _most(with_it).allocated_kg - _most(problem).allocated_kg == 500_000


def test_room_is_worth_nothing_where_nothing_left_over_leads_to(world: World, database: Database) -> None:
    producer, recycler = world.producer(), world.recycler()
    world.lot(producer, quantity_t=1000)
    world.lot(producer, material="fgd_gypsum", quantity_t=500)
    world.demand(recycler, quantity_t=600, materials=["phosphogypsum"])
    full = world.demand(recycler, quantity_t=500, materials=["fgd_gypsum"])
    problem = pose(database, materials=_ASKED.materials)
    asked = [candidate.change for candidate in lever_candidates(problem, _most(problem))]
    assert UUID(full["id"]) not in [change.demand_id for change in asked if isinstance(change, AddCapacity)]


def test_a_plant_is_as_large_as_demands_usually_are(world: World, database: Database) -> None:
    producer, recycler = world.producer(), world.recycler()
    world.lot(producer, quantity_t=100_000)
    for quantity_t in (300, 400, 9000):
        world.demand(recycler, quantity_t=quantity_t)
    world.demand(recycler, use="road_base", quantity_t=100)
    problem = pose(database)
    candidates = lever_candidates(problem, _most(problem))
    plants = [candidate.change for candidate in candidates if isinstance(candidate.change, AddPlant)]
    yearly_t = {plant.use: int(plant.capacity_t_per_year) for plant in plants}
    # A month of them is 400 t and 100 t. Nobody asks for mine backfill here: the usual size of all, 300 t.
    assert (yearly_t["cement_retarder"], yearly_t["road_base"], yearly_t["mine_backfill"]) == (4800, 1200, 3600)
    # Kinds take turns.
    kinds = [type(candidate.change) for candidate in candidates[:2]]
    assert set(kinds) == {AddCapacity, AddPlant}


def test_a_market_without_demands_has_plants_for_all_that_is_left(world: World, database: Database) -> None:
    world.lot(world.producer(), quantity_t=1200)
    problem = pose(database)
    candidates = lever_candidates(problem, _most(problem))
    assert {candidate.most_kg for candidate in candidates} == {1_200_000}


def test_levers_are_ranked_by_what_they_bring(
    world: World, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    _chain(world)
    monkeypatch.setattr(lever_ranking, "MOST_LEVERS", 2)
    market = read(database, _ASKED)
    problem = pose(database, materials=_ASKED.materials)
    steps: list[int] = []
    levers = msgspec.json.decode(rank_levers(market, problem, _most(problem), steps.append))
    assert [lever["rank"] for lever in levers] == [1, 2]
    assert [lever["gain_t"] for lever in levers] == [500, 500]
    # Once the second best places all that is left over, no other can place more.
    assert len(steps) < len(lever_candidates(problem, _most(problem)))


def test_a_few_fresh_tonnes_can_add_more_to_the_rate_than_many_old_ones(
    world: World, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """900 t fresh and 300 t of stock find room: 1 200 / 1 300. 300 t more of stock: 93.75 %. 100 t fresh: 100 %."""
    producer, recycler = world.producer(), world.recycler()
    last_year = today().year - 1
    for quantity_t, value in ((900, 0.1), (100, 0.5)):
        world.lot(producer, quantity_t=quantity_t, assay=assay(soluble_p2o5=value))
    wanzhou = {"district_code": "500101", "latitude": 30.81, "longitude": 108.41}  # too far to share a plant
    site_id = world.site(producer, **wanzhou)["id"]
    stock = {"site_id": site_id, "material": "fgd_gypsum", "stock_year": last_year, "stored_t": 600}
    producer.post("/opening-stocks", stock)
    world.lot(producer, site_id=site_id, material="fgd_gypsum", quantity_t=600, stock_year=last_year)
    criteria = [{"parameter": "soluble_p2o5", "max": 0.2}]
    world.demand(recycler, quantity_t=1000, materials=["phosphogypsum"], criteria=criteria)
    world.demand(recycler, site_id=world.site(recycler, **wanzhou)["id"], quantity_t=300, materials=["fgd_gypsum"])
    monkeypatch.setattr(lever_ranking, "MOST_LEVERS", 1)
    market = read(database, Scenario(materials=_ASKED.materials, max_distance_km=100))
    problem = build_problem(market)
    (best,) = msgspec.json.decode(rank_levers(market, problem, _most(problem), lambda _: None))
    assert (best["reachable_rate_pct"], best["gain_t"]) == (100, 100)
