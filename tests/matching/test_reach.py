"""The reach of standing wishes: never smaller than the wish, at poles and the date line too."""

from datetime import date
from uuid import UUID

import pytest
from geopy.distance import geodesic
from hypothesis import given
from hypothesis import strategies as st

from app.core.database import new_id
from app.core.settings import Settings
from app.matching.conventions import conventions_of
from app.matching.nearby import Position
from app.matching.reach import ANY_MATERIAL, ANYWHERE, MOST_CELLS, cell_of, reach_of
from app.matching.schemas import LotFilters
from app.matching.standing import StandingWish, wish_of_filters

OWNER: UUID = new_id()
DAY = date(2026, 8, 1)
CONVENTIONS = conventions_of(Settings(), None)


def _wish(**filters: object) -> StandingWish:
    return wish_of_filters(OWNER, LotFilters.model_validate(filters), DAY, CONVENTIONS)


def _cells(**filters: object) -> set[int]:
    return {cell for _, cell in reach_of(_wish(**filters))}


latitudes = st.floats(-90, 90) | st.sampled_from([-90.0, -0.0, 2.0, 89.9, 90.0])
longitudes = st.floats(-180, 180) | st.sampled_from([-180.0, -179.9, 0.0, 178.0, 179.9, 180.0])


@given(latitudes, longitudes, st.floats(0, 900), st.floats(-9, 9), st.floats(-9, 9))
def test_every_point_within_reach_lies_in_a_cell(
    latitude: float, longitude: float, within_km: float, north: float, east: float
) -> None:
    place = Position(latitude, longitude)
    there = max(-90.0, min(90.0, latitude + north)), (longitude + east + 180.0) % 360.0 - 180.0
    wish = StandingWish(
        OWNER,
        None,
        screen=_wish().screen,
        verdicts=frozenset(),
        month="2026-01",
        tariff=CONVENTIONS.tariff,
        position=place,
        within_km=within_km,
    )
    if geodesic((latitude, longitude), there).kilometers <= within_km:
        assert {cell_of(*there), ANYWHERE} & {cell for _, cell in reach_of(wish)}


def test_a_place_across_the_date_line_reaches_both_sides() -> None:
    cells = _cells(near="10.5,179.9", within_km=50)
    assert cells == {cell_of(10.5, 179.95), cell_of(10.5, -179.95)}
    assert cell_of(10.5, 180.0) in cells
    assert cell_of(10.5, -180.0) in cells


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"near": "29.5,106.5"},
        {"near": "29.5,106.5", "within_km": 20_000},
        {"near": "89.9,0", "within_km": 100},
        {"district": "50"},
    ],
)
def test_without_a_near_place_it_reaches_anywhere(filters: dict[str, object]) -> None:
    assert _cells(**filters) == {ANYWHERE}


def test_a_usual_circle_takes_a_few_cells() -> None:
    assert 1 < len(_cells(near="29.56,106.55", within_km=300)) <= 20 < MOST_CELLS


def test_materials_are_those_of_filter_grade_and_use_together() -> None:
    assert reach_of(_wish()) == [(ANY_MATERIAL, ANYWHERE)]
    assert reach_of(_wish(material=["steel_slag", "fly_ash"])) == [("fly_ash", ANYWHERE), ("steel_slag", ANYWHERE)]
    assert reach_of(_wish(grade="gbt23456_2018_i", material=["phosphogypsum", "fly_ash"])) == [
        ("phosphogypsum", ANYWHERE)
    ]
    assert reach_of(_wish(grade="gbt23456_2018_i", material=["fly_ash"])) == []
