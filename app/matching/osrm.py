"""The table service of OSRM (HTTP API, version 1): the path of a question, and what its answer says. Pure.

An answer is somebody else's text: whatever is not exactly a table of the size asked for is refused.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

#: Metres; anything longer is no road on Earth.
_LONGEST_M = 1e8
#: A point that is moved farther to the next road lies outside the server's map: its distances mean nothing.
_FARTHEST_SNAP_M = 5000.0
_OK_STATUS = 200
#: Codes that speak of the points asked for and not of the server.
_OF_POINTS = frozenset({"NoSegment", "NoTable"})


class Point(NamedTuple):
    """A position as it is asked for, WGS-84 degrees."""

    latitude: float
    longitude: float


Table = list[list[float | None]]


class NoTable(Exception):
    """The answer is none that a working server gives; the text says why."""


class PointsRefused(Exception):
    """The server works, but one of the points is nowhere near a road, and then it answers nothing of the others."""


class _Waypoint(msgspec.Struct):
    distance: float | None = None


class _Answer(msgspec.Struct):
    code: str
    distances: list[list[float | None]] = []
    sources: list[_Waypoint] | None = None
    destinations: list[_Waypoint] | None = None


def table_path(origins: Sequence[Point], destinations: Sequence[Point]) -> str:
    """Return path and query that ask for the road distances from every origin to every destination."""
    points = ";".join(f"{point.longitude:.5f},{point.latitude:.5f}" for point in (*origins, *destinations))
    first = len(origins)
    sources = ";".join(map(str, range(first)))
    targets = ";".join(map(str, range(first, first + len(destinations))))
    return f"/table/v1/driving/{points}?annotations=distance&sources={sources}&destinations={targets}"


def read_table(status: int, body: bytes, rows: int, columns: int) -> Table:
    """Return the distances in metres by origin and destination, None where there is no road.

    Raises PointsRefused or NoTable.
    """
    try:
        answer = msgspec.json.decode(body, type=_Answer)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise NoTable(f"status {status}, not a table: {error}") from None
    if answer.code in _OF_POINTS:
        raise PointsRefused(answer.code)
    if status != _OK_STATUS or answer.code != "Ok":
        raise NoTable(f"status {status}, code {answer.code[:40]!r}")
    _check_size(answer, rows, columns)
    reached = _reached(answer.sources, rows), _reached(answer.destinations, columns)
    return [
        [_checked(metres) if from_here and to_there else None for metres, to_there in zip(row, reached[1], strict=True)]
        for row, from_here in zip(answer.distances, reached[0], strict=True)
    ]


def _check_size(answer: _Answer, rows: int, columns: int) -> None:
    if len(answer.distances) != rows or any(len(row) != columns for row in answer.distances):
        raise NoTable(f"not {rows} rows of {columns} distances")
    for waypoints, wanted in ((answer.sources, rows), (answer.destinations, columns)):
        if waypoints is not None and len(waypoints) != wanted:
            raise NoTable(f"{len(waypoints)} waypoints instead of {wanted}")


def _reached(waypoints: Sequence[_Waypoint] | None, count: int) -> list[bool]:
    """Return of each point whether a road is near; where the server does not say, it is taken to be."""
    if waypoints is None:
        return [True] * count
    return [point.distance is None or point.distance <= _FARTHEST_SNAP_M for point in waypoints]


def _checked(metres: float | None) -> float | None:
    if metres is not None and not (math.isfinite(metres) and 0 <= metres <= _LONGEST_M):
        raise NoTable(f"{metres} is no distance")
    return metres
