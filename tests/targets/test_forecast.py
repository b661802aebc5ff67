"""The forecast of the year's end and its interval: worked by hand, and for any months."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from app.targets.forecast import LEAST_TRIALS, Contracted, Forecast, Series, back_test, forecast_year
from app.targets.gaps import Flow, rounded

#: October 2025; two months of the year are left.
OCTOBER = 2025 * 12 + 9
NOTHING = Contracted()
ZERO = Decimal(0)


def flow(generated: float, used: float, prior: float = 0) -> Flow:
    """Return a month."""
    return Flow(Decimal(str(generated)), Decimal(str(used)), Decimal(str(prior)))


def ending_in_october(*months: Flow) -> Series:
    """Return the months up to October 2025."""
    return Series(months, OCTOBER)


def ahead(over: Series, running: Flow | None = None, contracted: Contracted = NOTHING, gone: float = 0) -> Forecast:
    """Return the forecast in November."""
    made = forecast_year(over, running or Flow(), 2, contracted, Decimal(gone))
    assert made is not None
    return made


def test_without_earlier_years_every_month_is_alike() -> None:
    """Ten months of 100 t with 60 t used: two more of the same make 1200 and 720."""
    made = ahead(ending_in_october(*[flow(100, 60)] * 10))
    assert made.by_run_rate == flow(1200, 720)
    assert (made.seasons, made.trials, made.interval) == (0, 0, None)


def test_the_seasons_weigh_the_months_left() -> None:
    """In 2024, 100 t were used a month, 20 t in November and 40 t in December: 1060 t in all.

    In 2025 twice as much was used from January to October, 2000 t. The last twelve months hold 2000 + 20 + 40 = 2060 t
    on weights of 1060: November has 20 x 2060 / 1060 = 38.868 t, December twice that.
    """
    year = [flow(100, 100)] * 10 + [flow(100, 20), flow(100, 40)]
    made = ahead(ending_in_october(*year, *[flow(100, 200)] * 10))
    assert made.by_run_rate == flow(1200, 2000 + 38.868 + 77.736)
    assert made.seasons == 1


def test_only_whole_years_make_seasons() -> None:
    year = [flow(100, 50)] * 11
    assert ahead(ending_in_october(*year, *[flow(100, 50)] * 10)).seasons == 0
    assert ahead(ending_in_october(*[flow(100, 50)] * 58)).seasons == 3


def test_a_month_still_running_has_at_least_what_is_posted() -> None:
    """November has 500 t used already, of which 20 t of earlier years: more than the 60 t of the run rate."""
    made = ahead(ending_in_october(*[flow(100, 60)] * 10), flow(30, 500, 20))
    assert made.by_run_rate == flow(1200, 600 + 480 + 60 + 20, 20)


def test_contracted_tonnes_come_on_top() -> None:
    over = ending_in_october(*[flow(100, 60)] * 10)
    made = ahead(over, contracted=Contracted(Decimal(100), Decimal(50)))
    assert made.flow == flow(1200, 870, 50)
    assert made.by_run_rate == flow(1200, 720)


def test_contracted_tonnes_count_as_far_as_there_is_waste() -> None:
    """Of 1200 t generated 720 are used by run rate and 400 disposed of: 80 t are left for the 500 t agreed on."""
    over = ending_in_october(*[flow(100, 60)] * 10)
    made = ahead(over, contracted=Contracted(Decimal(500)), gone=400)
    assert made.contracted == Contracted(Decimal(80))
    assert made.unused_t == 0
    assert ahead(over, contracted=Contracted(Decimal(50)), gone=400).unused_t == 30
    assert ahead(over, contracted=Contracted(Decimal(500)), gone=900).contracted == NOTHING


def test_in_january_the_year_before_carries_the_run_rate() -> None:
    december = Series(tuple([flow(100, 60)] * 12), 2025 * 12 - 1)
    made = forecast_year(december, Flow(), 12, NOTHING, ZERO)
    assert made is not None
    assert made.by_run_rate == flow(1200, 720)


def test_nothing_on_file_has_no_forecast() -> None:
    assert forecast_year(ending_in_october(), flow(10, 5), 2, NOTHING, ZERO) is None
    assert forecast_year(ending_in_october(flow(0, 0)), Flow(), 2, NOTHING, ZERO) is None


def test_reversals_do_not_run_on() -> None:
    made = ahead(ending_in_october(*[flow(100, -5)] * 10))
    assert made.by_run_rate == flow(1200, -50)


def test_steady_months_were_never_missed() -> None:
    """22 months: the method can stand after month 10, 11 ... 20."""
    made = ahead(ending_in_october(*[flow(100, 60)] * 22))
    assert made.trials == 11
    assert made.interval is not None
    assert made.interval.low_pct == made.interval.high_pct == 60


def test_one_trial_by_hand() -> None:
    """Ten months of 100 t and 60 t foretell 720 of 1200 t; with nothing used after them it was 600: 10 points off."""
    months = [flow(100, 60)] * 10 + [flow(100, 0)] * 2
    assert back_test(ending_in_october(*months), 2) == [Fraction(10)]


def test_the_interval_holds_four_of_five_errors() -> None:
    """Seven months left over in trials: the 80 % bound of n errors is the one of rank ceil(0.8 (n + 1))."""
    months = [flow(100, 60)] * 10 + [flow(100, 60 + step) for step in (6, 0, 12, 0, 3, 0, 9, 0)]
    over = ending_in_october(*months)
    errors = sorted(abs(error) for error in back_test(over, 2))
    made = ahead(over)
    rate = made.flow.exact_rate_pct
    assert made.trials == len(errors) == 7
    assert made.interval is not None
    assert rate is not None
    assert made.interval.low_pct == rounded(rate - errors[6])
    assert made.interval.high_pct == rounded(rate + errors[6])


def test_too_few_trials_make_no_interval() -> None:
    for count in range(1, 12 + LEAST_TRIALS):
        made = ahead(ending_in_october(*[flow(100, 60)] * count))
        assert (made.trials, made.interval is None) == (max(0, count - 11), count - 11 < LEAST_TRIALS), count


kilograms = st.integers(0, 10**7)


@st.composite
def months(draw: st.DrawFn) -> Flow:
    """Return a month that uses no more than it generates, besides earlier stock."""
    generated, prior = draw(kilograms), draw(kilograms)
    fresh = draw(st.integers(0, generated))
    return Flow(*(Decimal(value).scaleb(-3) for value in (generated, fresh + prior, prior)))


series = st.builds(Series, st.lists(months(), min_size=1, max_size=46).map(tuple), st.just(OCTOBER))
contracts = st.builds(Contracted, kilograms.map(Decimal), kilograms.map(Decimal))


@given(series, st.integers(1, 12), contracts, kilograms.map(Decimal))
def test_a_forecast_is_possible_and_contracts_never_lower_the_use(
    over: Series, months_left: int, contracted: Contracted, gone: Decimal
) -> None:
    made = forecast_year(over, Flow(), months_left, contracted, gone)
    if made is None:
        return
    assert made.flow.generated_t == made.by_run_rate.generated_t
    assert made.flow.utilised_t >= made.by_run_rate.utilised_t >= made.by_run_rate.utilised_from_prior_t
    assert made.contracted.fresh_t <= contracted.fresh_t
    rate = made.flow.exact_rate_pct
    assert rate is not None
    if made.interval is not None:
        assert 0 <= made.interval.low_pct <= rounded(rate) <= made.interval.high_pct


@given(series, contracts, kilograms.map(Decimal))
def test_more_contracted_forecasts_no_lower_rate(over: Series, contracted: Contracted, more: Decimal) -> None:
    larger = Contracted(contracted.fresh_t + more, contracted.prior_t)
    one, other = (forecast_year(over, Flow(), 2, wish, ZERO) for wish in (contracted, larger))
    if one is not None and other is not None:
        rates = one.flow.exact_rate_pct, other.flow.exact_rate_pct
        assert rates[0] is not None
        assert rates[1] is not None
        assert rates[0] <= rates[1]
