"""Reading of XLSX: the first sheet, values only, under caps that hold before anything is unpacked."""

import io
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from app.imports.limits import MAX_CELL, MAX_UNZIPPED_BYTES, MAX_ZIP_ENTRIES, Unreadable
from app.imports.texts import keep_rows

#: Digits that a spreadsheet shows; what lies beyond is noise of binary fractions (0.1 + 0.2).
_SHOWN_DIGITS = ".15g"
#: Of any sheet; a made-up number would have every row before it filled in.
_LAST_ROW = 1_048_576
_NO_WORKBOOK = (InvalidFileException, ParseError, DefusedXmlException, zipfile.BadZipFile, KeyError, ValueError)


def read_xlsx(content: bytes) -> list[tuple[int, list[str]]]:
    """Return (row number, cells as text) of each row that is neither blank nor a remark; raises Unreadable."""
    _check_size(content)
    try:
        workbook = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        return keep_rows(_rows(workbook.worksheets[0]))
    except (*_NO_WORKBOOK, IndexError, TypeError, AttributeError) as error:  # what openpyxl meets in a broken file
        raise Unreadable("unreadable_workbook", f"The file is no workbook that can be read: {error}.") from None


def _check_size(content: bytes) -> None:
    """Refuse what unpacks to too much; zipfile itself never unpacks more than an entry states."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise Unreadable("unreadable_workbook", f"The file is no XLSX workbook: {error}.") from None
    unzipped = sum(entry.file_size for entry in entries)
    if unzipped > MAX_UNZIPPED_BYTES or len(entries) > MAX_ZIP_ENTRIES:
        detail = f"The workbook unpacks to {unzipped:,} bytes; at most {MAX_UNZIPPED_BYTES:,} are read."
        raise Unreadable("workbook_too_large", detail)


def _rows(sheet: object) -> Iterator[tuple[int, list[str]]]:
    # The stated size of a sheet is a hint that anyone can write; what counts is what is there.
    sheet.reset_dimensions()  # type: ignore[attr-defined]  # openpyxl ships no types
    rows = sheet.iter_rows(values_only=True)  # type: ignore[attr-defined]  # the same
    for number, cells in enumerate(rows, start=1):
        if number > _LAST_ROW:
            raise Unreadable("unreadable_workbook", f"The workbook names rows beyond {_LAST_ROW:,}.")
        yield number, [_text(value, number) for value in cells]


def _text(value: object, number: int) -> str:
    """Return a cell as a person would type it."""
    if value is None:
        return ""
    if isinstance(value, str):
        if len(value) > MAX_CELL:
            raise Unreadable("cell_too_long", f"Row {number} has a cell of more than {MAX_CELL:,} characters.")
        return value.strip()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return format(value, _SHOWN_DIGITS)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(timespec="seconds")
    return value.isoformat() if isinstance(value, (date, time)) else str(value)
