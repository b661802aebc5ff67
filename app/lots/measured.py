"""What an assay amounts to: its values in canonical unit and basis, what follows from them, and how they read. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

from app.catalogue.reference import reference
from app.catalogue.schemas import ParameterKind
from app.catalogue.units import SIGNIFICANT_DIGITS
from app.core.documents import Document, write_json

_ONE = Decimal(1)
#: 12 decimals are kept.
_FINEST = Decimal("1e-12")

#: Sums of reported parameters, as the catalogue's parameters.yaml states them; the factor of K2O is a draft there.
_SUMS: Mapping[str, Mapping[str, Decimal]] = {
    "sum_sio2_al2o3_fe2o3": {"sio2": _ONE, "al2o3": _ONE, "fe2o3": _ONE},
    "alkali_na2o_eq": {"na2o": _ONE, "k2o": Decimal("0.658")},
    "alkali_sum": {"na2o": _ONE, "k2o": _ONE},
}
#: Parameter: sum of the first over sum of the second.
_QUOTIENTS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "slag_quality_coefficient": (("cao", "mgo", "al2o3"), ("sio2", "mno", "tio2")),
}


@dataclass(frozen=True)
class Measured:
    """One result in canonical unit and basis: a number in `value`, else the text of a category (`true`, `false`)."""

    parameter: str
    value: Decimal | None
    category: str | None
    given_value: str
    given_unit: str | None
    given_basis: str | None

    @cached_property
    def plain(self) -> float | str | bool:
        """The value as JSON shows it; floats carry its at most 12 significant digits exactly."""
        return plain_value(self.parameter, self.value, self.category)

    @cached_property
    def written(self) -> bytes:
        """The JSON of the result as `ResultRead` has it: kept, since files bring the same texts again and again."""
        given = {"value": self.given_value, "unit": self.given_unit, "basis": self.given_basis}
        return write_json(describe_value(self.parameter, self.plain, given))


class Described(NamedTuple):
    """What is kept of an assay: parameter → value for the search, and the JSON text of its results for answers."""

    current: dict[str, float | str | bool]
    results: str


def describe_results(measured: Sequence[Measured]) -> Described:
    """Return an assay as it is kept, derived values included; in the text they come last.

    The text is written once, with the assay, which never changes: unit and basis are those that its values are in.
    """
    current: dict[str, float | str | bool] = {item.parameter: item.plain for item in measured}
    parts = [item.written for item in measured]
    for name, value in derive_values(measured_numbers(measured)).items():
        current[name] = float(value)
        parts.append(write_json(describe_value(name, float(value), None)))
    return Described(current, f"[{b','.join(parts).decode()}]")


def measured_numbers(measured: Sequence[Measured]) -> dict[str, Decimal]:
    """Return the numeric results alone."""
    return {item.parameter: item.value for item in measured if item.value is not None}


def describe_value(name: str, value: float | str | bool, given: Document | None) -> Document:  # noqa: FBT001 - a value
    """Return a value in the catalogue's unit and basis; one that was not `given` is derived."""
    parameter = reference().parameters[name]
    return {
        "parameter": name,
        "value": value,
        "unit": parameter.unit,
        "basis": parameter.basis,
        "derived": given is None,
        "given": given,
    }


def plain_value(parameter: str, value: Decimal | None, category: str | None) -> float | str | bool:
    """Return a stored result as JSON shows it; floats carry its at most 12 significant digits exactly."""
    if value is not None:
        return float(value)
    entry = reference().parameters.get(parameter)
    if entry is not None and entry.kind is ParameterKind.BOOLEAN:
        return category == "true"
    return category or ""


def derive_values(numbers: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Return the derived parameters whose parts are all given and that are not reported themselves.

    What comes out impossible (oxides that add up beyond 100 %) stays unknown.
    """
    found: dict[str, Decimal] = {}
    for name, parts in _SUMS.items():
        if parts.keys() <= numbers.keys():
            found[name] = sum((numbers[part] * factor for part, factor in parts.items()), Decimal(0))
    for name, (above, below) in _QUOTIENTS.items():
        if numbers.keys() >= {*above, *below}:
            divisor = sum((numbers[part] for part in below), Decimal(0))
            if divisor > 0:
                found[name] = sum((numbers[part] for part in above), Decimal(0)) / divisor
    if not found:
        return found
    parameters = reference().parameters
    return {
        name: round_value(value)
        for name, value in found.items()
        if name not in numbers and parameters[name].is_possible(value)
    }


def round_value(value: Decimal) -> Decimal:
    """Round to 12 significant digits and 12 decimals."""
    if not value:
        return Decimal(0)
    digits = _ONE.scaleb(value.adjusted() - SIGNIFICANT_DIGITS + 1)
    return value.quantize(max(digits, _FINEST))
