"""How far a lot misses what is asked, in SQL: the rank of near-misses in parts of 10**9 of their limits.

It follows `limits.margin_of`: the margin is that of the value rounded by GB/T 8170 where the standard says so. All of
it is arithmetic of doubles, the same in both engines.
"""

from decimal import Decimal

from sqlalchemy import BigInteger, ColumnElement, Float, case, cast, func, literal

from app.catalogue.schemas import Rounding
from app.matching.conditions import confirmed_limits, is_above, is_below, is_fresh, value_of
from app.matching.limits import Criterion, admitted_range, decimals_of
from app.matching.verdict import Specification
from app.matching.whole_numbers import as_double, floor_of, greatest, nearest_to

_BILLION = 1e9
#: A category that is another one than asked for misses by more than any figure; figures end here, below 2**63.
_FARTHEST = 10**18
#: Values have 12 significant digits: one that is nearer than this to a half, as doubles go, is that half.
_HALF_WIDTH = 1e-13


def nearest_miss_ppb(specification: Specification) -> ColumnElement[int]:
    """Return the largest |margin| / |limit| (|margin| where the limit is 0) of what fails; 0 where nothing does."""
    misses = [_miss_ppb(criterion) for criterion in confirmed_limits(specification)]
    none = literal(0, BigInteger)
    if not misses:
        return none
    largest: ColumnElement[int] = greatest(none, *misses)
    return case((is_fresh(specification), largest), else_=none)


def _miss_ppb(criterion: Criterion) -> ColumnElement[int]:
    value, farthest = value_of(criterion), literal(_FARTHEST, BigInteger)
    if criterion.equals is not None:
        return case((value != criterion.equals, farthest), else_=0)
    low, high = admitted_range(criterion)
    branches = []
    if low is not None and criterion.minimum is not None:
        branches.append((is_below(value, low), _ppb(value, criterion.minimum, criterion.rounding)))
    if high is not None and criterion.maximum is not None:
        branches.append((is_above(value, high), _ppb(value, criterion.maximum, criterion.rounding)))
    return case(*branches, else_=0)


def _ppb(value: ColumnElement[float], limit: Decimal, rounding: Rounding) -> ColumnElement[int]:
    """Return the distance from a limit, in parts of 10**9 of it, rounded half up."""
    bound, compared, unit = float(limit), value, 1.0
    if rounding is not Rounding.NONE:
        # In units of the limit's last place, in which both are whole numbers.
        scale = 10 ** decimals_of(limit)
        bound, unit = float(limit * scale), float(scale)
        compared = cast(_half_to_even(value * as_double(scale)), Float(53))
    share = func.abs(compared - as_double(bound)) * as_double(_BILLION) / as_double(abs(bound) or unit)
    return case((share < as_double(_FARTHEST), nearest_to(share)), else_=literal(_FARTHEST, BigInteger))


def _half_to_even(value: ColumnElement[float]) -> ColumnElement[int]:
    below = floor_of(value)
    width = func.abs(value) * as_double(_HALF_WIDTH)
    half = case((below % 2 == 0, as_double(0.5) + width), else_=as_double(0.5) - width)
    return below + case((value - below > half, 1), else_=0)
