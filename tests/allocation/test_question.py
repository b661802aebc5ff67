"""What a plan may be asked of: one's own jurisdiction, known districts and materials, months that are few enough."""

from uuid import uuid4

import pytest

from app.allocation import hauls, problem
from app.allocation.question import Question, check_question, materials_of
from app.auth.actor import Actor, KeyId, OrganisationId, Role
from app.catalogue.reference import reference
from app.core.database import Database
from app.core.errors import Forbidden, Invalid
from tests.allocation.reading import hauls as hauls_of
from tests.allocation.reading import pose
from tests.factories import World


def _caller(role: Role, jurisdiction: str | None = None) -> Actor:
    return Actor(
        key_id=KeyId(uuid4()),
        organisation_id=OrganisationId(uuid4()),
        name="bureau",
        roles=frozenset({role}),
        scopes=frozenset(),
        expires_at=None,
        status="active",
        jurisdiction=jurisdiction,
    )


def test_an_authority_asks_for_its_own_jurisdiction() -> None:
    city = _caller(Role.GOVERNMENT, "50")
    assert check_question(Question(), city).district == "50"
    assert check_question(Question(district="500102"), city).district == "500102"
    with pytest.raises(Forbidden) as refused:
        check_question(Question(district="51"), city)
    assert refused.value.code == "outside_jurisdiction"
    assert check_question(Question(), _caller(Role.GOVERNMENT)).district is None
    assert check_question(Question(district="51"), _caller(Role.OPERATOR)).district == "51"


def test_all_that_is_wrong_is_said_at_once() -> None:
    asked = Question(district="Atlantis", materials=("fly_ash", "gold"), months=13)
    with pytest.raises(Invalid) as refused:
        check_question(asked, _caller(Role.OPERATOR))
    pointers = [fault.pointer for fault in refused.value.faults]
    assert pointers == ["/district", "/materials/1", "/months"]


def test_plans_are_of_the_bulk_streams_unless_materials_are_named() -> None:
    assert materials_of(Question(materials=("fly_ash", "fly_ash"))) == ("fly_ash",)
    kinds = {reference().materials[key].kind.value for key in materials_of(Question())}
    assert kinds == {"bulk_industrial"}


def test_a_market_too_large_for_memory_is_refused(
    world: World, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.lot(world.producer())
    world.demand(world.recycler())
    for module in (hauls, problem):
        with monkeypatch.context() as patched:
            patched.setattr(module, "MOST_HAULS", 0)
            with pytest.raises(Invalid) as refused:
                pose(database)
        assert refused.value.code == "too_many_hauls"


def test_mistaken_figures_stop_no_plan(world: World, database: Database) -> None:
    producer, recycler = world.producer(), world.recycler()
    lot = world.lot(producer, quantity_t=10)
    world.lot(producer, quantity_t=20, price_cny_per_t=-9_999_999)
    demand = world.demand(recycler, quantity_t=999_999_999_999)
    world.demand(recycler, site_id=demand["site"]["id"], quantity_t=999_999_999_999)
    posed = pose(database)
    assert {pair[0] for pair in hauls_of(posed)} == {lot["id"]}
    assert posed.network.demand_kg.tolist() == [30_000, 30_000]
    world.lot(producer, quantity_t=999_999_999_999)
    with pytest.raises(Invalid) as refused:
        pose(database)
    assert refused.value.code == "too_many_tonnes"
