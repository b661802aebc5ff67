"""The mass balance of waste in a period and its utilisation rates: official formula, look-alikes, identity. Pure."""

from decimal import Decimal
from typing import NamedTuple

from app.core.quantities import ZERO, half_up

#: The official rate in the symbols of the catalogue's indicators (`utilisation_rate`); every answer names it.
FORMULA = "U / (G + Up)"
_HUNDRED = Decimal(100)


class MassBalance(NamedTuple):
    """Tonnes of one row of the statistics; the symbols are those of the catalogue's indicators.

    "Prior" is waste whose stock year lies before the calendar year of the posting. The four parts of S are net
    changes of waste of the posting's own year, so they may be negative; everything counts at the origin.
    """

    #: G.
    generated_t: Decimal = ZERO
    #: U: used by recyclers, by the producer itself and off the exchange.
    utilised_t: Decimal = ZERO
    #: Up, part of U.
    utilised_from_prior_t: Decimal = ZERO
    #: Part of S in the producer's storage.
    stored_at_producer_t: Decimal = ZERO
    #: Part of S on the road.
    in_transit_t: Decimal = ZERO
    #: Part of S received and not yet used.
    held_by_recyclers_t: Decimal = ZERO
    #: Part of S that is the difference of two weighbridges.
    weighing_difference_t: Decimal = ZERO
    #: D.
    disposed_t: Decimal = ZERO
    #: Dp, part of D.
    disposed_from_prior_t: Decimal = ZERO
    #: W.
    discarded_t: Decimal = ZERO
    #: Change of prior stock that is neither use nor disposal nor opening stock; outside G, S and W.
    prior_stock_adjustment_t: Decimal = ZERO
    #: Stock at the start, with the opening stocks posted in the period.
    opening_t: Decimal = ZERO
    #: Stock at the end, as the ledger has it.
    closing_t: Decimal = ZERO
    #: Ud: like U, but tonnes count when they leave the producer for use.
    dispatched_for_use_t: Decimal = ZERO
    #: Udp, part of Ud.
    dispatched_for_use_from_prior_t: Decimal = ZERO

    @property
    def stored_t(self) -> Decimal:
        """S: the net change of this year's waste that is neither used, disposed of nor discarded."""
        return self.stored_at_producer_t + self.in_transit_t + self.held_by_recyclers_t + self.weighing_difference_t

    @property
    def rate_pct(self) -> Decimal | None:
        """100 U / (G + Up): the official rate (indicators: `utilisation_rate`)."""
        return percentage(self.utilised_t, self.generated_t + self.utilised_from_prior_t)

    @property
    def naive_rate_pct(self) -> Decimal | None:
        """100 U / G: in circulation, overstates where much old stock is used (indicators: `naive_rate`)."""
        return percentage(self.utilised_t, self.generated_t)

    @property
    def new_waste_rate_pct(self) -> Decimal | None:
        """100 (U - Up) / G: for targets worded as newly generated waste (indicators: `new_stream_rate`)."""
        return percentage(self.utilised_t - self.utilised_from_prior_t, self.generated_t)

    @property
    def rate_on_dispatch_pct(self) -> Decimal | None:
        """100 Ud / (G + Udp): the official formula with tonnes counted when they leave the producer for use."""
        return percentage(self.dispatched_for_use_t, self.generated_t + self.dispatched_for_use_from_prior_t)

    @property
    def identity_gap_t(self) -> Decimal:
        """G - ((U - Up) + S + (D - Dp) + W), which must be 0 (indicators: `balance_identity`)."""
        utilised = self.utilised_t - self.utilised_from_prior_t
        disposed = self.disposed_t - self.disposed_from_prior_t
        return self.generated_t - (utilised + self.stored_t + disposed + self.discarded_t)

    @property
    def stock_gap_t(self) -> Decimal:
        """Closing - (opening + adjustment + S - Up - Dp), which must be 0 (indicators: third of `counting_rules`)."""
        prior = self.prior_stock_adjustment_t - self.utilised_from_prior_t - self.disposed_from_prior_t
        return self.closing_t - (self.opening_t + prior + self.stored_t)

    def on_top_of(self, stock_t: Decimal) -> "MassBalance":
        """Return the balance of a period that began with `stock_t`; self is that of the period's postings alone."""
        return self._replace(opening_t=self.opening_t + stock_t, closing_t=self.closing_t + stock_t)


def percentage(part: Decimal, whole: Decimal) -> Decimal | None:
    """Return 100 · part / whole, 2 decimals half-up; None when `whole` is not positive."""
    return half_up(_HUNDRED * part / whole) if whole > ZERO else None
