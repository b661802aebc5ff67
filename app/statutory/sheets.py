"""A worksheet for long tables: the library's own takes six times as long, cell by cell."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from xml.sax.saxutils import escape

from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

#: Names of materials, carriers and receivers come again row after row.
_REPEATED_TEXTS = 2000
#: Day 0 of dates in workbooks.
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - dates in workbooks have no zone
_SECONDS_A_DAY = 86_400
_column_name = lru_cache(xl_col_to_name)


class LongSheet(Worksheet):  # type: ignore[misc]  # the library ships no types
    """Writes whole rows of a workbook that has `constant_memory`; for anything else it is the library's worksheet.

    A text is never taken for a formula or a link, nor for markup: the library writes as it stands what lies between
    `<r>` and `</r>`.
    """

    def __init__(self) -> None:
        super().__init__()
        self._written_text = lru_cache(_REPEATED_TEXTS)(self._write_text)

    def write_cells(self, row: int, values: Sequence[Any], text: Any, number: Any, time: Any) -> None:  # noqa: ANN401 - formats of the library
        """Write a row below all that is written: texts, decimals, naive times and empty cells, each in its format."""
        self._check_dimensions(row, len(values) - 1)
        self._write_single_row(row)  # the row before, which the library still holds
        plain, tonnes, clock = (form._get_xf_index() for form in (text, number, time))  # noqa: SLF001 - how a cell names it
        cells = []
        for column, value in enumerate(values):
            place = f'<c r="{_column_name(column)}{row + 1}" s='
            if value is None:
                cells.append(f'{place}"{plain}"/>')
            elif isinstance(value, str):
                cells.append(f'{place}"{plain}" t="inlineStr">{self._written_text(value)}</c>')
            elif isinstance(value, Decimal):
                cells.append(f'{place}"{tonnes}"><v>{value:f}</v></c>')
            else:
                cells.append(f'{place}"{clock}"><v>{(value - _EPOCH).total_seconds() / _SECONDS_A_DAY}</v></c>')
        self.fh.write(f'<row r="{row + 1}">{"".join(cells)}</row>')

    def _write_text(self, text: str) -> str:
        return f'<is><t xml:space="preserve">{escape(self._escape_control_characters(text))}</t></is>'
