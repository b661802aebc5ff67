"""How far a lot misses what is asked, in SQL: the rank of near-misses in parts of 10**9 of their limits.

It follows `limits.margin_of`: the margin is that of the value rounded by GB/T 8170 where the standard says so. All of
it is arithmetic of doubles, the same in both engines.
"""

from decimal import Decimal

from sqlalchemy import BigInteger, ColumnElement, Float, case, cast, func, literal

from app.catalogue.schemas import FigureStatus, Rounding
from app.matching.conditions import SqlLimit, is_fresh, sql_limits
from app.matching.limits import decimals_of
from app.matching.verdict import Specification
from app.matching.whole_numbers import as_double, floor_of, greatest, nearest_to

_BILLION = 1e9
#: A category that is another one than asked for misses by more than any figure; figures end here, below 2**63.
_FARTHEST = 10**18
#: Values have 12 significant digits: one that is nearer than this to a half, as doubles go, is that half.
_HALF_WIDTH = 1e-13


def nearest_miss_ppb(specification: Specification) -> ColumnElement[int]:
    """Return the largest |margin| / |limit| (|margin| where the limit is 0) of what fails; 0 where nothing does."""
    misses = [_miss_ppb(limit) for limit in sql_limits(specification, FigureStatus.CONFIRMED)]
    none = literal(0, BigInteger)
    if not misses:
        return none
    largest: ColumnElement[int] = greatest(none, *misses)
    return case((is_fresh(specification), largest), else_=none)


def _miss_ppb(limit: SqlLimit) -> ColumnElement[int]:
    value, farthest = limit.value, literal(_FARTHEST, BigInteger)
    if limit.wanted is not None:
        return case((value != limit.wanted, farthest), else_=0)
    criterion = limit.criterion
    branches = []
    if limit.low is not None and criterion.minimum is not None:
        branches.append((limit.is_below, _ppb(value, limit.low.at, criterion.minimum, criterion.rounding)))
    if limit.high is not None and criterion.maximum is not None:
        branches.append((limit.is_above, _ppb(value, limit.high.at, criterion.maximum, criterion.rounding)))
    return case(*branches, else_=0)


def _ppb(
    value: ColumnElement[float], end: ColumnElement[float], bound: Decimal, rounding: Rounding
) -> ColumnElement[int]:
    """Return the distance from a limit, in parts of 10**9 of it, rounded half up.

    Where the standard rounds, the limit is the grade's own and stands in the statement; else it is the parameter.
    """
    if rounding is Rounding.NONE:
        share = func.abs(value - end) * as_double(_BILLION) / case((end == 0, as_double(1.0)), else_=func.abs(end))
    else:
        # In units of the limit's last place, in which both are whole numbers.
        scale = 10 ** decimals_of(bound)
        scaled, unit = float(bound * scale), float(scale)
        compared = cast(_half_to_even(value * as_double(scale)), Float(53))
        share = func.abs(compared - as_double(scaled)) * as_double(_BILLION) / as_double(abs(scaled) or unit)
    return case((share < as_double(_FARTHEST), nearest_to(share)), else_=literal(_FARTHEST, BigInteger))


def _half_to_even(value: ColumnElement[float]) -> ColumnElement[int]:
    below = floor_of(value)
    width = func.abs(value) * as_double(_HALF_WIDTH)
    half = case((below % 2 == 0, as_double(0.5) + width), else_=as_double(0.5) - width)
    return below + case((value - below > half, 1), else_=0)
