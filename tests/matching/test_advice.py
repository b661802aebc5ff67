"""Advice in words: what to test, what fails and what may help, in English and Chinese."""

from datetime import date
from typing import Any

import pytest

from app.matching.advice import advise
from app.matching.conventions import Language
from app.matching.filters import read_spec
from app.matching.remedies import find_remedies
from app.matching.specification import make_specification
from app.matching.verdict import LotFacts, judge

DAY, SINCE, OLD = date(2026, 8, 1), date(2025, 8, 1), date(2025, 7, 31)
FLY_ASH_II = "gbt1596_2017_concrete_ii_f"


def _advice(
    language: Language,
    material: str,
    *specs: str,
    origin: str | None = None,
    assay_on: date = DAY,
    grade: str | None = None,
    use: str | None = None,
    **assay: Any,  # noqa: ANN401 - JSON
) -> str:
    asked = make_specification(map(read_spec, specs), grade_key=grade, use_key=use, on=DAY, assays_since=SINCE)
    judgement = judge(asked, LotFacts(material, origin, assay, assay_on))
    return advise(judgement, find_remedies(material, judgement), language)


P2O5, GYPSUM = "soluble_p2o5<=0.2", "phosphogypsum"
CASES: list[tuple[tuple[str, ...], dict[str, Any], str, str]] = [
    ((GYPSUM, "cl<=0.1"), {"cl": 0.1}, "", ""),
    ((GYPSUM, "cl<=0.1"), {}, "Test chloride ion, then it qualifies.", "补测氯离子，即可满足要求。"),
    (
        (GYPSUM, "cl<=0.1", "ph=6..9", "loi<=8"),
        {},
        "Test chloride ion, pH of slurry or leachate and loss on ignition, then it qualifies.",
        "补测氯离子、pH值和烧失量，即可满足要求。",
    ),
    (
        (GYPSUM, P2O5),
        {"soluble_p2o5": 0.24, "assay_on": OLD},
        "Repeat the assay of 2025-07-31, which is too old, then it qualifies.",
        "重新检测（2025-07-31 的检测报告已过期），即可满足要求。",
    ),
    (
        (GYPSUM, P2O5),
        {"soluble_p2o5": 0.24},
        (
            "Water-soluble phosphorus as P2O5 is 0.24 %, but must be at most 0.2 %. Lime neutralisation or water "
            "washing is said to bring water-soluble phosphorus as P2O5 inside; a new assay must prove it."
        ),
        (
            "水溶性五氧化二磷为 0.24 %，要求不大于 0.2 %。"
            "据称石灰中和或水洗可使水溶性五氧化二磷达标；须以新的检测报告为准。"
        ),
    ),
    (
        (GYPSUM, "ph=6..9", "caso4_2h2o>=85", "cl<=0.1"),
        {"ph": 5.0, "caso4_2h2o": 80.0},
        (
            "pH of slurry or leachate is 5, but must be at least 6; calcium sulfate dihydrate is 80 %, but must be at "
            "least 85 %. Lime neutralisation or water washing is said to bring pH of slurry or leachate inside; wet "
            "classification or flotation is said to bring calcium sulfate dihydrate inside; a new assay must prove it; "
            "besides, test chloride ion."
        ),
        (
            "pH值为 5，要求不小于 6；二水硫酸钙含量为 80 %，要求不小于 85 %。"
            "据称石灰中和或水洗可使pH值达标；据称湿法分级/浮选可使二水硫酸钙含量达标；"
            "须以新的检测报告为准；另请补测氯离子。"
        ),
    ),
    (
        ("medical_infusion_bottles", "uncontaminated=true"),
        {"uncontaminated": False},
        (
            "Not contaminated by blood, body fluid or excreta is no, but must be yes. "
            "No treatment on file brings not contaminated by blood, body fluid or excreta inside."
        ),
        "未被污染为 否，要求为 是。目录中没有可使未被污染达标的处理方法。",
    ),
    (
        ("fly_ash",),
        {"grade": "gbt1596_2017_cement_f", "origin": "waste_incinerator"},
        "The origin waste_incinerator is excluded by grade gbt1596_2017_cement_f.",
        "来源 waste_incinerator 不符合等级 gbt1596_2017_cement_f 的要求。",
    ),
    (
        ("steel_slag",),
        {"use": "cement_mixing_material"},
        "The use is closed to this lot: not allowed as main mixing material of common Portland cement (GB 175-2023).",
        "该用途不适用于此批次：not allowed as main mixing material of common Portland cement (GB 175-2023)。",
    ),
    (
        (GYPSUM, "cl<=0.1"),
        {"grade": "gbt21371_2019"},
        "The limits of grade gbt21371_2019 are not on file: compare with the standard itself. Test chloride ion.",
        "等级 gbt21371_2019 的限值尚未收录，请对照标准原文。请补测氯离子。",
    ),
]


@pytest.mark.parametrize(("asked", "lot", "english", "chinese"), CASES)
def test_advice_in_words(asked: tuple[str, ...], lot: dict[str, Any], english: str, chinese: str) -> None:
    assert _advice(Language.ENGLISH, *asked, **lot) == english
    assert _advice(Language.CHINESE, *asked, **lot) == chinese


def test_draft_limit_is_named_as_one() -> None:
    good: dict[str, Any] = {"caso4_2h2o": 91.0, "soluble_p2o5": 0.1, "soluble_f": 0.05, "ira": 0.3, "igamma": 0.3}
    told = _advice(Language.ENGLISH, GYPSUM, grade="gbt23456_2018_i", moisture=16.3, **good)
    assert told.startswith("Free (attached) moisture is 16.3 %, but by a draft limit should be at most 15 %.")


def test_origin_is_asked_for() -> None:
    good: dict[str, Any] = {
        "fineness_45um": 20.0,
        "water_demand_ratio": 100,
        "loi": 3.0,
        "moisture": 0.5,
        "so3": 1.0,
        "f_cao": 0.5,
    }
    good |= {"sum_sio2_al2o3_fe2o3": 80.0, "density": 2.4, "fly_ash_activity_28d": 75.0, "caso3_hemihydrate": 1.0}
    told = _advice(Language.ENGLISH, "fly_ash", grade=FLY_ASH_II, ira=0.5, **good)
    assert told == "Test external exposure index Igamma and state the origin, then it qualifies."
