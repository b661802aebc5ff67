"""Which sites are near enough to which, and how far they are: straight lines first, then geodesics. Pure."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from pyproj import Geod

from app.allocation.market import Reals, Sites
from app.transport.network import Whole

_WGS84 = Geod(ellps="WGS84")
_AXIS_M, _FLATTENING = 6_378_137.0, 1 / 298.257223563
#: Rows of a block, so that a block of straight lines takes some tens of megabytes.
_BLOCK_PAIRS = 4_000_000
#: Rounding of squares of 13 digits, and then some.
_SLACK_M = 5.0


def near_pairs(sites: Sites, origins: Whole, gates: Whole, reach_km: Reals) -> Iterator[tuple[Whole, Whole]]:
    """Yield blocks of pairs (indices into `origins` and `gates`) that may lie within each gate's reach.

    No path over the ellipsoid is shorter than the straight line through it, so none that is in reach is left out.
    """
    if not len(origins) or not len(gates):
        return
    limits = (reach_km * 1000 + _SLACK_M) ** 2
    there = _points(sites, gates)
    squares = np.einsum("ij,ij->i", there, there)
    block = max(1, _BLOCK_PAIRS // len(gates))
    for first in range(0, len(origins), block):
        here = _points(sites, origins[first : first + block])
        lines = np.einsum("ij,ij->i", here, here)[:, None] + squares[None, :] - 2.0 * (here @ there.T)
        rows, columns = np.nonzero(lines <= limits[None, :])
        yield rows + first, columns


def _points(sites: Sites, numbers: Whole) -> NDArray[np.float64]:
    """Return sites in metres from the centre of the earth."""
    latitudes, longitudes = np.radians(sites.latitudes[numbers]), np.radians(sites.longitudes[numbers])
    eccentricity = _FLATTENING * (2 - _FLATTENING)
    normal = _AXIS_M / np.sqrt(1 - eccentricity * np.sin(latitudes) ** 2)
    flat = normal * np.cos(latitudes)
    points = (flat * np.cos(longitudes), flat * np.sin(longitudes), normal * (1 - eccentricity) * np.sin(latitudes))
    return np.stack(points, axis=1)


def geodesics_km(sites: Sites, gates: Whole, origins: Whole) -> Reals:
    """Return the WGS-84 geodesic of each pair, measured from where a lot is needed, as the search does."""
    longitudes, latitudes = sites.longitudes, sites.latitudes
    _, _, metres = _WGS84.inv(longitudes[gates], latitudes[gates], longitudes[origins], latitudes[origins])
    return np.asarray(metres, dtype=np.float64) / 1000.0
