"""What a movement counts as in the mass balance of its origin's month; figures are defined here alone. Pure."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

from app.core.clock import year_of
from app.core.quantities import ZERO
from app.ledger.accounts import DISPOSED, OFF_EXCHANGE, STOCKS, UTILISED, Account, Kind
from app.ledger.models import YEAR_FIGURES

KEY = ("month", "material", "origin_site_id")
YEAR_KEY = ("material", "year", "origin_site_id")
#: Where this year's waste can lie, and what its net change there is called; together they are S.
_STORED = {
    Account.STORAGE: "stored_at_producer_t",
    Account.IN_TRANSIT: "in_transit_t",
    Account.RECEIVED: "held_by_recyclers_t",
    Account.WEIGHING_DIFFERENCE: "weighing_difference_t",
}
_SOURCES = frozenset({Account.GENERATION, Account.OPENING, Account.ADJUSTMENT})
#: Dispatch takes tonnes onto the road, a refusal takes them back: the net is what left for use.
_LEAVES = frozenset({Kind.DISPATCH, Kind.REFUSAL})

Identity = tuple[Any, ...]


@cache
def figures_of(account: str, kind: str, *, is_prior: bool, is_verified: bool) -> frozenset[str]:
    """Return the figures that signed tonnes on an account add to; see `sign_of`.

    "Prior" is waste whose stock year lies before the calendar year of the posting.
    """
    figures = set()
    if account == Account.GENERATION:
        figures |= {"generated_t"} | ({"generated_on_dispatch_t"} if kind == Kind.DISPATCH else set())
    if account == Account.OPENING:
        figures.add("opening_t")
    if account == Account.ADJUSTMENT and is_prior:
        figures.add("prior_stock_adjustment_t")
    if account == Account.DISCARDED:
        figures.add("discarded_t")
    if account in STOCKS:
        figures |= {"closing_t"} | (set() if is_prior else {_STORED[Account(account)]})
    for figure, counts in (
        ("utilised_t", account in UTILISED),
        ("verified_use_t", account == Account.UTILISED and is_verified),
        ("off_exchange_use_t", account in OFF_EXCHANGE),
        ("disposed_t", account in DISPOSED),
        ("dispatched_for_use_t", account in OFF_EXCHANGE or (account == Account.IN_TRANSIT and kind in _LEAVES)),
    ):
        if counts:
            figures |= {figure} | ({f"{figure.removesuffix('_t')}_from_prior_t"} if is_prior else set())
    return frozenset(figures)


def sign_of(account: str) -> int:
    """Return 1, or -1 for sources: they go negative, so what they gave is the negated sum."""
    return -1 if account in _SOURCES else 1


def sum_figures(movements: Iterable[Mapping[str, Any]]) -> dict[Identity, dict[str, Decimal]]:
    """Return figure → tonnes of each KEY; a movement has the key and values of a monthly flow."""
    totals: dict[Identity, dict[str, Decimal]] = {}
    for movement in movements:
        account, tonnes = movement["account"], movement["quantity_t"]
        is_prior = movement["stock_year"] < year_of(movement["month"])
        sums = totals.setdefault(tuple(movement[name] for name in KEY), {})
        for figure in figures_of(account, movement["kind"], is_prior=is_prior, is_verified=bool(movement["verified"])):
            sums[figure] = sums.get(figure, ZERO) + sign_of(account) * tonnes
    return totals


def sum_years(months: Mapping[Identity, Mapping[str, Decimal]]) -> dict[Identity, dict[str, Decimal]]:
    """Return figure → tonnes of each YEAR_KEY, from those of each KEY."""
    totals: dict[Identity, dict[str, Decimal]] = {}
    for (month, material, origin_site_id), figures in months.items():
        sums = totals.setdefault((material, year_of(month), origin_site_id), {})
        for figure in YEAR_FIGURES:
            sums[figure] = sums.get(figure, ZERO) + figures.get(figure, ZERO)
    return totals
