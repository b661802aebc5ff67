"""Files that go out and come back: no text is a formula to any program, and every value is what it was."""

import csv
import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from app.auth.actor import Role
from app.core.cells import as_plain_text, read_plain_text
from app.core.clock import today
from app.imports.texts import read_csv
from tests.factories import World

YEAR = today().year - 1
#: What spreadsheet programs would run, and texts that look as if they were marked already.
HOSTILE = (
    "=1+1", "+1", "-1", "@SUM(A1)", "＝1", "'=1", "''=1", '=HYPERLINK("http://x","y")', "=cmd|' /C calc'!A0",
    "'quoted'", "http://x/", "1E5", "<b>&", 'a,"b"\nc',
)  # fmt: skip
_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@given(st.text(alphabet=st.sampled_from("=+-@\t\r\n＝'ab1 ,;\"")) | st.text())
def test_every_text_is_harmless_and_comes_back(text: str) -> None:
    cell = as_plain_text(text)
    assert not cell.startswith(_STARTS)
    assert read_plain_text(cell) == text


def test_numbers_are_no_texts_and_stay_numbers() -> None:
    """They are written by themselves: an apostrophe before a price would make a text of it."""
    assert read_plain_text("-15.5") == "-15.5"


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize("name", HOSTILE)
def test_names_and_figures_of_the_statistics_come_back(name: str, world: World) -> None:
    producer = world.member(Role.PRODUCER, name=name)
    site = world.site(producer, name=name)["id"]
    for month, tonnes in ((f"{YEAR}-03", 50.125), (f"{YEAR}-04", 0)):
        body = {"site_id": site, "material": "phosphogypsum", "month": month, "generated_t": tonnes}
        producer.post("/declarations", body)
    producer.post("/declarations", {**body, "month": f"{YEAR}-05", "generated_t": 0, "self_utilised_t": 20.5})
    asked = {"from": f"{YEAR}-05", "to": f"{YEAR}-05", "group_by": "organisation,site"}
    (row,) = world.operator().get("/statistics/utilisation", **asked)["items"]
    assert row["stored_t"] == -20.5  # a negative figure, in the file a number
    for form in ("csv", "xlsx"):
        answer = world.operator().request("GET", "/statistics/utilisation", params=asked | {"format": form})
        cells = _first_row(answer.content, form)
        texts = {"organisation_name": name, "site_name": name, "organisation": row["organisation"], "site": row["site"]}
        for column, value in texts.items():
            assert cells[column] == value, column
        for column in ("generated_t", "utilised_t", "stored_t", "closing_t"):
            assert Decimal(str(cells[column])) == Decimal(str(row[column])), column


def _first_row(content: bytes, form: str) -> dict[str, object]:
    """Return a file's first row by the names of its heads, texts as they were before they were marked."""
    if form == "csv":
        heads, row = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))[:2]
        assert not [cell for cell in row if cell.startswith(_STARTS) and not _is_number(cell)]
        values: list[object] = [read_plain_text(cell) for cell in row]
    else:
        sheet = load_workbook(io.BytesIO(content)).worksheets[0]
        heads = [str(cell.value) for cell in sheet[1]]
        assert {cell.data_type for cell in sheet[2]} <= {"s", "n"}
        assert not [cell for cell in sheet[2] if cell.hyperlink]
        values = [cell.value for cell in sheet[2]]
    return dict(zip([head.split()[0] for head in heads], values, strict=True))


def _is_number(cell: str) -> bool:
    try:
        return Decimal(cell).is_finite()
    except ArithmeticError:
        return False


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize("name", ["=1+1", "'=1", "http://x/", "<r>&</r>"])
def test_a_template_with_a_hostile_site_is_harmless(name: str, world: World) -> None:
    producer = world.producer()
    world.site(producer, name=name)
    for path in ("/lots", "/declarations"):
        answer = producer.request("GET", f"{path}/import/template", params={"format": "csv"})
        assert not [cell for _, row in read_csv(answer.content) for cell in row if cell.startswith(_STARTS)]
        answer = producer.request("GET", f"{path}/import/template", params={"format": "xlsx"})
        for sheet in load_workbook(io.BytesIO(answer.content)).worksheets:
            for row in sheet.iter_rows():
                assert not [cell for cell in row if cell.hyperlink or cell.data_type == "f"]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be", "gb18030-mark"]
)
def test_chinese_offices_files_are_read_with_any_mark(encoding: str) -> None:
    text = "场地,物料\r\n长寿一号场𠮷,'=磷石膏\r\n"
    marked = {"utf-16-le": "\ufeff", "utf-16-be": "\ufeff", "gb18030-mark": "\ufeff"}.get(encoding, "")
    content = (marked + text).encode(encoding.removesuffix("-mark"))
    assert read_csv(content) == [(1, ["场地", "物料"]), (2, ["长寿一号场𠮷", "=磷石膏"])]
