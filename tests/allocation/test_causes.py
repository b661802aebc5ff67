"""Each tonne that finds no place has one cause: the first of law, range, specification and capacity that fails."""

from app.allocation.causes import Cause, Unplaced, explain_unplaced, left_over
from app.allocation.problem import Problem
from app.auth.actor import Role
from app.core.database import Database
from app.transport.solver import Objective, solve
from tests.allocation.reading import assay, pose
from tests.factories import FULING, HECHUAN, Body, World


def unplaced(problem: Problem) -> list[tuple[Cause, str | None, int]]:
    """Return what the best plan leaves over, in tonnes."""
    solution = solve(problem.network, Objective.MAX_UTILISATION_THEN_MIN_COST)
    rows: tuple[Unplaced, ...] = explain_unplaced(problem, left_over(problem, solution.flow_kg))
    return [(row.cause, row.parameter, row.kg // 1000) for row in rows]


def test_the_first_that_fails_is_the_cause(world: World, database: Database) -> None:
    producer, recycler = world.producer(), world.recycler()
    site, gate = world.site(producer)["id"], world.site(recycler, **FULING)["id"]
    # The law closes cement mixing to steel slag, and nothing else asks for it.
    world.lot(producer, site_id=site, material="steel_slag", quantity_t=10)
    world.demand(recycler, site_id=gate, use="cement_mixing_material", materials=["steel_slag"])
    # Nobody asks for red mud; of fly ash somebody does, too far away; a dear lot is out of reach of its price.
    world.lot(producer, site_id=site, material="red_mud", quantity_t=20)
    world.lot(producer, site_id=site, material="fly_ash", quantity_t=40)
    far = world.site(recycler, **HECHUAN)["id"]
    world.demand(recycler, site_id=far, use="bricks_blocks", materials=["fly_ash"], max_distance_km=50)
    world.lot(producer, site_id=site, material="fgd_gypsum", quantity_t=80, price_cny_per_t=100)
    cheap: Body = {"use": "gypsum_board", "materials": ["fgd_gypsum"], "max_delivered_cny_per_t": 60}
    world.demand(recycler, site_id=gate, **cheap)
    # Two ask for less soluble phosphorus, one for purer gypsum: the parameter is that of the most.
    wish: Body = {"use": "cement_retarder", "materials": ["phosphogypsum"], "site_id": gate}
    for limit in ({"parameter": "soluble_p2o5", "max": 0.2},) * 2 + ({"parameter": "caso4_2h2o", "min": 90},):
        world.demand(recycler, **wish, criteria=[limit])
    bad = assay(soluble_p2o5=0.5, caso4_2h2o=80)
    world.lot(producer, site_id=site, quantity_t=160, assay=bad)
    # Room for 100 of 320.
    world.lot(producer, site_id=site, material="coal_gangue", quantity_t=320)
    world.demand(recycler, site_id=gate, use="mine_backfill", materials=["coal_gangue"], quantity_t=100)

    assert unplaced(pose(database)) == [
        (Cause.LAW, None, 10),
        (Cause.NO_DEMAND_IN_RANGE, None, 140),
        (Cause.SPECIFICATION, "soluble_p2o5", 160),
        (Cause.CAPACITY, None, 220),
    ]


def test_what_is_unknown_is_for_who_accepts_it_unless_the_question_says_so(world: World, database: Database) -> None:
    producer, recycler = world.producer(), world.recycler()
    criteria = [{"parameter": "caso4_2h2o", "min": 85}]
    world.lot(producer, quantity_t=10)
    strict = world.demand(recycler, quantity_t=50, criteria=criteria, accept_unknown=False)
    assert unplaced(pose(database)) == [(Cause.SPECIFICATION, "caso4_2h2o", 10)]
    assert unplaced(pose(database, accepts_unknown=True)) == []
    world.demand(recycler, site_id=strict["site"]["id"], quantity_t=50, criteria=criteria)
    assert unplaced(pose(database)) == []
    assert unplaced(pose(database, accepts_unknown=False)) == [(Cause.SPECIFICATION, "caso4_2h2o", 10)]


def test_own_demands_are_no_place_for_own_lots(world: World, database: Database) -> None:
    both = world.member(Role.PRODUCER, Role.RECYCLER)
    world.lot(both, quantity_t=10)
    world.demand(both)
    assert unplaced(pose(database)) == [(Cause.NO_DEMAND_IN_RANGE, None, 10)]
