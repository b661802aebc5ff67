"""What a solved plan comes to: rate, tonnes, cost, haulage. Pure."""

from decimal import Decimal
from fractions import Fraction

import numpy as np

from app.plans.keeping import Posed
from app.plans.schemas import Figures
from app.transport.network import NONE, Network
from app.transport.solver import Solution

_RATE_PLACES = Decimal("0.0001")
_FEN, _KG, _M_KG = Decimal("0.01"), Decimal("0.001"), Decimal("0.001")


def figures_of(posed: Posed, solution: Solution) -> Figures:
    """Return the figures of a solution, exact but for rounding at the last place."""
    used = np.flatnonzero(solution.flow_kg)
    kg = solution.flow_kg[used].tolist()
    costs, metres = (column[used].tolist() for column in (posed.network.cost_fen_per_t, posed.network.metres))
    fen = Fraction(sum(each * cost for each, cost in zip(kg, costs, strict=True)), 1000)
    kg_m = sum(each * metre for each, metre in zip(kg, metres, strict=True))
    return Figures(
        reachable_rate_pct=_rate(posed.base.rate_pct(solution.fresh_kg, solution.prior_kg)),
        allocated_t=in_tonnes(solution.allocated_kg),
        cost_cny=rounded(fen / 100, _FEN),
        t_km=rounded(Fraction(kg_m, 10**6), _M_KG),
    )


def change_between(base: Figures, changed: Figures) -> Figures:
    """Return how much more one plan comes to than another."""
    rates = changed.reachable_rate_pct, base.reachable_rate_pct
    return Figures(
        reachable_rate_pct=None if rates[0] is None or rates[1] is None else rates[0] - rates[1],
        allocated_t=changed.allocated_t - base.allocated_t,
        cost_cny=changed.cost_cny - base.cost_cny,
        t_km=changed.t_km - base.t_km,
    )


def in_tonnes(kg: int) -> Decimal:
    """Return kilograms as tonnes."""
    return Decimal(kg).scaleb(-3)


def room_kg(network: Network) -> int:
    """Return what the demands can take: no more than the capacity that they share."""
    shared = network.demand_group != NONE
    own = int(network.demand_kg[~shared].sum())
    asked = np.zeros(network.groups, np.int64)
    np.add.at(asked, network.demand_group[shared], network.demand_kg[shared])
    return own + int(np.minimum(asked, network.group_kg).sum())


def _rate(rate: Fraction | None) -> Decimal | None:
    return None if rate is None else rounded(rate, _RATE_PLACES)


def rounded(value: Fraction, place: Decimal) -> Decimal:
    """Return the nearest multiple of a place, halves to even."""
    return round(value / Fraction(place)) * place
