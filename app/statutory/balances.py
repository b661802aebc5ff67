"""What a producer's waste did in a period, seen from the producer's gate: tonnes count when they leave it. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import NamedTuple

from app.core.quantities import ZERO
from app.ledger.accounts import UTILISED, Account, Kind

#: What moves a load out of the gate, and what brings it back; as in the statistics' rate on dispatch.
_AT_THE_GATE = frozenset({Kind.DISPATCH, Kind.REFUSAL})


class Flow(NamedTuple):
    """Signed tonnes of one material of one origin, in the period or, with `is_before`, in all the time before it."""

    material: str
    account: str
    kind: str
    is_before: bool
    tonnes: Decimal


@dataclass(frozen=True)
class GateBalance:
    """Tonnes of one stream in a period; stocks are those at the end of it unless they say otherwise."""

    #: In the producer's storage when the period began, opening stocks posted in it included.
    opening_t: Decimal = ZERO
    closing_t: Decimal = ZERO
    generated_t: Decimal = ZERO
    #: Change of stock that is neither generation nor opening stock nor anything that left.
    adjusted_t: Decimal = ZERO
    #: Loads over the exchange, less what came back.
    loaded_t: Decimal = ZERO
    #: What came back, of loads of any month.
    refused_t: Decimal = ZERO
    self_utilised_t: Decimal = ZERO
    #: Off the exchange.
    entrusted_utilised_t: Decimal = ZERO
    disposed_t: Decimal = ZERO
    entrusted_disposed_t: Decimal = ZERO
    discarded_t: Decimal = ZERO
    #: What the ledger booked into storage and out of it: waste that went straight to the lorry is in neither.
    into_storage_t: Decimal = ZERO
    out_of_storage_t: Decimal = ZERO
    #: U of the statistics: own use, use off the exchange, and what recyclers recorded.
    utilised_t: Decimal = ZERO
    in_transit_t: Decimal = ZERO
    in_transit_change_t: Decimal = ZERO
    held_by_recyclers_t: Decimal = ZERO
    held_by_recyclers_change_t: Decimal = ZERO
    weighing_difference_t: Decimal = ZERO
    weighing_difference_change_t: Decimal = ZERO

    def __add__(self, other: "GateBalance") -> "GateBalance":
        """Return the balance of both streams together."""
        return GateBalance(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))

    @property
    def stored_t(self) -> Decimal:
        """Net change of the producer's storage in the period."""
        return self.closing_t - self.opening_t

    @property
    def own_t(self) -> Decimal:
        """Own use and own disposal."""
        return self.self_utilised_t + self.disposed_t

    @property
    def entrusted_use_t(self) -> Decimal:
        """What left for use by others, over the exchange and off it."""
        return self.loaded_t + self.entrusted_utilised_t

    @property
    def entrusted_t(self) -> Decimal:
        """What left for use or disposal by others."""
        return self.entrusted_use_t + self.entrusted_disposed_t

    @property
    def utilised_on_dispatch_t(self) -> Decimal:
        """Own and entrusted use as table 2 counts them."""
        return self.self_utilised_t + self.entrusted_use_t

    @property
    def statistics_closing_t(self) -> Decimal:
        """Stock as the statistics count it, wherever it is."""
        return self.closing_t + self.in_transit_t + self.held_by_recyclers_t + self.weighing_difference_t

    @property
    def stock_gap_t(self) -> Decimal:
        """Generated + opening + adjusted - (closing + entrusted + own + discarded), which must be 0.

        The check of table 2 (indicators: `ledger_stock_balance`), with the discarded tonnes that it has no column for.
        """
        there = self.generated_t + self.opening_t + self.adjusted_t
        return there - (self.closing_t + self.entrusted_t + self.own_t + self.discarded_t)

    @property
    def use_gap_t(self) -> Decimal:
        """Use on dispatch - (U + what of it is on the road, with recyclers or between two bridges), must be 0."""
        on_the_way = self.in_transit_change_t + self.held_by_recyclers_change_t + self.weighing_difference_change_t
        return self.utilised_on_dispatch_t - (self.utilised_t + on_the_way)

    @property
    def is_empty(self) -> bool:
        """Whether nothing lay there and nothing happened."""
        return not any(getattr(self, field.name) for field in fields(self))


def balance_streams(flows: Iterable[Flow]) -> dict[str, GateBalance]:
    """Return the balance of each material that has flows."""
    of_material: dict[str, list[Flow]] = {}
    for flow in flows:
        of_material.setdefault(flow.material, []).append(flow)
    return {material: _balance(of_material[material]) for material in sorted(of_material)}


def _balance(flows: Iterable[Flow]) -> GateBalance:
    before: dict[str, Decimal] = {}
    within: dict[str, Decimal] = {}
    at: dict[tuple[str, str], Decimal] = {}
    for flow in flows:
        totals = before if flow.is_before else within
        totals[flow.account] = totals.get(flow.account, ZERO) + flow.tonnes
        if not flow.is_before:
            at[flow.account, flow.kind] = at.get((flow.account, flow.kind), ZERO) + flow.tonnes
    into, out = _storage_movements(at)
    return GateBalance(
        opening_t=before.get(Account.STORAGE, ZERO) - within.get(Account.OPENING, ZERO),
        closing_t=_both(before, within, Account.STORAGE),
        generated_t=-within.get(Account.GENERATION, ZERO),
        adjusted_t=-within.get(Account.ADJUSTMENT, ZERO),
        loaded_t=sum((at.get((Account.IN_TRANSIT, kind), ZERO) for kind in _AT_THE_GATE), ZERO),
        refused_t=at.get((Account.STORAGE, Kind.REFUSAL), ZERO),
        self_utilised_t=within.get(Account.SELF_UTILISED, ZERO),
        entrusted_utilised_t=within.get(Account.ENTRUSTED_UTILISED, ZERO),
        disposed_t=within.get(Account.DISPOSED, ZERO),
        entrusted_disposed_t=within.get(Account.ENTRUSTED_DISPOSED, ZERO),
        discarded_t=within.get(Account.DISCARDED, ZERO),
        into_storage_t=into,
        out_of_storage_t=out,
        utilised_t=sum((within.get(account, ZERO) for account in UTILISED), ZERO),
        in_transit_t=_both(before, within, Account.IN_TRANSIT),
        in_transit_change_t=within.get(Account.IN_TRANSIT, ZERO),
        held_by_recyclers_t=_both(before, within, Account.RECEIVED),
        held_by_recyclers_change_t=within.get(Account.RECEIVED, ZERO),
        weighing_difference_t=_both(before, within, Account.WEIGHING_DIFFERENCE),
        weighing_difference_change_t=within.get(Account.WEIGHING_DIFFERENCE, ZERO),
    )


def _both(before: Mapping[str, Decimal], within: Mapping[str, Decimal], account: Account) -> Decimal:
    return before.get(account, ZERO) + within.get(account, ZERO)


def _storage_movements(at: Mapping[tuple[str, str], Decimal]) -> tuple[Decimal, Decimal]:
    """Return what was booked into storage in the period, opening stocks aside, and out of it; in − out = net change.

    The flows of a declaration hold what it generated and what it took in one figure; its own generation tells them
    apart. Those of any other kind go one way in a month, or their net counts. An opening stock that was stated anew
    after its month was closed is an adjustment, and moves what lies there.
    """
    into = -at.get((Account.GENERATION, Kind.DECLARATION), ZERO)
    out = into - at.get((Account.STORAGE, Kind.DECLARATION), ZERO)
    for (account, kind), moved in at.items():
        tonnes = moved + (at.get((Account.OPENING, kind), ZERO) if kind == Kind.OPENING else ZERO)
        if account == Account.STORAGE and kind != Kind.DECLARATION:
            into, out = (into + tonnes, out) if tonnes > ZERO else (into, out - tonnes)
    return into, out
