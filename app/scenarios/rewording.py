"""What-ifs that change what demands ask of a lot: laws and limits. Pure."""

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import numpy as np

from app.allocation.market import Market
from app.catalogue.reference import reference
from app.catalogue.schemas import FigureStatus
from app.matching.verdict import Specification, UseClosure
from app.scenarios.changes import CloseRoute, Refusal, RelaxLimit
from app.transport.network import Flags, Whole


def check_use(use: str) -> None:
    """Raise Refusal for a use that the catalogue does not have."""
    if use not in reference().uses:
        raise Refusal("use", "unknown_use", f"{use} is no use of the catalogue")


def need_of(market: Market, demand_id: UUID) -> int:
    """Return the number of an open demand, or raise Refusal."""
    if demand_id not in market.needs.demand_ids:
        raise Refusal("demand_id", "unknown_demand", f"{demand_id} is no demand that is open in the months of the plan")
    return market.needs.demand_ids.index(demand_id)


def relax_limit(market: Market, change: RelaxLimit) -> Market:
    """Return the market in which demands' own limits on a parameter are wider."""
    if change.parameter not in reference().parameters:
        raise Refusal("parameter", "unknown_parameter", f"{change.parameter} is no parameter of the catalogue")
    if change.demand_id is not None:
        of_change = np.zeros(len(market.needs.uses), np.bool_)
        of_change[need_of(market, change.demand_id)] = True
    else:
        of_change = _of_use(market, change.use)
    return _respecified(market, of_change, lambda asked: _relaxed(asked, change))


def _relaxed(specification: Specification, change: RelaxLimit) -> Specification:
    criteria = []
    for criterion in specification.criteria:
        if criterion.parameter != change.parameter or criterion.source != "demand":
            criteria.append(criterion)
            continue
        low, high = criterion.minimum, criterion.maximum
        low = None if low is None or change.minimum is None else min(low, change.minimum)
        high = None if high is None or change.maximum is None else max(high, change.maximum)
        if not (low is None and high is None):
            criteria.append(replace(criterion, minimum=low, maximum=high))
    return replace(specification, criteria=tuple(criteria))


def close_route(market: Market, change: CloseRoute) -> Market:
    """Return the market in which the law closes a use to a material."""
    check_use(change.use)
    if change.material not in reference().materials:
        raise Refusal("material", "unknown_material", f"{change.material} is no material of the catalogue")
    text = f"{change.use} is closed to {change.material} in this plan"
    law = UseClosure(change.material, (), f"use {change.use}", text, "what-if", FigureStatus.CONFIRMED)
    closed = _respecified(market, _of_use(market, change.use), lambda asked: with_law(asked, law))
    return replace(closed, laws=(*market.laws, (change.use, law)))


def with_law(specification: Specification, law: UseClosure) -> Specification:
    """Return what is asked where one more law holds."""
    return replace(specification, closures=(*specification.closures, law))


def _of_use(market: Market, use: str | None) -> Flags:
    return np.array([use is None or each == use for each in market.needs.uses], np.bool_)


def _respecified(market: Market, of_change: Flags, change: Callable[[Specification], Specification]) -> Market:
    """Return the market in which some demands ask something else."""
    numbers: Whole = market.needs.specifications.copy()
    specifications = list(market.specifications)
    for old in np.unique(numbers[of_change]).tolist():
        numbers[of_change & (market.needs.specifications == old)] = len(specifications)
        specifications.append(change(market.specifications[old]))
    needs = replace(market.needs, specifications=numbers)
    return replace(market, needs=needs, specifications=tuple(specifications))
