"""The verdict of `verdict` in SQL: three-valued logic over a lot's current assay, so that filters run before paging.

Figures are parameters (`limit_values`), so that one statement serves every search of the same shape.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Date, Float, String, and_, bindparam, case, false, or_, true

from app.catalogue.schemas import FigureStatus, ParameterKind
from app.lots.models import Lot
from app.matching.limits import Criterion, admitted_range
from app.matching.verdict import MOST_MISSES, NOT_FAILED, Specification, UseClosure, Verdict

_Condition = ColumnElement[bool]
_NOT_SHOWN = "not shown"


@dataclass(frozen=True)
class End:
    """One end of the admitted values in SQL."""

    at: ColumnElement[Any]
    inclusive: bool


@dataclass(frozen=True)
class SqlLimit:
    """A criterion in SQL: what the lot's assay says of its parameter, NULL where nothing, and what is admitted."""

    criterion: Criterion
    value: ColumnElement[Any]
    low: End | None = None
    high: End | None = None
    wanted: ColumnElement[Any] | None = None

    @property
    def is_below(self) -> _Condition:
        """The condition that a number is too low."""
        assert self.low is not None  # noqa: S101 - asked only where there is one
        return self.value < self.low.at if self.low.inclusive else self.value <= self.low.at

    @property
    def is_above(self) -> _Condition:
        """The condition that a number is too high."""
        assert self.high is not None  # noqa: S101 - asked only where there is one
        return self.value > self.high.at if self.high.inclusive else self.value >= self.high.at

    @property
    def is_missed(self) -> _Condition:
        """The condition that what is measured is not admitted."""
        if self.wanted is not None:
            return self.value != self.wanted
        return or_(
            false(), *([] if self.low is None else [self.is_below]), *([] if self.high is None else [self.is_above])
        )


def sql_limits(specification: Specification, status: FigureStatus) -> list[SqlLimit]:
    """Return the criteria of one status in SQL: confirmed ones may reject a lot, drafts only warn."""
    numbered = enumerate(specification.criteria)
    return [_sql_limit(number, criterion) for number, criterion in numbered if criterion.status is status]


def limit_values(specification: Specification) -> dict[str, Any]:
    """Return the parameters of the conditions of a specification."""
    values: dict[str, Any] = {} if specification.assays_since is None else {"assays_since": specification.assays_since}
    for number, criterion in enumerate(specification.criteria):
        if criterion.equals is not None:
            values[f"wanted_{number}"] = criterion.equals
            continue
        low, high = admitted_range(criterion)
        values |= {} if low is None else {f"low_{number}": float(low.at)}
        values |= {} if high is None else {f"high_{number}": float(high.at)}
    return values


def _sql_limit(number: int, criterion: Criterion) -> SqlLimit:
    stored: Any = Lot.current_assay[criterion.parameter]
    if criterion.equals is not None:
        is_boolean = criterion.kind is ParameterKind.BOOLEAN
        value = stored.as_boolean() if is_boolean else stored.as_string()
        return SqlLimit(
            criterion, value, wanted=bindparam(f"wanted_{number}", type_=Boolean() if is_boolean else String())
        )
    low, high = admitted_range(criterion)
    return SqlLimit(
        criterion,
        stored.as_float(),
        None if low is None else End(bindparam(f"low_{number}", type_=Float(53)), low.inclusive),
        None if high is None else End(bindparam(f"high_{number}", type_=Float(53)), high.inclusive),
    )


def verdict_is_among(specification: Specification, verdicts: frozenset[Verdict]) -> _Condition | None:
    """Return the condition on `lots` for some verdicts, of fail for near-misses only; None where every lot meets it."""
    if specification.asks_nothing and Verdict.PASS in verdicts:
        return None
    barred = _exclusions(specification, FigureStatus.CONFIRMED)
    limits = sql_limits(specification, FigureStatus.CONFIRMED)
    if verdicts == NOT_FAILED:  # what most ask; NULL, a value not measured, is not true either
        return or_(false(), *barred, _misses_any(specification, limits)).is_not(true())
    branches: list[tuple[_Condition, str]] = []
    if Verdict.FAIL in verdicts:
        if barred:
            branches.append((or_(*barred), _NOT_SHOWN))
        if len(limits) > MOST_MISSES:
            branches.append((_counts_misses(specification, limits) > MOST_MISSES, _NOT_SHOWN))
        if not branches and verdicts.issuperset(Verdict):
            return None
        barred = []
    # CASE takes a branch only where its condition is true: NULL falls through.
    rejected = or_(false(), *barred, _misses_any(specification, limits))
    branches += [(rejected, Verdict.FAIL.value), (_is_unknown(specification), Verdict.UNKNOWN.value)]
    return case(*branches, else_=Verdict.PASS.value).in_(sorted(verdicts))


def is_fresh(specification: Specification) -> _Condition:
    """Return the condition that the lot's assay is young enough to prove anything."""
    return true() if specification.assays_since is None else Lot.current_assay_on >= _assays_since()


def _assays_since() -> ColumnElement[Any]:
    return bindparam("assays_since", type_=Date())


def _counts_misses(specification: Specification, limits: Sequence[SqlLimit]) -> ColumnElement[int]:
    count: Any = sum(case((limit.is_missed, 1), else_=0) for limit in limits)
    return case((is_fresh(specification), count), else_=0)


def _misses_any(specification: Specification, limits: Sequence[SqlLimit]) -> _Condition:
    if not limits:
        return false()
    return and_(is_fresh(specification), or_(*(limit.is_missed for limit in limits)))


def _is_unknown(specification: Specification) -> _Condition:
    """Return the condition for `unknown` where nothing fails: a value or origin is missing, or a draft rejects."""
    drafts = sql_limits(specification, FigureStatus.DRAFT)
    conditions = [*_exclusions(specification, FigureStatus.DRAFT), _misses_any(specification, drafts)]
    limits = [*sql_limits(specification, FigureStatus.CONFIRMED), *drafts]
    conditions += [limit.value.is_(None) for limit in limits]
    if limits and specification.assays_since is not None:
        conditions.append(Lot.current_assay_on < _assays_since())
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


def _binds(law: UseClosure) -> _Condition:
    return true() if law.material is None else Lot.material == law.material


def _closes(law: UseClosure) -> _Condition:
    return and_(_binds(law), Lot.origin_process.in_(law.origins)) if law.origins else _binds(law)
