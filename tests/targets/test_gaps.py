"""The gap in points and tonnes: worked by hand, and for any flows."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from app.core.quantities import KILOGRAM
from app.targets.gaps import (
    Flow,
    gap_points,
    is_reached,
    missing_from_prior_t,
    missing_per_month_t,
    missing_t,
)

tonnes = st.decimals(0, 10**9, places=3, allow_nan=False, allow_infinity=False)
targets = st.decimals(Decimal("0.000001"), 100, places=6, allow_nan=False, allow_infinity=False)


@st.composite
def flows(draw: st.DrawFn) -> Flow:
    """Return flows in which no more is used than there is, as in a year of the ledger."""
    generated, prior = draw(tonnes), draw(tonnes)
    fresh = draw(st.decimals(0, generated, places=3, allow_nan=False, allow_infinity=False))
    return Flow(generated, fresh + prior, prior)


def more(flow: Flow, fresh: Decimal = Decimal(0), prior: Decimal = Decimal(0)) -> Flow:
    """Return flows with more use."""
    return flow + Flow(Decimal(0), fresh + prior, prior)


def test_the_worked_case_of_the_api() -> None:
    """G 70, U 65, Up 15: 76.47 %. To 80 %: 0.8 x 85 = 68, so 3 t fresh, or 3 / 0.2 = 15 t of earlier stock."""
    flow = Flow(Decimal(70), Decimal(65), Decimal(15))
    assert gap_points(flow, Decimal(80)) == Decimal("3.53")
    assert missing_t(flow, Decimal(80)) == 3
    assert missing_from_prior_t(flow, Decimal(80)) == 15
    assert missing_per_month_t(flow, Decimal(80), 2) == Decimal("1.5")
    assert not is_reached(flow, Decimal(80))
    assert is_reached(flow, Decimal(70))
    assert gap_points(flow, Decimal(70)) == Decimal("-6.47")
    assert missing_t(flow, Decimal(70)) == missing_from_prior_t(flow, Decimal(70)) == 0


def test_coal_gangue_of_2018_to_the_kilogram() -> None:
    """The published vector in tonnes: 0.7 x 353 808 000 = 247 665 600, less 190 000 000."""
    flow = Flow(Decimal(350_000_000), Decimal(190_000_000), Decimal(3_808_000))
    assert missing_t(flow, Decimal(70)) == Decimal(57_665_600)
    assert missing_t(more(flow, Decimal("57665599.999")), Decimal(70)) == KILOGRAM


def test_a_rate_that_rounds_to_the_target_has_not_reached_it() -> None:
    flow = Flow(Decimal(100_000), Decimal(69_999))
    assert gap_points(flow, Decimal(70)) == 0
    assert not is_reached(flow, Decimal(70))
    assert missing_t(flow, Decimal(70)) == 1


def test_without_generation_there_is_no_gap() -> None:
    nothing = Flow()
    assert gap_points(nothing, Decimal(70)) is None
    assert is_reached(nothing, Decimal(70)) is None
    assert missing_t(nothing, Decimal(70)) is None
    assert missing_from_prior_t(nothing, Decimal(70)) is None
    assert missing_per_month_t(nothing, Decimal(70), 2) is None


def test_no_earlier_stock_makes_a_hundred_percent() -> None:
    assert missing_from_prior_t(Flow(Decimal(10), Decimal(9)), Decimal(100)) is None
    assert missing_from_prior_t(Flow(Decimal(10), Decimal(10)), Decimal(100)) == 0


@given(flows(), targets)
def test_the_tonnes_close_the_gap_and_a_kilogram_less_does_not(flow: Flow, target: Decimal) -> None:
    missing = missing_t(flow, target)
    if missing is None:
        assert flow.base_t == 0
        return
    assert is_reached(more(flow, missing), target)
    assert (missing == 0) == is_reached(flow, target)
    if missing:
        assert not is_reached(more(flow, missing - KILOGRAM), target)


@given(flows(), targets)
def test_so_do_the_tonnes_of_earlier_years(flow: Flow, target: Decimal) -> None:
    missing, fresh = missing_from_prior_t(flow, target), missing_t(flow, target)
    if missing is None or fresh is None:
        assert flow.base_t == 0 or target == 100
        return
    assert is_reached(more(flow, prior=missing), target)
    assert missing >= fresh
    if missing:
        assert not is_reached(more(flow, prior=missing - KILOGRAM), target)


@given(flows(), targets, st.integers(1, 12))
def test_that_much_more_in_every_month_reaches_the_target(flow: Flow, target: Decimal, months: int) -> None:
    extra = missing_per_month_t(flow, target, months)
    if extra is not None:
        assert is_reached(more(flow, months * extra), target)
        assert extra == 0 or not is_reached(more(flow, months * (extra - KILOGRAM)), target)


@given(flows(), targets, targets, tonnes)
def test_more_use_leaves_less_missing_and_a_higher_target_more(
    flow: Flow, one: Decimal, other: Decimal, used: Decimal
) -> None:
    now, then = missing_t(flow, one), missing_t(more(flow, used), one)
    lower, higher = missing_t(flow, min(one, other)), missing_t(flow, max(one, other))
    if now is not None and then is not None and lower is not None and higher is not None:
        assert then <= now
        assert lower <= higher


@given(flows(), targets)
def test_what_is_missing_is_never_more_than_what_is_not_used(flow: Flow, target: Decimal) -> None:
    missing = missing_t(flow, target)
    assert missing is None or missing <= flow.base_t - flow.utilised_t
