"""The lots that a mix may be made of: those in reach, and of many the most promising.

A market in reach may hold a hundred thousand lots, and the search for a mix a few hundred. Of more lots that may enter
a mix are taken: the cheapest; the cheapest of those so large that every mix has one of them; the cheapest that pass
all by themselves (so a mix is hardly ever dearer than they make it); and for each side of each limit that mixes those
that lie best, which is what makes up for cheap lots that miss it. Of those that may not enter, the ones with the fewest
misses and most tonnes are taken, and the largest of all, to tell what stands in the way. What is lost is a mix that
needs a lot which is none of these; the answer then does not call itself optimal.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Row,
    and_,
    case,
    func,
    literal,
    or_,
    select,
    true,
    union,
)
from sqlalchemy.orm import Session

from app.blends.requirements import Requirement
from app.catalogue.schemas import Mixing
from app.lots.models import Lot
from app.matching.conditions import is_fresh, value_of, verdict_is_among, with_values
from app.matching.limits import admitted_range
from app.matching.lot_search import Asked, LotCondition, LotSearch
from app.matching.offers import Offers, find_offers
from app.matching.ranking import Tariff
from app.matching.verdict import NOT_FAILED, Specification, Verdict

_CHEAPEST, _LARGE, _PASSING, _NEAR, _LARGEST = 100, 60, 60, 40, 10
#: Shared by the sides of all limits that mix.
_BEST = 120
_FEWEST_BEST = 5
#: As many may all enter: the search for a mix still ends in about a second.
_FEW = 400
_PASS = frozenset({Verdict.PASS})
_Condition = ColumnElement[bool]


class Candidate(NamedTuple):
    """A lot with what it costs at the gate; `may_enter`: no requirement keeps it out of a mix.

    `available_kg` of a recurring lot is what it has free in the month of the search.
    """

    lot: Lot
    distance_um: int
    freight_fen: int
    delivered_fen: int
    may_enter: bool
    available_kg: int


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
        conditions=(*search.conditions, Asked(LotCondition.LEAST_KG, 1)),
    )
    offers = find_offers(session, in_reach, tariff)
    best = _best_values(requirements)
    reach = _tabulate(offers, requirements, [value for value, _ in best])
    is_taken = reach.c.id.in_(_most_promising(reach.c, [is_high for _, is_high in best], least_share_kg))
    eligible = select(func.sum(reach.c.may_enter)).scalar_subquery()
    query = select(
        Lot,
        *(reach.c[name] for name in ("distance_um", "freight_fen", "delivered_fen", "may_enter", "available_kg")),
        eligible.label("eligible"),
        select(func.count()).select_from(reach).scalar_subquery().label("in_reach"),
    ).join(reach, reach.c.id == Lot.id)
    is_few = and_(reach.c.may_enter == 1, eligible <= _FEW)
    rows = session.execute(query.where(or_(is_taken, is_few)).order_by(reach.c.delivered_fen, Lot.id)).all()
    return _as_candidates(rows)


def _tabulate(offers: Offers, requirements: Sequence[Requirement], values: Sequence[ColumnElement[Any]]) -> CTE:
    """Return all lots in reach with what orders them, kept as a table: so the assay of a lot is read once."""
    columns = offers.select(
        Lot.id.label("id"),
        offers.distance_um.label("distance_um"),
        offers.freight_fen.label("freight_fen"),
        offers.delivered_fen.label("delivered_fen"),
        offers.available_kg.label("available_kg"),
        case((and_(true(), *map(_may_enter, requirements)), 1), else_=0).label("may_enter"),
        sum(map(_misses, requirements), literal(0)).label("misses"),
        *(value.label(f"value_{number}") for number, value in enumerate(values)),
    )
    return columns.cte("reach").prefix_with("MATERIALIZED")


def _as_candidates(rows: Sequence[Row[Any]]) -> Candidates:
    if not rows:
        return Candidates([], 0, all_that_may_enter=True)
    lots = [
        Candidate(row.Lot, row.distance_um, row.freight_fen, row.delivered_fen, bool(row.may_enter), row.available_kg)
        for row in rows
    ]
    return Candidates(lots, rows[0].in_reach, sum(lot.may_enter for lot in lots) == rows[0].eligible)


def _most_promising(lot: Any, highs: Sequence[bool], least_share_kg: int) -> CompoundSelect[Any]:  # noqa: ANN401 - columns
    """Return the ids of the lots that come first in some order; `highs` tells which of its values should be high."""
    first, cheap = lot.may_enter.desc(), (lot.delivered_fen, lot.id)
    is_small = case((lot.available_kg < literal(least_share_kg, BigInteger), 1), else_=0)
    each = max(_FEWEST_BEST, _BEST // max(1, len(highs)))
    values = [lot[f"value_{number}"] for number in range(len(highs))]
    orders = [
        ((first, *cheap), _CHEAPEST),
        ((first, is_small, *cheap), _LARGE),
        ((first, lot.misses, *cheap), _PASSING),
        ((lot.misses, lot.available_kg.desc(), *cheap), _NEAR),
        ((lot.available_kg.desc(), *cheap), _LARGEST),
        *(
            ((first, (value.desc() if is_high else value).nulls_last(), *cheap), each)
            for value, is_high in zip(values, highs, strict=True)
        ),
    ]
    return union(*(select(select(lot.id).order_by(*order).limit(count).subquery().c.id) for order, count in orders))


def _best_values(requirements: Sequence[Requirement]) -> list[tuple[ColumnElement[Any], bool]]:
    """Return the value behind each side of each limit that mixes, and whether it should be high."""
    values: list[tuple[ColumnElement[Any], bool]] = []
    for requirement in requirements:
        criterion = requirement.criterion
        if criterion is not None and requirement.mixing is not Mixing.NONE:
            low, high = admitted_range(criterion)
            sides = ((low, True), (high, False))
            values += [(value_of(criterion), is_high) for edge, is_high in sides if edge is not None]
    return values


def _may_enter(requirement: Requirement) -> _Condition:
    """Return the condition that a lot may be part of a mix as far as one requirement goes."""
    if requirement.never_rejects:
        return true()
    criterion = requirement.criterion
    if criterion is not None and requirement.mixing is not Mixing.NONE:
        return and_(value_of(criterion).is_not(None), with_values(is_fresh(requirement.asked), requirement.asked))
    condition = verdict_is_among(requirement.asked, requirement.verdicts)
    return true() if condition is None else with_values(condition, requirement.asked)


def _misses(requirement: Requirement) -> ColumnElement[int]:
    condition = None if requirement.never_rejects else verdict_is_among(requirement.asked, _PASS)
    return literal(0) if condition is None else case((with_values(condition, requirement.asked), 0), else_=1)
