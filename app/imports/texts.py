"""Reading of text files: CSV as spreadsheet programs of a Chinese office save it, and lines of JSON."""

import codecs
import csv
import io
from collections.abc import Iterator

from app.core.cells import read_plain_text
from app.imports.limits import MAX_CELL, MAX_COLUMNS, MAX_ROWS, Unreadable

_UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_DELIMITERS = (",", ";", "\t")
#: A row whose first cell begins so is a remark.
REMARK = "#"


def read_csv(content: bytes) -> list[tuple[int, list[str]]]:
    """Return (line, cells) of each row that is neither blank nor a remark, the head first; raises Unreadable."""
    text = _decode(content)
    first = text.lstrip("\r\n").split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=first.count)
    csv.field_size_limit(MAX_CELL)
    return keep_rows(_number(text, delimiter))


def _number(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield rows with the line that each begins on."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    line = 1
    try:
        for cells in reader:
            yield line, [read_plain_text(cell.strip()) for cell in cells]
            line = reader.line_num + 1
    except csv.Error as error:
        detail = f"Line {line} cannot be read: {error}. A quotation mark that is never closed is the usual reason."
        raise Unreadable("unreadable_line", detail) from None


def keep_rows(rows: Iterator[tuple[int, list[str]]]) -> list[tuple[int, list[str]]]:
    """Return the rows that are neither blank nor remarks; raises Unreadable for more than the caps."""
    kept: list[tuple[int, list[str]]] = []
    for line, cells in rows:
        if not any(cells) or cells[0].startswith(REMARK):
            continue
        if len(kept) > MAX_ROWS:
            raise too_many_rows()
        while len(cells) > MAX_COLUMNS and not cells[-1]:
            cells.pop()
        if len(cells) > MAX_COLUMNS:
            raise Unreadable("too_many_columns", f"Line {line} has more than {MAX_COLUMNS} columns.")
        kept.append((line, cells))
    return kept


def read_lines(content: bytes) -> list[tuple[int, bytes]]:
    """Return (line, text) of each line that is not blank; raises Unreadable."""
    lines = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    kept = [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    if len(kept) > MAX_ROWS:
        raise too_many_rows()
    return kept


def too_many_rows() -> Unreadable:
    """Return the refusal of a file with more rows than a job takes."""
    return Unreadable("too_many_rows", f"A file has at most {MAX_ROWS:,} rows; split it. Nothing of it has landed.")


def _decode(content: bytes) -> str:
    """Return the text of a file in UTF-8, GB18030 or, with its byte order mark, UTF-16; the mark is no part of it."""
    encodings = ("utf-16",) if content.startswith(_UTF_16_MARKS) else ("utf-8", "gb18030")
    for encoding in encodings:
        try:
            return content.decode(encoding).removeprefix("\ufeff")
        except UnicodeDecodeError:
            continue
    raise Unreadable("unreadable_text", "The file is neither UTF-8 nor GB18030; save it as CSV UTF-8.")
