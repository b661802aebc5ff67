"""Units and bases convert exactly, and what cannot be converted is refused with a reason."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalogue.reference import reference
from app.catalogue.units import (
    MoistureRequired,
    UnitError,
    convert,
    normalise_unit,
    to_basis,
    to_parameter_unit,
)

PARAMETERS = reference().parameters


@pytest.mark.parametrize(
    ("value", "unit", "to_unit", "result"),
    [
        ("2400", "mg/kg", "%", "0.24"),
        ("0.01", "%", "mg/kg", "100"),
        ("0.24", "％", "ppm", "2400"),
        ("2.4", "g/kg", "%", "0.24"),
        ("2.4", "kg/t", "%", "0.24"),
        ("2400", "g/t", "%", "0.24"),
        ("2400000", "ug/kg", "%", "0.24"),
        ("2.85", "g/cm³", "kg/m3", "2850"),
        ("1200", "kg·m⁻³", "g/cm3", "1.2"),
        ("2500", "cm2/g", "m²/kg", "250"),
        ("45", "μm", "mm", "0.045"),
        ("4", "cm", "mm", "40"),
        ("7000", "kcal/kg", "MJ/kg", "29.3076"),
        ("2500", "kJ/kg", "MJ/kg", "2.5"),
        ("21.23", "mg·L-1", "ug/L", "21230"),
        ("0.0026", "g/L", "mg/L", "2.6"),
        ("0.5", "h", "min", "30"),
        ("180", "s", "min", "3"),
        ("1.25", "t", "kg", "1250"),
        ("6.5", "pH", "ph", "6.5"),
    ],
)
def test_conversions(value: str, unit: str, to_unit: str, result: str) -> None:
    assert convert(Decimal(value), unit, to_unit) == Decimal(result)


@pytest.mark.parametrize(
    ("spelling", "unit"),
    [
        ("％", "%"),
        ("wt%", "%"),
        ("mg·kg-1", "mg/kg"),
        ("mg kg⁻¹", "mg/kg"),
        ("MG/KG", "mg/kg"),
        ("PPM", "ppm"),
        ("g/cm³", "g/cm3"),
        ("g·cm⁻³", "g/cm3"),
        ("m²·kg⁻¹", "m2/kg"),
        ("µm", "um"),
        ("mg/l", "mg/L"),
        ("无量纲", "1"),
        ("吨", "t"),
    ],
)
def test_common_spellings(spelling: str, unit: str) -> None:
    assert normalise_unit(spelling) == unit


@pytest.mark.parametrize("unit", ["", "furlong", "mJ/kg", "Mg/kg", "x" * 10_000, "%%", "mg/"])
def test_unknown_units_are_refused(unit: str) -> None:
    with pytest.raises(UnitError, match="is not known") as refused:
        convert(Decimal(1), unit, "%")
    assert len(str(refused.value)) < 500


@pytest.mark.parametrize(
    ("unit", "to_unit"),
    [("1", "%"), ("%", "1"), ("mg/L", "mg/kg"), ("kg/m3", "%"), ("min", "mm"), ("t", "%"), ("pH", "%")],
)
def test_another_dimension_is_refused(unit: str, to_unit: str) -> None:
    with pytest.raises(UnitError, match="cannot be given in"):
        convert(Decimal(1), unit, to_unit)


@pytest.mark.parametrize("value", ["NaN", "-Infinity", "sNaN", "1E+400000", "1E-400000", "1" * 101])
def test_hostile_numbers_are_refused(value: str) -> None:
    with pytest.raises(UnitError):
        convert(Decimal(value), "mg/kg", "%")


def test_a_zero_with_a_huge_exponent_is_zero() -> None:
    assert len(str(convert(Decimal("0E+400000"), "mg/kg", "%"))) < 10
    assert len(str(convert(Decimal("0E-400000"), "mg/kg", "%"))) < 20


@given(
    value=st.decimals(min_value="-1000000", max_value="1000000", places=6, allow_nan=False, allow_infinity=False),
    units=st.sampled_from(
        [("mg/kg", "%"), ("g/kg", "ug/kg"), ("g/cm3", "kg/m3"), ("m2/kg", "cm2/g"), ("um", "cm"), ("MJ/kg", "kJ/kg")],
    ),
)
def test_decimal_units_convert_back_exactly(value: Decimal, units: tuple[str, str]) -> None:
    value = value.normalize() if len(value.as_tuple().digits) <= 12 else value.quantize(Decimal("0.0001"))
    unit, other = units
    assert convert(convert(value, unit, other), other, unit) == value


@given(
    value=st.decimals(min_value="0.001", max_value="1000000", places=3, allow_nan=False, allow_infinity=False),
    units=st.sampled_from([("min", "h"), ("s", "h"), ("kcal/kg", "MJ/kg")]),
)
def test_other_units_convert_back_within_the_last_digits(value: Decimal, units: tuple[str, str]) -> None:
    unit, other = units
    back = convert(convert(value, unit, other), other, unit)
    assert abs(back - value) <= value * Decimal("1E-11")


def test_results_have_twelve_significant_digits() -> None:
    assert convert(Decimal(1), "min", "h") == Decimal("0.0166666666667")
    assert convert(Decimal("12.34567890123456"), "%", "%") == Decimal("12.3456789012")


def test_the_phosphogypsum_example() -> None:
    parameter = PARAMETERS["soluble_p2o5"]
    value = to_parameter_unit(Decimal(2400), "mg/kg", parameter)
    assert to_basis(value, parameter, None, None) == Decimal("0.24")
    assert to_basis(value, parameter, "dry", None) == Decimal("0.24")
    assert to_basis(value, parameter, "as_received", Decimal(20)) == Decimal("0.3")


def test_as_received_becomes_dry() -> None:
    parameter = PARAMETERS["caso4_2h2o"]
    assert to_basis(Decimal("72.96"), parameter, "as_received", Decimal(20)) == Decimal("91.2")
    assert to_basis(Decimal(70), parameter, "as_received", Decimal(0)) == Decimal(70)
    with pytest.raises(MoistureRequired, match="needs the moisture"):
        to_basis(Decimal(70), parameter, "as_received", None)


def test_dry_becomes_as_received() -> None:
    assert to_basis(Decimal(5), PARAMETERS["impurity"], "dry", Decimal(10)) == Decimal("4.5")


def test_moisture_needs_no_other_moisture() -> None:
    parameter = PARAMETERS["moisture"]
    assert to_basis(Decimal(25), parameter, "dry", None) == Decimal(20)
    assert to_basis(Decimal(25), parameter, "as_received", None) == Decimal(25)
    assert to_basis(Decimal(300), parameter, "dry", None) == Decimal(75)
    with pytest.raises(UnitError, match="negative"):
        to_basis(Decimal(-100), parameter, "dry", None)


@pytest.mark.parametrize(
    ("key", "basis"),
    [
        ("caso4_2h2o", "air_dried"),
        ("fly_ash_activity_28d", "dry"),
        ("ph", "as_received"),
        ("leach_f", "dry"),
        ("density", "as_received"),
        ("bulk_density", "dry"),
        ("calorific_value", "dry"),
    ],
)
def test_a_basis_that_does_not_apply_is_refused(key: str, basis: str) -> None:
    with pytest.raises(UnitError) as refused:
        to_basis(Decimal(1), PARAMETERS[key], basis, Decimal(10))
    assert not isinstance(refused.value, MoistureRequired)
    assert key in str(refused.value)


@pytest.mark.parametrize("moisture", ["100", "-1", "140", "NaN"])
def test_impossible_moisture_is_refused(moisture: str) -> None:
    with pytest.raises(UnitError):
        to_basis(Decimal(1), PARAMETERS["caso4_2h2o"], "as_received", Decimal(moisture))


@given(
    value=st.decimals(min_value=0, max_value=100, places=3),
    moisture=st.decimals(min_value=0, max_value=90, places=2),
)
def test_drying_and_wetting_undo_each_other(value: Decimal, moisture: Decimal) -> None:
    dry = to_basis(value, PARAMETERS["caso4_2h2o"], "as_received", moisture)
    wet = to_basis(dry, PARAMETERS["impurity"], "dry", moisture)
    assert abs(wet - value) <= value * Decimal("1E-11")


def test_units_of_parameters() -> None:
    assert to_parameter_unit(Decimal("0.01"), "%", PARAMETERS["soluble_cl"]) == 100
    assert to_parameter_unit(Decimal("6.8"), "1", PARAMETERS["ph"]) == Decimal("6.8")
    for key, unit in (("water_demand_ratio", "mg/kg"), ("soluble_p2o5", "1"), ("waste_class", "%"), ("ira", "%")):
        with pytest.raises(UnitError):
            to_parameter_unit(Decimal(1), unit, PARAMETERS[key])
