"""Accounts of the ledger, and what a balanced posting is. Pure."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

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
