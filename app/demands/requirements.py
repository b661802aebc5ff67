"""What a demand may ask for: materials that its use takes, a grade of theirs, limits that fit. Pure."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Protocol

from app.catalogue.keys import unknown_key
from app.catalogue.reference import reference
from app.catalogue.schemas import Parameter, ParameterKind
from app.core.errors import Fault

_MAX_TEXT = 80


class Limits(Protocol):
    """A recycler's own limits on one parameter, inclusive, in the catalogue's unit and basis."""

    @property
    def parameter(self) -> str:
        """Key of the parameter."""

    @property
    def min(self) -> Decimal | None:
        """Least value."""

    @property
    def max(self) -> Decimal | None:
        """Greatest value."""

    @property
    def equals(self) -> object:
        """Required text, or true or false."""


def find_use_fault(use: str) -> Fault | None:
    """Return what is wrong with a use, if anything."""
    return None if use in reference().uses else unknown_key("", "use", use)


def taken_materials(use: str) -> list[str]:
    """Return all materials that a known use takes."""
    return list(reference().uses[use].materials)


def find_material_faults(materials: Sequence[str], use: str | None) -> list[Fault]:
    """Return the faults of materials (`/0`): unknown, or not taken by the use; None is a use that is faulty itself."""
    known, uses = reference().materials, reference().uses
    faults = []
    for index, material in enumerate(materials):
        if material not in known:
            faults.append(unknown_key(f"/{index}", "material", material))
        elif use is not None and material not in uses[use].materials:
            detail = f"{use} takes no {material}; it takes {', '.join(uses[use].materials)}"
            faults.append(Fault(f"/{index}", "material_not_accepted", detail))
    return faults


def find_grade_fault(grade: str, materials: Sequence[str] | None) -> Fault | None:
    """Return what is wrong with a grade, if anything; None stands for materials that are faulty themselves."""
    entry = reference().grades.get(grade)
    if entry is None:
        return unknown_key("", "grade", grade)
    if entry.is_product:
        return Fault("", "product_grade", f"{grade} grades {entry.material}, a consumer's product, and no lot")
    if materials is not None and not set(materials) & set(entry.materials):
        detail = f"{grade} grades {', '.join(entry.materials)}, none of the materials asked for"
        return Fault("", "grade_not_applicable", detail)
    return None


def find_period_fault(needed_from: date, needed_to: date) -> str | None:
    """Return what is wrong with the days of the need, if anything."""
    return f"{needed_to} is before {needed_from}" if needed_to < needed_from else None


def find_criteria_faults(criteria: Sequence[Limits]) -> list[Fault]:
    """Return every fault of the limits, with its pointer from the list (`/0/min`)."""
    faults: list[Fault] = []
    seen: set[str] = set()
    for index, limits in enumerate(criteria):
        found = _find_limit_faults(limits)
        if limits.parameter in seen:
            detail = f"{limits.parameter} is limited twice; give min and max together"
            found = [Fault("/parameter", "duplicate_parameter", detail), *found]
        seen.add(limits.parameter)
        faults.extend(Fault(f"/{index}{fault.pointer}", fault.code, fault.detail) for fault in found)
    return faults


def _find_limit_faults(limits: Limits) -> list[Fault]:
    parameter = reference().parameters.get(limits.parameter)
    if parameter is None:
        return [unknown_key("/parameter", "parameter", limits.parameter)]
    if limits.min is None and limits.max is None and limits.equals is None:
        return [Fault("", "limit_missing", f"give min, max or equals for {parameter.key}")]
    if parameter.kind is ParameterKind.NUMERIC:
        return _find_range_faults(limits, parameter)
    return _find_equality_faults(limits, parameter)


def _find_range_faults(limits: Limits, parameter: Parameter) -> list[Fault]:
    if limits.equals is not None:
        return [Fault("/equals", "wrong_kind", f"{parameter.key} is a number: give min, max or both")]
    if limits.min is not None and limits.max is not None and limits.min > limits.max:
        return [Fault("/min", "min_above_max", f"nothing is at least {limits.min} and at most {limits.max}")]
    return []


def _find_equality_faults(limits: Limits, parameter: Parameter) -> list[Fault]:
    bounds = [name for name, value in (("min", limits.min), ("max", limits.max)) if value is not None]
    faults = [Fault(f"/{name}", "wrong_kind", f"{parameter.key} is no number: give equals") for name in bounds]
    wanted = limits.equals
    if wanted is None:
        return faults
    if parameter.kind is ParameterKind.BOOLEAN:
        fits, kind = isinstance(wanted, bool), "true or false"
    else:
        is_text = isinstance(wanted, str) and len(wanted.strip()) > 0 and len(wanted) <= _MAX_TEXT
        fits, kind = is_text and str(wanted).isprintable(), f"a text of 1 to {_MAX_TEXT} characters"
    if not fits:
        faults.append(Fault("/equals", "wrong_kind", f"{parameter.key} is {kind}"))
    elif parameter.values and wanted not in parameter.values:
        detail = f"{parameter.key} is one of {', '.join(parameter.values)}"
        faults.append(Fault("/equals", "unknown_value", detail))
    return faults
