"""Remedies: treatments that act on what fails and point the right way, never where the law or the origin decides."""

from datetime import date
from typing import Any

import pytest

from app.catalogue.reference import reference
from app.matching.filters import read_spec
from app.matching.remedies import Remedy, find_remedies
from app.matching.specification import make_specification
from app.matching.verdict import LotFacts, judge

DAY = date(2026, 8, 1)


def _remedies(
    material: str,
    *specs: str,
    origin: str | None = None,
    grade: str | None = None,
    use: str | None = None,
    **assay: Any,  # noqa: ANN401 - JSON
) -> tuple[Remedy, ...]:
    asked = make_specification(map(read_spec, specs), grade_key=grade, use_key=use, on=DAY)
    return find_remedies(material, judge(asked, LotFacts(material, origin, assay, DAY)))


def _fixes(material: str, spec: str, **assay: Any) -> list[str]:  # noqa: ANN401 - JSON
    return [remedy.treatment for remedy in _remedies(material, spec, **assay)]


def test_nothing_fails_and_nothing_is_proposed() -> None:
    assert _remedies("phosphogypsum", "soluble_p2o5<=0.2", soluble_p2o5=0.2) == ()
    assert _remedies("phosphogypsum", "soluble_p2o5<=0.2") == ()


def test_those_that_fix_most_come_first_with_all_their_effects() -> None:
    asked = ("soluble_p2o5<=0.2", "moisture<=10", "soluble_f<=0.1")
    first, *others = _remedies("phosphogypsum", *asked, soluble_p2o5=0.24, moisture=16.3, soluble_f=0.05)
    assert (first.treatment, first.fixes) == ("calcination_to_hemihydrate", ("moisture",))
    assert [remedy.treatment for remedy in others] == [
        "lime_neutralisation_phosphogypsum",
        "low_temperature_drying",
        "pelletising",
        "washing_phosphogypsum",
    ]
    best = _remedies("phosphogypsum", *asked, soluble_p2o5=0.24, moisture=16.3, soluble_f=0.15)[0]
    assert best.treatment == "lime_neutralisation_phosphogypsum"
    assert best.fixes == ("soluble_p2o5", "soluble_f")
    assert best.claimed
    assert best.effects == reference().treatments[best.treatment].effects
    assert (best.name_en, best.name_zh) == ("Lime neutralisation", "石灰中和")
    assert best.source == "memory:general literature values"


@pytest.mark.parametrize(
    ("material", "spec", "assay", "treatments"),
    [
        # at most 8 %: enough for a limit of 8, not for one of 7.9; drainage ends at 12.
        ("phosphogypsum", "moisture<=8", {"moisture": 20.0}, ["calcination_to_hemihydrate", "low_temperature_drying"]),
        ("phosphogypsum", "moisture<=7.9", {"moisture": 20.0}, ["calcination_to_hemihydrate"]),
        ("bottom_ash", "moisture<=12", {"moisture": 20.0}, ["drain_stockpile", "drying"]),
        # "at most" never lifts, and drainage to 12 % may.
        ("titanium_gypsum", "moisture>=10", {"moisture": 5.0}, ["drain_stockpile"]),
        # at least 350: a limit of 400 is not claimed.
        ("steel_slag", "ssa>=350", {"ssa": 100.0}, ["fine_grinding"]),
        ("steel_slag", "ssa>=400", {"ssa": 100.0}, []),
        ("steel_slag", "ssa<=400", {"ssa": 500.0}, []),
        # factors 0.1-0.4 and 0.05-0.3: the best case of both is inside, of washing alone no more.
        ("phosphogypsum", "soluble_p2o5<=0.2", {"soluble_p2o5": 3.0}, ["lime_neutralisation_phosphogypsum"]),
        ("phosphogypsum", "soluble_p2o5<=0.2", {"soluble_p2o5": 4.1}, []),
        ("phosphogypsum", "soluble_p2o5>=0.2", {"soluble_p2o5": 0.1}, []),
        # a range and a direction
        ("phosphogypsum", "ph=6..7", {"ph": 3.0}, ["lime_neutralisation_phosphogypsum", "washing_phosphogypsum"]),
        ("phosphogypsum", "ph=6..6.9", {"ph": 3.0}, ["washing_phosphogypsum"]),
        ("phosphogypsum", "ph=6..8", {"ph": 10.0}, ["lime_neutralisation_phosphogypsum"]),
        # blending is a mean and a test is no change
        ("fgd_gypsum", "caso4_2h2o>=90", {"caso4_2h2o": 80.0}, []),
        ("retired_traction_batteries", "state_of_health>=80", {"state_of_health": 60.0}, []),
        ("medical_infusion_bottles", "uncontaminated=true", {"uncontaminated": False}, []),
    ],
)
def test_only_what_points_the_right_way_far_enough(
    material: str, spec: str, assay: dict[str, Any], treatments: list[str]
) -> None:
    assert _fixes(material, spec, **assay) == treatments


def test_all_limits_of_a_parameter_must_be_met() -> None:
    assert _remedies("phosphogypsum", "moisture<=10", "moisture<=7", moisture=20.0)[0].fixes == ("moisture",)
    found = _remedies("titanium_gypsum", "moisture<=10", "moisture<=7", moisture=20.0)
    assert found == ()


def test_treatments_are_those_of_the_material() -> None:
    assert _fixes("fly_ash", "loi<=5", loi=9.0) == ["air_classification_fly_ash", "carbon_removal_fly_ash"]
    assert _fixes("coal_gangue", "loi<=5", loi=9.0) == ["calcination_gangue"]


def test_law_and_origin_are_beyond_remedy() -> None:
    assert _remedies("steel_slag", "ssa>=350", ssa=100.0) != ()
    assert _remedies("steel_slag", "ssa>=350", use="cement_mixing_material", ssa=100.0) == ()
    grade = "gbt1596_2017_concrete_ii_f"
    assert _remedies("fly_ash", grade=grade, origin="pulverised_coal_boiler", fineness_45um=32.0) != ()
    assert _remedies("fly_ash", grade=grade, origin="waste_incinerator", fineness_45um=32.0) == ()


def test_figures_of_effects_are_in_the_units_of_their_parameters() -> None:
    for treatment in reference().treatments.values():
        for effect in treatment.effects:
            wanted = {"factor": "1", "direction": effect.unit}.get(
                effect.change.value, reference().parameters[effect.parameter].unit
            )
            assert effect.unit == wanted, (treatment.key, effect.parameter)
