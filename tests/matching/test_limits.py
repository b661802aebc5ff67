"""Limits: rounding by GB/T 8170, and that the range SQL compares with admits exactly what rounding admits."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalogue.schemas import Rounding
from app.matching.limits import Criterion, Edge, admitted_range, margin_of
from app.matching.specification import make_criterion


def _limit(minimum: str | None, maximum: str | None, rounding: Rounding = Rounding.GBT8170) -> Criterion:
    low, high = (None if bound is None else Decimal(bound) for bound in (minimum, maximum))
    return make_criterion("so3", "grade of a test", minimum=low, maximum=high, rounding=rounding)


@pytest.mark.parametrize(
    ("minimum", "maximum", "value", "margin"),
    [
        (None, "12.0", "12.05", "0.0"),  # halves go to the even digit: 12.0
        (None, "12.0", "12.0501", "-0.1"),
        (None, "12", "12.4", "0"),  # the same figure with fewer decimals lets more pass
        (None, "12.1", "12.15", "-0.1"),  # 12.2
        (None, "12.1", "12.149999", "0.0"),
        ("85", None, "84.5", "-1"),  # 84
        ("85", None, "84.500001", "0"),
        ("70.0", None, "69.95", "0.0"),  # 70.0
        ("70.0", "71.00", "70.996", "0.00"),  # each limit rounds to its own decimals
    ],
)
def test_value_is_rounded_to_the_limits_decimals(
    minimum: str | None, maximum: str | None, value: str, margin: str
) -> None:
    assert margin_of(_limit(minimum, maximum), Decimal(value)) == Decimal(margin)


def test_request_limits_compare_exactly() -> None:
    exact = _limit("6", "9", Rounding.NONE)
    assert admitted_range(exact) == (Edge(Decimal(6), inclusive=True), Edge(Decimal(9), inclusive=True))
    assert margin_of(exact, Decimal("9.0000001")) == Decimal("-1E-7")
    assert margin_of(exact, Decimal("6.2")) == Decimal("0.2")


_STEPS = st.sampled_from(["1", "0.1", "0.01", "0.001"])
_COUNTS = st.integers(-10_000, 10_000)


@given(step=_STEPS, count=_COUNTS, off_by=st.integers(-3000, 3000), is_minimum=st.booleans())
def test_admitted_range_is_what_rounding_admits(step: str, count: int, off_by: int, is_minimum: bool) -> None:  # noqa: FBT001
    limit = Decimal(step) * count
    value = limit + Decimal(step) * off_by / 1000
    criterion = _limit(str(limit), None) if is_minimum else _limit(None, str(limit))
    low, high = admitted_range(criterion)
    # As the database compares: doubles.
    admitted = True
    if low is not None:
        admitted = float(value) >= float(low.at) if low.inclusive else float(value) > float(low.at)
    if high is not None:
        admitted = float(value) <= float(high.at) if high.inclusive else float(value) < float(high.at)
    assert admitted == (margin_of(criterion, value) >= 0)
