"""The utilisation statistics as files: CSV, XLSX and Parquet say what the JSON says."""

import csv
import io
import json
import sys
from decimal import Decimal
from typing import Any

import pyarrow.parquet as pq
import pytest
from openpyxl import load_workbook

from app.auth.actor import Role
from tests.factories import Body, Member, World
from tests.statistics.books import Books, ask, worked_case

PERIOD = {"from": "2025-01", "to": "2025-02"}
MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}
BY = "district,month,use"
ABOUT = [
    *("formula", "materials", "scope", "basis", "place", "districts", "from", "to", "as_of", "provisional"),
    "undeclared_site_months",
]
COLUMNS = ["district", "district_zh", "month", "use", "use_zh"]


def fetch(member: Member, form: str, **params: str) -> bytes:
    """Return a file."""
    response = member.request("GET", "/statistics/utilisation", params=PERIOD | {"format": form} | params)
    assert response.status_code == 200
    assert response.headers["content-type"] == MEDIA_TYPES[form]
    assert f'filename="utilisation_2025-01_2025-02.{form}"' in response.headers["content-disposition"]
    content: bytes = response.content
    return content


def read_csv(content: bytes) -> list[list[str]]:
    """Return the cells of a CSV file up to its figures."""
    return [line[: -len(ABOUT)] for line in read_lines(content)]


def read_lines(content: bytes) -> list[list[str]]:
    """Return all cells of a CSV file."""
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def read_xlsx(content: bytes) -> list[list[Any]]:
    """Return the cells of the first sheet."""
    sheet = load_workbook(io.BytesIO(content)).worksheets[0]
    return [list(row) for row in sheet.iter_rows(values_only=True)]


def check_cells(names: list[str], cells: list[Any], row: Body) -> None:
    """Check that cells hold the values of a row of the JSON answer."""
    for name, cell in zip(names, cells, strict=True):
        if name.endswith("_zh"):
            continue
        if row[name] is None:
            assert cell in {"", None}, name
        else:
            assert (float(cell) if name.endswith(("_t", "_pct")) else cell) == row[name], name


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_rows_and_total_are_those_of_the_json_answer(form: str, world: World, books: Books) -> None:
    worked_case(books, *books.sites(world))
    answer = ask(world.operator(), "2025-01", "2025-02", group_by=BY)
    content = fetch(world.operator(), form, group_by=BY)
    heads, *rows, total = read_csv(content) if form == "csv" else read_xlsx(content)
    names = [head.split()[0] for head in heads]
    assert names == [*COLUMNS, *answer["total"]]
    assert len(rows) == len(answer["items"]) == 4
    for cells, row in zip(rows, answer["items"], strict=True):
        check_cells(names, cells, row)
    assert total[0] == "total 合计"
    assert {cell or "" for cell in total[1:5]} == {""}
    check_cells(names[5:], total[5:], answer["total"])
    assert rows[0][:5] == ["500115", "长寿区", "2025-01", "cement_retarder", rows[0][4]]
    assert rows[0][4] not in {"", None}


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_heads_have_the_names_of_the_survey_form(form: str, world: World) -> None:
    content = fetch(world.operator(), form, group_by="month")
    heads = (read_csv(content) if form == "csv" else read_xlsx(content))[0]
    assert heads[:3] == ["month 月份", "generated_t 一般工业固体废物产生量（吨）", "utilised_t 综合利用量（吨）"]
    assert heads[3] == "utilised_from_prior_t 其中：综合利用往年贮存量（吨）"
    assert heads[-4] == "rate_pct 一般工业固体废物综合利用率（%）"
    assert all(len(head.split(maxsplit=1)) == 2 for head in heads)


def test_parquet_is_exact_and_keeps_the_total_apart(world: World, books: Books) -> None:
    worked_case(books, *books.sites(world))
    answer = ask(world.operator(), "2025-01", "2025-02", group_by=BY)
    table = pq.read_table(io.BytesIO(fetch(world.operator(), "parquet", group_by=BY)))
    assert table.column_names == [*COLUMNS, *answer["total"]]
    rows = table.to_pylist()
    assert len(rows) == 4
    for row, told in zip(rows, answer["items"], strict=True):
        check_cells(list(row), list(row.values()), told)
    used = sum(row["utilised_t"] for row in rows)
    assert used == Decimal(65)
    assert isinstance(used, Decimal)
    facts = json.loads(table.schema.metadata[b"statistics"])
    assert facts["total"]["utilised_t"] == 65
    assert (facts["from"], facts["formula"]) == ("2025-01", "U / (G + Up)")
    assert table.schema.field("closing_t").metadata[b"name_zh"].decode() == "期末贮存量"


def test_parquet_without_columns_is_the_total(world: World, books: Books) -> None:
    worked_case(books, *books.sites(world))
    (row,) = pq.read_table(io.BytesIO(fetch(world.operator(), "parquet"))).to_pylist()
    assert (row["rate_pct"], row["closing_t"]) == (Decimal("76.47"), Decimal(105))
    # Nothing there: columns with no rows, still typed.
    empty = pq.read_table(io.BytesIO(fetch(world.government("44"), "parquet", group_by="site")))
    assert empty.num_rows == 0
    assert str(empty.schema.field("generated_t").type) == "decimal128(18, 3)"


def test_without_the_library_parquet_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    response = world.operator().request("GET", "/statistics/utilisation", params=PERIOD | {"format": "parquet"})
    assert (response.status_code, response.json()["code"]) == (422, "format_not_installed")
    assert "xlsx" in response.json()["errors"][0]["detail"]


def test_a_workbook_says_what_its_figures_are_of(world: World, books: Books) -> None:
    worked_case(books, *books.sites(world))
    about = load_workbook(io.BytesIO(fetch(world.operator(), "xlsx"))).worksheets[1]
    lines = {row[0]: row[1] for row in about.iter_rows(max_col=2, values_only=True)}
    assert lines["formula 公式"] == "U / (G + Up)"
    assert lines["phosphogypsum"] == "磷石膏"
    assert lines["undeclared_site_months 未申报的场地月数"] == "0"


@pytest.mark.parametrize("group_by", ["place,month", ""])
def test_every_line_of_a_csv_says_what_its_rate_is_of(group_by: str, world: World, books: Books) -> None:
    worked_case(books, *books.sites(world))
    asked = {"group_by": group_by, "scope": "all", "basis": "verified"}
    answer = ask(world.operator(), "2025-01", "2025-02", **asked)
    heads, *lines = read_lines(fetch(world.operator(), "csv", **asked))
    assert [head.split()[0] for head in heads[-len(ABOUT) :]] == [f"about_{name}" for name in ABOUT]
    assert len({head.split()[0] for head in heads}) == len(heads)
    assert len(lines) > bool(group_by)
    for line in lines:
        facts = dict(zip(ABOUT, line[-len(ABOUT) :], strict=True))
        assert facts.pop("materials").split() == answer["materials"]
        assert facts.pop("as_of") > answer["as_of"]
        assert facts == {
            "formula": "U / (G + Up)",
            "scope": "all",
            "basis": "verified",
            "place": "origin",
            "districts": "as_recorded",
            "from": "2025-01",
            "to": "2025-02",
            "provisional": "false",
            "undeclared_site_months": "0",
        }


def test_the_three_files_state_the_same_facts_and_total(world: World, books: Books) -> None:
    worked_case(books, *books.sites(world))
    heads, *_, total = read_lines(fetch(world.operator(), "csv", group_by="month"))
    line = dict(zip([head.split()[0] for head in heads], total, strict=True))
    book = load_workbook(io.BytesIO(fetch(world.operator(), "xlsx", group_by="month")))
    sheet = {str(row[0]).split()[0]: row[1] for row in book.worksheets[1].iter_rows(max_col=2, values_only=True)}
    schema = pq.read_schema(io.BytesIO(fetch(world.operator(), "parquet", group_by="month")))
    facts = json.loads(schema.metadata[b"statistics"])
    assert set(ABOUT) <= facts.keys()
    assert line["about_materials"].split() == facts["materials"] == [key for key in sheet if key in facts["materials"]]
    for name in ("formula", "scope", "basis", "place", "districts"):
        assert line[f"about_{name}"] == sheet[name] == facts[name]
    assert sheet["period"] == f"{facts['from']} – {facts['to']}" == f"{line['about_from']} – {line['about_to']}"
    last = read_xlsx(fetch(world.operator(), "xlsx", group_by="month"))[-1]
    names = [name for name in facts["total"] if name in line and name != "month"]
    assert len(names) == len(last) - 1
    for name, cell in zip(names, last[1:], strict=True):
        assert (float(line[name]), cell) == (facts["total"][name], facts["total"][name]), name


def test_without_columns_there_is_the_total_alone(world: World, books: Books) -> None:
    worked_case(books, *books.sites(world))
    header, total = read_csv(fetch(world.operator(), "csv"))
    assert header[0].startswith("generated_t ")
    assert dict(zip([head.split()[0] for head in header], total, strict=True))["rate_pct"] == "76.47"


def test_a_name_is_never_a_formula(world: World, books: Books) -> None:
    producer = world.member(Role.PRODUCER, name='=HYPERLINK("http://x","y")')
    worked_case(books, *books.sites(world, producer))
    header, row, total = read_csv(fetch(world.operator(), "csv", group_by="organisation,site"))
    assert [head.split()[0] for head in header[:4]] == ["organisation", "organisation_name", "site", "site_name"]
    assert row[1] == '\'=HYPERLINK("http://x","y")'
    assert row[0] == producer.id
    assert total[:4] == ["total 合计", "", "", ""]
    sheet = load_workbook(io.BytesIO(fetch(world.operator(), "xlsx", group_by="organisation"))).worksheets[0]
    assert (sheet["B2"].value, sheet["B2"].data_type) == (producer.name, "s")
    assert (sheet["B2"].hyperlink, sheet["C2"].data_type) == (None, "n")


def test_a_name_is_never_markup_of_a_workbook(world: World, books: Books) -> None:
    producer = world.member(Role.PRODUCER, name="<r>a & b</r>")
    worked_case(books, *books.sites(world, producer))
    sheet = load_workbook(io.BytesIO(fetch(world.operator(), "xlsx", group_by="organisation"))).worksheets[0]
    assert sheet["B2"].value == "'<r>a & b</r>"
