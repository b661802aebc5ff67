"""Geography: the coordinate systems of Chinese data, bounding boxes and distances on the WGS-84 ellipsoid."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from pyproj import Geod

_WGS84 = Geod(ellps="WGS84")

# GCJ-02 was never published; these constants and terms are the ones in general use. Its ellipsoid is Krasovsky's.
_GCJ_AXIS_M = 6_378_245.0
_GCJ_ECCENTRICITY_SQUARED = 0.00669342162296594323
_SHIFTED_SOUTH, _SHIFTED_NORTH = 0.8293, 55.8271
_SHIFTED_WEST, _SHIFTED_EAST = 72.004, 137.8347
_BD_LATITUDE_OFFSET, _BD_LONGITUDE_OFFSET = 0.006, 0.0065
_BD_WAVE = math.radians(3000)

_INVERSE_ROUNDS = 20
_INVERSE_TOLERANCE_DEG = 1e-11

#: The smallest radius of curvature of the ellipsoid: that of the meridian at the equator, a (1 - e^2).
_LEAST_RADIUS_KM = 6335.439
_ROUNDING_DEG = 1e-7
_POLE, _DATE_LINE = 90.0, 180.0

_Conversion = Callable[[float, float], tuple[float, float]]


class Datum(StrEnum):
    """The systems a caller may name; CGCS2000 equals WGS-84 for our purpose."""

    WGS84 = "wgs84"
    CGCS2000 = "cgcs2000"
    GCJ02 = "gcj02"
    BD09 = "bd09"


@dataclass(frozen=True)
class Box:
    """A range of degrees, limits included; `west` is never above `east`."""

    south: float
    west: float
    north: float
    east: float


def to_wgs84(latitude: float, longitude: float, datum: Datum) -> tuple[float, float]:
    """Return WGS-84 latitude and longitude in degrees, the inverse of `from_wgs84` to about 1e-9 degree.

    GCJ-02 and BD-09 shift nothing outside a box around China; along its edge the two are not exact inverses.
    """
    if not _is_shifted(latitude, longitude, datum):
        return latitude, longitude
    if datum is Datum.BD09:
        latitude, longitude = _invert(_gcj02_to_bd09, latitude, longitude)
    return _invert(_wgs84_to_gcj02, latitude, longitude)


def from_wgs84(latitude: float, longitude: float, datum: Datum) -> tuple[float, float]:
    """Return latitude and longitude in degrees of `datum`, so that a point lands where its map shows it."""
    if not _is_shifted(latitude, longitude, datum):
        return latitude, longitude
    latitude, longitude = _wgs84_to_gcj02(latitude, longitude)
    return _gcj02_to_bd09(latitude, longitude) if datum is Datum.BD09 else (latitude, longitude)


def bounding_boxes(latitude: float, longitude: float, radius_km: float) -> list[Box]:
    """Return one box, or two at the date line, with every point within `radius_km` and as little else as is safe.

    On a sphere of the ellipsoid's least radius of curvature no path is longer than the path through the same
    latitudes and longitudes on the ellipsoid, so the box of the sphere's circle holds the ellipsoid's circle.
    """
    angle = radius_km / _LEAST_RADIUS_KM
    reach = math.degrees(angle) + _ROUNDING_DEG
    south, north = max(latitude - reach, -_POLE), min(latitude + reach, _POLE)
    if south == -_POLE or north == _POLE:  # a circle around a pole crosses every meridian
        return [Box(south, -_DATE_LINE, north, _DATE_LINE)]
    half_width = math.degrees(math.asin(min(1.0, math.sin(angle) / math.cos(math.radians(latitude)))))
    west, east = longitude - half_width - _ROUNDING_DEG, longitude + half_width + _ROUNDING_DEG
    if west <= -_DATE_LINE:
        return [Box(south, west + 360.0, north, _DATE_LINE), Box(south, -_DATE_LINE, north, east)]
    if east >= _DATE_LINE:
        return [Box(south, west, north, _DATE_LINE), Box(south, -_DATE_LINE, north, east - 360.0)]
    return [Box(south, west, north, east)]


def distances_km(
    latitude: float, longitude: float, latitudes: NDArray[np.float64], longitudes: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the WGS-84 geodesic from one point to each of many; about a hundred times as fast as geopy."""
    shape = latitudes.shape
    _, _, metres = _WGS84.inv(np.full(shape, longitude), np.full(shape, latitude), longitudes, latitudes)
    return np.asarray(metres, dtype=np.float64) / 1000.0


def distances_to_km(
    latitudes: NDArray[np.float64], longitudes: NDArray[np.float64], latitude: float, longitude: float
) -> NDArray[np.float64]:
    """Return the WGS-84 geodesic from each of many points to one: to the last bit what each of them would measure."""
    shape = latitudes.shape
    _, _, metres = _WGS84.inv(longitudes, latitudes, np.full(shape, longitude), np.full(shape, latitude))
    return np.asarray(metres, dtype=np.float64) / 1000.0


def distance_km(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Return the WGS-84 geodesic between two points, each (latitude, longitude)."""
    # Here, for the package loads its geocoders and an HTTP client of theirs with it.
    from geopy.distance import geodesic  # noqa: PLC0415

    return float(geodesic(a, b).kilometers)


def _is_shifted(latitude: float, longitude: float, datum: Datum) -> bool:
    if datum not in {Datum.GCJ02, Datum.BD09}:
        return False
    return _SHIFTED_SOUTH <= latitude <= _SHIFTED_NORTH and _SHIFTED_WEST <= longitude <= _SHIFTED_EAST


def _wgs84_to_gcj02(latitude: float, longitude: float) -> tuple[float, float]:
    x, y = longitude - 105.0, latitude - 35.0
    north_m = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x))
    north_m += _sum_of_waves_m(x, y, 160.0, 320.0)
    east_m = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x))
    east_m += _sum_of_waves_m(x, x, 150.0, 300.0)
    angle = math.radians(latitude)
    flattening = 1.0 - _GCJ_ECCENTRICITY_SQUARED * math.sin(angle) ** 2
    meridian_m = _GCJ_AXIS_M * (1.0 - _GCJ_ECCENTRICITY_SQUARED) / flattening**1.5
    parallel_m = _GCJ_AXIS_M / math.sqrt(flattening) * math.cos(angle)
    return latitude + math.degrees(north_m / meridian_m), longitude + math.degrees(east_m / parallel_m)


def _sum_of_waves_m(x: float, along: float, long_m: float, longest_m: float) -> float:
    waves = 20.0 * math.sin(6.0 * math.pi * x) + 20.0 * math.sin(2.0 * math.pi * x)
    waves += 20.0 * math.sin(math.pi * along) + 40.0 * math.sin(math.pi / 3.0 * along)
    waves += long_m * math.sin(math.pi / 12.0 * along) + longest_m * math.sin(math.pi / 30.0 * along)
    return 2.0 / 3.0 * waves


def _gcj02_to_bd09(latitude: float, longitude: float) -> tuple[float, float]:
    radius = math.hypot(longitude, latitude) + 0.00002 * math.sin(latitude * _BD_WAVE)
    angle = math.atan2(latitude, longitude) + 0.000003 * math.cos(longitude * _BD_WAVE)
    return radius * math.sin(angle) + _BD_LATITUDE_OFFSET, radius * math.cos(angle) + _BD_LONGITUDE_OFFSET


def _invert(convert: _Conversion, latitude: float, longitude: float) -> tuple[float, float]:
    """Return the point that `convert` brings here; each round leaves a few hundredths of the error at most."""
    guess_latitude, guess_longitude = latitude, longitude
    for _ in range(_INVERSE_ROUNDS):
        there = convert(guess_latitude, guess_longitude)
        miss_latitude, miss_longitude = there[0] - latitude, there[1] - longitude
        guess_latitude, guess_longitude = guess_latitude - miss_latitude, guess_longitude - miss_longitude
        if max(abs(miss_latitude), abs(miss_longitude)) < _INVERSE_TOLERANCE_DEG:
            break
    return guess_latitude, guess_longitude
