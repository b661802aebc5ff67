"""Weighbridge rules: net weight of a ticket, tolerance between two bridges, what of a load is taken in. Pure."""

from dataclasses import dataclass
from decimal import Decimal

from app.core.errors import Fault
from app.core.quantities import ZERO

#: Tolerance between the two weights: the larger of 0.5 % of the dispatched net and 100 kg (contract, section 6).
TOLERANCE_SHARE = Decimal("0.005")
TOLERANCE_FLOOR_T = Decimal("0.1")
#: By how much a load may exceed what is left of its agreement, when the lot has it free.
OVERSHIPMENT_SHARE = Decimal("0.05")


@dataclass(frozen=True)
class Weighing:
    """What a ticket states, tonnes."""

    gross_t: Decimal | None
    tare_t: Decimal | None
    net_t: Decimal | None

    def faults(self) -> list[Fault]:
        """Return what is wrong with the weights."""
        if (self.gross_t is None) != (self.tare_t is None):
            missing = "/tare_t" if self.tare_t is None else "/gross_t"
            return [Fault(missing, "missing", "gross_t and tare_t go together")]
        if self.gross_t is None or self.tare_t is None:
            return [] if self.net_t is not None else [Fault("/net_t", "missing", "give net_t, or gross_t and tare_t")]
        if self.gross_t <= self.tare_t:
            return [Fault("/gross_t", "gross_not_above_tare", "must be more than tare_t")]
        if self.net_t is not None and self.net_t != self.gross_t - self.tare_t:
            return [Fault("/net_t", "net_differs", f"gross_t − tare_t is {self.gross_t - self.tare_t}")]
        return []

    def net(self) -> Decimal:
        """Return the net weight of a faultless weighing."""
        if self.gross_t is not None and self.tare_t is not None:
            return self.gross_t - self.tare_t
        return self.net_t or ZERO


@dataclass(frozen=True)
class Division:
    """How a received load divides: taken in, given back to the producer, weighing difference (signed)."""

    taken_in_t: Decimal
    given_back_t: Decimal
    difference_t: Decimal
    disputed: bool


def divide(dispatched_t: Decimal, accepted_t: Decimal, refused_t: Decimal) -> Division:
    """Divide a load by its two weights.

    Inside the tolerance the received weight counts and the difference is a weighing difference; outside it the load
    is disputed: min(accepted, dispatched − refused) is taken in and the rest stays in transit.
    """
    difference = dispatched_t - (accepted_t + refused_t)
    if abs(difference) <= max(dispatched_t * TOLERANCE_SHARE, TOLERANCE_FLOOR_T):
        return Division(accepted_t, refused_t, difference, disputed=False)
    given_back = min(refused_t, dispatched_t)
    return Division(min(accepted_t, dispatched_t - given_back), given_back, ZERO, disputed=True)
