"""What an assay says in the catalogue's terms: kinds, units, bases, what is possible, and what follows. Pure."""

import re
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple, Protocol

from app.catalogue.keys import unknown_key
from app.catalogue.reference import reference
from app.catalogue.schemas import Basis, Parameter, ParameterKind
from app.catalogue.units import MoistureRequired, UnitError, to_basis, to_parameter_unit
from app.core.errors import Fault
from app.lots.measured import Measured, round_value

MAX_TEXT = 80
_MAX_UNIT = 20
_MOISTURE = "moisture"
_ONE = Decimal(1)
_BASES = frozenset(Basis)
#: 12 digits before the point are beyond any assay.
_LARGEST = Decimal("1e12")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?")
_NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)


class Reported(Protocol):
    """One result as a laboratory reports it; None stands for the catalogue's unit and basis."""

    @property
    def parameter(self) -> str:
        """Key of the parameter."""

    @property
    def value(self) -> object:
        """JSON number, numeric text, boolean or text."""

    @property
    def unit(self) -> str | None:
        """Unit of the value."""

    @property
    def basis(self) -> str | None:
        """Basis of the value."""


class ReportedText(NamedTuple):
    """A result as a file has it."""

    parameter: str
    value: object
    unit: str | None = None
    basis: str | None = None


class _Refusal(ValueError):
    """Why one field of a result is refused."""

    def __init__(self, field: str, code: str, detail: str) -> None:
        super().__init__(detail)
        self.field, self.code, self.detail = field, code, detail


def measure_results(results: Sequence[Reported]) -> tuple[list[Measured], list[Fault]]:
    """Return what is measured, and every fault with its pointer from the list (`/0/value`)."""
    moisture_pct = _find_moisture(results) if any(result.basis is not None for result in results) else None
    measured: list[Measured] = []
    faults: list[Fault] = []
    seen: set[str] = set()
    for index, result in enumerate(results):
        found, refusals = _measure(result, moisture_pct)
        if result.parameter in seen:
            detail = f"{result.parameter} is reported twice; give one value"
            found, refusals = None, [_Refusal("parameter", "duplicate_parameter", detail), *refusals]
        seen.add(result.parameter)
        if refusals:
            faults.extend(Fault(f"/{index}/{refusal.field}", refusal.code, refusal.detail) for refusal in refusals)
        if found is not None:
            measured.append(found)
    return measured, faults


def measure_texts(results: Sequence[ReportedText]) -> list[Measured] | None:
    """Return what `measure_results` returns of results that are right and do not need the moisture, else None.

    Laboratories write three or four digits, so in a file the same texts come again and again: each is measured once.
    """
    measured = [found for found in map(_measure_text, results) if found is not None]
    return measured if len({found.parameter for found in measured}) == len(results) else None


@lru_cache(maxsize=100_000)
def _measure_text(result: ReportedText) -> Measured | None:
    parameter = reference().parameters.get(result.parameter)
    if parameter is None or result.basis not in {None, parameter.basis}:
        return None
    return _measure_as(parameter, result, None)[0]


def _find_moisture(results: Sequence[Reported]) -> Decimal | None:
    """Return the moisture of the sample in per cent of the wet mass, None when it is not reported.

    A faulty moisture counts as 0, so that the results which need it do not bring a second fault each.
    """
    result = next((result for result in results if result.parameter == _MOISTURE), None)
    if result is None:
        return None
    found, _ = _measure(result, None)
    return Decimal(0) if found is None else found.value


def _measure(result: Reported, moisture_pct: Decimal | None) -> tuple[Measured | None, Sequence[_Refusal]]:
    parameter = reference().parameters.get(result.parameter)
    if parameter is None:
        fault = unknown_key("", "parameter", result.parameter)
        return None, [_Refusal("parameter", fault.code, fault.detail)]
    return _measure_as(parameter, result, moisture_pct)


def _measure_as(
    parameter: Parameter, result: Reported, moisture_pct: Decimal | None
) -> tuple[Measured | None, Sequence[_Refusal]]:
    refusals = [*_check_unit(result.unit, parameter), *_check_basis(result.basis, parameter, moisture_pct)]
    value: Decimal | None = None
    category: str | None = None
    try:
        if parameter.kind is ParameterKind.NUMERIC:
            number = _read_number(result.value, parameter)
            if not refusals:
                value = _convert(number, result, parameter, moisture_pct)
        else:
            category = _read_category(result.value, parameter)
    except _Refusal as refusal:
        refusals.append(refusal)
    if refusals:
        return None, refusals
    given = category if category is not None else str(result.value).strip()
    return Measured(parameter.key, value, category, given, result.unit, result.basis), []


def _check_unit(unit: str | None, parameter: Parameter) -> list[_Refusal]:
    """Try the unit on 1; a category has no unit but the catalogue's own word for it."""
    if unit is None or unit == parameter.unit:
        return []
    why_not = "no unit" if len(unit) > _MAX_UNIT else _why_inconvertible(unit, parameter.key)
    if why_not is None:
        return []
    return [_Refusal("unit", "inconvertible_unit", f"{why_not}; the catalogue's unit is {parameter.unit}")]


@lru_cache(maxsize=4096)
def _why_inconvertible(unit: str, key: str) -> str | None:
    try:
        to_parameter_unit(_ONE, unit, reference().parameters[key])
    except UnitError as error:
        return str(error)
    return None


def _check_basis(basis: str | None, parameter: Parameter, moisture_pct: Decimal | None) -> list[_Refusal]:
    """Try the basis on 1."""
    if basis is None or basis == parameter.basis:
        return []
    if basis not in _BASES:
        return [_Refusal("basis", "unknown_basis", f"not a basis; known: {', '.join(Basis)}")]
    try:
        to_basis(_ONE, parameter, basis, moisture_pct)
    except MoistureRequired as error:
        return [_Refusal("basis", "moisture_required", f"{error}: report moisture in the same assay")]
    except UnitError as error:
        return [_Refusal("basis", "inconvertible_basis", str(error))]
    return []


def _convert(number: Decimal, result: Reported, parameter: Parameter, moisture_pct: Decimal | None) -> Decimal:
    """Return the value in canonical unit and basis, to 12 significant digits; refuses what cannot exist."""
    try:
        is_same = result.unit is None or result.unit == parameter.unit
        in_unit = number if is_same else to_parameter_unit(number, result.unit or parameter.unit, parameter)
        value = round_value(to_basis(in_unit, parameter, result.basis, moisture_pct))
    except UnitError as error:
        raise _Refusal("value", "impossible_value", str(error)) from None
    if not parameter.is_possible(value):
        low, high = parameter.possible_min, parameter.possible_max
        span = " and ".join(
            [*([] if low is None else [f"at least {low}"]), *([] if high is None else [f"at most {high}"])]
        )
        detail = f"{value.normalize():f} {parameter.unit} {parameter.basis} cannot be: {parameter.key} is {span}"
        raise _Refusal("value", "impossible_value", detail)
    return value


def _read_number(value: object, parameter: Parameter) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _Refusal("value", "wrong_kind", f"{parameter.key} is a number")
    if isinstance(value, int):  # a huge one never becomes text, which Python refuses
        number = Decimal(value)
    elif len(text := str(value).strip()) <= MAX_TEXT and _NUMBER.fullmatch(text):
        number = Decimal(text)
    elif _NOT_FINITE.fullmatch(text):
        raise _Refusal("value", "impossible_value", f"{parameter.key} is a finite number")
    elif isinstance(value, float):  # a three-digit exponent
        raise _Refusal("value", "impossible_value", f"{value} is beyond any assay")
    else:
        detail = f"{parameter.key} is a number, such as 2400 or 2.4e3; below a limit of detection, leave it out"
        raise _Refusal("value", "wrong_kind", detail)
    if abs(number) >= _LARGEST:
        raise _Refusal("value", "impossible_value", f"a value of {_LARGEST} or more is beyond any assay")
    return number


def _read_category(value: object, parameter: Parameter) -> str:
    if parameter.kind is ParameterKind.BOOLEAN:
        if not isinstance(value, bool):
            raise _Refusal("value", "wrong_kind", f"{parameter.key} is true or false")
        return "true" if value else "false"
    text = value.strip() if isinstance(value, str) else ""
    if not 0 < len(text) <= MAX_TEXT or not text.isprintable():
        raise _Refusal("value", "wrong_kind", f"{parameter.key} is a text of 1 to {MAX_TEXT} characters")
    if parameter.values and text not in parameter.values:
        raise _Refusal("value", "unknown_value", f"{parameter.key} is one of {', '.join(parameter.values)}")
    return text
