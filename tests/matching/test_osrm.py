"""The table format of OSRM: what is asked, and which answers count."""

import pytest

from app.matching.osrm import NoTable, Point, PointsRefused, read_table, table_path

A, B, C = Point(29.83615, 107.07041), Point(29.70613, 107.39028), Point(-1.0, -0.00001)


def test_longitude_comes_first_and_origins_come_before_destinations() -> None:
    assert table_path([A, B], [C]) == (
        "/table/v1/driving/107.07041,29.83615;107.39028,29.70613;-0.00001,-1.00000"
        "?annotations=distance&sources=0;1&destinations=2"
    )
    assert table_path([A], [B, C]).endswith("&sources=0&destinations=1;2")


def test_a_table_is_read_by_origin_and_destination() -> None:
    body = b'{"code": "Ok", "durations": "x", "distances": [[1000, null], [0, 1234.5]]}'
    assert read_table(200, body, 2, 2) == [[1000.0, None], [0.0, 1234.5]]


def test_a_point_outside_the_map_has_no_distances() -> None:
    body = b"""{"code": "Ok", "distances": [[1, 2], [3, 4]],
        "sources": [{"distance": 5000.1}, {"name": ""}], "destinations": [{"distance": 5000}, {"distance": 1}]}"""
    assert read_table(200, body, 2, 2) == [[None, None], [3.0, 4.0]]


@pytest.mark.parametrize("code", [b"NoSegment", b"NoTable"])
def test_points_may_be_refused(code: bytes) -> None:
    with pytest.raises(PointsRefused):
        read_table(400, b'{"code": "%s", "message": "x"}' % code, 1, 1)


BAD = [
    b"",
    b"\xff\xfe",
    b"<html>502</html>",
    b'{"code": "Ok"',
    b"[]",
    b"null",
    b'{"distances": [[1]]}',
    b'{"code": null, "distances": [[1]]}',
    b'{"code": "TooBig", "message": "Too many table coordinates"}',
    b'{"code": "ok", "distances": [[1]]}',
    b'{"code": "Ok"}',
    b'{"code": "Ok", "distances": null}',
    b'{"code": "Ok", "distances": []}',
    b'{"code": "Ok", "distances": [[]]}',
    b'{"code": "Ok", "distances": [[1], [2]]}',
    b'{"code": "Ok", "distances": [[1, 2]]}',
    b'{"code": "Ok", "distances": [1]}',
    b'{"code": "Ok", "distances": [["1"]]}',
    b'{"code": "Ok", "distances": [[true]]}',
    b'{"code": "Ok", "distances": [[-0.1]]}',
    b'{"code": "Ok", "distances": [[NaN]]}',
    b'{"code": "Ok", "distances": [[Infinity]]}',
    b'{"code": "Ok", "distances": [[1e999]]}',
    b'{"code": "Ok", "distances": [[100000001]]}',
    b'{"code": "Ok", "distances": [[1]], "sources": []}',
    b'{"code": "Ok", "distances": [[1]], "destinations": [{}, {}]}',
    b'{"code": "Ok", "distances": [[1]], "sources": [{"distance": "near"}]}',
    b'{"code": "Ok", "distances": ' + b"[" * 200_000,
    b'{"code": "Ok", "more": ' + b"[" * 200_000,
]


@pytest.mark.parametrize("body", BAD, ids=[body[:48].decode(errors="replace") for body in BAD])
def test_whatever_is_no_table_is_refused(body: bytes) -> None:
    with pytest.raises(NoTable):
        read_table(200, body, 1, 1)


@pytest.mark.parametrize("status", [204, 301, 400, 500])
def test_a_table_with_another_status_is_refused(status: int) -> None:
    with pytest.raises(NoTable):
        read_table(status, b'{"code": "Ok", "distances": [[1]]}', 1, 1)
