"""The verdict of `verdict` in SQL: three-valued logic over a lot's current assay, so that filters run before paging."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, case, false, or_, true

from app.catalogue.schemas import FigureStatus, ParameterKind
from app.lots.models import Lot
from app.matching.limits import Criterion, Edge, admitted_range
from app.matching.verdict import MOST_MISSES, Specification, UseClosure, Verdict

_Condition = ColumnElement[bool]
_NOT_SHOWN = "not shown"


def verdict_is_among(specification: Specification, verdicts: frozenset[Verdict]) -> _Condition | None:
    """Return the condition on `lots` for some verdicts, of fail for near-misses only; None where every lot meets it."""
    if specification.asks_nothing and Verdict.PASS in verdicts:
        return None
    barred = _exclusions(specification, FigureStatus.CONFIRMED)
    limits = confirmed_limits(specification)
    branches: list[tuple[_Condition, str]] = []
    if Verdict.FAIL in verdicts:
        if barred:
            branches.append((or_(*barred), _NOT_SHOWN))
        if len(limits) > MOST_MISSES:
            branches.append((_counts_misses(specification, limits) > MOST_MISSES, _NOT_SHOWN))
        if not branches and verdicts.issuperset(Verdict):
            return None
        barred = []
    # CASE takes a branch only where its condition is true: NULL, a value not measured, falls through.
    rejected = or_(false(), *barred, _misses_any(specification, limits))
    branches += [(rejected, Verdict.FAIL.value), (_is_unknown(specification), Verdict.UNKNOWN.value)]
    return case(*branches, else_=Verdict.PASS.value).in_(sorted(verdicts))


def confirmed_limits(specification: Specification) -> list[Criterion]:
    """Return the limits that may reject a lot."""
    return [criterion for criterion in specification.criteria if criterion.status is FigureStatus.CONFIRMED]


def is_fresh(specification: Specification) -> _Condition:
    """Return the condition that the lot's assay is young enough to prove anything."""
    return true() if specification.assays_since is None else Lot.current_assay_on >= specification.assays_since


def value_of(criterion: Criterion) -> ColumnElement[Any]:
    """Return what the lot's assay says of the criterion's parameter, NULL where it says nothing."""
    stored: Any = Lot.current_assay[criterion.parameter]
    typed: ColumnElement[Any]
    if criterion.kind is ParameterKind.NUMERIC:
        typed = stored.as_float()
    else:
        typed = stored.as_boolean() if criterion.kind is ParameterKind.BOOLEAN else stored.as_string()
    return typed


def is_below(value: ColumnElement[Any], edge: Edge) -> _Condition:
    """Return the condition that a number is too low."""
    return value < float(edge.at) if edge.inclusive else value <= float(edge.at)


def is_above(value: ColumnElement[Any], edge: Edge) -> _Condition:
    """Return the condition that a number is too high."""
    return value > float(edge.at) if edge.inclusive else value >= float(edge.at)


def _counts_misses(specification: Specification, limits: Sequence[Criterion]) -> ColumnElement[int]:
    count: Any = sum(case((_misses(criterion), 1), else_=0) for criterion in limits)
    return case((is_fresh(specification), count), else_=0)


def _misses_any(specification: Specification, limits: Sequence[Criterion]) -> _Condition:
    return and_(is_fresh(specification), or_(false(), *map(_misses, limits)))


def _is_unknown(specification: Specification) -> _Condition:
    """Return the condition for `unknown` where nothing fails: a value or origin is missing, or a draft rejects."""
    drafts = [criterion for criterion in specification.criteria if criterion.status is FigureStatus.DRAFT]
    conditions = [*_exclusions(specification, FigureStatus.DRAFT), _misses_any(specification, drafts)]
    conditions += [value_of(criterion).is_(None) for criterion in specification.criteria]
    if specification.criteria and specification.assays_since is not None:
        conditions.append(Lot.current_assay_on < specification.assays_since)
    conditions += [and_(_binds(law), Lot.origin_process.is_(None)) for law in specification.closures if law.origins]
    if specification.excluded_origins:
        conditions.append(Lot.origin_process.is_(None))
    if specification.unfiled:
        conditions.append(true())
    return or_(*conditions)


def _exclusions(specification: Specification, status: FigureStatus) -> list[_Condition]:
    """Return the conditions under which the law or an origin, of this status, excludes a lot."""
    return [
        *(_closes(law) for law in specification.closures if law.status is status),
        *(Lot.origin_process.in_(rule.origins) for rule in specification.excluded_origins if rule.status is status),
    ]


def _misses(criterion: Criterion) -> _Condition:
    value = value_of(criterion)
    if criterion.equals is not None:
        return value != criterion.equals
    low, high = admitted_range(criterion)
    conditions = []
    if low is not None:
        conditions.append(is_below(value, low))
    if high is not None:
        conditions.append(is_above(value, high))
    return or_(*conditions)


def _binds(law: UseClosure) -> _Condition:
    return true() if law.material is None else Lot.material == law.material


def _closes(law: UseClosure) -> _Condition:
    return and_(_binds(law), Lot.origin_process.in_(law.origins)) if law.origins else _binds(law)
