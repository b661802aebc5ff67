"""Draws assays of sample lots from the typical ranges of the catalogue, in the units and bases of real laboratories."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from app.catalogue.reference import reference
from app.catalogue.schemas import Basis, TypicalRange

_MOISTURE, _GYPSUM, _SULFATE = "moisture", "caso4_2h2o", "so3"
#: SO3 in a tonne of CaSO4·2H2O, by molar mass.
_SO3_IN_GYPSUM = 0.465
#: Shares of the dry mass that cannot exceed it together.
_PARTS = frozenset(
    {"sio2", "al2o3", "fe2o3", "cao", "mgo", "na2o", "k2o", "tio2", "mno", "p2o5_total", "loi", _GYPSUM, "clay_content"}
)
_MOST_PARTS_PCT = 99.5
_TRIES = 200
_LEFT_OUT = 0.12
_OTHER_UNIT, _AS_RECEIVED = 0.3, 0.25
_DIGITS = 4
#: Other units that laboratories report in: unit -> (other unit, factor).
_OTHER_UNITS: Mapping[str, tuple[str, Decimal]] = {
    "%": ("g/kg", Decimal(10)),
    "MJ/kg": ("kcal/kg", Decimal(1) / Decimal("0.0041868")),
    "mg/kg": ("ppm", Decimal(1)),
    "g/cm3": ("kg/m3", Decimal(1000)),
}
_TRACE_PCT = 1.0


@dataclass(frozen=True)
class Result:
    """One value as a laboratory reports it."""

    parameter: str
    value: str
    unit: str
    basis: str | None


def draw_assay(material: str, random: Random) -> tuple[Result, ...]:
    """Return an assay of one lot; a few values are left out, as not every laboratory measures everything."""
    ranges = reference().materials[material].typical_composition
    values = _draw_values(ranges, random)
    moisture = values.get(_MOISTURE)
    results = []
    for entry in ranges:
        is_kept = entry.parameter == _MOISTURE or random.random() >= _LEFT_OUT
        result = _report(entry, values[entry.parameter], moisture, random)
        if is_kept:
            results.append(result)
    return tuple(results)


def _draw_values(ranges: tuple[TypicalRange, ...], random: Random) -> dict[str, float]:
    """Return parameter -> value in the catalogue's unit; the parts of the dry mass stay below 100 %."""
    values: dict[str, float] = {}
    for attempt in range(_TRIES):
        # Towards the lower ends with each failure: some materials are typically reported on an ash basis.
        share = 1.0 - attempt / _TRIES
        values = {row.parameter: _between(row, random.betavariate(2, 2) * share) for row in ranges}
        if sum(value for key, value in values.items() if key in _PARTS) <= _MOST_PARTS_PCT:
            break
    if _GYPSUM in values and _SULFATE in values:
        values[_SULFATE] = values[_GYPSUM] * _SO3_IN_GYPSUM * random.uniform(1.0, 1.02)
    return values


def _between(row: TypicalRange, share: float) -> float:
    low, high = float(row.low), float(row.high)
    return low + (high - low) * share


def _report(entry: TypicalRange, value: float, moisture: float | None, random: Random) -> Result:
    """Write a value in some unit and basis; draws the same numbers whatever it decides."""
    parameter = reference().parameters[entry.parameter]
    takes_other_unit, takes_as_received = random.random() < _OTHER_UNIT, random.random() < _AS_RECEIVED
    unit, number, basis = entry.unit, Decimal(repr(value)), None
    # Ratios, indices and leachates have one unit and no basis to convert; all else hangs on the moisture as given.
    if parameter.basis not in {Basis.DRY, Basis.AS_RECEIVED} or parameter.key == _MOISTURE:
        return Result(entry.parameter, _shortened(number), unit, basis)
    if parameter.basis is Basis.DRY and unit in {"%", "mg/kg"} and takes_as_received and moisture is not None:
        basis, number = Basis.AS_RECEIVED.value, number * (1 - Decimal(repr(moisture)) / 100)
    elif parameter.basis is Basis.DRY:
        basis = Basis.DRY.value
    if takes_other_unit and unit in _OTHER_UNITS:
        is_trace = unit == "%" and value < _TRACE_PCT
        unit, factor = ("mg/kg", Decimal(10_000)) if is_trace else _OTHER_UNITS[unit]
        number *= factor
    return Result(entry.parameter, _shortened(number), unit, basis)


def _shortened(number: Decimal) -> str:
    """Round to the digits that a laboratory writes."""
    if not number:
        return "0"
    return f"{number.quantize(Decimal(1).scaleb(number.adjusted() - _DIGITS + 1)):f}"
