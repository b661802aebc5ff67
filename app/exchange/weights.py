"""Weighbridge rules: the tolerance between two bridges, and how a load divides by its two weights. Pure."""

from dataclasses import dataclass
from decimal import Decimal

from app.core.quantities import ZERO

#: Tolerance between the two weights: the larger of 0.5 % of the dispatched net and 100 kg (contract, section 6).
TOLERANCE_SHARE = Decimal("0.005")
TOLERANCE_FLOOR_T = Decimal("0.1")
#: By how much a load may exceed what is left of its agreement, when the lot has it free.
OVERSHIPMENT_SHARE = Decimal("0.05")


@dataclass(frozen=True)
class Division:
    """How a received load divides: taken in, given back to the producer, weighing difference (signed)."""

    taken_in_t: Decimal
    given_back_t: Decimal
    difference_t: Decimal
    disputed: bool


def tolerance_t(dispatched_t: Decimal) -> Decimal:
    """Return by how much the two weights of a load may differ."""
    return max(dispatched_t * TOLERANCE_SHARE, TOLERANCE_FLOOR_T)


def divide(dispatched_t: Decimal, accepted_t: Decimal, refused_t: Decimal) -> Division:
    """Divide a load by its two weights.

    Inside the tolerance the received weight counts and the difference is a weighing difference; outside it the load
    is disputed: min(accepted, dispatched − refused) is taken in and the rest stays in transit.
    """
    difference = dispatched_t - (accepted_t + refused_t)
    if abs(difference) <= tolerance_t(dispatched_t):
        return Division(accepted_t, refused_t, difference, disputed=False)
    given_back = min(refused_t, dispatched_t)
    return Division(min(accepted_t, dispatched_t - given_back), given_back, ZERO, disputed=True)
