"""Progress of a rate: figures of the ledger, the gap, the forecast with what is contracted, and what is said of it."""

import json
from datetime import date
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from app.auth.actor import Actor, KeyId, OrganisationId, Role
from app.core.clock import today
from app.core.database import Database
from app.ledger.accounts import Account, Kind
from app.matching.conventions import Language
from app.organisations.models import Site
from app.targets.plan import plan_targets
from app.targets.progress import read_progress
from app.targets.queries import find_target
from tests.factories import FULING, Deal, World
from tests.statistics.books import Books, worked_case

RATE = "cq_manufacturing_green_plan_rate"
ON = date(2025, 11, 24)


def authority(jurisdiction: str | None = "50") -> Actor:
    """Return an authority that asks."""
    nobody = UUID(int=0)
    return Actor(
        KeyId(nobody),
        OrganisationId(nobody),
        "authority",
        frozenset({Role.GOVERNMENT}),
        frozenset(),
        None,
        "active",
        jurisdiction,
    )


def ask(
    database: Database,
    year: int = 2025,
    on: date = ON,
    *,
    key: str = RATE,
    language: Language = Language.ENGLISH,
    jurisdiction: str | None = "50",
) -> Any:  # noqa: ANN401 - JSON
    """Return the progress as of a day, as it is answered; fields are attributes."""
    actor = authority(jurisdiction)
    with database.snapshot() as session:
        target = find_target(session, actor, key)
        read = read_progress(session, actor, target, year, on, language)
    return json.loads(read.model_dump_json(), object_hook=lambda fields: SimpleNamespace(**fields))


def steady_months(database: Database, origin: UUID, months: list[str], used: int = 60) -> None:
    """Write months of 100 t generated, of which some are used by the producer itself."""
    books = Books(database)
    for month in months:
        books.move(month, Kind.DECLARATION, (Account.GENERATION, Account.STORAGE), 100, origin=origin)
        books.move(month, Kind.DECLARATION, (Account.STORAGE, Account.SELF_UTILISED), used, origin=origin)
    books.write()


def months_of(year: int, last: int = 12) -> list[str]:
    """Return the first months of a year."""
    return [f"{year}-{month:02d}" for month in range(1, last + 1)]


@pytest.fixture
def deal(world: World) -> Deal:
    """Return a producer and a recycler with a lot of 100 t and no agreement that holds."""
    made = world.deal(100)
    made.recycler.post(f"/agreements/{made.agreement['id']}/cancel", status=200)
    return made


def test_a_year_worked_by_hand(database: Database, deal: Deal) -> None:
    """22 months of 100 t with 60 t used, 10 t used in November so far, and 100 t agreed on until the year's end.

    To date: U 610 of G 1000, 61 %; 700 - 610 = 90 t are missing, or 90 / 0.3 = 300 t of earlier stock.
    The year's end: G 1200, U 720 + 100 = 820, 68.33 %; 840 - 820 = 20 t are missing, 10 t in each of two months.
    """
    origin = UUID(deal.origin)
    steady_months(database, origin, [*months_of(2024), *months_of(2025, 10)])
    books = Books(database)
    books.move("2025-11", Kind.DECLARATION, (Account.STORAGE, Account.SELF_UTILISED), 10, origin=origin)
    books.write()
    deal.agree(100, starts_on="2025-06-01", ends_on="2025-12-31")
    read = ask(database)
    assert (read.year, read.formula, read.basis, read.districts) == (2025, "U / (G + Up)", "recorded", "current")
    assert "phosphogypsum" in read.materials
    assert (read.to_date.generated_t, read.to_date.utilised_t, read.to_date.rate_pct) == (1000, 610, 61)
    assert (read.to_date.gap.gap_points, read.to_date.gap.gap_t) == (9, 90)
    assert (read.to_date.gap.gap_from_prior_t, read.to_date.gap.reached) == (300, False)
    ahead = read.forecast
    assert (ahead.generated_t, ahead.utilised_t, ahead.utilised_from_prior_t) == (1200, 820, 0)
    assert (ahead.rate_pct, ahead.without_contracts_pct) == (68.33, 60)
    assert (ahead.gap.gap_points, ahead.gap.gap_t) == (1.67, 20)
    assert (ahead.months_left, ahead.extra_per_month_t) == (2, 10)
    assert (ahead.interval.low_pct, ahead.interval.high_pct) == (68.33, 68.33)
    assert (ahead.interval.coverage_pct, ahead.interval.trials) == (80, 11)
    assert (ahead.contracted.to_ship_t, ahead.contracted.counted_t) == (100, 100)
    assert read.advice == "10 t more per month reach 70 %; without them 2025 will end at about 68.33 %."
    assert ahead.method.startswith("Seasonal run rate plus contracted tonnes.")
    assert "the whole earlier years on file (1)" in ahead.method
    assert "of 11 trials" in ahead.method


def test_recurring_agreements_count_what_their_months_still_bring(database: Database, deal: Deal) -> None:
    """Of 50 t a month September to January, November has 20 t shipped and December nothing: 30 and 50 t."""
    steady_months(database, UUID(deal.origin), [*months_of(2024), *months_of(2025, 10)])
    monthly = {"quantity_t": None, "recurring": {"per": "month", "quantity_t": 50}}
    stream = deal.offer(0, **monthly, available_from="2025-01-01")
    agreed = stream.agree(0, **monthly, starts_on="2025-09-10", ends_on="2026-01-20")
    agreed.dispatch(20, "2025-11-20")
    agreed.dispatch(40, "2025-10-20")
    assert ask(database).forecast.contracted.to_ship_t == 80


def test_the_same_in_chinese(database: Database, deal: Deal) -> None:
    steady_months(database, UUID(deal.origin), [*months_of(2024), *months_of(2025, 10)])
    deal.agree(100, starts_on="2025-06-01", ends_on="2025-12-31")
    read = ask(database, language=Language.CHINESE)
    assert read.advice == "每月再多利用 10 吨即可达到 70%；否则预计 2025 年末为 68.33%。"
    assert "季节性推算加已签约吨数" in read.forecast.method


def test_too_few_months_give_no_interval_and_say_so(database: Database, deal: Deal) -> None:
    steady_months(database, UUID(deal.origin), months_of(2025, 10), used=80)
    read = ask(database)
    assert read.forecast.interval is None
    assert "No interval: the past months allow 0 trials" in read.forecast.method
    assert "all months weigh the same" in read.forecast.method
    assert (read.forecast.rate_pct, read.forecast.extra_per_month_t) == (80, 0)
    assert read.advice == "On course: the forecast of 80 % for the end of 2025 reaches 70 %."


def test_a_year_that_is_over_has_its_result(database: Database, world: World) -> None:
    """The worked case of the API: 65 of 85 t, 76.47 %."""
    worked_case(Books(database), *Books.sites(world))
    read = ask(database, on=date(2026, 3, 1))
    assert read.forecast is None
    assert (read.to_date.rate_pct, read.to_date.utilised_from_prior_t) == (76.47, 15)
    assert (read.to_date.gap.reached, read.to_date.gap.gap_points, read.to_date.gap.gap_t) == (
        True,
        -6.47,
        0,
    )
    assert read.advice.startswith("2025 ended at 76.47 %: 70 % was reached.")


def test_a_year_missed_says_what_would_have_reached_it(database: Database, deal: Deal) -> None:
    steady_months(database, UUID(deal.origin), months_of(2025))
    said = ask(database, on=date(2026, 3, 1)).advice
    assert said == "2025 ended at 60 %, 10 points below 70 %: 120 t more would have reached it."
    later = ask(database, 2026, date(2026, 1, 15))
    assert later.to_date.gap is None
    assert later.forecast is not None, "the year before carries the run rate"
    assert later.advice == (
        "Nothing generated is on file for 2026, so there is no rate. 10 t more per month reach 70 %; "
        "without them 2026 will end at about 60 %. The target is for 2025."
    )


def test_what_is_disposed_of_cannot_be_used_any_more(database: Database, deal: Deal) -> None:
    """Of 1200 t, 720 are used by the year's end and 400 disposed of: 120 t are missing, and 80 t are left."""
    origin, books = UUID(deal.origin), Books(database)
    steady_months(database, origin, months_of(2025, 10))
    books.move("2025-11", Kind.DECLARATION, (Account.STORAGE, Account.DISPOSED), 400, origin=origin)
    books.write()
    read = ask(database)
    assert (read.forecast.unused_t, read.forecast.gap.gap_t) == (80, 120)
    assert read.advice == (
        "60 t more per month reach 70 %; without them 2025 will end at about 60 %. "
        "Only 80 t of this year's waste will be left for it; more must come from stock of earlier years."
    )


def test_the_first_month_on_file_has_no_forecast(database: Database, deal: Deal) -> None:
    steady_months(database, UUID(deal.origin), ["2025-11"])
    read = ask(database)
    assert read.forecast is None
    assert read.advice == (
        "No month that is over is on file, so there is no forecast. So far the rate is 60 %: 10 t more reach 70 %."
    )


def test_undeclared_months_are_told(database: Database, deal: Deal) -> None:
    books, origin = Books(database), UUID(deal.origin)
    books.move("2025-10", Kind.DISPATCH, (Account.GENERATION, Account.IN_TRANSIT), 10, origin=origin)
    books.write()
    read = ask(database)
    assert (read.undeclared_site_months, read.provisional) == (1, True)
    assert "Months of sites not declared yet: 1; with them the rate will change." in read.advice


def test_only_the_district_and_the_streams_of_the_target_count(database: Database, world: World) -> None:
    city = world.government("50")
    target = {"name": "own", "district": "500102", "rate_pct": 50, "target_year": today().year}
    bulk = city.post("/statistics/targets", target)["key"]
    ash = city.post("/statistics/targets", target | {"materials": ["fly_ash"]})["key"]
    producer = world.producer()
    here, there = (UUID(world.site(producer, **place)["id"]) for place in (FULING, {}))
    steady_months(database, here, months_of(2025, 10), used=40)
    steady_months(database, there, months_of(2025, 10), used=90)
    books = Books(database)
    books.move("2025-10", Kind.DECLARATION, (Account.GENERATION, Account.STORAGE), 7, origin=here, material="fly_ash")
    books.write()
    read = ask(database, key=bulk, jurisdiction="500102")
    assert (read.to_date.generated_t, read.to_date.utilised_t) == (1007, 400)
    read = ask(database, key=ash)
    assert (read.to_date.generated_t, read.materials) == (7, ["fly_ash"])


def test_what_a_merged_district_had_counts_in_its_successor(database: Database, world: World) -> None:
    city, producer = world.government("50"), world.producer()
    target = {"name": "own", "district": "50-liangjiang", "rate_pct": 50, "target_year": today().year}
    key = city.post("/statistics/targets", target)["key"]
    for code in ("500105", "500112", "50-liangjiang", "500115"):
        site = UUID(world.site(producer)["id"])
        with database.write() as session:
            session.scalars(select(Site).where(Site.id == site)).one().district_code = code
            session.commit()
        steady_months(database, site, ["2025-10"])
    read = ask(database, key=key)
    assert read.to_date.generated_t == 300


def test_contracted_tonnes_stay_the_same_on_their_way(database: Database, deal: Deal) -> None:
    """100 t agreed on: to ship, on the road, at the recycler; used, they are no longer ahead."""
    on = today()
    steady_months(database, UUID(deal.origin), [f"{on.year - 1}-12"], used=0)
    agreed = deal.agree(100, starts_on=f"{on.year - 1}-01-01", ends_on=f"{on.year}-12-31")

    def parts() -> tuple[float, ...]:
        forecast = ask(database, on.year, on).forecast
        contracted = forecast.contracted
        return contracted.to_ship_t, contracted.in_transit_t, contracted.at_recyclers_t

    assert parts() == (100, 0, 0)
    load = agreed.dispatch(40, f"{on.year - 1}-12-20")
    assert parts() == (60, 40, 0)
    agreed.receive(load, f"{on.year - 1}-12-21")
    assert parts() == (60, 0, 40)
    agreed.use(25, str(on))
    assert parts() == (60, 0, 15)
    agreed.recycler.post(f"/agreements/{agreed.agreement['id']}/cancel", status=200)
    assert parts() == (0, 0, 15)


def test_agreements_elsewhere_and_not_accepted_do_not_count(database: Database, deal: Deal) -> None:
    on = today()
    steady_months(database, UUID(deal.origin), [f"{on.year - 1}-12"])
    deal.propose(50)
    read = ask(database, on.year, on).forecast
    assert read.contracted.to_ship_t == 0
    deal.agree(100, starts_on=f"{on.year + 1}-01-01", ends_on=f"{on.year + 1}-12-31")
    read = ask(database, on.year, on).forecast
    assert read.contracted.to_ship_t == 0
    elsewhere = ask(database, on.year, on, jurisdiction=None).forecast
    assert elsewhere.contracted.to_ship_t == 0


def test_over_http_the_figures_are_those_of_the_statistics(database: Database, world: World, deal: Deal) -> None:
    year = today().year
    steady_months(database, UUID(deal.origin), [*months_of(year - 1), f"{year}-01"])
    city = world.government("50")
    read = city.get("/statistics/progress", target=RATE)
    period = {"from": f"{year}-01", "to": f"{year}-12", "district": "50"}
    total = city.get("/statistics/utilisation", **period)["total"]
    for name in ("generated_t", "utilised_t", "utilised_from_prior_t", "rate_pct"):
        assert read["to_date"][name] == total[name]
    assert read["year"] == year
    assert read["target"]["key"] == RATE
    assert read["as_of"].endswith("Z")
    chinese = city.request(
        "GET", "/statistics/progress", params={"target": RATE}, headers={"Accept-Language": "zh-CN,zh;q=0.9"}
    ).json()
    assert "达到 70%" in chinese["advice"]
    assert city.get("/statistics/progress", target=RATE, year=year - 1)["to_date"]["rate_pct"] == 60
    assert world.operator().get("/statistics/progress", target=RATE)["to_date"] == read["to_date"]


def test_bad_questions_are_refused_by_name(world: World) -> None:
    city = world.government("50")
    for params, pointer in (
        ({}, "target"),
        ({"target": RATE, "year": today().year + 1}, "year"),
        ({"target": RATE, "year": "soon"}, "year"),
        ({"target": RATE, "month": "2025-01"}, "month"),
    ):
        answer = city.request("GET", "/statistics/progress", params=params)
        assert answer.status_code == 422, params
        assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]
    future = city.request("GET", "/statistics/progress", params={"target": RATE, "year": today().year + 1})
    assert future.json()["code"] == "year_in_future"


def test_every_target_of_the_plan_is_described() -> None:
    assert len(plan_targets()) == 7
    assert [target.key for target in plan_targets().values() if target.is_computed] == [RATE]
