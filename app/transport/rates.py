"""The rate of use that a plan reaches, and what it takes to reach a given one."""

from dataclasses import dataclass
from fractions import Fraction

_PERCENT = 100
#: Four decimals of a per cent: prices of a rate are fractions of it, and costs times that must fit into 64 bits.
_FINEST = 10**6


@dataclass(frozen=True)
class Base:
    """The terms of the rate that no plan changes: own use and agreements in force, and what was generated."""

    fixed_use_kg: int = 0
    #: Of the fixed use, what comes from stock of earlier years.
    fixed_prior_kg: int = 0
    generated_kg: int = 0

    def rate_pct(self, fresh_kg: int, prior_kg: int) -> Fraction | None:
        """Return the rate with so much fresh waste and earlier stock allocated; None where there is nothing to use."""
        whole = self.generated_kg + self.fixed_prior_kg + prior_kg
        return Fraction(_PERCENT * (self.fixed_use_kg + fresh_kg + prior_kg), whole) if whole else None


@dataclass(frozen=True)
class Goal:
    """A rate to reach, in whole numbers: `fresh` times fresh kilograms and `prior` times prior ones are `least`.

    Of use / (generated + prior) >= p / q, with U and P fixed, that is q f + (q - p) o >= p (G + P) - q U.
    """

    fresh: int
    prior: int
    least: int

    def weight(self, fresh_kg: int, prior_kg: int) -> int:
        """Return how much an allocation brings towards the goal."""
        return self.fresh * fresh_kg + self.prior * prior_kg

    def is_reached(self, fresh_kg: int, prior_kg: int) -> bool:
        """Return whether an allocation reaches the rate."""
        return self.weight(fresh_kg, prior_kg) >= self.least


def goal_of(base: Base, target_pct: Fraction) -> Goal:
    """Return the goal that a rate in per cent sets: between 0 and 100, of at most four decimals."""
    rate = target_pct / _PERCENT
    if not 0 <= rate <= 1 or _FINEST % rate.denominator:
        raise ValueError(f"A rate to reach lies between 0 and 100 per cent, with four decimals at most: {target_pct}")
    p, q = rate.numerator, rate.denominator
    return Goal(q, q - p, p * (base.generated_kg + base.fixed_prior_kg) - q * base.fixed_use_kg)
