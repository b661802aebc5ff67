"""One limit on one parameter: which values it admits and how far a value lies from it, exactly, without a database.

Grades whose standard follows GB/T 8170 compare the value rounded half to even at the decimals that the limit is written
with. The database cannot round so, and need not: `admitted_range` says which unrounded values pass after rounding.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from app.catalogue.schemas import FigureStatus, ParameterKind, Rounding

Measured = Decimal | bool | str
_TWO = 2


@dataclass(frozen=True)
class Criterion:
    """A limit on a parameter in its canonical unit and basis: `minimum` and `maximum` (inclusive), or `equals`.

    `source` says who set it: `request`, `demand` or `grade <key>`; a draft limit may warn but never rejects.
    """

    parameter: str
    kind: ParameterKind
    unit: str
    basis: str
    source: str
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    equals: bool | str | None = None
    status: FigureStatus = FigureStatus.CONFIRMED
    rounding: Rounding = Rounding.NONE


@dataclass(frozen=True)
class Edge:
    """One end of the admitted values; the end itself is admitted if `inclusive`."""

    at: Decimal
    inclusive: bool


def admitted_range(criterion: Criterion) -> tuple[Edge | None, Edge | None]:
    """Return the least and the greatest unrounded value that a numeric criterion admits; None where it is open."""
    low, high = criterion.minimum, criterion.maximum
    return (
        None if low is None else _edge(low, criterion.rounding, -1),
        None if high is None else _edge(high, criterion.rounding, +1),
    )


def _edge(limit: Decimal, rounding: Rounding, side: int) -> Edge:
    if rounding is Rounding.NONE:
        return Edge(limit, inclusive=True)
    step = _last_place(limit)
    # A value half a step outside lies between the limit and its neighbour, and goes to the even one of the two.
    return Edge(limit + side * step / 2, inclusive=(limit / step) % _TWO == 0)


def margin_of(criterion: Criterion, value: Decimal) -> Decimal:
    """Return the signed distance to the nearest limit in the parameter's unit; the criterion passes where it is >= 0.

    Where the standard rounds, it is the distance of the rounded value: margin and verdict never contradict each other.
    """
    distances = []
    if criterion.minimum is not None:
        distances.append(_rounded(value, criterion.minimum, criterion.rounding) - criterion.minimum)
    if criterion.maximum is not None:
        distances.append(criterion.maximum - _rounded(value, criterion.maximum, criterion.rounding))
    return min(distances)


def _rounded(value: Decimal, limit: Decimal, rounding: Rounding) -> Decimal:
    if rounding is Rounding.NONE:
        return value
    return value.quantize(_last_place(limit), rounding=ROUND_HALF_EVEN)


def _last_place(limit: Decimal) -> Decimal:
    return Decimal(1).scaleb(-decimals_of(limit))


def decimals_of(limit: Decimal) -> int:
    """Return how many decimals a limit is written with."""
    exponent = limit.as_tuple().exponent
    assert isinstance(exponent, int)  # noqa: S101 - the catalogue holds no infinities
    return -min(exponent, 0)


def measured_value(assay: Mapping[str, Any], criterion: Criterion) -> Measured | None:
    """Return what a lot's current assay says of the criterion's parameter; None where it says nothing."""
    stored = assay.get(criterion.parameter)
    if stored is None or isinstance(stored, (bool, str)):
        return stored
    # The shortest decimal that names the stored double: comparing it equals comparing the doubles in the database.
    return Decimal(repr(stored))
