"""The tables as CSV and workbooks: official heads, nothing that programs would run, good to print, of any length."""

import csv
import io
import zipfile
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from openpyxl import load_workbook
from sqlalchemy import insert

from app.catalogue.reference import reference
from app.core.clock import today
from app.core.database import Database, new_id
from app.exchange.models import Shipment
from tests.factories import Body, Deal, World

YEAR = today().year - 1
MONTH = f"{YEAR}-03"
HOSTILE = ('=HYPERLINK("http://x","y")', "+1", "-1", "@SUM(A1)", "＝1+1", "<r><t>&bad</t></r>", "<r>&</r>")


def download(deal: Deal, number: int, form: str) -> bytes:
    """Return the content of a table as a file."""
    when = {"year": YEAR} if number == 1 else {"month": MONTH}
    query = {"site_id": deal.origin, "format": form} | when
    answer = deal.producer.request("GET", f"/ledger/tables/{number}", params=query)
    assert answer.status_code == 200, answer.text
    period = YEAR if number == 1 else MONTH
    assert f'filename="ledger_table_{number}_{period}.{form}"' in answer.headers["content-disposition"]
    assert int(answer.headers["content-length"]) == len(answer.content)
    content: bytes = answer.content
    return content


def csv_rows(content: bytes) -> list[list[str]]:
    """Return the cells of a CSV with byte order mark."""
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def official_heads(number: int) -> list[str]:
    """Return the heads of a table as the catalogue has them."""
    return [column.name_zh for column in reference().ledger_tables[number].columns]


@pytest.mark.parametrize("number", range(1, 8))
def test_heads_stand_in_official_order(number: int, world: World) -> None:
    deal = world.deal()
    deal.declare(MONTH, 50, self_utilised_t=5, disposed_t=5)
    heads, row, *lines = csv_rows(download(deal, number, "csv")) if number != 3 else [[], [], []]
    book = load_workbook(io.BytesIO(download(deal, number, "xlsx")))
    (sheet,) = book.worksheets
    head_row = 4 if reference().ledger_tables[number].header else 3
    assert [cell.value for cell in sheet[head_row]] == official_heads(number)
    assert sheet["A1"].value == f"表{number} {reference().ledger_tables[number].title_zh}"
    if number != 3:
        assert heads == official_heads(number)
        assert row[1] == sheet.cell(head_row + 1, 2).value == "磷石膏"
        assert all(line[0].startswith(("注：", "与统计数据核对")) for line in lines)
        assert lines[-1][0].startswith("与统计数据核对") == (number == 2)


def test_a_workbook_is_good_to_print(world: World) -> None:
    deal = world.deal()
    deal.declare(MONTH, 50.5)
    (sheet,) = load_workbook(io.BytesIO(download(deal, 2, "xlsx"))).worksheets
    assert sheet.page_setup.orientation == "landscape"
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert sheet.page_setup.fitToWidth in {None, 1}  # one page wide is the default of the format
    assert sheet.page_setup.fitToHeight == 0
    assert sheet.print_title_rows == "$1:$3"
    assert sheet.freeze_panes == "A4"
    assert sheet["D4"].value == 50.5
    assert "吨" in sheet["D4"].number_format
    assert deal.producer.name in sheet["A2"].value
    assert MONTH in sheet["A2"].value
    assert sheet.cell(sheet.max_row, 1).value.startswith("与统计数据核对")


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_is_a_formula_or_markup(text: str, world: World) -> None:
    deal = world.deal()
    told: Body = {"carrier": text, "handler": text, "transport_mode": text, "vehicle_plate": text[:20]}
    deal.dispatch(12, f"{MONTH}-03", **told)
    heads, row, *_ = csv_rows(download(deal, 3, "csv"))
    cells = dict(zip(heads, row, strict=True))
    assert cells["运输单位"] == (text if text.startswith("<") else f"'{text}")
    assert cells["运输信息"].startswith("<" if text.startswith("<") else "'")
    assert (cells["出厂时间"], cells["出厂数量（单位）"]) == (f"{MONTH}-03 12:00", "12.000")
    content = download(deal, 3, "xlsx")
    (sheet,) = load_workbook(io.BytesIO(content)).worksheets
    values = {head.value: cell for head, cell in zip(sheet[3], sheet[4], strict=True)}
    assert values["运输单位"].value == text
    assert values["出厂时间"].value == datetime(YEAR, 3, 3, 12)  # noqa: DTZ001 - as a clock on the wall shows it
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        assert b"<f>" not in parts.read("xl/worksheets/sheet1.xml")


def test_a_note_may_quote_hostile_text(world: World) -> None:
    deal = world.deal()
    deal.declare(MONTH, 50, entrusted_utilised_t=5, receivers="=1+1\n<r>\x01</r>")
    lines = csv_rows(download(deal, 3, "csv"))
    assert any("=1+1" in line[0] and line[0].startswith("注：") for line in lines)
    (sheet,) = load_workbook(io.BytesIO(download(deal, 3, "xlsx"))).worksheets
    assert any("=1+1" in str(row[0]) for row in sheet.iter_rows(values_only=True))


def test_more_loads_than_are_read_at_a_time(world: World, database: Database) -> None:
    deal = world.deal(100_000)
    load = deal.dispatch(12, f"{MONTH}-01")
    count = 2300
    with database.write() as session:
        first = session.get_one(Shipment, UUID(load["id"]))
        shared = {
            column: getattr(first, column)
            for column in (
                *("agreement_id", "material", "origin_site_id", "destination_site_id", "producer_organisation_id"),
                *("recycler_organisation_id", "net_t", "status", "vehicle_plate"),
            )
        }
        begin = datetime(YEAR, 3, 2, tzinfo=UTC)
        rows = [
            {"id": new_id(), "ticket_no": f"B{number}", "dispatched_at": begin + timedelta(minutes=number), **shared}
            for number in range(count, 0, -1)
        ]
        session.execute(insert(Shipment), rows)
        session.commit()
    items = deal.producer.get("/ledger/tables/3", site_id=deal.origin, month=MONTH)["items"]
    times = [item["out_time"] for item in items]
    assert len(times) == count + 1
    assert times == sorted(times)
    (sheet,) = load_workbook(io.BytesIO(download(deal, 3, "xlsx"))).worksheets
    amounts = [row[3] for row in sheet.iter_rows(min_row=4, max_row=3 + count + 1, values_only=True)]
    assert amounts == [12] * (count + 1)
    heads, *lines = csv_rows(download(deal, 3, "csv"))
    assert heads == official_heads(3)
    assert sum(len(line) == len(heads) for line in lines) == count + 1
