"""What the shipped catalogue holds: counts, statuses, names and the questions asked of it."""

import re
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import pytest

from app.catalogue.consistency import walk
from app.catalogue.files import read_documents
from app.catalogue.reference import DATA_FOLDER, EntryKind, reference
from app.catalogue.schemas import (
    District,
    FigureStatus,
    Grade,
    Material,
    Mixing,
    Parameter,
    ParameterKind,
    PreconditionRule,
    Source,
    Target,
    Treatment,
    Use,
)

REFERENCE = reference()
BODIES = (Material, Parameter, Grade, Use, Treatment, District, Target, Source)


def test_the_catalogue_is_complete() -> None:
    counts = {
        "materials": 18,
        "parameters": 72,
        "grades": 52,
        "uses": 21,
        "treatments": 25,
        "districts": 41,
        "targets": 19,
        "sources": 106,
        "closures": 5,
        "ledger_tables": 7,
    }
    assert {name: len(getattr(REFERENCE, name)) for name in counts} == counts
    assert len(REFERENCE.waste_catalogue.classes) == REFERENCE.waste_catalogue.size.classes == 35


def test_every_limit_has_a_status_and_a_source() -> None:
    limits = [limit for grade in REFERENCE.grades.values() for limit in grade.limits]
    bounds = sum((limit.min, limit.max, limit.equals).count(None) for limit in limits)
    assert len(limits) == 320
    assert 3 * len(limits) - bounds == 324
    assert all(limit.status in FigureStatus and limit.source for limit in limits)


def test_a_confirmed_figure_rests_on_a_source_that_can_confirm() -> None:
    weak = {source.key for source in REFERENCE.sources.values() if source.kind == "weak"}
    confirmed = 0
    for document in read_documents(DATA_FOLDER).values():
        for path, value in walk(document.values):
            if value.get("status") == "confirmed":
                confirmed += 1
                source = str(value["source"])
                assert not source.startswith("memory:"), (document.name, path)
                assert source not in weak, (document.name, path)
    assert confirmed > 250


@pytest.mark.parametrize(
    ("grade", "parameter", "status"),
    [
        ("gbt1596_2017_concrete_i_f", "fineness_45um", FigureStatus.DRAFT),  # weak source
        ("gbt1596_2017_concrete_ii_f", "fineness_45um", FigureStatus.CONFIRMED),  # foreword of the standard
        ("gbt1596_2017_concrete_ii_f", "moisture", FigureStatus.DRAFT),  # by memory
        ("gbt18046_2017_s95", "slag_activity_7d", FigureStatus.CONFIRMED),
        ("gbt18046_2017_s95", "slag_activity_28d", FigureStatus.DRAFT),
        ("gbt23456_2018_i", "soluble_p2o5", FigureStatus.DRAFT),
        ("gb6566_2010_main", "igamma", FigureStatus.CONFIRMED),
        ("infusion_2005_292", "uncontaminated", FigureStatus.CONFIRMED),
    ],
)
def test_status_of_a_limit(grade: str, parameter: str, status: FigureStatus) -> None:
    (limit,) = (limit for limit in REFERENCE.grades[grade].limits if limit.parameter == parameter)
    assert limit.status is status


def test_the_data_speak_of_the_facts_only() -> None:
    words = re.compile(r"confidence|certainty|weak_source|\b(seen|recalled|retrieved)\b", re.IGNORECASE)
    for file in DATA_FOLDER.iterdir():
        assert not words.search(file.read_text(encoding="utf-8")), file.name


def test_limits_keep_the_decimals_of_the_standard() -> None:
    limits = {limit.parameter: limit for limit in REFERENCE.grades["gbt1596_2017_concrete_i_f"].limits}
    assert str(limits["fineness_45um"].max) == "12.0"
    assert str(limits["water_demand_ratio"].max) == "95"


def test_both_sides_of_one_limit_stand_together() -> None:
    (ph,) = (limit for limit in REFERENCE.grades["eurogypsum_fgd"].limits if limit.parameter == "ph")
    assert (ph.min, ph.max, ph.status) == (Decimal(5), Decimal(9), FigureStatus.CONFIRMED)


def test_preconditions_are_kept() -> None:
    rules = {rule.rule: rule for grade in REFERENCE.grades.values() for rule in grade.preconditions}
    assert set(rules) == set(PreconditionRule)
    assert rules[PreconditionRule.RADIONUCLIDES].limits_of == "gb6566_2010_main"
    assert "waste_incinerator" in rules[PreconditionRule.EXCLUDE_ORIGIN].values


def test_groups_stand_for_their_materials() -> None:
    assert REFERENCE.grades["gbt21371_2019"].materials == ("fgd_gypsum", "phosphogypsum", "titanium_gypsum")
    assert REFERENCE.grades["gb6566_2010_main"].materials == tuple(REFERENCE.materials)
    assert REFERENCE.treatments["blending"].materials == tuple(REFERENCE.materials)
    assert REFERENCE.parameters["moisture"].materials == tuple(REFERENCE.materials)


def test_a_product_has_grades_and_no_lots() -> None:
    products = [grade.key for grade in REFERENCE.grades.values() if grade.is_product]
    assert products == ["gbt9776_2022_common"]
    assert REFERENCE.grades["gbt9776_2022_common"].materials == ()
    assert [grade.key for grade in REFERENCE.grades_for(material="building_gypsum")] == products
    assert REFERENCE.parameters["hemihydrate"].materials == ("building_gypsum",)


def test_grades_know_their_uses() -> None:
    assert REFERENCE.grades["gbt23456_2018_i"].uses == ("cement_retarder", "building_gypsum_powder")
    for use in REFERENCE.uses.values():
        assert all(use.key in REFERENCE.grades[key].uses for key in use.grades)


def test_grades_for_narrows_by_material_use_and_day() -> None:
    found = REFERENCE.grades_for("phosphogypsum", "building_gypsum_powder", date(2026, 6, 30))
    assert [grade.key for grade in found] == ["gbt23456_2018_i"]
    found = REFERENCE.grades_for("phosphogypsum", "building_gypsum_powder", date(2026, 7, 1))
    assert [grade.key for grade in found] == ["gbt23456_2025"]
    assert REFERENCE.grades_for("waste_tyres", "kiln_raw_mix") == ()
    assert len(REFERENCE.grades_for()) == 52


def test_closures_of_a_use() -> None:
    (steel_slag,) = REFERENCE.closures_for("cement_mixing_material", "steel_slag", date(2024, 6, 1))
    assert steel_slag.status is FigureStatus.CONFIRMED
    assert REFERENCE.closures_for("cement_mixing_material", "steel_slag", date(2024, 5, 31)) == ()
    assert REFERENCE.uses["cement_mixing_material"].closed == REFERENCE.closures_for("cement_mixing_material")
    assert REFERENCE.closures_for("road_base") == ()


def test_treatments_that_change_a_parameter() -> None:
    keys = [treatment.key for treatment in REFERENCE.treatments_for("phosphogypsum", "soluble_p2o5")]
    assert keys == ["washing_phosphogypsum", "lime_neutralisation_phosphogypsum"]
    assert REFERENCE.treatments_for("fly_ash", "soluble_p2o5") == ()


def test_parameters_of_a_material_include_those_of_its_routes() -> None:
    keys = {parameter.key for parameter in REFERENCE.parameters_for("red_mud")}
    assert {"fe2o3", "leach_f", "ira", "ph"} <= keys
    assert "soluble_p2o5" not in keys


@pytest.mark.parametrize(
    ("kind", "key", "near"),
    [
        ("materials", "phospho-gypsum", "phosphogypsum"),
        ("parameters", "Soluble_P205", "soluble_p2o5"),
        ("grades", "gbt23456_2018", "gbt23456_2018_i"),
        ("districts", "50-lianjiang", "50-liangjiang"),
        ("districts", "500102x", "500102"),
        ("districts", "涪陵", "500102"),
        ("parameters", "p2o5_soluble", "soluble_p2o5"),
        ("materials", "slag", "steel_slag"),
        ("materials", "粉煤灰", "fly_ash"),
        ("materials", "Fly Ash", "fly_ash"),
        ("uses", "cement", "cement_retarder"),
        ("grades", "GB/T 23456", "gbt23456_2018_i"),
    ],
)
def test_near_names(kind: EntryKind, key: str, near: str) -> None:
    names = REFERENCE.near_names(kind, key)
    assert near in names
    assert len(names) <= 3


def test_near_names_put_the_likeliest_first() -> None:
    assert REFERENCE.near_names("parameters", "p2o5_soluble")[0] == "soluble_p2o5"
    assert REFERENCE.near_names("parameters", "soluble_p205")[0] == "soluble_p2o5"


@pytest.mark.parametrize(("kind", "key"), [("parameters", "foo"), ("districts", "99"), ("materials", "x")])
def test_what_is_near_to_nothing_has_no_near_names(kind: EntryKind, key: str) -> None:
    assert REFERENCE.near_names(kind, key) == []


def test_kinds_bounds_and_mixing_of_parameters() -> None:
    parameters = REFERENCE.parameters
    assert parameters["waste_class"].values == ("I", "II")
    assert parameters["polymer"].kind is ParameterKind.TEXT
    assert parameters["uncontaminated"].kind is ParameterKind.BOOLEAN
    assert not parameters["caso4_2h2o"].is_possible(Decimal("100.1"))
    assert not parameters["moisture"].is_possible(Decimal(100))
    assert parameters["loi"].is_possible(Decimal("-1.5"))
    assert parameters["slag_activity_28d"].is_possible(Decimal(130))
    assert not parameters["slag_activity_28d"].is_possible(Decimal(-1))
    assert parameters["caso4_2h2o"].mixes is Mixing.LINEAR
    assert parameters["moisture"].mixes is Mixing.BY_WET_MASS
    assert parameters["ph"].mixes is Mixing.NONE


def test_typical_composition_is_possible() -> None:
    for material in REFERENCE.materials.values():
        for row in material.typical_composition:
            parameter = REFERENCE.parameters[row.parameter]
            assert parameter.is_possible(row.low), (material.key, row.parameter)
            assert parameter.is_possible(row.high), (material.key, row.parameter)


def test_test_vectors_of_the_indicators_hold() -> None:
    cent = Decimal("0.01")
    for vector in REFERENCE.indicators.test_vectors:
        generated, used = vector.generated, vector.utilised
        prior, disposed, stored = vector.utilised_from_prior or 0, vector.disposed or 0, vector.stored or 0
        if vector.rate_pct is not None:
            rate = 100 * used / (generated + prior)
            assert rate.quantize(cent, ROUND_HALF_UP) == vector.rate_pct, vector.name
        if vector.share_pct is not None:
            share = 100 * used / (used + disposed + stored)
            assert share.quantize(cent, ROUND_HALF_UP) == vector.share_pct, vector.name
        if vector.prior_stock is not None:
            assert used + stored + disposed + (vector.discarded or 0) - generated == vector.prior_stock, vector.name


def test_answers_hold_numbers() -> None:
    for name in ("materials", "parameters", "grades", "uses", "treatments", "districts", "targets", "sources"):
        for entry in getattr(REFERENCE, name).values():
            assert type(entry).model_validate_json(entry.model_dump_json()) == entry
    body = REFERENCE.grades["gbt1596_2017_concrete_i_f"].model_dump(mode="json")
    assert [limit["max"] for limit in body["limits"][:2]] == [12.0, 95]
    schema = Grade.model_json_schema(mode="serialization")
    assert schema["$defs"]["Limit"]["properties"]["max"]["anyOf"][0] == {"type": "number"}


@pytest.mark.parametrize("body", BODIES)
def test_examples_are_valid(body: type[Grade]) -> None:
    (example,) = body.model_json_schema()["examples"]
    body.model_validate(example)
    for name, field in body.model_fields.items():
        assert field.description, name


def test_the_catalogue_is_loaded_once() -> None:
    assert reference() is REFERENCE
    assert re.fullmatch(r"[0-9a-f]{64}", REFERENCE.digest)
