"""How far a utilisation rate is from a target: in percentage points and, exactly, in tonnes. Pure."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil

from app.core.quantities import ZERO, half_up

_HUNDRED = 100
_KILOGRAMS = 1000


@dataclass(frozen=True)
class Flow:
    """Tonnes of one month or of several; the symbols are those of the catalogue's indicators."""

    #: G.
    generated_t: Decimal = ZERO
    #: U.
    utilised_t: Decimal = ZERO
    #: Up, part of U.
    utilised_from_prior_t: Decimal = ZERO

    def __add__(self, other: "Flow") -> "Flow":
        """Return both together."""
        return Flow(
            self.generated_t + other.generated_t,
            self.utilised_t + other.utilised_t,
            self.utilised_from_prior_t + other.utilised_from_prior_t,
        )

    @property
    def base_t(self) -> Decimal:
        """G + Up, what the official rate divides by."""
        return self.generated_t + self.utilised_from_prior_t

    @property
    def exact_rate_pct(self) -> Fraction | None:
        """100 U / (G + Up), not rounded; None when the denominator is not positive."""
        return Fraction(_HUNDRED * self.utilised_t) / Fraction(self.base_t) if self.base_t > ZERO else None


def gap_points(flow: Flow, target_pct: Decimal) -> Decimal | None:
    """Return target minus rate in percentage points, 2 decimals half-up: positive below the target, negative above."""
    rate = flow.exact_rate_pct
    return None if rate is None else rounded(Fraction(target_pct) - rate)


def is_reached(flow: Flow, target_pct: Decimal) -> bool | None:
    """Tell whether the unrounded rate is at least the target; None without a rate."""
    rate = flow.exact_rate_pct
    return None if rate is None else rate >= Fraction(target_pct)


def missing_t(flow: Flow, target_pct: Decimal) -> Decimal | None:
    """Return the least x to the kilogram with 100 (U + x) / (G + Up) >= target: more use of this year's waste.

    0 where the target is reached, None without a rate.
    """
    if flow.exact_rate_pct is None:
        return None
    return _kilograms_up(Fraction(target_pct) * Fraction(flow.base_t) / _HUNDRED - Fraction(flow.utilised_t))


def missing_from_prior_t(flow: Flow, target_pct: Decimal) -> Decimal | None:
    """Return the least x with 100 (U + x) / (G + Up + x) >= target: more use of stock of earlier years.

    That use counts in the denominator too, so it takes more; None where no amount is enough (a target of 100 %).
    """
    missing = missing_t(flow, target_pct)
    if not missing:
        return missing
    if target_pct == _HUNDRED:
        return None
    share = Fraction(target_pct) / _HUNDRED
    return _kilograms_up((share * Fraction(flow.base_t) - Fraction(flow.utilised_t)) / (1 - share))


def missing_per_month_t(flow: Flow, target_pct: Decimal, months: int) -> Decimal | None:
    """Return how much more of this year's waste must be used in each of `months` for the year to reach the target."""
    missing = missing_t(flow, target_pct)
    return None if missing is None or months < 1 else _kilograms_up(Fraction(missing) / months)


def rounded(figure: Fraction) -> Decimal:
    """Return percent or points, 2 decimals half-up."""
    return half_up(Decimal(figure.numerator) / Decimal(figure.denominator))


def _kilograms_up(tonnes: Fraction) -> Decimal:
    return max(ZERO, Decimal(ceil(tonnes * _KILOGRAMS)).scaleb(-3))
