"""`swx import plants`: small files that the test writes itself, on both engines."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from app.core.clock import today
from tests.cli.command import run_swx
from tests.factories import World

COAL = "source_id,name,latitude,longitude,capacity_mw,commissioned,owner\n"
CEMENT = "geonames_id,city,latitude,longitude,population,fly_ash_demand_t_per_year\n"
PLANTS = COAL + "101,Upper power station,29.8,107.1,600.0,2008,\n102,Lower power station,29.3,106.4,1000,,Owner Ltd\n"
CITIES = CEMENT + "9,Chongqing,29.56,106.55,7457600,3293000\n"
#: 0.13 t of ash a MWh, 4 500 h a year.
ASH_T_PER_MW = Decimal("0.13") * 4500


def _import(text: str | bytes, folder: Path, url: str) -> Any:  # noqa: ANN401 - typer's result
    file = folder / "plants.csv"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return run_swx("import", "plants", file, folder=folder, url=url)


def test_coal_plants_become_producers_with_a_lot_and_declarations(
    world: World, database_url: str, tmp_path: Path
) -> None:
    result = _import(PLANTS, tmp_path, database_url)
    assert result.exit_code == 0, result.output
    assert result.stdout == "Producers added: 2; known already: 0; rows refused: 0.\n"
    assert "0.13 t per MWh" in result.stderr
    assert "4,500 h" in result.stderr
    found = world.recycler().get("/lots", near="29.8,107.1", within_km=100, material="fly_ash")["items"]
    assert [item["lot"]["organisation"]["name"] for item in found] == [
        "Upper power station (WRI GPPD 101)",
        "Lower power station (WRI GPPD 102)",
    ]
    assert [item["lot"]["quantity_t"] for item in found] == [float(600 * ASH_T_PER_MW), float(1000 * ASH_T_PER_MW)]
    year = today().year
    rates = world.government().get("/statistics/utilisation", **{"from": f"{year}-01", "to": f"{year}-12"})
    assert rates["total"]["generated_t"] == float(1600 * ASH_T_PER_MW / 12 * (today().month - 1))
    assert rates["undeclared_site_months"] == 0


def test_cement_demand_becomes_recyclers_that_a_lot_finds(world: World, database_url: str, tmp_path: Path) -> None:
    result = _import(CITIES, tmp_path, database_url)
    assert (result.exit_code, result.stdout) == (0, "Consumers added: 1; known already: 0; rows refused: 0.\n")
    assert "synthetic" in result.stderr
    producer = world.producer()
    lot = world.lot(producer, material="fly_ash")
    matches = producer.get(f"/lots/{lot['id']}/matches")["items"]
    assert [match["demand"]["quantity_t"] for match in matches] == [3293000]
    assert matches[0]["demand"]["use"] == "cement_mixing_material"


@pytest.mark.parametrize("text", [PLANTS, CITIES])
def test_the_same_file_sent_twice_adds_nothing(text: str, database_url: str, tmp_path: Path) -> None:
    _import(text, tmp_path, database_url)
    rows = text.count("\n") - 1
    again = _import(text, tmp_path, database_url)
    assert again.exit_code == 0
    assert f"added: 0; known already: {rows}; rows refused: 0." in again.stdout
    ledger = run_swx("verify-ledger", folder=tmp_path, url=database_url)
    assert ledger.exit_code == 0, ledger.output


def test_bad_rows_are_named_by_line_and_block_no_good_ones(database_url: str, tmp_path: Path) -> None:
    bad = (
        "x1,Not a number,29,107,10,,\n"
        "103,North of the pole,95,107,10,,\n"
        "104,No capacity,29,107,,,\n"
        "105,Endless,29,107,inf,,\n"
        "106,Short row,29\n"
        "101,Twin,29,107,10,,\n"
        "107,,29,107,10,,\n"
        "108,Nowhere,29,nan,10,,\n"
    )
    result = _import(PLANTS + bad, tmp_path, database_url)
    assert result.exit_code == 0
    assert result.stdout == "Producers added: 2; known already: 0; rows refused: 8.\n"
    reports = [line for line in result.stderr.splitlines() if line.startswith("line ")]
    assert [line.split(":")[0] for line in reports] == [f"line {number}" for number in range(4, 12)]
    for word, line in zip(
        ("source_id", "latitude 95", "capacity_mw ''", "'inf'", "cells", "line 2", "name", "'nan'"),
        reports,
        strict=True,
    ):
        assert word in line


def test_nothing_good_is_a_failure(tmp_path: Path) -> None:
    assert _import(COAL + "x,y,1,1,1,,\n", tmp_path, f"sqlite:///{tmp_path / 'none.db'}").exit_code == 1


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name,size\nx,1\n", "none of the headers"),
        ("", "none of the headers"),
        (b"source_id,name\n\xff\xfe\n", "not UTF-8"),
    ],
)
def test_unknown_files_are_refused_in_words(text: str | bytes, sentence: str, tmp_path: Path) -> None:
    result = _import(text, tmp_path, f"sqlite:///{tmp_path / 'none.db'}")
    assert result.exit_code == 1
    assert sentence in result.stderr


def test_a_byte_order_mark_and_other_columns_do_no_harm(database_url: str, tmp_path: Path) -> None:
    text = "\ufeffname,source_id,latitude,longitude,capacity_mw,fuel\r\nPlant,7,29.8,107.1,600,Coal\r\n"
    assert _import(text, tmp_path, database_url).stdout.startswith("Producers added: 1;")


def test_a_database_that_is_not_migrated_is_refused(tmp_path: Path) -> None:
    result = _import(PLANTS, tmp_path, f"sqlite:///{tmp_path / 'fresh.db'}")
    assert result.exit_code == 1
    assert "swx migrate" in result.stderr
