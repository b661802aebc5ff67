"""The ranges of values seen: widened by every assay, in whatever order they come, and filled by the migration."""

import math
from concurrent.futures import ThreadPoolExecutor
from random import Random
from threading import Barrier
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from app.core.clock import today
from app.core.database import Database
from app.core.revisions import migrate
from app.lots.models import ParameterRange
from app.lots.ranges import ranges_of, read_ranges, widen_ranges
from tests.databases import Listen
from tests.factories import World

MATERIALS = ["fly_ash", "phosphogypsum", "steel_slag"]
PARAMETERS = ["ph", "moisture", "loi", "so3"]
_NUMBERS = st.floats(-1e6, 1e6)
_SPANS = st.tuples(_NUMBERS, _NUMBERS).map(lambda pair: (min(pair), max(pair)))
_SEEN = st.dictionaries(
    st.sampled_from(MATERIALS), st.dictionaries(st.sampled_from(PARAMETERS), _SPANS, min_size=1), min_size=1
)
Seen = dict[str, dict[str, tuple[float, float]]]


def _assay(**values: float | str | bool) -> dict[str, Any]:
    results = [{"parameter": key, "value": value} for key, value in values.items()]
    return {"sampled_on": str(today()), "results": results}


def _read(database: Database, material: str = "phosphogypsum") -> dict[str, tuple[float, float]]:
    with database.read() as session:
        return read_ranges(session, [material])[material]


def _widen(database: Database, seen: Seen) -> None:
    with database.write() as session:
        widen_ranges(session, seen)
        session.commit()


def _joined(every: list[Seen]) -> Seen:
    joined: Seen = {}
    for seen in every:
        for material, ranges in seen.items():
            stored = joined.setdefault(material, {})
            for parameter, (low, high) in ranges.items():
                lowest, highest = stored.get(parameter, (low, high))
                stored[parameter] = min(lowest, low), max(highest, high)
    return joined


def test_a_posted_lot_and_a_later_assay_widen_the_ranges(world: World, database: Database) -> None:
    producer = world.producer()
    lot = world.lot(producer, assay=_assay(ph=5.5, na2o=1, k2o=1, waste_class="I", uncontaminated=True))
    assert _read(database) == {
        "ph": (5.5, 5.5),
        "na2o": (1, 1),
        "k2o": (1, 1),
        "alkali_na2o_eq": (1.658, 1.658),
        "alkali_sum": (2, 2),
    }
    older = _assay(ph=9) | {"sampled_on": "2020-01-01"}  # recorded, though it does not become the current one
    producer.post(f"/lots/{lot['id']}/assays", older)
    producer.post(f"/lots/{lot['id']}/assays", _assay(ph=3))
    assert _read(database)["ph"] == (3, 9)


def test_a_refused_lot_widens_nothing(world: World, database: Database) -> None:
    producer = world.producer()
    world.lot(producer, assay=_assay(ph=5))
    faulty = {"assay": _assay(ph=1, nothing=1)}
    lot = world.lot(producer)
    assert producer.request("POST", f"/lots/{lot['id']}/assays", json=faulty["assay"]).status_code == 422
    assert _read(database) == {"ph": (5, 5)}


def test_only_finite_numbers_have_a_range() -> None:
    assays: list[dict[str, Any]] = [
        {"ph": 7, "so3": math.nan, "loi": math.inf, "waste_class": "I", "uncontaminated": True},
        {"ph": 6.5},
    ]
    assert ranges_of(assays) == {"ph": (6.5, 7)}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(every=st.lists(_SEEN, min_size=1, max_size=5))
def test_ranges_are_those_of_all_that_was_seen(database: Database, every: list[Seen]) -> None:
    with database.write() as session:
        session.execute(delete(ParameterRange))
        session.commit()
    for seen in every:
        _widen(database, seen)
    wanted = _joined(every)
    assert {material: _read(database, material) for material in wanted} == wanted


def test_what_lies_inside_is_read_and_not_written(database: Database, listen: Listen) -> None:
    _widen(database, {"fly_ash": {"ph": (3, 9)}})
    statements: list[str] = []
    listen(database.engine, "before_cursor_execute", lambda *call: statements.append(call[2].split()[0]))
    _widen(database, {"fly_ash": {"ph": (3, 9)}})
    assert statements.count("SELECT") == 1
    assert "INSERT" not in statements
    _widen(database, {"fly_ash": {"ph": (4, 9.5)}})
    assert statements.count("INSERT") == 1


def test_many_at_once_lose_nothing_and_wait_in_no_circle(database: Database) -> None:
    """Clients that start together ask for rows that all of them widen, each in an order of its own."""
    clients, random = 6, Random(7)
    asked = [[_shuffled(random, growth) for _ in range(clients)] for growth in range(8)]
    for seen_together in asked:
        together = Barrier(clients, timeout=30)

        def widen(seen: Seen, together: Barrier = together) -> None:
            together.wait()
            _widen(database, seen)

        with ThreadPoolExecutor(clients) as pool:
            list(pool.map(widen, seen_together))
    with database.read() as session:
        found = read_ranges(session, MATERIALS)
    assert found == _joined([seen for seen_together in asked for seen in seen_together])


def _shuffled(random: Random, growth: int) -> Seen:
    """Return ranges that are the wider, the greater `growth` is, in any order of materials and parameters."""
    seen: Seen = {}
    for material in random.sample(MATERIALS, len(MATERIALS)):
        parameters = random.sample(PARAMETERS, len(PARAMETERS))
        seen[material] = {name: (-random.random() - growth, random.random() + growth) for name in parameters}
    return seen


@pytest.fixture
def config() -> Config:
    """Return what Alembic needs for going back by one revision."""
    made = Config()
    made.set_main_option("script_location", "migrations")
    made.set_main_option("path_separator", "os")
    return made


def test_the_migration_fills_the_ranges_of_lots_that_are_there(
    world: World, database: Database, owned: Database, config: Config
) -> None:
    producer = world.producer()
    for values in ({"ph": 3.5, "waste_class": "I"}, {"ph": 11, "uncontaminated": True}, {"ph": 7, "moisture": 12}):
        world.lot(producer, assay=_assay(**values))
    world.lot(producer)
    world.lot(producer, material="fly_ash", assay=_assay(ph=12.25))
    before = ScriptDirectory.from_config(config).get_revision("0004").down_revision
    with owned.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, str(before))
    migrate(owned.engine)
    assert _read(database) == {"ph": (3.5, 11), "moisture": (12, 12)}
    assert _read(database, "fly_ash") == {"ph": (12.25, 12.25)}
