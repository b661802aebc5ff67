"""Texts in cells of files that spreadsheet programs open."""

#: A cell that begins with one of these is a formula to spreadsheet programs, in Chinese ones in the wide form too.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_APOSTROPHE = "'"


def as_plain_text(text: str) -> str:
    """Return a text that no program takes for a formula: one that it would gets an apostrophe before it.

    So does one that looks as if it had got one already; `read_plain_text` then always gives back what was written.
    """
    return _APOSTROPHE + text if _is_formula(text.lstrip(_APOSTROPHE)) else text


def read_plain_text(cell: str) -> str:
    """Return the text that `as_plain_text` made a cell of; any other cell stays as it is."""
    is_marked = cell.startswith(_APOSTROPHE) and _is_formula(cell.lstrip(_APOSTROPHE))
    return cell[1:] if is_marked else cell


def _is_formula(text: str) -> bool:
    return text.startswith(_FORMULA_STARTS)


def as_workbook_text(text: str) -> str:
    """Return a text that xlsxwriter escapes: what stands between `<r>` and `</r>` it takes for markup of its own."""
    return f"'{text}" if text.startswith("<r>") and text.endswith("</r>") else text
