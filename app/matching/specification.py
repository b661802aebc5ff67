"""From what is asked (limits, a grade, a use, a demand) and the catalogue to one specification."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from app.catalogue.reference import reference
from app.catalogue.schemas import FigureStatus, Grade, Limit, PreconditionRule, Rounding
from app.core.clock import today
from app.demands.models import Demand
from app.matching.limits import Criterion
from app.matching.verdict import ExcludedOrigins, Specification, UseClosure


def make_specification(
    criteria: Iterable[Criterion] = (),
    *,
    materials: Iterable[str] = (),
    grade_key: str | None = None,
    use_key: str | None = None,
    on: date,
    end_product: str | None = None,
    assays_since: date | None = None,
) -> Specification:
    """Join limits of one's own with those of a grade and with the law on a use; keys must be in the catalogue.

    No `materials` means any; `on` is the day for which the law is asked. A closure for certain end products
    applies where one of them is stated. Assays sampled before `assays_since` prove nothing; None takes any age.
    """
    allowed = [frozenset(materials)] if materials else []
    rules: list[Criterion] = list(criteria)
    excluded: tuple[ExcludedOrigins, ...] = ()
    closures: tuple[UseClosure, ...] = ()
    grade = None if grade_key is None else reference().grades[grade_key]
    if grade is not None:
        allowed.append(frozenset(grade.materials))
        rules += _criteria_of(grade)
        excluded = _excluded_origins(grade)
        closures = _end_uses_closed(grade, use_key, end_product)
    if use_key is not None:
        allowed.append(frozenset(reference().uses[use_key].materials))
        closures = (*_closures_by_law(use_key, grade, on, end_product), *closures)
    return Specification(
        criteria=tuple(rules),
        excluded_origins=excluded,
        closures=closures,
        unfiled=(f"grade {grade.key}",) if grade is not None and not grade.limits else (),
        materials=frozenset.intersection(*allowed) if allowed else None,
        assays_since=assays_since,
    )


def demand_specification(demand: Demand, assays_since: date) -> Specification:
    """Return all that a demand asks of a lot; the law is that of the first day still to come."""
    return make_specification(
        (demand_criterion(row) for row in demand.criteria),
        materials=demand.materials,
        grade_key=demand.grade,
        use_key=demand.use,
        on=max(demand.needed_from, today()),
        end_product=demand.end_product,
        assays_since=assays_since,
    )


def demand_criterion(row: dict[str, Any]) -> Criterion:
    """Return the criterion of one stored `{parameter, min | max | equals}` of a demand."""
    return make_criterion(
        row["parameter"],
        "demand",
        minimum=_decimal(row.get("min")),
        maximum=_decimal(row.get("max")),
        equals=row.get("equals"),
    )


def make_criterion(
    parameter_key: str,
    source: str,
    *,
    minimum: Decimal | None = None,
    maximum: Decimal | None = None,
    equals: bool | str | None = None,
    status: FigureStatus = FigureStatus.CONFIRMED,
    rounding: Rounding = Rounding.NONE,
) -> Criterion:
    """Return a criterion with kind, unit and basis of its parameter, which must be in the catalogue."""
    parameter = reference().parameters[parameter_key]
    return Criterion(
        parameter=parameter.key,
        kind=parameter.kind,
        unit=parameter.unit,
        basis=parameter.basis,
        source=source,
        minimum=minimum,
        maximum=maximum,
        equals=equals,
        status=status,
        rounding=rounding,
    )


def _decimal(stored: Any) -> Decimal | None:  # noqa: ANN401 - a number as JSON holds it
    return None if stored is None else Decimal(str(stored))


def _criteria_of(grade: Grade) -> list[Criterion]:
    criteria = [_limit_criterion(grade, limit, limit.status) for limit in grade.limits]
    for rule in grade.preconditions:
        if rule.rule is PreconditionRule.RADIONUCLIDES and rule.limits_of is not None:
            other = reference().grades[rule.limits_of]
            criteria += [_limit_criterion(other, limit, _weaker(rule.status, limit.status)) for limit in other.limits]
    return criteria


def _limit_criterion(grade: Grade, limit: Limit, status: FigureStatus) -> Criterion:
    return make_criterion(
        limit.parameter,
        f"grade {grade.key}",
        minimum=limit.min,
        maximum=limit.max,
        equals=limit.equals,
        status=status,
        rounding=grade.rounding,
    )


def _weaker(*statuses: FigureStatus) -> FigureStatus:
    return FigureStatus.DRAFT if FigureStatus.DRAFT in statuses else FigureStatus.CONFIRMED


def _excluded_origins(grade: Grade) -> tuple[ExcludedOrigins, ...]:
    return tuple(
        ExcludedOrigins(rule.values, f"grade {grade.key}", rule.status)
        for rule in grade.preconditions
        if rule.rule is PreconditionRule.EXCLUDE_ORIGIN
    )


def _closures_by_law(use_key: str, grade: Grade | None, on: date, end_product: str | None) -> tuple[UseClosure, ...]:
    standard = None if grade is None else grade.standard
    return tuple(
        UseClosure(law.material, law.when_origin, f"use {use_key}", law.text, law.source, law.status)
        for law in reference().closures_for(use_key, on=on)
        if law.applies_to_standard in {None, standard}
        and (not law.when_end_product or end_product in law.when_end_product)
    )


def _end_uses_closed(grade: Grade, use_key: str | None, end_product: str | None) -> tuple[UseClosure, ...]:
    """Return what the grade's own standard forbids of the use or the end product."""
    wanted = {PreconditionRule.END_USE_EXCLUSION: use_key, PreconditionRule.FORBIDDEN_END_USE: end_product}
    return tuple(
        UseClosure(
            None,
            (),
            f"grade {grade.key}",
            rule.text or f"{grade.standard} forbids {wanted[rule.rule]}",
            rule.source,
            rule.status,
        )
        for rule in grade.preconditions
        if rule.rule in wanted and wanted[rule.rule] in rule.values
    )
