"""Accounts of the ledger, and what a balanced posting is. Pure."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from app.core.clock import month_of, year_of
from app.core.quantities import ZERO


class Account(StrEnum):
    """Where tonnes are or went: sources go negative, stocks hold, sinks only grow."""

    GENERATION = "generation"
    OPENING = "opening"
    ADJUSTMENT = "adjustment"
    STORAGE = "storage"
    IN_TRANSIT = "in_transit"
    RECEIVED = "received"
    WEIGHING_DIFFERENCE = "weighing_difference"
    UTILISED = "utilised"
    SELF_UTILISED = "self_utilised"
    ENTRUSTED_UTILISED = "entrusted_utilised"
    DISPOSED = "disposed"
    ENTRUSTED_DISPOSED = "entrusted_disposed"
    DISCARDED = "discarded"


#: Stocks that can never be below zero.
PHYSICAL_STOCKS = frozenset({Account.STORAGE, Account.IN_TRANSIT, Account.RECEIVED})
STOCKS = PHYSICAL_STOCKS | {Account.WEIGHING_DIFFERENCE}
UTILISED = frozenset({Account.UTILISED, Account.SELF_UTILISED, Account.ENTRUSTED_UTILISED})
#: Use by the producer itself or by others outside the exchange; nobody else weighed it.
OFF_EXCHANGE = frozenset({Account.SELF_UTILISED, Account.ENTRUSTED_UTILISED})
DISPOSED = frozenset({Account.DISPOSED, Account.ENTRUSTED_DISPOSED})


class Kind(StrEnum):
    """What happened; a reversal carries the kind of what it reverses, so that flows of a kind net out."""

    OPENING = "opening"
    DECLARATION = "declaration"
    DISPATCH = "dispatch"
    RECEIPT = "receipt"
    REFUSAL = "refusal"
    UTILISATION = "utilisation"


@dataclass(frozen=True)
class Leg:
    """Signed tonnes on one account: `site_id` is where they are, `origin_site_id` where they were generated."""

    account: Account
    site_id: UUID
    material: str
    origin_site_id: UUID
    stock_year: int
    quantity_t: Decimal
    use: str = ""
    verified: bool = False
    #: On the account of adjustments: the account it would stand on, had its month been open.
    instead_of: str = ""

    @property
    def is_generation(self) -> bool:
        """Whether these tonnes are waste generated (sources go negative), on whatever account they stand."""
        return (self.instead_of or self.account) == Account.GENERATION

    def negated(self) -> "Leg":
        """Return the leg that undoes this one."""
        return replace(self, quantity_t=-self.quantity_t)


@dataclass(frozen=True)
class Posting:
    """One transaction to post: legs that sum to zero, and the business object that is its source."""

    kind: Kind
    occurred_on: date
    source_type: str
    source_id: UUID
    legs: tuple[Leg, ...]
    reversal_of: UUID | None = None

    def __post_init__(self) -> None:
        """Refuse an unbalanced posting: tonnes are conserved, per origin and stock year."""
        sums: dict[tuple[str, UUID, int], Decimal] = {}
        for leg in self.legs:
            key = (leg.material, leg.origin_site_id, leg.stock_year)
            sums[key] = sums.get(key, ZERO) + leg.quantity_t
        if any(sums.values()):
            message = f"unbalanced {self.kind} of {self.source_type} {self.source_id}: {sums}"
            raise AssertionError(message)


def move(source: Leg, account: Account, *, site_id: UUID | None = None, use: str = "", verified: bool = False) -> Leg:
    """Return the counter-leg of `source` on another account (and site)."""
    target = replace(source.negated(), account=account, use=use, verified=verified)
    return target if site_id is None else replace(target, site_id=site_id)


def next_month(month: str) -> str:
    """Return the month after `YYYY-MM`."""
    years, months = divmod(year_of(month) * 12 + int(month[5:]), 12)
    return f"{years:04d}-{months + 1:02d}"


def posting_month(occurred_on: date, closed_to: str) -> str:
    """Return the month in which a posting counts: its own or, where that is closed, the earliest open one.

    All months up to `closed_to` (`YYYY-MM`, empty: none) are closed.
    """
    own = month_of(occurred_on)
    return own if own > closed_to else next_month(closed_to)


def settle(posting: Posting, month: str) -> Posting:
    """Return a posting as it counts in `month`, which lies after its own month where that is closed.

    What stood at the end of a closed month is published as stock. So an opening stock of it, and generation or
    discarding of a year that is over, are adjustments of the stock of earlier years: outside G, S and W. Otherwise
    tonnes would be generated in a year in whose stock they never were, and the identity of the rate would break
    (contract, sections 7 and 8). Use and disposal stay what they are; of a year that is over, they draw on prior stock.
    """
    if month == month_of(posting.occurred_on):
        return posting
    return replace(posting, legs=tuple(_settle(leg, year_of(month)) for leg in posting.legs))


def _settle(leg: Leg, year: int) -> Leg:
    of_year = {Account.GENERATION, Account.DISCARDED}
    if leg.account is Account.OPENING or (leg.account in of_year and leg.stock_year < year):
        return replace(leg, account=Account.ADJUSTMENT, instead_of=leg.account.value)
    return leg
