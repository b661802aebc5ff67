"""The fixed terms of the rate by hand: what is used, promised, generated, stored and on offer, each tonne once."""

from typing import Any

from app.allocation.causes import Cause, Unplaced, explain_unplaced, left_over
from app.allocation.problem import Problem
from app.core.clock import month_of, now, today
from app.core.database import Database
from app.transport.rates import Base
from app.transport.solver import Objective, solve
from tests.allocation.reading import pose
from tests.factories import FULING, Deal, Member, World

THIS_MONTH, THIS_YEAR = month_of(today()), today().year
LAST_YEAR = THIS_YEAR - 1


def _days() -> dict[str, str]:
    return {"starts_on": str(today()), "ends_on": str(today())}


def _deal(world: World) -> Deal:
    """Make the site of the worked case: stock of last year, a declared month, an agreement half way."""
    producer, recycler = world.producer(), world.recycler()
    origin, gate = world.site(producer), world.site(recycler, **FULING)
    deal = Deal(producer, recycler, origin["id"], gate["id"], {}, {})
    deal.opening(300, LAST_YEAR)
    deal.declare(THIS_MONTH, 1000, self_utilised_t=150, self_utilised_from_prior_t=50)
    deal = deal.offer(500, available_from=str(today())).agree(200, **_days())
    load = deal.dispatch(80, str(today()), dispatched_at=now().isoformat())
    receipt = {"received_at": now().isoformat(), "net_t": 80}
    deal.recycler.post(f"/shipments/{load['id']}/receipt", receipt, status=200)
    deal.use(30, str(today()))
    return deal


def _declared_stream(world: World, producer: Member, site_id: str) -> None:
    body = {"site_id": site_id, "material": "steel_slag", "month": THIS_MONTH, "generated_t": 250}
    producer.post("/declarations", body)
    monthly = {"per": "month", "quantity_t": 200}
    world.lot(producer, material="steel_slag", site_id=site_id, quantity_t=None, recurring=monthly)


def _sources(problem: Problem) -> list[tuple[str, str, bool, float]]:
    found = []
    for number, kg in enumerate(problem.network.source_kg.tolist()):
        source = problem.source(number)
        found.append((source.kind.value, source.material, source.is_prior, kg / 1000))
    return sorted(found)


def test_each_tonne_counts_once(world: World, database: Database) -> None:
    deal = _deal(world)
    producer, site_id = deal.producer, deal.origin
    world.lot(producer, site_id=site_id, quantity_t=100, stock_year=LAST_YEAR)
    world.lot(producer, site_id=site_id, quantity_t=700)
    monthly = {"per": "month", "quantity_t": 400}
    world.lot(producer, site_id=site_id, material="fly_ash", quantity_t=None, recurring=monthly)
    _declared_stream(world, producer, site_id)
    world.demand(deal.recycler, site_id=deal.destination, quantity_t=600)

    problem = pose(database)
    # In storage: 1000 - 100 used by itself - 80 shipped = 820 of this year, 300 - 50 = 250 of last year.
    # Drawn on this year's: 120 to ship, 300 free of the first lot, 700 of the other: 300 more than there is.
    assert _sources(problem) == [
        ("lot", "phosphogypsum", False, 300.0),
        ("lot", "phosphogypsum", False, 700.0),
        ("lot", "phosphogypsum", True, 100.0),
        ("storage", "phosphogypsum", True, 150.0),
        ("storage", "steel_slag", False, 50.0),
        ("stream", "fly_ash", False, 400.0),
        ("stream", "steel_slag", False, 200.0),
    ]
    # Used: 150 by itself, 30 by the recycler, who has 50 more, and 120 are promised.
    # Generated: 1000 and 250 declared, 300 of the lots, 400 of a month that is not declared.
    assert problem.base == Base(fixed_use_kg=350_000, fixed_prior_kg=50_000, generated_kg=1_950_000)
    solution = solve(problem.network, Objective.MAX_UTILISATION_THEN_MIN_COST)
    assert (solution.fresh_kg, solution.prior_kg) == (600_000, 0)
    assert problem.base.rate_pct(solution.fresh_kg, solution.prior_kg) == 47.5
    assert explain_unplaced(problem, left_over(problem, solution.flow_kg)) == (
        Unplaced(Cause.NO_DEMAND_IN_RANGE, None, 650_000),
        Unplaced(Cause.CAPACITY, None, 650_000),
    )


def test_an_empty_market_poses_a_problem_too(database: Database) -> None:
    problem = pose(database, months=12)
    assert (problem.network.sources, problem.network.demands, problem.network.arcs) == (0, 0, 0)
    assert problem.base == Base()
    assert solve(problem.network, Objective.MIN_TONNE_KM).allocated_kg == 0


def test_a_district_counts_its_own_waste_and_asks_all_demands(world: World, database: Database) -> None:
    producer, recycler = world.producer(), world.recycler()
    world.lot(producer, quantity_t=100)
    world.lot(producer, quantity_t=70, site_id=world.site(producer, **FULING)["id"])
    world.demand(recycler)
    for district, kg in (("500115", [100_000]), ("500102", [70_000]), ("50", [100_000, 70_000]), ("51", [])):
        problem = pose(database, district=district)
        assert sorted(problem.network.source_kg.tolist()) == sorted(kg)
        assert problem.base.generated_kg == sum(kg)
        assert problem.network.arcs == len(kg)


def test_streams_come_month_by_month_and_carry_on(world: World, database: Database) -> None:
    producer, recycler = world.producer(), world.recycler()
    monthly: dict[str, Any] = {"quantity_t": None, "recurring": {"per": "month", "quantity_t": 100}}
    lot = world.lot(producer, **monthly, available_to=f"{THIS_YEAR + 1}-12-31")
    agreed = {"lot_id": lot["id"], "price_cny_per_t": -15, "starts_on": str(today()), "ends_on": str(today())}
    gate = world.site(recycler, **FULING)["id"]
    agreed |= {"destination_site_id": gate, "recurring": {"per": "month", "quantity_t": 40}}
    proposed = recycler.post("/agreements", agreed)
    producer.post(f"/agreements/{proposed['id']}/accept", status=200)
    monthly["recurring"]["quantity_t"] = 90
    world.demand(recycler, site_id=gate, **monthly, needed_to=f"{THIS_YEAR + 1}-12-31")

    problem = pose(database, months=3)
    network = problem.network
    assert network.source_kg.tolist() == [60_000, 100_000, 100_000]
    assert network.carried_to.tolist() == [1, 2, -1]
    assert network.demand_kg.tolist() == [90_000, 90_000, 90_000]
    assert list(zip(network.tail.tolist(), network.head.tolist(), strict=True)) == [(0, 0), (1, 1), (2, 2)]
    # 40 are promised, 260 on offer; nothing is declared yet.
    assert problem.base == Base(40_000, 0, 300_000)
    solution = solve(network, Objective.MAX_UTILISATION_THEN_MIN_COST)
    assert solution.flow_kg.tolist() == [60_000, 90_000, 90_000]
    assert sum(left_over(problem, solution.flow_kg).tolist()) == 20_000


def test_what_is_left_of_an_approved_capacity_is_shared(world: World, database: Database) -> None:
    producer, recycler = world.producer(), world.recycler()
    gate = world.site(recycler, **FULING)["id"]
    response = recycler.request("PUT", f"/sites/{gate}/capacities/cement_retarder", json={"capacity_t_per_year": 1000})
    assert response.status_code in {200, 201}
    first = world.demand(recycler, site_id=gate, quantity_t=800, needed_to=str(today()))
    world.demand(recycler, site_id=gate, quantity_t=700, needed_to=str(today()))
    lot = world.lot(producer, quantity_t=5000)
    agreed = {"lot_id": lot["id"], "demand_id": first["id"], "quantity_t": 300, "price_cny_per_t": -15, **_days()}
    proposed = recycler.post("/agreements", agreed)
    producer.post(f"/agreements/{proposed['id']}/accept", status=200)

    network = pose(database).network
    assert sorted(network.demand_kg.tolist()) == [500_000, 700_000]
    assert (network.demand_group.tolist(), network.group_kg.tolist()) == ([0, 0], [700_000])
    solution = solve(network, Objective.MAX_UTILISATION_THEN_MIN_COST)
    assert solution.allocated_kg == 700_000
