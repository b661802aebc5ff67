"""Coordinate systems against published vectors, boxes against their circles, distances against geopy."""

import math
from collections.abc import Iterable

import numpy as np
import pytest
from geopy.distance import geodesic
from hypothesis import assume, example, given
from hypothesis import strategies as st
from pyproj import Geod

from app.core.geo import Box, Datum, bounding_boxes, distance_km, distances_km, from_wgs84, to_wgs84

SHIFTED = [Datum.GCJ02, Datum.BD09]
POLE, EQUATOR_ANTIPODE_KM = 90.0, 20_003.932

latitudes_in_china = st.floats(18.0, 53.6)
longitudes_in_china = st.floats(73.5, 135.1)
latitudes = st.floats(-90.0, 90.0)
longitudes = st.floats(-180.0, 180.0)


def is_inside(boxes: Iterable[Box], latitude: float, longitude: float) -> bool:
    """Do what a query does: compare degrees, nothing else."""
    return any(box.south <= latitude <= box.north and box.west <= longitude <= box.east for box in boxes)


@pytest.mark.parametrize(
    ("source", "target", "tolerance_m"),
    [
        # Longitude and latitude as printed by a cloud service of the country (rounded to six decimals).
        ((Datum.GCJ02, 120.026268, 30.279164), (Datum.WGS84, 120.021519, 30.281543), 5),
        ((Datum.GCJ02, 120.026268, 30.279164), (Datum.BD09, 120.032768, 30.285238), 5),
        # The published vector of the formula in general use.
        ((Datum.WGS84, 120.0, 40.0), (Datum.GCJ02, 120.00567568355486, 40.0013047896019), 0.01),
    ],
)
def test_published_vectors(
    source: tuple[Datum, float, float], target: tuple[Datum, float, float], tolerance_m: float
) -> None:
    datum, longitude, latitude = source
    wanted_datum, wanted_longitude, wanted_latitude = target
    found = from_wgs84(*to_wgs84(latitude, longitude, datum), wanted_datum)
    assert geodesic(found, (wanted_latitude, wanted_longitude)).meters <= tolerance_m


@pytest.mark.parametrize("datum", SHIFTED)
@given(latitude=latitudes_in_china, longitude=longitudes_in_china)
@example(latitude=29.5, longitude=105.0)  # the formula's slope has no limit on this meridian
@example(latitude=35.0, longitude=105.0 + 1e-12)
def test_round_trip_in_china(datum: Datum, latitude: float, longitude: float) -> None:
    there = from_wgs84(latitude, longitude, datum)
    assert to_wgs84(*there, datum) == pytest.approx((latitude, longitude), rel=0, abs=1e-9)
    back = to_wgs84(latitude, longitude, datum)
    assert from_wgs84(*back, datum) == pytest.approx((latitude, longitude), rel=0, abs=1e-9)


@given(latitude=latitudes_in_china, longitude=longitudes_in_china)
def test_shift_has_the_known_size(latitude: float, longitude: float) -> None:
    metres = geodesic((latitude, longitude), from_wgs84(latitude, longitude, Datum.GCJ02)).meters
    assert 20 < metres < 1500


def test_shift_at_chongqing_is_that_of_the_record() -> None:
    metres = geodesic((29.563, 106.551), from_wgs84(29.563, 106.551, Datum.GCJ02)).meters
    assert 461 <= metres <= 573


@pytest.mark.parametrize("datum", Datum)
@pytest.mark.parametrize("place", [(51.5, -0.12), (0.8, 100.0), (56.0, 100.0), (30.0, 72.0), (30.0, 137.9)])
def test_nothing_is_shifted_abroad(datum: Datum, place: tuple[float, float]) -> None:
    assert to_wgs84(*place, datum) == place
    assert from_wgs84(*place, datum) == place


@pytest.mark.parametrize("datum", [Datum.WGS84, Datum.CGCS2000])
def test_cgcs2000_is_wgs84(datum: Datum) -> None:
    assert to_wgs84(29.563, 106.551, datum) == (29.563, 106.551)
    assert from_wgs84(29.563, 106.551, datum) == (29.563, 106.551)


def random_places(seed: int, count: int) -> np.ndarray:
    """Return rows of (latitude, longitude): anywhere, and often on a pole, the date line, the equator."""
    random = np.random.default_rng(seed)
    places = np.column_stack([random.uniform(-90, 90, count), random.uniform(-180, 180, count)])
    places[: count // 4, 0] = random.choice([-90.0, 90.0, 0.0, 89.999999], count // 4)
    places[count // 8 : count // 2, 1] = random.choice([-180.0, 180.0, 179.9999, 0.0], count // 2 - count // 8)
    return places


def test_distances_agree_with_geopy() -> None:
    ends = random_places(seed=11, count=1000)
    for number, start in enumerate(random_places(seed=7, count=1000)):
        # The first ends lie on poles and the date line: the second end of a pair mixes them with the rest.
        some = ends[[number, -number]]
        found_km = distances_km(start[0], start[1], some[:, 0], some[:, 1])
        wanted_km = [geodesic(start, end).kilometers for end in some]
        assert list(found_km) == pytest.approx(wanted_km, rel=0, abs=0.001)


def test_single_distance_agrees_with_many() -> None:
    start, ends = (29.563, 106.551), random_places(seed=13, count=100)
    many_km = distances_km(start[0], start[1], ends[:, 0], ends[:, 1])
    assert [distance_km(start, (end[0], end[1])) for end in ends] == pytest.approx(list(many_km), rel=0, abs=0.001)


def test_known_distances() -> None:
    found = distances_km(POLE, 0.0, np.array([-90.0, 90.0, 90.0]), np.array([55.0, 123.0, 0.0]))
    assert list(found) == pytest.approx([EQUATOR_ANTIPODE_KM, 0.0, 0.0], abs=0.001)
    across_date_line = distances_km(0.0, 179.9, np.array([0.0]), np.array([-179.9]))
    assert across_date_line[0] == pytest.approx(6378.137 * math.radians(0.2), abs=0.001)
    assert distances_km(29.0, 106.0, np.empty(0), np.empty(0)).shape == (0,)


@given(
    latitude=latitudes,
    longitude=longitudes,
    radius_km=st.floats(0.0, 21_000.0) | st.floats(0.0, 500.0),
    azimuth=st.floats(0.0, 360.0),
    share=st.floats(0.0, 1.0) | st.just(1.0),
)
@example(latitude=0.0, longitude=180.0, radius_km=0.0, azimuth=0.0, share=1.0)
@example(latitude=90.0, longitude=0.0, radius_km=1.0, azimuth=33.0, share=1.0)
@example(latitude=89.99, longitude=0.0, radius_km=1.0, azimuth=88.0, share=1.0)
def test_boxes_contain_their_circle(
    latitude: float, longitude: float, radius_km: float, azimuth: float, share: float
) -> None:
    forward = Geod(ellps="WGS84").fwd(longitude, latitude, azimuth, 1000.0 * radius_km * share)
    assert is_inside(bounding_boxes(latitude, longitude, radius_km), forward[1], forward[0])


@given(latitude=latitudes, longitude=longitudes, radius_km=st.floats(0.0, 2000.0))
def test_widest_points_of_the_circle_are_inside(latitude: float, longitude: float, radius_km: float) -> None:
    """The easternmost point lies poleward of due east, where a box of the wrong formula is too narrow."""
    boxes = bounding_boxes(latitude, longitude, radius_km)
    azimuths = np.linspace(0.0, 360.0, 181)
    size = azimuths.shape
    east, north, _ = Geod(ellps="WGS84").fwd(
        np.full(size, longitude), np.full(size, latitude), azimuths, np.full(size, 1000.0 * radius_km)
    )
    assert all(is_inside(boxes, *place) for place in zip(north, east, strict=True))


@given(latitude=st.floats(-80.0, 80.0), longitude=longitudes, radius_km=st.floats(1.0, 500.0))
def test_boxes_are_not_much_larger_than_needed(latitude: float, longitude: float, radius_km: float) -> None:
    boxes = bounding_boxes(latitude, longitude, radius_km)
    assert {(box.south, box.north) for box in boxes} == {(boxes[0].south, boxes[0].north)}
    assume(boxes[0].north < POLE and boxes[0].south > -POLE)
    height_km = distance_km((boxes[0].south, 0.0), (boxes[0].north, 0.0))
    assert height_km <= 2.04 * radius_km


def test_date_line_makes_two_boxes_and_a_pole_one() -> None:
    fiji = bounding_boxes(-17.0, 179.9, 50.0)
    assert [(box.west, box.east) for box in fiji] == [
        (pytest.approx(179.427, abs=0.01), 180.0),
        (-180.0, pytest.approx(-179.627, abs=0.01)),
    ]
    assert len(bounding_boxes(-17.0, -179.9, 50.0)) == 2
    (cap,) = bounding_boxes(89.9, 100.0, 50.0)
    assert cap == Box(cap.south, -180.0, 90.0, 180.0)
    assert cap.south == pytest.approx(89.448, abs=0.01)
    assert bounding_boxes(29.0, 106.0, 30_000.0) == [Box(-90.0, -180.0, 90.0, 180.0)]
