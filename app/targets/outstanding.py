"""How much of what an agreement still has to bring falls within the year. Pure."""

from datetime import date
from decimal import ROUND_FLOOR, Decimal

from app.core.quantities import KILOGRAM, ZERO


def within_year(remaining_t: Decimal, starts_on: date, ends_on: date, on: date) -> Decimal:
    """Return the part by days of `remaining_t` from a day (or the start, if later) to the year's end, to the kilogram.

    Rounded down; 0 where the agreement is over or begins in a later year.
    """
    first, year_end = max(starts_on, on), date(on.year, 12, 31)
    last = min(ends_on, year_end)
    if last < first:
        return ZERO
    days, all_days = (last - first).days + 1, (ends_on - first).days + 1
    return (remaining_t * days / all_days).quantize(KILOGRAM, rounding=ROUND_FLOOR)
