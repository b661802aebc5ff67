"""What people write in cells, as bodies take it; what is not understood is left for the body to refuse."""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache, lru_cache

from app.catalogue.reference import reference
from app.core.clock import at_business_time

_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T]0?0:00(?::00)?)?")
_MONTH = re.compile(r"(\d{4})[-/.年](\d{1,2})(?:月|[-/.]0?1)?")
_INSTANT = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?[ T](\d{1,2}):(\d{2})(?::(\d{2}))?")
_BOOLEANS: Mapping[str, bool] = {"true": True, "yes": True, "是": True, "false": False, "no": False, "否": False}


def read_text(cell: str) -> object:
    """Return a cell as it stands."""
    return cell


@lru_cache(maxsize=4096)
def read_date(cell: str) -> object:
    """Return a day as ISO 8601: 2026/8/1 and 2026年8月1日 are 2026-08-01."""
    if (found := _DATE.fullmatch(cell)) is None:
        return cell
    year, month, day = found.groups()
    return f"{year}-{month:0>2}-{day:0>2}"


def read_month(cell: str) -> object:
    """Return a month as YYYY-MM; spreadsheets make its first day of it."""
    found = _MONTH.fullmatch(cell)
    return cell if found is None else f"{found[1]}-{found[2]:0>2}"


def read_instant(cell: str) -> object:
    """Return an instant; a time without an offset is one of the exchange's zone, as the clock at the gate shows it."""
    if (found := _INSTANT.fullmatch(cell)) is None:
        return cell
    try:
        year, month, day, hour, minute, second = (int(part or 0) for part in found.groups())
        return at_business_time(datetime(year, month, day, hour, minute, second))  # noqa: DTZ001 - its zone comes next
    except ValueError:  # 30 February
        return cell


def read_boolean(cell: str) -> object:
    """Return yes or no."""
    return _BOOLEANS.get(cell.lower(), cell)


def read_material(cell: str) -> object:
    """Return the key of a material given by its Chinese name."""
    return _materials().get(cell, cell)


@cache
def _materials() -> dict[str, str]:
    return {material.name_zh: key for key, material in reference().materials.items()}
