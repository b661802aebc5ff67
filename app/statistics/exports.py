"""Answers of the statistics as files for people: CSV that spreadsheet programs open as it is meant, and workbooks."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import xlsxwriter

from app.catalogue.reference import reference
from app.core.cells import as_plain_text, as_workbook_text
from app.statistics.schemas import FIGURES, UtilisationQuery, UtilisationRow, UtilisationStatistics

_TOTAL = "total 合计"
_WIDTH = 20
_NO_FACTS = {"items", "total"}
#: Figures that the survey form has, by their symbol in the catalogue's indicators, which has their names.
_SYMBOLS = {
    "generated_t": "G",
    "utilised_t": "U",
    "utilised_from_prior_t": "Up",
    "stored_t": "S",
    "disposed_t": "D",
    "disposed_from_prior_t": "Dp",
    "discarded_t": "W",
}
#: Names of what the form does not have.
_OWN_NAMES = {
    "stored_at_producer_t": "其中：产废单位贮存",
    "in_transit_t": "其中：在途",
    "held_by_recyclers_t": "其中：利用单位待用",
    "weighing_difference_t": "其中：过磅差额",
    "prior_stock_adjustment_t": "往年贮存量调整",
    "opening_t": "期初贮存量",
    "closing_t": "期末贮存量",
    "naive_rate_pct": "利用量与产生量之比",
    "new_waste_rate_pct": "当年产生固废利用率",
    "rate_on_dispatch_pct": "综合利用率（按出厂量）",
    "month": "月份",
    "material": "固废种类代码",
    "material_zh": "固废种类",
    "district": "区县代码",
    "district_zh": "区县",
    "place": "利用地代码",
    "place_zh": "利用地",
    "organisation": "单位标识",
    "organisation_name": "单位名称",
    "site": "场地标识",
    "site_name": "场地名称",
    "use": "用途代码",
    "use_zh": "用途",
}
#: What a rate must name, as the JSON answer does beside its rows; CSV has it in columns behind the figures.
_FACTS = {
    "formula": "公式",
    "materials": "统计的固废种类",
    "scope": "范围",
    "basis": "口径",
    "place": "归属",
    "districts": "区划",
    "from": "起始月份",
    "to": "截止月份",
    "as_of": "数据时间",
    "provisional": "初步数",
    "undeclared_site_months": "未申报的场地月数",
}
_COMPANIONS = {
    "material": "material_zh",
    "district": "district_zh",
    "place": "place_zh",
    "use": "use_zh",
    "organisation": "organisation_name",
    "site": "site_name",
}


@dataclass(frozen=True)
class Table:
    """An answer cell by cell: columns that were grouped by, each key with its name beside it, then the figures."""

    columns: tuple[str, ...]
    rows: list[list[Any]]
    total: list[Decimal | None]

    @property
    def names(self) -> tuple[str, ...]:
        """All columns, in order."""
        return (*self.columns, *FIGURES)


def make_table(answer: UtilisationStatistics, query: UtilisationQuery) -> Table:
    """Return an answer as a table; without columns it has no rows and the total alone."""
    columns = tuple(name for column in query.columns for name in (column, _COMPANIONS.get(column)) if name)
    rows = [[_value(row, name) for name in (*columns, *FIGURES)] for row in answer.items if columns]
    return Table(columns, rows, [getattr(answer.total, name) for name in FIGURES])


def write_csv(table: Table, answer: UtilisationStatistics) -> bytes:
    """Return the rows and, last, the total as CSV: UTF-8 with byte order mark, a line of heads, null empty.

    Every line ends with what its rate is of, the same in all, in columns that begin with `about_`.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    facts = _state_facts(answer)
    about = [f"about_{name} {name_zh}" for name, name_zh in _FACTS.items()]
    writer.writerow([*map(name_head, table.names), *about])
    for row in table.rows:
        writer.writerow([*map(_cell, row), *facts])
    writer.writerow([*_total_cells(table), *map(_cell, table.total), *facts])
    return text.getvalue().encode("utf-8-sig")


def write_xlsx(table: Table, answer: UtilisationStatistics) -> bytes:
    """Return a workbook: the rows with the total, and a sheet that says what the figures are of."""
    file = io.BytesIO()
    # Rows go to a temporary file as they are written: twenty thousand of them would hold 100 MB.
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(file, options) as workbook:
        formats = {
            "head": workbook.add_format({"bold": True, "text_wrap": True, "valign": "top"}),
            "tonnes": workbook.add_format({"num_format": "#,##0.000"}),
            "percent": workbook.add_format({"num_format": "0.00"}),
        }
        sheet = workbook.add_worksheet("utilisation 综合利用")
        sheet.set_column(0, len(table.names) - 1, _WIDTH)
        sheet.freeze_panes(1, len(table.columns))
        sheet.set_landscape()
        sheet.repeat_rows(0)
        sheet.fit_to_pages(1, 0)
        sheet.write_row(0, 0, [name_head(name) for name in table.names], formats["head"])
        cells = [formats["percent" if name.endswith("_pct") else "tonnes"] for name in table.names]
        for number, row in enumerate((*table.rows, [*_total_cells(table), *table.total]), start=1):
            for column, value in enumerate(row):
                if isinstance(value, Decimal):
                    sheet.write_number(number, column, float(value), cells[column])
                elif value is not None:
                    sheet.write_string(number, column, as_workbook_text(str(value)))
        about = workbook.add_worksheet("about 说明")
        about.set_column(0, 1, 2 * _WIDTH)
        for number, line in enumerate(_describe(answer)):
            about.write_row(number, 0, line)
    return file.getvalue()


def name_head(name: str) -> str:
    """Return a column's head: its name in the API, then in Chinese with the unit."""
    unit = "（吨）" if name.endswith("_t") else "（%）" if name.endswith("_pct") else ""
    return f"{name} {name_in_chinese(name)}{unit}"


def name_in_chinese(name: str) -> str:
    """Return the Chinese name of a column; figures of the survey form have that of the form."""
    indicators = reference().indicators
    if name == "rate_pct":
        return indicators.utilisation_rate.name_zh or ""
    symbol = _SYMBOLS.get(name)
    return next((entry.name_zh for entry in indicators.symbols if entry.key == symbol), "") or _OWN_NAMES[name]


def _value(row: UtilisationRow, name: str) -> Any:  # noqa: ANN401 - a field of a row
    """Return a field, or the Chinese name of what it has the key of."""
    column = name.removesuffix("_zh")
    if column == name:
        return getattr(row, name)
    catalogue = reference()
    entries: dict[str, Any] = {
        "material": catalogue.materials,
        "district": catalogue.districts,
        "place": catalogue.districts,
        "use": catalogue.uses,
    }
    entry = entries[column].get(getattr(row, column))
    return entry.name_zh if entry else None


def _total_cells(table: Table) -> list[str]:
    return [_TOTAL, *("" for _ in table.columns[1:])] if table.columns else []


def _cell(value: Any) -> str:  # noqa: ANN401 - a field of a row
    """Return a value as text; a name that would be a formula gets an apostrophe before it."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return format(value, "f")
    return as_plain_text(str(value))


def _state_facts(answer: UtilisationStatistics) -> list[str]:
    """Return the facts of an answer as text, in the words of the JSON; the streams' keys with a space between."""
    told = answer.model_dump(mode="json", by_alias=True, include=set(UtilisationStatistics.model_fields) - _NO_FACTS)
    told |= {"materials": " ".join(answer.materials), "provisional": "true" if answer.provisional else "false"}
    return [str(told[name]) for name in _FACTS]


def _describe(answer: UtilisationStatistics) -> Iterator[list[str]]:
    """Yield what must stand beside a rate: period, streams, formula, when it was read and what is still missing."""
    yield ["period 统计时段", f"{answer.from_month} – {answer.to_month}"]
    yield ["formula 公式", answer.formula]
    yield ["as_of 数据时间", answer.as_of.isoformat()]
    yield ["provisional 初步数", "yes 是" if answer.provisional else "no 否"]
    yield ["undeclared_site_months 未申报的场地月数", str(answer.undeclared_site_months)]
    yield ["scope 范围", answer.scope]
    yield ["basis 口径", answer.basis]
    yield ["place 归属", answer.place]
    yield ["districts 区划", answer.districts]
    yield []
    yield ["materials 固废种类", ""]
    for key in answer.materials:
        yield [key, reference().materials[key].name_zh]
