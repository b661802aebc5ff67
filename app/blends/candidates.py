"""The lots that a mix may be made of: those in reach, and of many the most promising.

A market in reach may hold a hundred thousand lots, and the search for a mix a few hundred. Of those that may enter a
mix at all are taken: the cheapest; the cheapest of those so large that every mix has one of them; the cheapest that
pass all by themselves (so a mix is never dearer than they make it); and for each side of each limit that mixes those
that lie best, which is what makes up for cheap lots that miss it. Of those that may not enter, the ones with the
fewest misses and most tonnes are taken, and the largest of all, to tell what stands in the way. What is lost is a mix
that needs a lot which is none of these; the answer then does not call itself optimal.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, and_, case, func, literal, or_, select, true
from sqlalchemy.orm import Session

from app.blends.requirements import Requirement
from app.catalogue.schemas import Mixing
from app.lots.models import Lot
from app.matching.conditions import is_fresh, value_of, verdict_is_among
from app.matching.limits import admitted_range
from app.matching.ordering import as_stored
from app.matching.ranking import Tariff
from app.matching.search import LotSearch, find_offers
from app.matching.verdict import NOT_FAILED, Specification, Verdict

_CHEAPEST, _LARGE, _PASSING, _NEAR, _LARGEST = 100, 60, 60, 40, 10
#: Shared by the sides of all limits that mix.
_BEST = 120
_FEWEST_BEST = 5
_PASS = frozenset({Verdict.PASS})
_Condition = ColumnElement[bool]
_Order = tuple[Any, ...]  # of columns and expressions


class Candidate(NamedTuple):
    """A lot with what it costs at the gate; `may_enter`: no requirement keeps it out of a mix."""

    lot: Lot
    distance_um: int
    freight_fen: int
    delivered_fen: int
    may_enter: bool


class Candidates(NamedTuple):
    """The lots considered, the cheapest first; `all_that_may_enter`: none of those in reach was left out."""

    lots: list[Candidate]
    in_reach: int
    all_that_may_enter: bool


def find_candidates(
    session: Session,
    search: LotSearch,
    requirements: Sequence[Requirement],
    least_share_kg: int,
    tariff: Tariff,
) -> Candidates:
    """Return the most promising lots of a search with a place, whatever its specification says of them.

    `least_share_kg` is what the largest part of a mix has at the least.
    """
    in_reach = replace(
        search,
        specification=Specification(materials=search.specification.materials),
        verdicts=NOT_FAILED,
        lot_conditions=(*search.lot_conditions, as_stored(Lot.available_t) > 0),
    )
    offers = find_offers(session, in_reach, tariff)
    is_eligible = and_(true(), *map(_may_enter, requirements))
    eligible = case((is_eligible, 1), else_=0)
    orders = _orders(requirements, eligible, offers.delivered_fen, least_share_kg)
    ranked = offers.select(
        Lot.id,
        offers.distance_um.label("distance_um"),
        offers.freight_fen.label("freight_fen"),
        offers.delivered_fen.label("delivered_fen"),
        eligible.label("may_enter"),
        func.sum(eligible).over().label("eligible"),
        func.count().over().label("in_reach"),
        *(func.row_number().over(order_by=order).label(f"rank_{number}") for number, (order, _) in enumerate(orders)),
    ).subquery()
    taken = or_(*(ranked.c[f"rank_{number}"] <= count for number, (_, count) in enumerate(orders)))
    named = ("distance_um", "freight_fen", "delivered_fen", "may_enter", "eligible", "in_reach")
    query = select(Lot, *(ranked.c[name] for name in named)).join(ranked, ranked.c.id == Lot.id).where(taken)
    rows = session.execute(query.order_by(ranked.c.delivered_fen, Lot.id)).all()
    if not rows:
        return Candidates([], 0, all_that_may_enter=True)
    lots = [
        Candidate(row.Lot, row.distance_um, row.freight_fen, row.delivered_fen, bool(row.may_enter)) for row in rows
    ]
    return Candidates(lots, rows[0].in_reach, sum(lot.may_enter for lot in lots) == rows[0].eligible)


def _orders(
    requirements: Sequence[Requirement],
    eligible: ColumnElement[int],
    delivered_fen: Any,  # noqa: ANN401 - a column
    least_share_kg: int,
) -> list[tuple[_Order, int]]:
    """Return the orders in which lots are promising, each with how many of it are taken."""
    first = eligible.desc()
    cheap = (delivered_fen, Lot.id)
    available = as_stored(Lot.available_t)
    is_large = case((available >= literal(least_share_kg, BigInteger), 0), else_=1)
    misses: Any = sum((_misses(requirement) for requirement in requirements), literal(0))
    best = _best_values(requirements)
    each = max(_FEWEST_BEST, _BEST // max(1, len(best)))
    return [
        ((first, *cheap), _CHEAPEST),
        ((first, is_large, *cheap), _LARGE),
        ((first, misses, *cheap), _PASSING),
        ((misses, available.desc(), *cheap), _NEAR),
        ((available.desc(), *cheap), _LARGEST),
        *(((first, value, *cheap), each) for value in best),
    ]


def _best_values(requirements: Sequence[Requirement]) -> list[ColumnElement[Any]]:
    """Return an order for each side of each limit that mixes, the best value first."""
    orders: list[ColumnElement[Any]] = []
    for requirement in requirements:
        criterion = requirement.criterion
        if criterion is not None and requirement.mixing is not Mixing.NONE:
            low, high = admitted_range(criterion)
            value = value_of(criterion)
            orders += [value.desc().nulls_last()] if low is not None else []
            orders += [value.asc().nulls_last()] if high is not None else []
    return orders


def _may_enter(requirement: Requirement) -> _Condition:
    """Return the condition that a lot may be part of a mix as far as one requirement goes."""
    if requirement.never_rejects:
        return true()
    criterion = requirement.criterion
    if criterion is not None and requirement.mixing is not Mixing.NONE:
        return and_(value_of(criterion).is_not(None), is_fresh(requirement.asked))
    condition = verdict_is_among(requirement.asked, requirement.verdicts)
    return true() if condition is None else condition


def _misses(requirement: Requirement) -> ColumnElement[int]:
    condition = None if requirement.never_rejects else verdict_is_among(requirement.asked, _PASS)
    return literal(0) if condition is None else case((condition, 0), else_=1)
