"""Search and statistics over real coal power plants and cities, where the files of the data sets are at hand."""

from decimal import Decimal
from pathlib import Path

import pytest

from app.core.clock import today
from tests.cli.command import run_swx
from tests.factories import World

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
PLANTS, CITIES = DATA / "coal_power_plants_china.csv", DATA / "cement_demand_china.csv"
#: 0.13 t of ash a MWh, 4 500 h a year.
ASH_T_PER_MW = Decimal("0.13") * 4500
ZHENGZHOU = "34.75778,113.64861"

# Where the folder is, both files must be.
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"the folder of the data sets is not at hand: {DATA}")


def test_ash_is_found_around_a_city_and_the_country_adds_up(world: World, database_url: str, tmp_path: Path) -> None:
    for file, added in ((PLANTS, "Producers added: 988"), (CITIES, "Consumers added: 676")):
        result = run_swx("import", "plants", file, folder=tmp_path, url=database_url)
        assert (result.exit_code, added in result.stdout) == (0, True), result.output

    member = world.recycler()
    asked = {"material": "fly_ash", "near": ZHENGZHOU, "within_km": 300, "grade": "gbt1596_2017_cement_f", "limit": 100}
    found = member.get("/lots", **asked)["items"]
    distances = [item["distance_km"] for item in found]
    assert len(found) > 50
    assert distances == sorted(distances)
    assert distances[-1] <= 300
    # No laboratory has measured these ashes: nothing passes, nothing is turned away.
    assert {item["verdict"] for item in found} == {"unknown"}
    assert "not_measured" in {row["reason"] for row in found[0]["criteria"]}
    assert all(item["delivered_cny_per_t"] == item["freight_cny_per_t"] > 0 for item in found)

    producer = world.producer()
    lot = world.lot(producer, material="fly_ash")
    cities = producer.get(f"/lots/{lot['id']}/matches", limit=100)["items"]
    assert len(cities) == 100
    assert [city["distance_km"] for city in cities] == sorted(city["distance_km"] for city in cities)
    assert {city["verdict"] for city in cities} == {"pass"}

    total = world.government().get("/statistics/utilisation", **_this_year())["total"]
    expected_t = float(_capacity_mw() * ASH_T_PER_MW / 12 * (today().month - 1))
    # Each of 988 plants declares to the kilogram.
    assert total["generated_t"] == pytest.approx(expected_t, abs=12)
    assert total["stored_t"] == total["generated_t"]
    assert total["rate_pct"] == (0 if expected_t else None)


def _this_year() -> dict[str, str]:
    return {"from": f"{today().year}-01", "to": f"{today().year}-12"}


def _capacity_mw() -> Decimal:
    lines = PLANTS.read_text(encoding="utf-8").splitlines()
    column = lines[0].split(",").index("capacity_mw")
    # Only names before the column and owners after it are quoted; no name has a comma.
    return sum((Decimal(line.split(",")[column]) for line in lines[1:]), Decimal(0))
