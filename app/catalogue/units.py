"""Converts assay values between units and between dry and as-received basis, in exact decimal arithmetic."""

import re
import unicodedata
from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import lru_cache
from types import MappingProxyType

from app.catalogue.parameters import Basis, Parameter, ParameterKind

SIGNIFICANT_DIGITS = 12
# A double keeps 15 significant digits. Rounded to 12, a value that passed through a division still equals the limit
# it should equal, and compares in the database (as a double) exactly as it does here (as a Decimal).
_ROUNDED = Context(prec=SIGNIFICANT_DIGITS, rounding=ROUND_HALF_EVEN)
_EXACT = Context(prec=200)
_LARGEST_EXPONENT = 30  # beyond any assay; keeps hostile exponents from costing time and memory
_MOST_DIGITS = 100

_TEN = Decimal(10)
# Unit: (dimension, size in the base unit of the dimension). kcal is the International Table calorie, 4.1868 J,
# by which 7000 kcal/kg make the 29.3076 MJ/kg of standard coal.
_UNITS: Mapping[str, tuple[str, Decimal]] = MappingProxyType(
    {
        "%": ("mass fraction", _TEN**4),
        "‰": ("mass fraction", _TEN**3),
        "g/kg": ("mass fraction", _TEN**3),
        "kg/t": ("mass fraction", _TEN**3),
        "mg/kg": ("mass fraction", Decimal(1)),
        "g/t": ("mass fraction", Decimal(1)),
        "ppm": ("mass fraction", Decimal(1)),
        "ug/g": ("mass fraction", Decimal(1)),
        "mg/g": ("mass fraction", _TEN**3),
        "ug/kg": ("mass fraction", Decimal("0.001")),
        "ppb": ("mass fraction", Decimal("0.001")),
        "1": ("number", Decimal(1)),
        "pH": ("pH", Decimal(1)),
        "kg/m3": ("density", Decimal(1)),
        "g/cm3": ("density", _TEN**3),
        "t/m3": ("density", _TEN**3),
        "g/L": ("concentration", _TEN**3),
        "mg/L": ("concentration", Decimal(1)),
        "ug/L": ("concentration", Decimal("0.001")),
        "m2/kg": ("specific surface", Decimal(1)),
        "cm2/g": ("specific surface", Decimal("0.1")),
        "m2/g": ("specific surface", _TEN**3),
        "um": ("length", Decimal("0.001")),
        "mm": ("length", Decimal(1)),
        "cm": ("length", _TEN),
        "m": ("length", _TEN**3),
        "kJ/kg": ("energy per mass", Decimal(1)),
        "MJ/kg": ("energy per mass", _TEN**3),
        "kcal/kg": ("energy per mass", Decimal("4.1868")),
        "s": ("time", Decimal(1)),
        "min": ("time", Decimal(60)),
        "h": ("time", Decimal(3600)),
        "kg": ("mass", Decimal(1)),
        "t": ("mass", _TEN**3),
    },
)
_SPELLINGS: Mapping[str, str] = MappingProxyType(
    {
        "percent": "%",
        "wt%": "%",
        "wt.%": "%",
        "%wt": "%",
        "%(m/m)": "%",
        "ppmw": "ppm",
        "g/ml": "g/cm3",
        "g/cc": "g/cm3",
        "kcal/kg": "kcal/kg",
        "micron": "um",
        "sec": "s",
        "minute": "min",
        "minutes": "min",
        "hr": "h",
        "tonne": "t",
        "tonnes": "t",
        "dimensionless": "1",
        "无量纲": "1",
        "吨": "t",
        "千克": "kg",
        "公斤": "kg",
        "毫米": "mm",
        "分钟": "min",
        "秒": "s",
        "小时": "h",
        "毫克/千克": "mg/kg",
        "毫克/升": "mg/L",
        "克/立方厘米": "g/cm3",
        "千克/立方米": "kg/m3",
    },
)
# Text all in one case has lost its case, and is read so; mixed case means what it says: mJ is not MJ, Mg is not mg.
_ONE_CASE: Mapping[str, str] = MappingProxyType(
    {unit.lower(): unit for unit in _UNITS} | {unit.upper(): unit for unit in _UNITS},
)
_PER_MASS_OF_SAMPLE = frozenset({"mass fraction", "specific surface"})


class UnitError(ValueError):
    """A value cannot be brought to the unit or basis asked for; the message says why."""


class MoistureRequired(UnitError):
    """A change of basis needs the moisture of the same sample."""


@lru_cache(maxsize=4096)
def normalise_unit(unit: str) -> str:
    """Return the catalogue's spelling of a unit, so that g·cm⁻³ is g/cm3; raise UnitError for an unknown one."""
    text = unicodedata.normalize("NFKC", unit[:40]).strip()
    text = text.replace("μ", "u").replace("−", "-").replace("^", "")
    text = re.sub(r"([A-Za-z]+2?)[·⋅∙・.*\s]+([A-Za-z]+)-([123])$", _as_quotient, text)
    text = re.sub(r"\s+", "", text)
    for name in (text, _SPELLINGS.get(text, ""), _SPELLINGS.get(text.lower(), ""), _ONE_CASE.get(text, "")):
        if name in _UNITS:
            return name
    raise UnitError(f"unit {unit[:40]!r} is not known; known are {', '.join(_UNITS)}")


def convert(value: Decimal, unit: str, to_unit: str) -> Decimal:
    """Return a value in another unit of the same dimension, rounded to 12 significant digits."""
    dimension, size = _UNITS[normalise_unit(unit)]
    to_dimension, to_size = _UNITS[normalise_unit(to_unit)]
    if dimension != to_dimension:
        raise UnitError(f"{unit[:40]} is a {dimension} and cannot be given in {to_unit[:40]}, a {to_dimension}")
    return _ROUNDED.divide(_EXACT.multiply(_checked(value), size), to_size)


def to_parameter_unit(value: Decimal, unit: str, parameter: Parameter) -> Decimal:
    """Return a value in the unit of its parameter.

    Percent is also the unit of ratios and expansions, which are no mass fractions: mg/kg is refused there.
    """
    if parameter.kind is not ParameterKind.NUMERIC:
        raise UnitError(f"{parameter.key} is no number and has no unit to convert")
    name = normalise_unit(unit)
    if parameter.unit == "pH" and name == "1":
        name = "pH"
    if parameter.unit == "%" and name != "%" and parameter.basis not in {Basis.DRY, Basis.AS_RECEIVED}:
        raise UnitError(f"{parameter.key} is a {parameter.basis.value} in %, not a mass fraction: give it in %")
    return convert(value, name, parameter.unit)


def to_basis(value: Decimal, parameter: Parameter, basis_from: str | None, moisture_pct: Decimal | None) -> Decimal:
    """Return a value in the unit of its parameter on the basis of its parameter, rounded to 12 significant digits.

    `basis_from` None means the catalogue's basis. `moisture_pct` is the free moisture of the same sample in per cent
    of its wet mass; value_dry = value_as_received / (1 - moisture/100). Raises MoistureRequired when it is missing.
    """
    checked, key, basis = _checked(value), parameter.key, parameter.basis.value
    if basis_from is None or basis_from == basis:
        return _ROUNDED.plus(checked)
    if {basis_from, basis} != {Basis.DRY.value, Basis.AS_RECEIVED.value}:
        raise UnitError(f"{key} is given {basis} and cannot be converted from {basis_from[:40]!r}")
    if key == "moisture":
        return _wet_moisture(checked)
    if _UNITS[parameter.unit][0] not in _PER_MASS_OF_SAMPLE:
        # Sizes and densities do not follow the mass of water, and net calorific value also pays for evaporating it.
        raise UnitError(f"{key} in {parameter.unit} does not change with moisture alone: give it {basis}")
    if moisture_pct is None:
        raise MoistureRequired(f"{key} {basis_from} needs the moisture of the same sample to become {basis}")
    dry_share = _EXACT.subtract(100, _checked_moisture(moisture_pct))
    if parameter.basis is Basis.DRY:
        return _ROUNDED.divide(_EXACT.multiply(checked, 100), dry_share)
    return _ROUNDED.divide(_EXACT.multiply(checked, dry_share), 100)


def _wet_moisture(dry_moisture_pct: Decimal) -> Decimal:
    """Return moisture per wet mass from moisture per dry mass: 25 % of the dry mass are 20 % of the wet one."""
    if dry_moisture_pct < 0:
        raise UnitError(f"moisture {dry_moisture_pct} % is negative")
    return _ROUNDED.divide(_EXACT.multiply(dry_moisture_pct, 100), _EXACT.add(dry_moisture_pct, 100))


def _checked_moisture(moisture_pct: Decimal) -> Decimal:
    moisture = _checked(moisture_pct)
    if not 0 <= moisture < 100:  # noqa: PLR2004  per cent; at 100 there is no dry mass to refer to
        raise UnitError(f"moisture {moisture_pct} % is not from 0 to below 100")
    return moisture


def _checked(value: Decimal) -> Decimal:
    if not value.is_finite():
        raise UnitError("the value is not a finite number")
    sign, digits, exponent = value.as_tuple()
    if value and (abs(value.adjusted()) > _LARGEST_EXPONENT or len(digits) > _MOST_DIGITS):
        raise UnitError(f"the value has more than {_MOST_DIGITS} digits or an exponent beyond {_LARGEST_EXPONENT}")
    # A zero may carry any exponent, which arithmetic would spread.
    return value or Decimal((sign, (0,), max(-9, min(0, int(exponent)))))


def _as_quotient(found: re.Match[str]) -> str:
    """Write mg·kg-1 as mg/kg and g·cm-3 as g/cm3."""
    above, below, power = found.groups()
    return f"{above}/{below}{'' if power == '1' else power}"
