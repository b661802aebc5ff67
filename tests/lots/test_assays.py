"""Rules of assays: kinds, units, bases, what is possible, what is derived."""

from dataclasses import dataclass
from decimal import Decimal

import pytest

from app.lots.assays import measure_results
from app.lots.measured import derive_values, describe_results


@dataclass(frozen=True)
class Result:
    """One result as a laboratory reports it."""

    parameter: str
    value: object
    unit: str | None = None
    basis: str | None = None


def _values(*results: Result) -> dict[str, float | str | bool]:
    measured, faults = measure_results(results)
    assert faults == []
    return describe_results(measured).current


def _faults(*results: Result) -> dict[str, str]:
    measured, faults = measure_results(results)
    assert len(measured) < len(results)
    return {fault.pointer: fault.code for fault in faults}


@pytest.mark.parametrize(
    ("result", "value"),
    [
        (Result("soluble_p2o5", 2400, "mg/kg"), 0.24),
        (Result("soluble_p2o5", " 2.4e3 ", "ppm"), 0.24),
        (Result("soluble_cl", "0.01", "%"), 100.0),
        (Result("caso4_2h2o", 91.2), 91.2),
        (Result("ph", "-0.5"), -0.5),
        (Result("loi", -1.5, "%"), -1.5),
        (Result("ssa", 4500, "cm2/g"), 450.0),
        (Result("waste_class", "II", "class", "category"), "II"),
        (Result("polymer", "PET / PP"), "PET / PP"),
        (Result("moisture", 25, "%", "dry"), 20.0),
        (Result("moisture", 0), 0.0),
        (Result("moisture", 99.99), 99.99),
        (Result("so3", 1 / 3), 0.333333333333),
        (Result("uncontaminated", value=False), False),
    ],
)
def test_values_come_out_in_the_catalogues_unit_and_basis(result: Result, value: object) -> None:
    assert _values(result) == {result.parameter: value}


def test_wet_values_become_dry_with_the_moisture_of_the_same_assay() -> None:
    wet = Result("so3", 30, "%", "as_received")
    assert _values(Result("moisture", 25), wet) == {"moisture": 25.0, "so3": 40.0}
    assert _values(wet, Result("moisture", 250, "g/kg")) == {"so3": 40.0, "moisture": 25.0}
    assert _faults(wet) == {"/0/basis": "moisture_required"}


def test_dry_values_become_wet_where_the_catalogue_says_wet() -> None:
    assert _values(Result("moisture", 20), Result("impurity", 5, "%", "dry"))["impurity"] == 4.0
    assert _faults(Result("impurity", 5, "%", "dry")) == {"/0/basis": "moisture_required"}


def test_what_is_possible_is_judged_after_the_conversion() -> None:
    wet = Result("caso4_2h2o", 85, "%", "as_received")
    assert _values(wet, Result("moisture", 10))["caso4_2h2o"] == pytest.approx(94.4444444444)
    assert _faults(wet, Result("moisture", 20)) == {"/0/value": "impossible_value"}
    assert _faults(Result("soluble_p2o5", 1_000_001, "mg/kg")) == {"/0/value": "impossible_value"}


@pytest.mark.parametrize("moisture", ["damp", 120, -1])
def test_a_faulty_moisture_is_one_fault_only(moisture: object) -> None:
    faults = _faults(Result("so3", 30, "%", "as_received"), Result("moisture", moisture))
    assert list(faults) == ["/1/value"]


@pytest.mark.parametrize(
    ("result", "pointer", "code"),
    [
        (Result("caso4", 90), "/0/parameter", "unknown_parameter"),
        (Result("caso4_2h2o", 100.1), "/0/value", "impossible_value"),
        (Result("caso4_2h2o", -0.001), "/0/value", "impossible_value"),
        (Result("moisture", 100), "/0/value", "impossible_value"),
        (Result("soundness_le_chatelier", float("nan")), "/0/value", "impossible_value"),
        (Result("soundness_le_chatelier", float("inf")), "/0/value", "impossible_value"),
        (Result("soundness_le_chatelier", "-Infinity"), "/0/value", "impossible_value"),
        (Result("soundness_le_chatelier", 1e300), "/0/value", "impossible_value"),
        (Result("soundness_le_chatelier", "9e99"), "/0/value", "impossible_value"),
        (Result("soundness_le_chatelier", 10**5000), "/0/value", "impossible_value"),
        (Result("soundness_le_chatelier", 1e12), "/0/value", "impossible_value"),
        (Result("ph", "neutral"), "/0/value", "wrong_kind"),
        (Result("ph", "<6"), "/0/value", "wrong_kind"),
        (Result("ph", "1_0"), "/0/value", "wrong_kind"),
        (Result("ph", "7" * 81), "/0/value", "wrong_kind"),
        (Result("ph", value=True), "/0/value", "wrong_kind"),
        (Result("ph", None), "/0/value", "wrong_kind"),
        (Result("ph", [7]), "/0/value", "wrong_kind"),
        (Result("waste_class", 1), "/0/value", "wrong_kind"),
        (Result("waste_class", "III"), "/0/value", "unknown_value"),
        (Result("polymer", "P" * 81), "/0/value", "wrong_kind"),
        (Result("polymer", "P\0P"), "/0/value", "wrong_kind"),
        (Result("polymer", "  "), "/0/value", "wrong_kind"),
        (Result("uncontaminated", "true"), "/0/value", "wrong_kind"),
        (Result("uncontaminated", 1), "/0/value", "wrong_kind"),
        (Result("soluble_p2o5", 1, "mg/L"), "/0/unit", "inconvertible_unit"),
        (Result("soluble_p2o5", 1, "stone"), "/0/unit", "inconvertible_unit"),
        (Result("soluble_p2o5", 1, "%" * 21), "/0/unit", "inconvertible_unit"),
        (Result("water_demand_ratio", 950, "g/kg"), "/0/unit", "inconvertible_unit"),
        (Result("waste_class", "I", "%"), "/0/unit", "inconvertible_unit"),
        (Result("soluble_p2o5", 1, "%", "moist"), "/0/basis", "unknown_basis"),
        (Result("leach_mn", 1, "mg/L", "dry"), "/0/basis", "inconvertible_basis"),
        (Result("waste_class", "I", None, "dry"), "/0/basis", "inconvertible_basis"),
    ],
)
def test_each_fault_has_its_code_and_pointer(result: Result, pointer: str, code: str) -> None:
    assert _faults(result) == {pointer: code}


def test_a_parameter_is_reported_once() -> None:
    assert _faults(Result("ph", 7), Result("ph", 8)) == {"/1/parameter": "duplicate_parameter"}


def test_an_unknown_parameter_names_the_near_ones() -> None:
    _, faults = measure_results([Result("soluble_p205", 1)])
    assert "did you mean soluble_p2o5" in faults[0].detail


def test_sums_and_quotients_are_derived_when_all_their_parts_are_given() -> None:
    oxides = {"sio2": "50", "al2o3": "25", "fe2o3": "5", "cao": "10", "mgo": "1", "mno": "0.5", "tio2": "0.5"}
    numbers = {name: Decimal(value) for name, value in oxides.items()} | {"na2o": Decimal(1), "k2o": Decimal(2)}
    assert derive_values(numbers) == {
        "sum_sio2_al2o3_fe2o3": Decimal(80),
        "alkali_na2o_eq": Decimal("2.316"),
        "alkali_sum": Decimal(3),
        "slag_quality_coefficient": Decimal("0.705882352941"),
    }
    assert derive_values({"sio2": Decimal(50), "al2o3": Decimal(25), "na2o": Decimal(1)}) == {}


def test_what_is_reported_is_not_derived_and_the_impossible_stays_unknown() -> None:
    assert derive_values({"na2o": Decimal(1), "k2o": Decimal(2), "alkali_sum": Decimal(4)}) == {
        "alkali_na2o_eq": Decimal("2.316")
    }
    assert derive_values({"sio2": Decimal(60), "al2o3": Decimal(40), "fe2o3": Decimal(1)}) == {}
    nothing_below = {name: Decimal(0) for name in ("sio2", "mno", "tio2")}
    assert derive_values(nothing_below | {name: Decimal(1) for name in ("cao", "mgo", "al2o3")}) == {}


def test_derived_values_join_the_current_assay() -> None:
    values = _values(Result("na2o", 1), Result("k2o", 2), Result("polymer", "PP"))
    assert values == {"na2o": 1.0, "k2o": 2.0, "polymer": "PP", "alkali_na2o_eq": 2.316, "alkali_sum": 3.0}
