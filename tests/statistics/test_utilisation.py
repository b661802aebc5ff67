"""Utilisation statistics: the worked case of the public API, years, adjustments, the verified basis, districts."""

from uuid import UUID, uuid4

import pytest

from app.core.clock import month_of, today
from app.core.database import Database
from app.ledger.accounts import Account, Kind
from tests.factories import CHANGSHOU, FULING, HECHUAN, Body, Member, World
from tests.statistics.books import Books, ask, declare, figures, worked_case

AMOUNTS = (
    "generated_t",
    "utilised_t",
    "utilised_from_prior_t",
    "stored_t",
    "stored_at_producer_t",
    "in_transit_t",
    "held_by_recyclers_t",
    "weighing_difference_t",
    "disposed_t",
    "disposed_from_prior_t",
    "discarded_t",
    "prior_stock_adjustment_t",
    "opening_t",
    "closing_t",
)
RATES = ("rate_pct", "naive_rate_pct", "new_waste_rate_pct", "rate_on_dispatch_pct")
JANUARY = [50, 12, 0, 38, 10, 10, 18, 0, 0, 0, 0, 0, 100, 138]
FEBRUARY = [20, 53, 15, -18, 10, -10, -18, 0, 0, 0, 0, 0, 138, 105]
BOTH = [70, 65, 15, 20, 20, 0, 0, 0, 0, 0, 0, 0, 100, 105]


@pytest.fixture
def origin(world: World) -> UUID:
    """Return a producer's site in Changshou."""
    return UUID(world.site(world.producer())["id"])


@pytest.fixture
def place(world: World) -> UUID:
    """Return a recycler's site in Fuling."""
    return UUID(world.site(world.recycler(), **FULING)["id"])


@pytest.fixture
def authority(world: World) -> Member:
    """Return an authority of the whole country."""
    return world.government()


def test_worked_case_as_a_whole(books: Books, origin: UUID, place: UUID, authority: Member) -> None:
    worked_case(books, origin, place)
    answer = ask(authority, "2025-01", "2025-02")
    assert figures(answer["total"], *AMOUNTS) == BOTH
    assert figures(answer["total"], *RATES) == [76.47, 92.86, 71.43, 76.47]
    assert answer["items"] == [answer["total"]]
    assert (answer["from"], answer["to"], answer["scope"]) == ("2025-01", "2025-02", "bulk")
    assert (answer["formula"], answer["basis"]) == ("U / (G + Up)", "recorded")
    assert (answer["place"], answer["districts"]) == ("origin", "as_recorded")
    assert "phosphogypsum" in answer["materials"]
    assert (answer["undeclared_site_months"], answer["provisional"]) == (0, False)
    assert answer["as_of"].endswith("Z")


def test_worked_case_month_by_month(books: Books, origin: UUID, place: UUID, authority: Member) -> None:
    worked_case(books, origin, place)
    answer = ask(authority, "2025-01", "2025-03", group_by="month")
    assert [row["month"] for row in answer["items"]] == ["2025-01", "2025-02", "2025-03"]
    january, february, march = answer["items"]
    assert figures(january, *AMOUNTS) == JANUARY
    assert figures(january, *RATES) == [24.0, 24.0, 24.0, 80.0]
    assert figures(february, *AMOUNTS) == FEBRUARY
    assert figures(february, *RATES) == [151.43, 265.0, 190.0, 71.43]
    assert figures(march, *AMOUNTS) == [0] * 12 + [105, 105]
    assert figures(march, *RATES) == [None] * 4
    assert figures(answer["total"], *AMOUNTS) == BOTH
    assert list(january)[:2] == ["month", "generated_t"]


def test_a_period_opens_with_the_stock_before_it(books: Books, origin: UUID, place: UUID, authority: Member) -> None:
    worked_case(books, origin, place)
    assert figures(ask(authority, "2025-02", "2025-02")["total"], *AMOUNTS) == FEBRUARY
    later = ask(authority, "2026-03", "2026-04", group_by="material")
    assert figures(later["total"], *AMOUNTS) == [0] * 12 + [105, 105]
    assert [row["material"] for row in later["items"]] == ["phosphogypsum"]
    before = ask(authority, "2024-01", "2024-12", group_by="month,material")
    assert before["items"] == []
    assert figures(before["total"], *AMOUNTS) == [0] * 14


def test_a_period_of_years_is_the_sum_of_its_years(books: Books, origin: UUID, place: UUID, authority: Member) -> None:
    worked_case(books, origin, place, year=2024)
    books.flows.clear()
    books.move("2025-03", Kind.DECLARATION, (Account.GENERATION, Account.STORAGE), 10, origin=origin)
    for month, sink, tonnes, stock_year in (
        ("2025-03", Account.SELF_UTILISED, 20, 2024),
        ("2025-04", Account.SELF_UTILISED, 4, 2025),
        ("2025-04", Account.ENTRUSTED_DISPOSED, 5, 2023),
        ("2025-04", Account.DISPOSED, 1, 2025),
        ("2025-04", Account.DISCARDED, 2, 2025),
    ):
        books.move(month, Kind.DECLARATION, (Account.STORAGE, sink), tonnes, origin=origin, stock_year=stock_year)
    books.write()
    years = [ask(authority, f"{year}-01", f"{year}-12")["total"] for year in (2024, 2025)]
    whole = ask(authority, "2024-01", "2025-12")["total"]
    assert figures(years[0], *AMOUNTS) == BOTH
    assert figures(years[1], *AMOUNTS) == [10, 24, 20, 3, 3, 0, 0, 0, 6, 5, 2, 0, 105, 83]
    for name in AMOUNTS[:-2]:
        assert whole[name] == years[0][name] + years[1][name], name
    assert figures(whole, "opening_t", "closing_t", "rate_pct") == [100, 83, 77.39]


def test_a_late_change_of_old_stock_is_an_adjustment(books: Books, origin: UUID, authority: Member) -> None:
    books.move("2024-12", Kind.DECLARATION, (Account.GENERATION, Account.STORAGE), 10, origin=origin)
    books.move("2025-01", Kind.DISPATCH, (Account.ADJUSTMENT, Account.STORAGE), 3, origin=origin, stock_year=2024)
    books.move("2025-02", Kind.DISPATCH, (Account.STORAGE, Account.ADJUSTMENT), 1, origin=origin, stock_year=2024)
    books.write()
    row = ask(authority, "2025-01", "2025-02")["total"]
    assert figures(row, *AMOUNTS) == [0] * 11 + [2, 10, 12]


def test_refused_and_void_loads_do_not_count_as_dispatched(
    books: Books, origin: UUID, place: UUID, authority: Member
) -> None:
    sent, back = (Account.STORAGE, Account.IN_TRANSIT), (Account.IN_TRANSIT, Account.STORAGE)
    books.move("2025-05", Kind.DISPATCH, (Account.GENERATION, Account.STORAGE), 100, origin=origin)
    books.move("2025-05", Kind.DISPATCH, sent, 60, origin=origin)
    books.move("2025-05", Kind.DISPATCH, back, 10, origin=origin)
    books.move("2025-05", Kind.REFUSAL, back, 20, origin=origin)
    books.move("2025-05", Kind.RECEIPT, (Account.IN_TRANSIT, Account.RECEIVED), 29, origin=origin, target=place)
    books.move("2025-05", Kind.RECEIPT, (Account.IN_TRANSIT, Account.WEIGHING_DIFFERENCE), 1, origin=origin)
    books.write()
    row = ask(authority, "2025-05", "2025-05")["total"]
    assert figures(row, "rate_pct", "rate_on_dispatch_pct") == [0.0, 30.0]
    assert figures(row, *AMOUNTS) == [100, 0, 0, 100, 70, 0, 29, 1, 0, 0, 0, 0, 0, 100]


def test_verified_basis_counts_other_use_as_stock(books: Books, origin: UUID, place: UUID, authority: Member) -> None:
    worked_case(books, origin, place)
    books.flows.clear()
    unverified = (Account.RECEIVED, Account.UTILISED)
    books.move("2025-03", Kind.DECLARATION, (Account.GENERATION, Account.RECEIVED), 9, origin=origin, target=place)
    books.move("2025-03", Kind.UTILISATION, unverified, 9, origin=origin, source=place, target=place)
    books.write()
    recorded = ask(authority, "2025-01", "2025-03")["total"]
    verified = ask(authority, "2025-01", "2025-03", basis="verified")["total"]
    assert figures(recorded, "generated_t", "utilised_t", "utilised_from_prior_t") == [79, 74, 15]
    assert figures(verified, *AMOUNTS) == [79, 40, 0, 39, 30, 0, 9, 0, 0, 0, 0, 0, 100, 139]
    assert figures(verified, "rate_pct", "rate_on_dispatch_pct") == [50.63, recorded["rate_on_dispatch_pct"]]
    april = ask(authority, "2025-04", "2025-04", basis="verified")["total"]
    assert figures(april, "opening_t", "closing_t") == [139, 139]


def test_undeclared_months_make_the_figures_provisional(
    world: World, books: Books, database: Database, authority: Member
) -> None:
    producer = world.producer()
    here, there = (UUID(world.site(producer, **where)["id"]) for where in (CHANGSHOU, HECHUAN))
    sent = (Account.GENERATION, Account.IN_TRANSIT)
    for month, site in (("2025-01", here), ("2025-02", here), ("2025-01", there)):
        books.move(month, Kind.DISPATCH, sent, 5, origin=site)
    books.move("2025-03", Kind.DISPATCH, sent, 5, origin=here)
    books.move("2025-03", Kind.DISPATCH, sent, -5, origin=here)
    books.move("2025-04", Kind.DECLARATION, (Account.GENERATION, Account.STORAGE), 5, origin=here)
    books.write()
    assert ask(authority, "2025-01", "2025-04")["undeclared_site_months"] == 3
    declare(database, producer, here, "2025-01")
    answer = ask(authority, "2025-01", "2025-04")
    assert (answer["undeclared_site_months"], answer["provisional"]) == (2, True)
    assert ask(authority, "2025-01", "2025-04", place="utilised")["undeclared_site_months"] == 2
    assert ask(authority, "2025-01", "2025-04", group_by="site,use")["undeclared_site_months"] == 2
    assert ask(world.government("500117"), "2025-01", "2025-04")["undeclared_site_months"] == 1
    assert ask(authority, "2025-03", "2025-04")["provisional"] is False


def test_a_month_counts_as_declared_once_and_from_its_closing_on_no_more(
    world: World, books: Books, database: Database, authority: Member
) -> None:
    producer = world.producer()
    site = UUID(world.site(producer)["id"])
    for month in ("2025-01", "2025-02", "2025-03"):
        books.move(month, Kind.DISPATCH, (Account.GENERATION, Account.IN_TRANSIT), 5, origin=site)
    books.write()
    declare(database, producer, site, "2025-01", replaced_by=uuid4())
    declare(database, producer, site, "2025-01")
    declare(database, producer, site, "2025-02", posted_in="2025-03")
    assert ask(authority, "2025-01", "2025-03")["undeclared_site_months"] == 2


def test_a_period_opens_with_whole_years_and_months_since(
    books: Books, origin: UUID, place: UUID, authority: Member
) -> None:
    worked_case(books, origin, place, year=2023)
    books.flows.clear()
    used = (Account.RECEIVED, Account.UTILISED)
    books.move("2024-01", Kind.UTILISATION, used, 2, origin=origin, source=place, target=place)
    worked_case(books, origin, place, year=2024)
    months = ("2023-01", "2023-02", "2023-03", "2024-01", "2024-02", "2024-03")

    def openings(**params: str) -> list[float]:
        return [ask(authority, month, month, **params)["total"]["opening_t"] for month in months]

    assert openings() == [100, 138, 105, 105 + 100, 105 + 138 - 2, 105 + 105 - 2]
    # Neither the own use of 25 t in each February nor those 2 t are verified: they still count as stock.
    assert openings(basis="verified") == [100, 138, 130, 130 + 100, 130 + 138, 130 + 130]


def test_a_period_that_reaches_the_present_is_provisional(authority: Member) -> None:
    present = month_of(today())
    assert ask(authority, present, present)["provisional"] is True
    assert ask(authority, present, f"{int(present[:4]) + 1}-12")["provisional"] is True


def test_recyclables_count_in_the_scope_all_alone(books: Books, origin: UUID, authority: Member) -> None:
    made = (Account.GENERATION, Account.STORAGE)
    books.move("2025-01", Kind.DECLARATION, made, 3, origin=origin, material="red_mud")
    books.move("2025-01", Kind.DECLARATION, made, 4, origin=origin, material="scrap_steel")
    books.move("2025-01", Kind.DECLARATION, made, 5, origin=origin)
    books.write()

    def generated(**params: str) -> dict[str, float]:
        answer: Body = ask(authority, "2025-01", "2025-01", group_by="material", **params)
        return {row["material"]: row["generated_t"] for row in answer["items"]}

    assert generated() == {"phosphogypsum": 5, "red_mud": 3}
    assert generated(scope="all") == {"phosphogypsum": 5, "red_mud": 3, "scrap_steel": 4}
    assert generated(material="red_mud") == {"red_mud": 3}


def test_an_abolished_district_rolls_up_to_its_successor(world: World, books: Books, authority: Member) -> None:
    producer = world.producer()
    codes = ("500105", "500112", "50-liangjiang", "500115")
    for tonnes, code in enumerate(codes, start=1):
        site = UUID(world.site(producer, district_code=code)["id"])
        books.move("2025-06", Kind.DECLARATION, (Account.GENERATION, Account.STORAGE), tonnes, origin=site)
    books.write()

    def generated(**params: str) -> dict[str, float]:
        answer: Body = ask(authority, "2025-06", "2025-06", group_by="district", **params)
        return {row["district"]: row["generated_t"] for row in answer["items"]}

    assert generated() == {"500105": 1, "500112": 2, "50-liangjiang": 3, "500115": 4}
    assert generated(districts="current") == {"50-liangjiang": 6, "500115": 4}
    assert generated(districts="current", district="50-liangjiang") == {"50-liangjiang": 6}
    assert generated(district="5001") == {"500105": 1, "500112": 2, "500115": 4}


def test_districts_and_places_of_use_give_the_flows(books: Books, origin: UUID, place: UUID, authority: Member) -> None:
    worked_case(books, origin, place)
    answer = ask(authority, "2025-01", "2025-02", group_by="district,place")
    rows = {(row["district"], row["place"]): row for row in answer["items"]}
    assert set(rows) == {("500115", "500102"), ("500115", "500115"), ("500115", None)}
    flow, own, rest = rows["500115", "500102"], rows["500115", "500115"], rows["500115", None]
    assert figures(flow, "utilised_t", "utilised_from_prior_t", "generated_t", "closing_t") == [40, 0, None, None]
    assert figures(own, "utilised_t", "utilised_from_prior_t", "rate_pct") == [25, 15, None]
    assert figures(rest, *AMOUNTS) == [70, 0, 0, *BOTH[3:]]
    assert figures(rest, *RATES) == [None] * 4
    assert figures(answer["total"], *AMOUNTS) == BOTH
    assert answer["total"]["rate_pct"] == 76.47
    assert answer["items"][-1]["place"] is None


def test_use_by_the_place_of_use(books: Books, origin: UUID, place: UUID, authority: Member) -> None:
    worked_case(books, origin, place)
    answer = ask(authority, "2025-01", "2025-02", group_by="district", place="utilised")
    assert [(row["district"], row["utilised_t"]) for row in answer["items"]] == [("500102", 40), ("500115", 25)]
    assert figures(answer["total"], "utilised_t", "utilised_from_prior_t") == [65, 15]
    hidden = [value for name, value in answer["total"].items() if not name.startswith("utilised")]
    assert set(hidden) == {None}


def test_use_by_what_it_is_used_for(books: Books, origin: UUID, place: UUID, authority: Member) -> None:
    worked_case(books, origin, place)
    rows = ask(authority, "2025-01", "2025-02", group_by="use,month")["items"]
    assert [(row["use"], row["month"], row["utilised_t"]) for row in rows] == [
        ("cement_retarder", "2025-01", 12),
        ("cement_retarder", "2025-02", 28),
        (None, "2025-01", 0),
        (None, "2025-02", 25),
    ]
    assert figures(rows[3], "generated_t", "opening_t", "closing_t") == [20, 138, 105]


def test_organisations_and_sites_come_with_their_names(world: World, books: Books, authority: Member) -> None:
    producer = world.producer()
    site = world.site(producer, name="gate, 1")
    books.move("2025-01", Kind.DECLARATION, (Account.GENERATION, Account.STORAGE), 1, origin=UUID(site["id"]))
    books.write()
    (row,) = ask(authority, "2025-01", "2025-01", group_by="site,organisation")["items"]
    assert figures(row, "organisation", "organisation_name") == [producer.id, producer.name]
    assert figures(row, "site", "site_name") == [site["id"], "gate, 1"]
