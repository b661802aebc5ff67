"""Where the year will end: seasonal run rate plus contracted tonnes, and how far the method was off before. Pure.

Months are numbered through all years (12 · year + month − 1), so that their order is that of the numbers and the
remainder by 12 is the month of the year. A series holds consecutive months up to its `last`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from math import ceil

from app.core.quantities import KILOGRAM, ZERO, half_up
from app.targets.gaps import Flow, rounded

MONTHS_A_YEAR = 12
#: Whole earlier years that the pattern of the seasons is taken from, at most.
MOST_SEASONS = 3
#: Share of the trials whose error the interval holds, and how many trials that takes.
COVERAGE_PCT = 80
LEAST_TRIALS = 6
_HUNDRED = Decimal(100)
_FLAT = (Fraction(1),) * MONTHS_A_YEAR


@dataclass(frozen=True)
class Series:
    """Flows of consecutive months; `last` is the number of the last one."""

    flows: tuple[Flow, ...]
    last: int

    def until(self, count: int) -> "Series":
        """Return the first `count` months alone."""
        return Series(self.flows[:count], self.last - len(self.flows) + count)


@dataclass(frozen=True)
class Contracted:
    """Tonnes agreed on and not yet used, of this year's waste and of earlier years'."""

    fresh_t: Decimal = ZERO
    prior_t: Decimal = ZERO


@dataclass(frozen=True)
class Interval:
    """Bounds of the rate that held the truth in COVERAGE_PCT of the trials."""

    low_pct: Decimal
    high_pct: Decimal


@dataclass(frozen=True)
class Forecast:
    """The year at its end, by run rate alone and with what of the contracted tonnes is counted."""

    by_run_rate: Flow
    contracted: Contracted
    #: This year's waste that will be neither used nor disposed of nor discarded.
    unused_t: Decimal
    seasons: int
    trials: int
    interval: Interval | None

    @property
    def flow(self) -> Flow:
        """The year at its end."""
        fresh, prior = self.contracted.fresh_t, self.contracted.prior_t
        return self.by_run_rate + Flow(ZERO, fresh + prior, prior)


def forecast_year(
    over: Series, running: Flow, months_left: int, contracted: Contracted, gone_t: Decimal
) -> Forecast | None:
    """Return the year's end seen from the last month that is over; None where no month is, or nothing is generated.

    `running` is what is posted of the months not over; the first of them comes to no less than that. `gone_t` is this
    year's waste disposed of or discarded: contracted tonnes are counted only as far as there will be waste for them.
    """
    if not over.flows:
        return None
    known = _year_part(over, months_left)
    ahead = _project(over, months_left)
    first = _at_least(ahead[0], running) if ahead else running
    by_run_rate = sum(ahead[1:], known + first)
    left_t = max(ZERO, by_run_rate.generated_t - gone_t - _fresh(by_run_rate))
    counted = Contracted(min(contracted.fresh_t, left_t), contracted.prior_t)
    errors = back_test(over, months_left)
    made = Forecast(by_run_rate, counted, left_t - counted.fresh_t, len(_whole_years(over)), len(errors), None)
    rate = made.flow.exact_rate_pct
    return None if rate is None else replace(made, interval=_interval(rate, errors))


def back_test(series: Series, months_left: int) -> list[Fraction]:
    """Return by how many points the run rate was off whenever it is tried on past months.

    Each trial stands after some month, takes the months before it as known, forecasts as many months as are left of
    the year now, and compares the rate of those twelve months with what it turned out to be.
    """
    errors: list[Fraction] = []
    if months_left < 1:
        return errors
    least_known = max(MONTHS_A_YEAR - months_left, 1)
    for count in range(least_known, len(series.flows) - months_left + 1):
        past = series.until(count)
        known = _year_part(past, months_left)
        actual = sum(series.flows[count : count + months_left], known).exact_rate_pct
        guess = sum(_project(past, months_left), known).exact_rate_pct
        if actual is not None and guess is not None:
            errors.append(guess - actual)
    return errors


def _interval(rate: Fraction, errors: Sequence[Fraction]) -> Interval | None:
    """Return the rate plus and minus the error that COVERAGE_PCT of one trial more would not exceed."""
    if len(errors) < LEAST_TRIALS:
        return None
    rank = ceil(Fraction(COVERAGE_PCT, 100) * (len(errors) + 1))
    error = sorted(map(abs, errors))[rank - 1]
    low, high = rounded(rate - error), rounded(rate + error)
    # Bounds of a rate that itself lies within them: use is never more than there is.
    return Interval(max(ZERO, low), min(max(_HUNDRED, rounded(rate)), high))


def _year_part(over: Series, months_left: int) -> Flow:
    """Return the sum of the months over, of the twelve that end `months_left` months on."""
    count = MONTHS_A_YEAR - months_left
    return sum(over.flows[-count:] if count else (), Flow())


def _project(over: Series, months: int) -> list[Flow]:
    """Return the months that follow, each figure by its own run rate; use of fresh waste apart from that of prior."""
    generated = _run_rate([flow.generated_t for flow in over.flows], over, months)
    fresh = _run_rate([_fresh(flow) for flow in over.flows], over, months)
    prior = _run_rate([flow.utilised_from_prior_t for flow in over.flows], over, months)
    return [Flow(g, u + up, up) for g, u, up in zip(generated, fresh, prior, strict=True)]


def _run_rate(values: Sequence[Decimal], over: Series, months: int) -> list[Decimal]:
    """Return the months that follow: the level of the last twelve months (or of all there are), by the seasons.

    A month's weight is its sum over the whole earlier years; without one, or where the window has no weight, all
    months weigh the same. A level below zero, of reversals, counts as zero.
    """
    window = values[-MONTHS_A_YEAR:]
    of_window = [(over.last - back) % MONTHS_A_YEAR for back in range(len(window))]
    weights = _weights(values, over)
    if not sum(weights[month] for month in of_window):
        weights = _FLAT
    level = max(Fraction(0), Fraction(sum(window, ZERO))) / sum(weights[month] for month in of_window)
    ahead = [level * weights[(over.last + 1 + step) % MONTHS_A_YEAR] for step in range(months)]
    return [half_up(Decimal(figure.numerator) / figure.denominator, KILOGRAM) for figure in ahead]


def _weights(values: Sequence[Decimal], over: Series) -> Sequence[Fraction]:
    weights = [Fraction(0)] * MONTHS_A_YEAR
    for start in _whole_years(over):
        for month in range(MONTHS_A_YEAR):
            weights[month] += max(Fraction(0), Fraction(values[start + month]))
    return weights


def _whole_years(over: Series) -> list[int]:
    """Return where in the series the calendar years start that lie wholly in it, the last MOST_SEASONS of them."""
    first = over.last - len(over.flows) + 1
    starts = range(-first % MONTHS_A_YEAR, len(over.flows) - MONTHS_A_YEAR + 1, MONTHS_A_YEAR)
    return list(starts)[-MOST_SEASONS:]


def _fresh(flow: Flow) -> Decimal:
    return flow.utilised_t - flow.utilised_from_prior_t


def _at_least(flow: Flow, posted: Flow) -> Flow:
    """Return a month still running: no figure of it can end below what is posted."""
    prior = max(flow.utilised_from_prior_t, posted.utilised_from_prior_t)
    fresh = max(_fresh(flow), _fresh(posted))
    return Flow(max(flow.generated_t, posted.generated_t), fresh + prior, prior)
