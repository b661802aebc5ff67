"""The verdict of a lot, rule by rule, with the facts of the catalogue."""

from datetime import date
from typing import Any

import pytest

from app.catalogue.schemas import FigureStatus
from app.core.clock import today
from app.matching.filters import read_spec
from app.matching.specification import make_specification
from app.matching.verdict import Judgement, LotFacts, Reason, Specification, Verdict, judge

SAMPLED = date(2026, 7, 20)
PHOSPHOGYPSUM_I = "gbt23456_2018_i"
FLY_ASH_II = "gbt1596_2017_concrete_ii_f"
ALLOWED_ORIGIN, EXCLUDED_ORIGIN = "pulverised_coal_boiler", "waste_incinerator"
GOOD_FLY_ASH = {
    "fineness_45um": 20.0,
    "water_demand_ratio": 100,
    "loi": 3.0,
    "moisture": 0.5,
    "so3": 1.0,
    "f_cao": 0.5,
    "sum_sio2_al2o3_fe2o3": 80.0,
    "density": 2.4,
    "fly_ash_activity_28d": 75.0,
    "caso3_hemihydrate": 1.0,
    "ira": 0.5,
    "igamma": 0.5,
}


def _specify(*specs: str, **asked: Any) -> Specification:  # noqa: ANN401 - of make_specification
    return make_specification(map(read_spec, specs), **{"on": today(), **asked})


def _judge(specification: Specification, material: str, origin: str | None = None, **assay: Any) -> Judgement:  # noqa: ANN401
    return judge(specification, LotFacts(material, origin, assay, SAMPLED))


def test_request_limits_pass_fail_and_are_unknown() -> None:
    asked = _specify("soluble_p2o5<=0.2", "caso4_2h2o>=85", "ph=6..9", "waste_class=I", "uncontaminated=true")
    good: dict[str, Any] = {
        "soluble_p2o5": 0.2,
        "caso4_2h2o": 91.2,
        "ph": 7,
        "waste_class": "I",
        "uncontaminated": True,
    }
    assert _judge(asked, "phosphogypsum", **good).verdict is Verdict.PASS
    judged = _judge(asked, "phosphogypsum", **good | {"soluble_p2o5": 0.24, "ph": None})
    assert judged.verdict is Verdict.FAIL
    found = judged.criteria[0]
    assert (found.verdict, str(found.margin), found.source, found.assay_on) == ("fail", "-0.04", "request", SAMPLED)
    assert (judged.criteria[2].verdict, judged.criteria[2].reason) == (Verdict.UNKNOWN, Reason.NOT_MEASURED)
    for wrong in ({"waste_class": "II"}, {"uncontaminated": False}, {"ph": 5.9}, {"ph": 9.1}):
        assert _judge(asked, "phosphogypsum", **good | wrong).verdict is Verdict.FAIL
    assert _judge(asked, "phosphogypsum").verdict is Verdict.UNKNOWN


def test_draft_limits_only_warn_and_a_pass_on_them_says_so() -> None:
    asked = _specify(grade_key=FLY_ASH_II)
    passed = _judge(asked, "fly_ash", ALLOWED_ORIGIN, **GOOD_FLY_ASH)
    assert (passed.verdict, passed.rests_on_drafts) == (Verdict.PASS, True)
    warned = _judge(asked, "fly_ash", ALLOWED_ORIGIN, **GOOD_FLY_ASH | {"loi": 9.0})
    assert (warned.verdict, warned.rests_on_drafts) == (Verdict.UNKNOWN, False)
    loi = next(found for found in warned.criteria if found.parameter == "loi")
    assert (loi.verdict, loi.limit_status, loi.source) == (Verdict.FAIL, FigureStatus.DRAFT, f"grade {FLY_ASH_II}")
    rejected = _judge(asked, "fly_ash", ALLOWED_ORIGIN, **GOOD_FLY_ASH | {"fineness_45um": 30.06})
    assert rejected.verdict is Verdict.FAIL
    assert not _judge(_specify("loi<=8"), "fly_ash", loi=3.0).rests_on_drafts


def test_grade_limits_compare_after_rounding_and_request_limits_exactly() -> None:
    rounded = _judge(
        _specify(grade_key=FLY_ASH_II), "fly_ash", ALLOWED_ORIGIN, **GOOD_FLY_ASH | {"fineness_45um": 30.05}
    )
    assert rounded.verdict is Verdict.PASS
    assert _judge(_specify("fineness_45um<=30.0"), "fly_ash", fineness_45um=30.05).verdict is Verdict.FAIL
    american = _specify(grade_key="astm_c618_12a_f")
    fineness = next(
        c for c in _judge(american, "fly_ash", fineness_45um=34.1).criteria if c.parameter == "fineness_45um"
    )
    assert (fineness.verdict, str(fineness.margin)) == (Verdict.FAIL, "-0.1")


def test_radionuclides_of_a_grade_are_those_of_gb_6566() -> None:
    asked = _specify(grade_key=PHOSPHOGYPSUM_I)
    judged = _judge(asked, "phosphogypsum", ira=1.06)
    found = {c.parameter: c for c in judged.criteria if c.source == "grade gb6566_2010_main"}
    assert set(found) == {"ira", "igamma"}
    assert (found["ira"].verdict, found["ira"].limit_status) == (Verdict.FAIL, FigureStatus.CONFIRMED)
    assert judged.verdict is Verdict.FAIL
    # Where it is a draft that the grade asks for them, their limits are drafts too.
    slag = _judge(_specify(grade_key="gbt18046_2017_s95"), "blast_furnace_slag", ira=2.0)
    assert next(c for c in slag.criteria if c.parameter == "ira").limit_status is FigureStatus.DRAFT


def test_origin_is_a_precondition() -> None:
    asked = _specify(grade_key=FLY_ASH_II)
    excluded = _judge(asked, "fly_ash", EXCLUDED_ORIGIN, **GOOD_FLY_ASH)
    assert excluded.verdict is Verdict.FAIL
    assert (excluded.criteria[-1].reason, excluded.criteria[-1].origin) == (Reason.ORIGIN_EXCLUDED, EXCLUDED_ORIGIN)
    unstated = _judge(asked, "fly_ash", None, **GOOD_FLY_ASH)
    assert unstated.verdict is Verdict.UNKNOWN
    assert unstated.criteria[-1].reason is Reason.ORIGIN_NOT_STATED


def test_grade_without_limits_on_file_is_one_unknown_criterion() -> None:
    judged = _judge(_specify(grade_key="gbt21371_2019"), "phosphogypsum", caso4_2h2o=95.0)
    assert judged.verdict is Verdict.UNKNOWN
    assert [(c.parameter, c.verdict, c.reason) for c in judged.criteria] == [
        (None, Verdict.UNKNOWN, Reason.LIMITS_NOT_ON_FILE)
    ]


def test_law_closes_a_use_from_its_day_on_whatever_the_figures() -> None:
    closed = _judge(_specify("ssa>=1", use_key="cement_mixing_material"), "steel_slag", ssa=400)
    assert closed.verdict is Verdict.FAIL
    assert closed.closed_by is not None
    assert closed.closed_by.text_source == "gb175-2023-steelslag"
    assert "GB 175-2023" in closed.closed_by.text
    before = _specify(use_key="cement_mixing_material", on=date(2024, 5, 31))
    assert _judge(before, "steel_slag").verdict is Verdict.PASS
    assert _judge(_specify(use_key="cement_mixing_material"), "fly_ash").verdict is Verdict.PASS


def test_closure_bound_to_origins_and_a_standard() -> None:
    asked = _specify(grade_key=FLY_ASH_II, use_key="concrete_admixture")
    assert _judge(asked, "fly_ash", EXCLUDED_ORIGIN, **GOOD_FLY_ASH).closed_by is not None
    unstated = _judge(asked, "fly_ash", None, **GOOD_FLY_ASH)
    assert (unstated.verdict, unstated.closed_by) == (Verdict.UNKNOWN, None)
    assert "use concrete_admixture" in {found.source for found in unstated.criteria}
    # The law closes it for lots judged by GB/T 1596 alone.
    assert _judge(_specify(use_key="concrete_admixture"), "fly_ash", EXCLUDED_ORIGIN).verdict is Verdict.PASS


@pytest.mark.parametrize(("end_product", "verdict"), [(None, "pass"), ("pipes", "pass"), ("original_use", "fail")])
def test_closure_bound_to_an_end_product(end_product: str | None, verdict: str) -> None:
    asked = _specify(use_key="plastics_recycling", end_product=end_product)
    assert _judge(asked, "medical_infusion_bottles").verdict == verdict


def test_standard_of_a_grade_closes_uses_and_end_products() -> None:
    slag = _specify(grade_key="gbt20491_2017_i", use_key="cement_mixing_material", on=date(2024, 1, 1))
    closed_by = _judge(slag, "steel_slag").closed_by
    assert closed_by is not None
    assert closed_by.source == "grade gbt20491_2017_i"
    bottles = _specify(grade_key="infusion_2005_292", end_product="original_use")
    assert _judge(bottles, "medical_infusion_bottles", uncontaminated=True).verdict is Verdict.FAIL


def test_materials_are_those_of_all_that_is_asked() -> None:
    assert _specify("loi<=8").materials is None
    assert _specify(grade_key=FLY_ASH_II).materials == frozenset({"fly_ash"})
    both = _specify(materials=["fly_ash", "red_mud", "tailings"], use_key="concrete_admixture")
    assert both.materials == frozenset({"fly_ash", "red_mud"})
    assert _specify(grade_key=FLY_ASH_II, use_key="cement_retarder").materials == frozenset()
