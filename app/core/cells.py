"""Texts in cells of files that spreadsheet programs open."""

#: A cell that begins with one of these is a formula to spreadsheet programs, in Chinese ones in the wide form too.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def as_plain_text(text: str) -> str:
    """Return a text that no program takes for a formula: one that it would gets an apostrophe before it."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def as_workbook_text(text: str) -> str:
    """Return a text that xlsxwriter escapes: what stands between `<r>` and `</r>` it takes for markup of its own."""
    return f"'{text}" if text.startswith("<r>") and text.endswith("</r>") else text
