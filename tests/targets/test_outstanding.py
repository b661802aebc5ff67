"""The part of an agreement that falls within the year."""

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from app.targets.outstanding import monthly_within_year, within_year

ON = date(2025, 11, 24)
days = st.dates(date(2024, 1, 1), date(2027, 12, 31))


def test_an_agreement_that_ends_within_the_year_counts_whole() -> None:
    assert within_year(Decimal(100), date(2025, 6, 1), date(2025, 12, 31), ON) == 100
    assert within_year(Decimal(100), date(2025, 6, 1), ON, ON) == 100


def test_one_that_runs_on_counts_by_days() -> None:
    """From 24 November 7 + 31 days of the year are left, and 31 of the next; a later start leaves the same 31."""
    assert within_year(Decimal(69), date(2025, 6, 1), date(2026, 1, 31), ON) == 38
    assert within_year(Decimal(62), date(2025, 12, 1), date(2026, 1, 31), ON) == 31
    assert within_year(Decimal(1), date(2025, 12, 30), date(2026, 1, 1), ON) == Decimal("0.666")


def test_one_that_is_over_or_begins_next_year_counts_nothing() -> None:
    assert within_year(Decimal(100), date(2025, 6, 1), date(2025, 11, 23), ON) == 0
    assert within_year(Decimal(100), date(2026, 1, 1), date(2026, 12, 31), ON) == 0


@given(st.decimals(0, 10**6, places=3, allow_nan=False, allow_infinity=False), days, days, days)
def test_it_is_a_part_of_what_remains(remaining: Decimal, one: date, other: date, on: date) -> None:
    part = within_year(remaining, min(one, other), max(one, other), on)
    assert 0 <= part <= remaining


def test_a_recurring_one_counts_month_by_month_from_the_current_one_on() -> None:
    """What October did not ship has lapsed; of November 30 of 100 t are left, of December all, more counts nothing."""
    shipped = {"2025-10": Decimal(20), "2025-11": Decimal(70)}
    days = date(2025, 9, 15), date(2026, 6, 1)
    assert monthly_within_year(Decimal(100), shipped, *days, ON) == 130
    assert monthly_within_year(Decimal(100), shipped | {"2025-11": Decimal(104)}, *days, ON) == 100
    assert monthly_within_year(Decimal(100), {}, date(2025, 12, 31), date(2026, 1, 1), ON) == 100
    assert monthly_within_year(Decimal(100), {}, date(2026, 1, 1), date(2026, 1, 31), ON) == 0
    assert monthly_within_year(Decimal(100), {}, date(2025, 1, 1), date(2025, 10, 31), ON) == 0
