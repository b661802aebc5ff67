"""How much of what an agreement still has to bring falls within the year. Pure."""

from collections.abc import Mapping
from datetime import date
from decimal import ROUND_FLOOR, Decimal

from app.core.clock import months_touched
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


def monthly_within_year(
    quantity_t: Decimal, shipped: Mapping[str, Decimal], starts_on: date, ends_on: date, on: date
) -> Decimal:
    """Return what a recurring agreement still has to ship in each month from that of a day to the year's end.

    `shipped` maps months to tonnes. A month that is over brings nothing any more: what was not shipped has lapsed.
    """
    months = months_touched(max(starts_on, on), min(ends_on, date(on.year, 12, 31)))
    return sum((max(ZERO, quantity_t - shipped.get(month, ZERO)) for month in months), ZERO)
