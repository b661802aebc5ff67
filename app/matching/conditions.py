"""The verdict of `verdict` in SQL: three-valued logic over a lot's current assay, so that filters run before paging."""

from typing import Any

from sqlalchemy import ColumnElement, and_, case, false, or_, true

from app.catalogue.schemas import FigureStatus, ParameterKind
from app.lots.models import Lot
from app.matching.limits import Criterion, admitted_range
from app.matching.verdict import Specification, UseClosure, Verdict

_Condition = ColumnElement[bool]


def verdict_is_among(specification: Specification, verdicts: frozenset[Verdict]) -> _Condition | None:
    """Return the condition on `lots` for some verdicts; None where every lot has one of them."""
    if verdicts.issuperset(Verdict) or (specification.asks_nothing and Verdict.PASS in verdicts):
        return None
    # CASE takes a branch only where its condition is true: NULL, a value not measured, falls through.
    verdict = case(
        (fails(specification), Verdict.FAIL.value), (is_unknown(specification), Verdict.UNKNOWN.value), else_="pass"
    )
    return verdict.in_(sorted(verdicts))


def fails(specification: Specification) -> _Condition:
    """Return the condition for `fail`: the law closes the use, or a confirmed limit fails; NULL counts as false."""
    return or_(false(), *_rejections(specification, FigureStatus.CONFIRMED))


def is_unknown(specification: Specification) -> _Condition:
    """Return the condition for `unknown` where nothing fails: a value or origin is missing, or a draft rejects."""
    conditions = _rejections(specification, FigureStatus.DRAFT)
    conditions += [_value(criterion).is_(None) for criterion in specification.criteria]
    conditions += [and_(_binds(law), Lot.origin_process.is_(None)) for law in specification.closures if law.origins]
    if specification.excluded_origins:
        conditions.append(Lot.origin_process.is_(None))
    if specification.unfiled:
        conditions.append(true())
    return or_(false(), *conditions)


def _rejections(specification: Specification, status: FigureStatus) -> list[_Condition]:
    """Return the conditions under which a limit, an excluded origin or a closure of this status rejects."""
    return [
        *(_closes(law) for law in specification.closures if law.status is status),
        *(Lot.origin_process.in_(rule.origins) for rule in specification.excluded_origins if rule.status is status),
        *(_misses(criterion) for criterion in specification.criteria if criterion.status is status),
    ]


def _value(criterion: Criterion) -> ColumnElement[Any]:
    stored: Any = Lot.current_assay[criterion.parameter]
    typed: ColumnElement[Any]
    if criterion.kind is ParameterKind.NUMERIC:
        typed = stored.as_float()
    else:
        typed = stored.as_boolean() if criterion.kind is ParameterKind.BOOLEAN else stored.as_string()
    return typed


def _misses(criterion: Criterion) -> _Condition:
    value = _value(criterion)
    if criterion.equals is not None:
        return value != criterion.equals
    low, high = admitted_range(criterion)
    conditions = []
    if low is not None:
        conditions.append(value < float(low.at) if low.inclusive else value <= float(low.at))
    if high is not None:
        conditions.append(value > float(high.at) if high.inclusive else value >= float(high.at))
    return or_(*conditions)


def _binds(law: UseClosure) -> _Condition:
    return true() if law.material is None else Lot.material == law.material


def _closes(law: UseClosure) -> _Condition:
    return and_(_binds(law), Lot.origin_process.in_(law.origins)) if law.origins else _binds(law)
