"""A year of three producers and two recyclers: every figure of docs/worked-year.md, which was worked out by hand."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal
from fastapi import FastAPI

from app.core.database import Database
from app.statistics.schemas import FIGURES
from tests.clients import AppClient
from tests.databases import Templates
from tests.factories import Body, World
from tests.journeys.worked_year import FIRST_QUARTER, WHOLE_YEAR, Table, Year, live_year, read_table

TEMPLATE = "worked_year"
USED = ("utilised_t", "utilised_from_prior_t")
MONTHS = [f"2025-{number:02d}" for number in range(1, 13)]


@pytest.fixture
def year(engine: str, templates: Templates, application: FastAPI, portal: BlockingPortal) -> Iterator[Year]:
    """Return the year, lived once on each engine."""

    def live(database: Database) -> Year:
        application.state.database = database.as_nobody()
        return live_year(World(AppClient(application, portal), database))

    templates.fill(engine, TEMPLATE, live)
    with templates.copy(engine, TEMPLATE) as url:
        application.state.database = templates.open(url).as_nobody()
        lived: Year = templates.made(engine, TEMPLATE)
        yield lived


def _ask(year: Year, **question: str) -> Body:
    answer: Body = year.authority.get("/statistics/utilisation", **WHOLE_YEAR | question)
    return answer


def _rows(answer: Body, column: Callable[[Body], str], total: str = "total", names: tuple[str, ...] = FIGURES) -> Table:
    """Return an answer as the page has it: by column head, the figures of a row."""
    rows = {column(row): {name: row[name] for name in names} for row in answer["items"]}
    assert len(rows) == len(answer["items"])
    return rows | ({total: {name: answer["total"][name] for name in names}} if total else {})


def test_by_month(year: Year) -> None:
    answer = _ask(year, group_by="month")
    assert _rows(answer, lambda row: str(row["month"]), "year") == read_table("By month")
    assert (answer["undeclared_site_months"], answer["provisional"], answer["formula"]) == (1, True, "U / (G + Up)")


@pytest.mark.parametrize("letter", ["A", "B", "C"])
def test_each_producer_by_month(year: Year, letter: str) -> None:
    own = year.producers[letter].producer
    expected = read_table(f"{letter} by month")
    answers = [_ask(year, group_by="organisation,month")["items"]]
    answers.append(own.get("/statistics/utilisation", **WHOLE_YEAR, group_by="organisation,month")["items"])
    for items in answers:
        mine = [row for row in items if row["organisation"] == own.id]
        found = _rows({"items": mine}, lambda row: str(row["month"]), "")
        nothing = {name: None if name.endswith("_pct") else 0 for name in FIGURES}
        # Before anything lies there a producer has no row; the page shows it as nothing.
        assert {month: found.get(month, nothing) for month in MONTHS} == expected


def test_by_organisation_and_by_district(year: Year) -> None:
    by_organisation = _rows(_ask(year, group_by="organisation"), lambda row: year.names[row["organisation"]])
    assert by_organisation == read_table("By organisation")
    assert _rows(_ask(year, group_by="district"), _district) == read_table("By district as recorded")
    current = _rows(_ask(year, group_by="district", districts="current"), _district)
    assert current == read_table("By district as current")


def _district(row: Body) -> str:
    return str(row["district"])


def test_on_the_verified_basis(year: Year) -> None:
    answer = _ask(year, group_by="organisation", basis="verified")
    assert _rows(answer, lambda row: year.names[row["organisation"]]) == read_table("Verified basis, by organisation")


@pytest.mark.parametrize(
    ("heading", "districts"), [("By place of use", "as_recorded"), ("By place of use as current", "current")]
)
def test_by_place_of_use(year: Year, heading: str, districts: str) -> None:
    expected = read_table(heading)
    counted_there = _ask(year, group_by="district", place="utilised", districts=districts)
    assert _rows(counted_there, _district, "", USED) == expected
    grouped = _ask(year, group_by="place", districts=districts)
    with_place = {"items": [row for row in grouped["items"] if row["place"] is not None]}
    assert _rows(with_place, lambda row: str(row["place"]), "", USED) == expected
    for row in [*counted_there["items"], *with_place["items"]]:
        assert {name for name in FIGURES if row[name] is not None} == set(USED)


def test_flows_and_uses(year: Year) -> None:
    flows = [row for row in _ask(year, group_by="district,place")["items"] if row["place"] is not None]
    found = _rows({"items": flows}, lambda row: f"{row['district']} → {row['place']}", "", USED)
    assert found == read_table("From district to place")
    uses = _rows(_ask(year, group_by="use"), lambda row: row["use"] or "not on file", "", USED)
    assert uses == read_table("By use")


def test_balances(year: Year) -> None:
    for letter, expected in read_table("Balances at the year's end").items():
        found = {f"{account} {of}": tonnes for (account, of), tonnes in year.producers[letter].balances().items()}
        assert found == {name: tonnes for name, tonnes in expected.items() if tonnes}
        assert sum(found.values()) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("letter", ["A", "B", "C"])
def test_statutory_table_2(year: Year, letter: str) -> None:
    deal, by_month = year.producers[letter], read_table(f"{letter} by month")
    for month, expected in read_table(f"Table 2 of {letter}").items():
        answer = deal.producer.get("/ledger/tables/2", site_id=deal.origin, month=month)
        (row,) = answer["items"]
        assert {name: row[name] for name in expected} == expected, month
        line, statistics = answer["reconciliation"], by_month[month]
        assert (line["stock_gap_t"], line["use_gap_t"]) == (0, 0)
        for name in ("generated_t", "utilised_t", "discarded_t"):
            assert line[name] == statistics[name], month
        assert line["statistics_closing_t"] == statistics["closing_t"], month


def test_what_was_published_stays(year: Year) -> None:
    content = year.authority.request("GET", "/statistics/snapshots/1").content
    assert content == year.published
    read = year.authority.get("/statistics/snapshots/1")["statistics"]
    assert _rows(read, lambda row: str(row["month"])) == read_table("Published after March")
    assert (read["undeclared_site_months"], read["provisional"]) == (1, True)
    live: Any = year.authority.get("/statistics/utilisation", **FIRST_QUARTER)
    assert live | {"as_of": ""} == read | {"as_of": ""}
    unchanged = year.authority.get("/statistics/snapshots/1/diff")
    assert (unchanged["changed"], unchanged["total"], unchanged["items"]) == (False, [], [])


def test_what_has_changed_since_is_named(year: Year) -> None:
    was, now = read_table("Published after March")["total"], read_table("By month")["year"]
    diff = year.authority.get("/statistics/snapshots/2/diff")
    assert {item["figure"]: (item["was"], item["now"]) for item in diff["total"]} == {
        name: (was[name], now[name]) for name in FIGURES if was[name] != now[name]
    }
    causes = {item["source_type"] for item in diff["causes"]}
    assert causes >= {"receipt_reversal", "opening_replaced", "refusal", "void", "utilisation_reversal"}
