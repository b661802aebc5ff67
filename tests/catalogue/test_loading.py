"""A broken data file stops loading and names file, line and remedy."""

import shutil
from pathlib import Path

import pytest

from app.catalogue.documents import CatalogueError
from app.catalogue.reference import DATA_FOLDER, load_reference, reference


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a copy of the data files to break."""
    return Path(shutil.copytree(DATA_FOLDER, tmp_path / "data"))


def break_file(file: Path, old: str, new: str) -> int:
    """Replace the first `old` by `new` and return the line where it stood."""
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def refusal(folder: Path) -> CatalogueError:
    """Load a broken folder and return the error."""
    with pytest.raises(CatalogueError) as caught:
        load_reference(folder)
    return caught.value


def test_an_unbroken_copy_loads_as_the_original(folder: Path) -> None:
    assert vars(load_reference(folder)) == vars(reference())


# File, what stands there, what is written instead, and words of the fault.
WRONG_FIELDS = [
    ("grades.yaml", "min: 5, max: 9", "min: 9, max: 5", "min 9 lies above max 5"),
    ("grades.yaml", "is_product: true", "is_produkt: true", "the field is unknown"),
    ("grades.yaml", "status: confirmed", "status: certain", "correct the value"),
    ("grades.yaml", "sources: [pg-2009-critique]", "sources: []", "at least 1 item"),
    ("treatments.yaml", "change: to_max, value: 15", "change: to_range, value: 15", "needs high and low alone"),
    ("parameters.yaml", "possible_max: 99.99", "possible_max: -1", "lies above possible_max"),
    (
        "parameters.yaml",
        "possible_max: 100, mixes: linear",
        "possible_max: 100, mixes: by_wet_mass",
        "as_received, not dry",
    ),
    ("parameters.yaml", "kind: boolean", "kind: category", "values are listed for a category"),
    ("materials.yaml", "economic_radius_km: [50, 200]", "economic_radius_km: [50]", "the field is missing"),
    ("indicators.yaml", "generated: 350", "generated: many", "correct the value"),
    ("districts.csv", "500102,500102,涪陵区", "500102,5001,涪陵区", "adcode"),
    ("districts.csv", "abolished,,2025-11", "abolished,,", "an abolished district has valid_to"),
]
CONTRADICTIONS = [
    (
        "grades.yaml",
        "parameter: ssa, min: 250",
        "parameter: sssa, min: 250",
        "no parameter is named sssa; did you",
    ),
    ("grades.yaml", "successor: gbt23456_2025", "successor: gbt23456_2026", "no grade is named gbt23456_2026; did"),
    ("grades.yaml", "source: gb6566-lab", "source: nowhere", "no source is named nowhere: correct it or add"),
    ("grades.yaml", "max: 100, unit: mg/kg", "max: 100, unit: '%'", "soluble_cl is kept in mg/kg"),
    ("grades.yaml", "fineness_45um, max: 12.0", "fineness_45um, max: 120", "120 % is impossible"),
    ("grades.yaml", "equals: true", "max: 1", "uncontaminated is boolean: give equals"),
    ("grades.yaml", "material: any_gypsum", "material: any_gips", "no material or group is named any_gips"),
    ("grades.yaml", "is_product: true", "is_product: false", "is_product is true for"),
    ("grades.yaml", "limits_of: gb6566_2010_main, ", "", "limits_of is given for radionuclides"),
    ("grades.yaml", "values: [cement_mixing_material]", "values: [cement]", "must name uses, not cement"),
    ("uses.yaml", "active_component: caso4_2h2o", "active_component: caso4", "no parameter is named caso4"),
    ("uses.yaml", "key: road_base", "key: concrete_admixture", "concrete_admixture is already on line"),
    ("uses.yaml", "use: glass_recycling", "use: glas_recycling", "did you mean glass_recycling?"),
    ("uses.yaml", "routes: [mine_backfill", "routes: [mine_backfil", "did you mean mine_backfill?"),
    ("treatments.yaml", "applies_to: [phosphogypsum]", "applies_to: [gypsum]", "is named gypsum"),
    ("materials.yaml", "low: 38, high: 55, unit: '%'", "low: 38, high: 55, unit: g/kg", "cao is kept in %"),
    ("sources.yaml", "kind: repost}", "kind: reposts}", "no source kind is named reposts"),
    ("districts.csv", ",50-liangjiang,,", ",50-nowhere,,", "no district is named 50-nowhere"),
    ("districts.csv", "500103,500103,", "500101,500103,", "500101 is already on line 2"),
]
NOT_WELL_FORMED = [
    ("grades.yaml", "max: 12.0, unit", "max: 12.0, max: 11.0, unit", "max is given twice"),
    ("targets.yaml", "target_year: 2025", "target_year: 12:30", "put quotes around a text"),
    ("uses.yaml", "routes: [mine_backfill", "routes: ]mine_backfill", "correct the YAML"),
    ("districts.csv", "渝中区,Yuzhong", "渝中区", "as many cells as the header"),
]


@pytest.mark.parametrize("table", [WRONG_FIELDS, CONTRADICTIONS], ids=["wrong fields", "contradictions"])
def test_all_faults_are_named_at_once_with_file_and_line(folder: Path, table: list[tuple[str, str, str, str]]) -> None:
    places = [(name, break_file(folder / name, old, new), words) for name, old, new, words in table]
    error = refusal(folder)
    for name, line, words in places:
        assert any((fault.file, fault.line) == (name, line) and words in fault.text for fault in error.faults), words
        assert f"{name}, line {line}: " in str(error)
    assert str(folder) in str(error)
    assert {(fault.file, fault.line) for fault in error.faults} == {(name, line) for name, line, _ in places}


@pytest.mark.parametrize(("name", "old", "new", "words"), NOT_WELL_FORMED)
def test_a_file_that_is_not_well_formed_names_the_line(folder: Path, name: str, old: str, new: str, words: str) -> None:
    line = break_file(folder / name, old, new)
    message = str(refusal(folder))
    assert f"{name}, line {line}: " in message
    assert words in message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "the file is missing: restore it"),
        (b"", "the file holds no sections"),
        (b"uses: \xff", "not UTF-8"),
        (b"uses: &a [*b]", "correct the YAML"),
        (b"uses: \x07", "correct the YAML"),
    ],
)
def test_a_spoilt_file_is_refused(folder: Path, content: bytes | None, words: str) -> None:
    file = folder / "uses.yaml"
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    message = str(refusal(folder))
    assert "uses.yaml, line 1: " in message
    assert words in message


def test_derived_fields_are_not_written_by_hand(folder: Path) -> None:
    line = break_file(
        folder / "grades.yaml", "    rounding: gbt8170\n", "    rounding: gbt8170\n    uses: [road_base]\n"
    )
    assert f"grades.yaml, line {line + 1}: grades.0.uses: the field is derived on loading" in str(refusal(folder))
