"""Answers of the statistics as files: CSV that spreadsheet programs open as it is meant."""

import csv
import io
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from app.statistics.schemas import FIGURES, UtilisationStatistics

#: A cell that begins with one of these is a formula to spreadsheet programs.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def write_csv(answer: UtilisationStatistics, columns: Sequence[str]) -> bytes:
    """Return the rows and, last, the total as CSV: UTF-8 with byte order mark, header of field names, null empty.

    `columns` stand before the figures; the first of them says `total` in the last row.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([*columns, *FIGURES])
    for row in answer.items if columns else []:
        writer.writerow([_cell(getattr(row, name)) for name in (*columns, *FIGURES)])
    blanks = ["total", *("" for _ in columns[1:])] if columns else []
    writer.writerow([*blanks, *(_cell(getattr(answer.total, name)) for name in FIGURES)])
    return text.getvalue().encode("utf-8-sig")


def _cell(value: Any) -> str:  # noqa: ANN401 - a field of a row
    """Return a value as text; a name that would be a formula gets an apostrophe before it."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return format(value, "f")
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
