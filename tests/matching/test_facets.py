"""Facets against the market in loops, and against all pages of the same search over HTTP."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.auth.actor import Actor, KeyId, OrganisationId
from app.catalogue.reference import reference
from app.catalogue.schemas import ParameterKind
from app.core.clock import today
from app.core.database import Database
from app.core.errors import Invalid
from app.matching import facets
from app.matching.facets import Facets, count_facets
from app.matching.lot_search import LotSearch, market_search
from app.matching.schemas import LotChoice, LotFilters
from tests.drills import examples
from tests.factories import FULING, HECHUAN, Body, Member, World
from tests.matching.loops import expect
from tests.matching.market import OWN, LotMade, Market, SiteMade, make_owners
from tests.matching.test_search_against_loops import CONVENTIONS, GRADES, make_random_filters, make_random_market

Expected = dict[str, Any]


@pytest.fixture
def market(database: Database) -> Market:
    """Return a market without sites and lots."""
    return Market(database, make_owners(database))


def _search(market: Market, filters: LotChoice) -> LotSearch:
    own = OrganisationId(market.owners[OWN])
    return market_search(filters, Actor(KeyId(own), own, OWN, frozenset(), frozenset(), None, "active"), CONVENTIONS)


def _count(market: Market, filters: LotChoice) -> Facets:
    """Count in as much time as it takes, however busy the machine is."""
    with market.database.snapshot() as session:
        return count_facets(session, _search(market, filters), CONVENTIONS.tariff, 600, read_seconds=600)


def _expect(lots: Sequence[tuple[str, str | None, dict[str, Any]]]) -> Expected:
    """Return what facets of lots (material, district, assay) must say, counted one by one."""
    total = len(lots)
    keys = {parameter.key for material, _, _ in lots for parameter in reference().parameters_for(material)}
    keys |= {key for _, _, assay in lots for key in assay}
    return {
        "total": total,
        "materials": _ranked(material for material, _, _ in lots),
        "districts": _ranked(district for _, district, _ in lots),
        "parameters": {
            key: _expect_parameter(key, [assay[key] for _, _, assay in lots if key in assay], total) for key in keys
        },
    }


def _expect_parameter(key: str, values: list[Any], total: int) -> Expected:
    parameter = reference().parameters[key]
    is_number = parameter.kind.value == "numeric"
    return {
        "unit": parameter.unit,
        "basis": parameter.basis.value,
        "min": min(values) if is_number and values else None,
        "max": max(values) if is_number and values else None,
        "measured": len(values),
        "missing": total - len(values),
        "values": None if is_number else _ranked(values)[:20],
    }


def _ranked(values: Iterable[Any]) -> list[tuple[Any, int]]:
    return sorted(Counter(values).items(), key=lambda item: (-item[1], str(item[0])))


def _as_expected(found: Body) -> Expected:
    parameters = {}
    for facet in found["parameters"]:
        values = facet["values"] and [(item["value"], item["count"]) for item in facet["values"]]
        parameters[facet["parameter"]] = {**facet, "values": values}
        del parameters[facet["parameter"]]["parameter"]
    assert [facet["parameter"] for facet in found["parameters"]] == [
        key for key in reference().parameters if key in parameters
    ]
    return {
        "total": found["total"],
        "materials": [(item["material"], item["count"]) for item in found["materials"]],
        "districts": [(item["district_code"], item["count"]) for item in found["districts"]],
        "parameters": parameters,
    }


@pytest.mark.drill
@settings(max_examples=examples(30, 300), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(random=st.randoms(use_true_random=True))
def test_facets_count_what_loops_find(market: Market, random: Random) -> None:
    grade = reference().grades[random.choice(GRADES)]
    market.fill(*make_random_market(random, grade))
    asked = make_random_filters(random, grade)
    for filters in (asked, LotFilters(), LotFilters(verdict="pass,unknown,fail", near="29.56,106.55")):
        place = {identifier: number for number, identifier in enumerate(market.ids)}
        lots = [market.lots[place[item.lot_id]] for item in expect(market, filters)]
        wanted = _expect([(lot.material, market.sites[lot.site].district, lot.assay or {}) for lot in lots])
        assert _as_expected(_count(market, filters).model_dump(mode="json")) == wanted, filters


SEARCHES: list[dict[str, Any]] = [
    {},
    {"material": ["phosphogypsum", "waste_plastics"], "verdict": "pass,unknown,fail", "spec": "ph=5..7"},
    {"verdict": "fail", "spec": ["ph>=6", "waste_class=I"]},
    {"near": "29.56,106.55", "within_km": 90, "spec": "caso4_2h2o>=85"},
    {"near": "29.56,106.55", "max_delivered_cny_per_t": 40, "use": "cement_retarder", "district": "5001"},
    {"mine": True},
    {"material": "red_mud"},
]


@pytest.mark.parametrize("params", SEARCHES)
def test_facets_count_what_all_pages_show(world: World, params: dict[str, Any]) -> None:
    producer = world.producer()
    _fill(world, producer)
    found = producer.get("/lots/facets", **params)
    lots = [item["lot"] for item in _walk(producer, params)]
    shown = []
    for lot in lots:
        results = (lot["assay"] or {"results": []})["results"]
        values = {result["parameter"]: result["value"] for result in results}
        shown.append((lot["material"], lot["site"]["district_code"], values))
    assert _as_expected(found) == _expect(shown)
    assert found["note"] is None
    assert bool(lots) == (params != {"material": "red_mud"})


def _fill(world: World, producer: Member) -> None:
    random = Random(3)
    sites = [world.site(producer, **place)["id"] for place in (FULING, HECHUAN, FULING | {"district_code": None})]
    for number in range(24):
        results = [
            {"parameter": "ph", "value": random.choice([5.5, 6.5, 7.25])},
            {"parameter": "caso4_2h2o", "value": random.choice([80, 90, 95.5])},
            {"parameter": "waste_class", "value": random.choice(["I", "II"])},
            {"parameter": "uncontaminated", "value": random.choice([True, False])},
            {"parameter": "polymer", "value": random.choice(["PET", "PP", "5", "true"])},
        ]
        assay = {"sampled_on": str(today()), "results": random.sample(results, random.randint(1, 5))}
        material = random.choice(["phosphogypsum", "fgd_gypsum", "waste_plastics"])
        lot = {"material": material, "assay": None if number % 6 == 0 else assay, "site_id": random.choice(sites)}
        world.lot(producer, **lot, available_to=str(today() + timedelta(days=random.randint(1, 9))))


def _walk(member: Member, params: dict[str, Any]) -> list[Body]:
    items: list[Body] = []
    cursor: dict[str, str] = {}
    while True:
        page = member.get("/lots", limit=5, **params, **cursor)
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        cursor = {"cursor": page["next_cursor"]}


def test_only_the_commonest_values_of_a_text_are_listed(market: Market) -> None:
    texts = [f"kind {number}" for number in range(25) for _ in range(1 + (number == 24))]
    market.fill([SiteMade(*_PLACE)], [_lot({"polymer": text}) for text in texts])
    (facet,) = [found for found in _parameters(_count(market, LotChoice())) if found.parameter == "polymer"]
    assert (facet.measured, facet.missing) == (26, 0)
    assert facet.values is not None
    assert [(item.value, item.count) for item in facet.values] == [
        ("kind 24", 2),
        *((text, 1) for text in sorted(set(texts) - {"kind 24"})[:19]),
    ]


def test_of_too_many_lots_there_are_counts_alone(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    market.fill([SiteMade(*_PLACE)], [_lot({"ph": 7})] * 3)
    monkeypatch.setattr(facets, "MOST_LOTS_READ", 3)
    assert _count(market, LotChoice()).parameters
    monkeypatch.setattr(facets, "MOST_LOTS_READ", 2)
    found = _count(market, LotChoice())
    assert (found.total, found.materials[0].count, found.districts[0].count) == (3, 3, 3)
    assert found.parameters is None
    assert found.note is not None
    assert "material=" in found.note


def _fill_slowly(market: Market) -> LotSearch:
    """Fill the market, and return a search of it that takes both engines far more than a thousandth of a second."""
    numbers = [key for key, parameter in reference().parameters.items() if parameter.kind is ParameterKind.NUMERIC]
    market.fill([SiteMade(*_PLACE)], [_lot({"ph": 7})] * 2000)
    return _search(market, LotChoice(spec=[f"{key}>=0" for key in numbers[:50]]))


def test_counting_that_takes_too_long_is_stopped(market: Market) -> None:
    search = _fill_slowly(market)
    with market.database.snapshot() as session, pytest.raises(Invalid) as refused:
        count_facets(session, search, CONVENTIONS.tariff, count_seconds=0.001)
    assert (refused.value.code, refused.value.faults[0].pointer) == ("too_much_to_count", "material")
    assert "material=" in refused.value.detail
    assert _count(market, LotChoice()).total == 2000


def test_values_that_take_too_long_to_read_are_left_out(market: Market) -> None:
    search = _fill_slowly(market)
    with market.database.snapshot() as session:
        found = count_facets(session, search, CONVENTIONS.tariff, 60, read_seconds=0.001)
    assert (found.total, found.parameters) == (2000, None)
    assert found.note is not None
    assert "within_km=" in found.note
    assert _parameters(_count(market, LotChoice()))


def _parameters(found: Facets) -> list[facets.ParameterFacet]:
    assert found.parameters is not None
    return found.parameters


_PLACE: tuple[tuple[float, float], str | None, str] = ((29.83615, 107.07041), "500115", OWN)


def _lot(assay: dict[str, Any]) -> LotMade:
    days = today(), today() + timedelta(1)
    return LotMade(0, "waste_plastics", Decimal(1), Decimal(9), Decimal(0), days, "open", None, assay)
