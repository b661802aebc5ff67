"""What-ifs change the answer as they should, alone and one after the other; what cannot be computed says why."""

from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.allocation.problem import Problem
from app.catalogue.reference import reference
from app.core.clock import today
from app.core.database import Database
from app.core.errors import Invalid
from app.matching.verdict import LotFacts
from app.scenarios.candidates import lever_candidates
from app.scenarios.changes import (
    AddCapacity,
    AddPlant,
    AddTreatment,
    Change,
    ChangeFreight,
    CloseRoute,
    RaiseDistance,
    RelaxLimit,
)
from app.scenarios.treating import treat_lot
from app.transport.solver import Objective, Solution, solve
from tests.allocation.reading import assay, hauls, pose
from tests.factories import Body, World


def _solve(problem: Problem) -> Solution:
    return solve(problem.network, Objective.MAX_UTILISATION_THEN_MIN_COST)


def _placed(database: Database, *changes: Change, **question: Any) -> int:  # noqa: ANN401 - of a question
    """Return what the best plan places, in tonnes."""
    return _solve(pose(database, changes=changes, **question)).allocated_kg // 1000


def _market(world: World) -> tuple[Body, Body]:
    """Make 1 000 t of phosphogypsum with too much phosphorus, and a demand for 300 t within 20 km, 34 km away."""
    lot = world.lot(world.producer(), quantity_t=1000, assay=assay(soluble_p2o5=0.5, moisture=20))
    criteria = [{"parameter": "soluble_p2o5", "max": 0.2}]
    demand = world.demand(world.recycler(), quantity_t=300, max_distance_km=20, criteria=criteria)
    return lot, demand


def _plant(**terms: Any) -> AddPlant:  # noqa: ANN401 - of a plant
    return AddPlant("cement_retarder", Decimal(1200), 29.70613, 107.39028, **terms)


def test_each_change_opens_what_it_should(world: World, database: Database) -> None:
    lot, demand = _market(world)
    site_id, demand_id = UUID(lot["site"]["id"]), UUID(demand["id"])
    nearer, washing = RaiseDistance(40, demand_id), AddTreatment(site_id, "washing_phosphogypsum")
    assert _placed(database) == 0
    assert _placed(database, nearer) == _placed(database, washing) == 0
    assert _placed(database, nearer, washing) == 300
    assert _placed(database, RaiseDistance(None), RelaxLimit("soluble_p2o5", use="cement_retarder")) == 300
    assert _placed(database, nearer, RelaxLimit("soluble_p2o5", maximum=Decimal("0.4"))) == 0
    assert _placed(database, nearer, RelaxLimit("soluble_p2o5", demand_id=demand_id, maximum=Decimal("0.5"))) == 300
    # A plant of 1 200 t a year takes a hundred a month.
    assert _placed(database, _plant()) == 100
    assert _placed(database, _plant(), months=3) == 300
    assert _placed(database, _plant(materials=("fgd_gypsum",))) == 0
    # 1 200 t a year more: a hundred more in a month.
    assert _placed(database, nearer, washing, AddCapacity(demand_id, Decimal(1200))) == 400
    closed = CloseRoute("cement_retarder", "phosphogypsum")
    assert _placed(database, nearer, washing, closed) == _placed(database, closed, _plant()) == 0


def test_freight_changes_costs_and_what_is_worth_it(world: World, database: Database) -> None:
    producer, recycler = world.producer(), world.recycler()
    lot = world.lot(producer)
    demand = world.demand(recycler, max_delivered_cny_per_t=8, freight_fixed_cny_per_t=0.5)
    pair = lot["id"], demand["id"]
    # 34.126 km by 1.3 at half a yuan are 22.18, and the producer pays 15.
    assert hauls(pose(database)) == {pair: (34_126, 768)}
    assert hauls(pose(database, changes=(ChangeFreight(fixed_cny_per_t=Decimal("0.2")),))) == {pair: (34_126, 738)}
    assert hauls(pose(database, changes=(ChangeFreight(per_t_km_cny=Decimal("0.25")),))) == {pair: (34_126, -341)}
    assert hauls(pose(database, changes=(ChangeFreight(detour_factor=2.0),))) == {}


REFUSED: list[tuple[Change, str, str]] = [
    (AddPlant("alchemy", Decimal(1), 29.0, 107.0), "use", "unknown_use"),
    (AddPlant("cement_retarder", Decimal(1), 29.0, 107.0, grade="first"), "grade", "unknown_grade"),
    (AddCapacity(uuid4(), Decimal(1)), "demand_id", "unknown_demand"),
    (AddTreatment(uuid4(), "alchemy"), "treatment", "unknown_treatment"),
    (AddTreatment(uuid4(), "drying"), "site_id", "unknown_site"),
    (RelaxLimit("gold"), "parameter", "unknown_parameter"),
    (CloseRoute("cement_retarder", "gold"), "material", "unknown_material"),
]


def test_what_cannot_be_computed_is_refused_with_its_reason(world: World, database: Database) -> None:
    lot, _ = _market(world)
    # The catalogue knows only that ageing brings free lime down.
    vague = AddTreatment(UUID(lot["site"]["id"]), "ageing_steel_slag")
    for change, field, code in [*REFUSED, (vague, "treatment", "effect_not_computed")]:
        with pytest.raises(Invalid) as refused:
            pose(database, changes=(CloseRoute("road_base", "red_mud"), change))
        assert refused.value.code == code
        assert refused.value.faults[0].pointer == f"/changes/1/{field}"


def _treated(treatment: str, material: str, **values: Any) -> dict[str, Any]:  # noqa: ANN401 - of an assay
    lot = LotFacts(material, None, values, today())
    return dict(treat_lot(lot, reference().treatments[treatment]).assay)


def test_claimed_effects_bring_values_no_further_than_they_say() -> None:
    # At most; unmeasured values stay unmeasured; what is better already stays.
    assert _treated("hot_stewing_steel_slag", "steel_slag", f_cao=6.0) == {"f_cao": 3.0}
    assert _treated("hot_stewing_steel_slag", "steel_slag", f_cao=2.5) == {"f_cao": 2.5}
    # At least, and a value.
    residue = "electrolytic_manganese_residue"
    assert _treated(f"quicklime_{residue}", residue, ph=6.5, leach_mn=90) == {"ph": 9.0, "leach_mn": 2.6}
    # A factor of 0.05 to 0.08: the weaker end; a range: its nearer end.
    assert _treated(f"washing_{residue}", residue, soluble_mn=2.0) == {"soluble_mn": 0.16}
    assert _treated("pelletising", "phosphogypsum", max_size=2, moisture=18.0) == {"max_size": 10.0, "moisture": 10.0}
    # What follows from others follows them: 6 + 0.658 * 1 before, 1 + 0.658 * 1 after.
    alkaline = _treated("dealkalisation_red_mud", "red_mud", na2o=6.0, k2o=1.0, alkali_na2o_eq=6.658)
    assert alkaline == {"na2o": 1.0, "k2o": 1.0, "alkali_na2o_eq": 1.658}


def test_candidates_name_what_could_place_what_is_left(world: World, database: Database) -> None:
    lot, demand = _market(world)
    problem = pose(database, changes=(RaiseDistance(40),))
    candidates = lever_candidates(problem, _solve(problem))
    changes = [candidate.change for candidate in candidates]
    assert AddTreatment(UUID(lot["site"]["id"]), "washing_phosphogypsum") in changes
    assert RelaxLimit("soluble_p2o5", use="cement_retarder") in changes
    plants = [change for change in changes if isinstance(change, AddPlant)]
    assert {plant.use for plant in plants} >= {"cement_retarder", "road_base", "mine_backfill"}
    assert (plants[0].latitude, plants[0].longitude) == (29.83615, 107.07041)
    # Plants are as large as the one demand there is; all else could place everything.
    for candidate in candidates:
        assert candidate.most_kg == (300_000 if isinstance(candidate.change, AddPlant) else 1_000_000)
    # In range and accepted, but for more than there is room.
    wide = pose(database, changes=(RaiseDistance(40), RelaxLimit("soluble_p2o5")))
    candidates = lever_candidates(wide, _solve(wide))
    more = [candidate for candidate in candidates if isinstance(candidate.change, AddCapacity)]
    assert [(each.change, each.most_kg) for each in more] == [(AddCapacity(UUID(demand["id"]), Decimal(3600)), 300_000)]
    # Each of them can be applied.
    for candidate in candidates:
        pose(database, changes=(RaiseDistance(40), RelaxLimit("soluble_p2o5"), candidate.change))
