"""A filled table as JSON, CSV or a workbook to print: each row goes to the file as it comes."""

import csv
import io
from datetime import datetime
from decimal import Decimal
from typing import IO, Any

import xlsxwriter

from app.catalogue.statutory import LedgerField
from app.core.cells import as_plain_text
from app.core.clock import business_time
from app.core.documents import write_json
from app.statutory.filling import EMPTY_COLUMNS, Cell
from app.statutory.notes import reconcile
from app.statutory.schemas import LedgerColumn, LedgerHeading, LedgerTableRead, Reconciliation
from app.statutory.sheets import LongSheet
from app.statutory.tables import FilledTable

_A4 = 9
_MARGIN_INCHES = 0.4
_LINE_POINTS = 15
_MAX_LINES = 27  # a row of a workbook is at most 409 points high
_WIDE, _NARROW = 24, 13
_WIDE_COLUMNS = frozenset(
    {"transport_info", "receiver", "carrier", "main_components", "pollution_characteristics", "entrusted_use_method"}
)
_TIME = "yyyy-mm-dd hh:mm"
_TONNES = '#,##0.###"吨"'


def write_json_table(table: FilledTable, file: IO[bytes]) -> None:
    """Write a table as LedgerTableRead describes it."""
    head = _describe(table).model_dump(mode="json", exclude={"items", "reconciliation"})
    balance = table.balance
    tail = {"reconciliation": None if balance is None else Reconciliation.model_validate(balance)}
    keys = ("material", *(column.key for column in table.form.columns))
    file.write(write_json(head)[:-1] + b',"items":[')
    for number, row in enumerate(table.rows):
        file.write((b"," if number else b"") + write_json({key: row.get(key) for key in keys}))
    file.write(b"]," + write_json(tail)[1:])


def _describe(table: FilledTable) -> LedgerTableRead:
    form, gate = table.form, table.gate
    is_of_year = len(table.period) == len("2026")
    return LedgerTableRead(
        number=form.number,
        title_zh=form.title_zh,
        title_en=form.title_en,
        standard=table.standard,
        site_id=gate.site_id,
        site_name=gate.site_name,
        organisation_name=gate.organisation_name,
        year=int(table.period) if is_of_year else None,
        month=None if is_of_year else table.period,
        provisional=table.is_provisional,
        header=[LedgerHeading(**_field(entry), value=table.headings[entry.key]) for entry in form.header],
        columns=[LedgerColumn(**_field(entry)) for entry in form.columns],
        empty_columns=list(EMPTY_COLUMNS[form.number]),
        notes=list(table.notes),
        items=[],
        reconciliation=None,
    )


def _field(entry: LedgerField) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in ("key", "name_zh", "name_en", "status")}


def _last_lines(table: FilledTable) -> list[str]:
    """Return what stands under the rows: the notes and, last, the reconciliation."""
    lines = [f"注：{note}" for note in table.notes]
    return lines if table.balance is None else [*lines, reconcile(table.balance)]


def write_csv_table(table: FilledTable, file: IO[bytes]) -> None:
    """Write a table as CSV: UTF-8 with byte order mark, one line of Chinese heads, the rows, the notes.

    Times are those of the exchange's zone.
    """
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow([column.name_zh for column in table.form.columns])
    keys = [column.key for column in table.form.columns]
    for row in table.rows:
        writer.writerow([_csv_cell(row.get(key)) for key in keys])
    for line in _last_lines(table):
        writer.writerow([as_plain_text(line)])
    text.detach()


def _csv_cell(value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return format(value, "f")
    return f"{business_time(value):%Y-%m-%d %H:%M}" if isinstance(value, datetime) else as_plain_text(value)


def write_xlsx_table(table: FilledTable, file: IO[bytes]) -> None:
    """Write a table as a workbook to print: landscape, fit to width, the head repeated on every page.

    Rows go to a temporary file of the library as they come, so that memory does not grow with them.
    """
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(file, options) as workbook:
        sheet = workbook.add_worksheet(f"表{table.form.number}", worksheet_class=LongSheet)
        _lay_out(sheet, table)
        first = _write_head(workbook, sheet, table)
        sheet.repeat_rows(0, first - 1)
        sheet.freeze_panes(first, 0)
        end = _write_rows(workbook, sheet, table, first)
        note = workbook.add_format({"text_wrap": True, "valign": "top", "font_size": 9})
        for number, line in enumerate(_last_lines(table), end):
            _write_line(sheet, table, number, line, note)


def _lay_out(sheet: Any, table: FilledTable) -> None:  # noqa: ANN401 - xlsxwriter ships no types
    sheet.set_landscape()
    sheet.set_paper(_A4)
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(_MARGIN_INCHES, _MARGIN_INCHES, _MARGIN_INCHES, _MARGIN_INCHES * 2)
    sheet.set_footer("&C第 &P 页 共 &N 页")
    for number, width in enumerate(_widths(table)):
        sheet.set_column(number, number, width)


def _widths(table: FilledTable) -> list[int]:
    return [_WIDE if column.key in _WIDE_COLUMNS else _NARROW for column in table.form.columns]


def _write_head(workbook: Any, sheet: Any, table: FilledTable) -> int:  # noqa: ANN401 - as above
    """Write title, place and time, headings and column heads; return the row after them."""
    title = workbook.add_format({"bold": True, "font_size": 16, "align": "center", "valign": "vcenter"})
    line = workbook.add_format({"text_wrap": True, "valign": "vcenter"})
    head = workbook.add_format({"bold": True, "text_wrap": True, "border": 1, "align": "center", "valign": "vcenter"})
    form, gate = table.form, table.gate
    _write_line(sheet, table, 0, f"表{form.number} {form.title_zh}", title, 2)
    place = f"单位：{gate.organisation_name}  场所：{gate.site_name}  期间：{table.period}  计量单位：吨"
    _write_line(sheet, table, 1, place, line)
    number = 2
    if form.header:
        headings = [f"{entry.name_zh}：{table.headings[entry.key] or '＿＿＿＿'}" for entry in form.header]
        _write_line(sheet, table, number, "  ".join(headings), line)
        number += 1
    for place_in_row, column in enumerate(form.columns):
        sheet.write_string(number, place_in_row, column.name_zh, head)
    return number + 1


def _write_line(
    sheet: Any,  # noqa: ANN401 - as above
    table: FilledTable,
    number: int,
    text: str,
    form: Any,  # noqa: ANN401 - as above
    least_lines: int = 1,
) -> None:
    """Write a text over the whole width, in a row high enough for it: programs do not fit merged cells."""
    widths = _widths(table)
    wide = len(text) + sum(1 for letter in text if ord(letter) > 0x2E7F)  # noqa: PLR2004 - Chinese is twice as wide
    lines = min(_MAX_LINES, max(least_lines, -(-wide // sum(widths))))
    sheet.set_row(number, lines * _LINE_POINTS)
    sheet.merge_range(number, 0, number, len(widths) - 1, "", form)
    sheet.write_string(number, 0, text, form)


def _write_rows(workbook: Any, sheet: Any, table: FilledTable, first: int) -> int:  # noqa: ANN401 - as above
    """Write the rows; return the row after them."""
    text, tonnes, time = (
        workbook.add_format({"border": 1, "valign": "top"} | more)
        for more in ({"text_wrap": True}, {"num_format": _TONNES}, {"num_format": _TIME})
    )
    keys = [column.key for column in table.form.columns]
    number = first
    for row in table.rows:
        cells = (row.get(key) for key in keys)
        values = [business_time(value) if isinstance(value, datetime) else value for value in cells]
        sheet.write_cells(number, values, text, tonnes, time)
        number += 1
    return number
