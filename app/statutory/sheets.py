"""A worksheet for long tables: the library's own takes most of its time to escape each cell's text anew."""

from functools import lru_cache
from typing import Any
from xml.sax.saxutils import escape

from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

#: Names of materials, carriers and receivers come again row after row.
_REPEATED_TEXTS = 2000
_column_name = lru_cache(xl_col_to_name)


class LongSheet(Worksheet):  # type: ignore[misc]  # the library ships no types
    """Writes texts, numbers and empty cells in one piece each, and leaves all else to the library.

    For workbooks with `constant_memory`, whose texts stand in their cells. A text is never taken for markup, as the
    library takes one that stands between `<r>` and `</r>`.
    """

    def __init__(self) -> None:
        super().__init__()
        self._written_text = lru_cache(_REPEATED_TEXTS)(self._write_text)

    def _write_text(self, text: str) -> str:
        return f'<is><t xml:space="preserve">{escape(self._escape_control_characters(text))}</t></is>'

    def _write_cell(self, row: int, col: int, cell: Any) -> None:  # noqa: ANN401 - one of the library's tuples
        kind = type(cell).__name__
        place = f'<c r="{_column_name(col)}{row + 1}"'
        if cell.format:
            place += f' s="{cell.format._get_xf_index()}"'  # noqa: SLF001 - a cell names its format by this number
        if kind == "String":
            self.fh.write(f'{place} t="inlineStr">{self._written_text(cell.string)}</c>')
        elif kind in {"Number", "Datetime"}:
            self.fh.write(f"{place}><v>{cell.number:.16G}</v></c>")
        elif kind == "Blank":
            self.fh.write(f"{place}/>")
        else:
            super()._write_cell(row, col, cell)
