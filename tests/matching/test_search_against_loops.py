"""The search in SQL against the same search in loops: set, order, verdicts, margins, prices, remedies, page by page."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.auth.actor import Actor, KeyId, OrganisationId
from app.catalogue.reference import reference
from app.catalogue.schemas import FigureStatus, Grade, Limit
from app.core.clock import month_of, months_from, today
from app.core.database import Database
from app.core.documents import write_json
from app.core.paging import Page, decode_cursor
from app.matching import circles
from app.matching.conventions import Conventions, Language, months_before
from app.matching.lot_search import market_search
from app.matching.ranking import Tariff
from app.matching.schemas import LotFilters, LotMatch
from app.matching.search import search_lots
from tests.drills import examples
from tests.matching.loops import ASSAY_DAYS, Expected, expect
from tests.matching.market import OWN, SUSPENDED, LotMade, Market, SiteMade, make_owners

CONVENTIONS = Conventions(
    Tariff(detour_factor=1.3, per_t_km_cny=Decimal("0.5"), fixed_cny_per_t=Decimal(0)),
    months_before(today(), 12),
    Language.ENGLISH,
)
SECRET = b"secret"
# No two of them equally far from any place to search from, but for those that are the same place.
PLACES = [(29.83615, 107.07041), (29.70613, 107.39028), (29.99365, 106.26176), (30.8123, 108.4012), (26.6412, 106.6301)]
GRADES = [
    "gbt1596_2017_concrete_ii_f",
    "gbt23456_2018_i",
    "gbt21371_2019",
    "gb6566_2010_main",
    "gbt20491_2017_i",
    "infusion_2005_292",
    "astm_c618_12a_f",
    "gbt18046_2017_s95",
]
USES = ["concrete_admixture", "cement_mixing_material", "cement_retarder", "road_base", "plastics_recycling"]
MATERIALS = ["fly_ash", "phosphogypsum", "steel_slag", "blast_furnace_slag", "medical_infusion_bottles"]
SPECS = [
    "caso4_2h2o>=85",
    "soluble_p2o5<=0.2",
    "ph=6..9",
    "waste_class=I",
    "uncontaminated=true",
    "moisture<=15.5",
    "loi=8",
]
OWN_LIMITS = [
    Limit(parameter=parameter, max=Decimal(bound), unit="1", status=FigureStatus.CONFIRMED, source="tests")
    for parameter, bound in {
        "caso4_2h2o": "86",
        "soluble_p2o5": "0.2",
        "ph": "9",
        "moisture": "15.5",
        "loi": "8",
    }.items()
]
STEPS = ["0", "0.01", "0.04", "0.04", "0.05", "0.5", "0.005", "0.499999", "0.050001"]


def make_random_market(random: Random, grade: Grade) -> tuple[list[SiteMade], list[LotMade]]:
    """Return sites and lots, most of them of materials of a grade and measured close to its limits."""
    owners = ["other", "other", OWN, SUSPENDED]
    sites = [
        SiteMade(random.choice(PLACES), random.choice([None, "500115", "500102"]), random.choice(owners))
        for _ in range(6)
    ]
    materials = [material for material in MATERIALS if material in grade.materials] * 5 + MATERIALS
    return sites, [_make_lot(random, materials, grade) for _ in range(30)]


def _make_lot(random: Random, materials: list[str], grade: Grade) -> LotMade:
    first, last = random.choice([(-30, -1), (-30, 0), (-1, 40), (-1, 40), (-400, 60), (-400, 60), (20, 60)])
    return LotMade(
        site=random.randrange(6),
        material=random.choice(materials),
        price=Decimal(random.choice(["-15", "0", "12.34", "12.35"])),
        quantity=Decimal(random.choice(["1000", "500.001"])),
        reserved=Decimal(random.choice(["0", "0", "500.001"])),
        days=(today() + timedelta(first), today() + timedelta(last)),
        status=random.choice(["open"] * 8 + ["withdrawn", "exhausted"]),
        origin=random.choice([None, "pulverised_coal_boiler", "pulverised_coal_boiler", "waste_incinerator"]),
        assay=random.choice([None, *[_make_assay(random, grade)] * 9]),
        assayed_on=random.choice([today()] * 5 + ASSAY_DAYS),
        taken=random.choice([None, None, _make_months(random)]),
    )


def _make_months(random: Random) -> dict[str, Decimal]:
    """Return what is taken of some months of a recurring lot, about half of the time all of a small one."""
    months = months_from(month_of(today() - timedelta(32)), 5)
    return {month: Decimal(random.choice(["0", "0.001", "500.001"])) for month in months if random.random() < 0.7}


def _make_assay(random: Random, grade: Grade) -> dict[str, Any]:
    """Return values that pass, but for some on, beside and beyond a limit, and some not measured."""
    limits = [*OWN_LIMITS, *reference().grades["gb6566_2010_main"].limits, *grade.limits]
    thoroughness = random.choice([0.7, 0.97, 1.0])
    quality = random.choice([15, 15, 2])
    values: dict[str, Any] = {}
    for limit in limits:
        if limit.equals is not None:
            values[limit.parameter] = limit.equals
        bound, inside = (limit.max, -1) if limit.max is not None else (limit.min, +1)
        if bound is not None:
            side = random.choice([inside] * quality + [-inside])
            values[limit.parameter] = float(bound + side * Decimal(random.choice(STEPS)))
    values["waste_class"] = random.choice(["I", "I", "II"])
    values["uncontaminated"] = random.choice([True, True, False])
    return {name: value for name, value in values.items() if random.random() < thoroughness}


def make_random_filters(random: Random, grade: Grade) -> LotFilters:
    """Return a search by a place or none, with few filters on terms: with all of them nothing would ever be found."""
    near = random.choice([None, "29.56,106.55", "29.70613,107.39028"])
    sorts = [None, "newest", "nearest_miss"]
    if near is not None:
        sorts += ["distance", "delivered_price", "delivered_price_dry"]
    choices: dict[str, list[Any]] = {
        "material": [random.sample(MATERIALS, 3)],
        "within_km": [0.0, 60.0, 300.0] if near else [None],
        "min_quantity_t": [Decimal("0.001"), Decimal("499.999"), Decimal("500.001"), Decimal(1000)],
        "available_on": [today() - timedelta(32), today(), today() + timedelta(30)],
        "max_price_cny_per_t": [Decimal(-15), Decimal("12.34")],
        "max_delivered_cny_per_t": [Decimal("5.5"), Decimal(60)] if near else [None],
        "district": ["5001", "500115"],
        "mine": [True],
    }
    asked = {name: random.choice(choices[name]) for name in random.sample(sorted(choices), random.choice([0, 1, 2]))}
    use = random.choice([*grade.uses, *USES])
    specs = random.sample(SPECS, random.choice([1, 2, 5]))
    asked |= random.choice(
        [{"grade": grade.key}] * 3 + [{"grade": grade.key, "use": use}, {"use": use}, {"spec": specs}]
    )
    verdict = random.choice(["pass,unknown", "pass", "fail", "unknown", "pass,unknown,fail", "pass,fail"])
    if near is not None and "use" in asked and reference().uses[asked["use"]].active_component is not None:
        sorts += ["delivered_price_active"] * 4
    return LotFilters(near=near, sort=random.choice(sorts), verdict=verdict, **asked)


def walk(market: Market, filters: LotFilters, limit: int) -> list[LotMatch]:
    """Return all rows of a search, page by page."""
    own = OrganisationId(market.owners[OWN])
    actor = Actor(KeyId(own), own, OWN, frozenset(), frozenset(), None, "active")
    items: list[LotMatch] = []
    after: tuple[Any, ...] | None = None
    with market.database.read() as session:
        while True:
            page = Page(limit, after, SECRET, "test")
            found = search_lots(session, market_search(filters, actor, CONVENTIONS), CONVENTIONS, page)
            items += [LotMatch.model_validate_json(write_json(item)) for item in found.items]
            if found.next_cursor is None:
                return items
            assert len(found.items) == limit
            after = decode_cursor(found.next_cursor, "test", SECRET)


def _as_expected(item: LotMatch) -> Expected:
    return Expected(
        lot_id=item.lot.id,
        verdict=item.verdict.value,
        rests_on_drafts=item.rests_on_drafts,
        is_closed=item.closed_by is not None,
        criteria=tuple((found.parameter, found.verdict.value, found.margin) for found in item.criteria),
        money=(
            item.freight_cny_per_t,
            item.delivered_cny_per_t,
            item.delivered_cny_per_dry_t,
            item.delivered_cny_per_active_t,
        ),
        remedies=tuple((remedy.treatment, tuple(remedy.fixes)) for remedy in item.remedies),
        available=item.lot.available_t,
    )


@pytest.fixture
def market(database: Database) -> Market:
    """Return a market without sites and lots."""
    return Market(database, make_owners(database))


@pytest.mark.drill
@settings(max_examples=examples(60, 500), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(random=st.randoms(use_true_random=True), limit=st.integers(3, 9))
def test_search_finds_what_loops_find(market: Market, random: Random, limit: int) -> None:
    grade = reference().grades[random.choice(GRADES)]
    market.fill(*make_random_market(random, grade))
    for _ in range(2):
        filters = make_random_filters(random, grade)
        # With so few first sites as here the circles widen and leave sites out, as they do in a real market.
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(circles, "FIRST_SITES", random.choice([1, 2, circles.FIRST_SITES]))
            patch.setattr(circles, "TIMES_AS_MANY", 2)
            wanted, found = expect(market, filters), walk(market, filters, limit)
        assert [item.lot.id for item in found] == [item.lot_id for item in wanted], filters
        for item, expected in zip(found, wanted, strict=True):
            assert _as_expected(item) == replace(expected, km=None, miss=None), filters
            assert (item.advice == "") == (expected.verdict == "pass"), filters
            _check_kilometres(item, expected.km)


def _check_kilometres(item: LotMatch, km: float | None) -> None:
    if km is None:
        assert (item.distance_km, item.route_km, item.route_source) == (None, None, None)
        return
    assert item.distance_km is not None
    assert item.route_km is not None
    assert float(item.distance_km) == pytest.approx(km, abs=0.000501)
    assert float(item.route_km) == pytest.approx(km * 1.3, abs=0.000501)
