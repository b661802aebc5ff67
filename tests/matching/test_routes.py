"""The routing server on the wire: the right distances, each pair once, and no harm from a server that fails."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from app.matching.bounded_http import BoundedClient, Unanswered
from app.matching.osrm import Point
from app.matching.routes import MOST_BYTES, PAUSE_S, TIMEOUT_S, Router, point_at
from tests.matching.osrm_server import (
    Answer,
    RoadServer,
    answer_never,
    answer_well,
    answer_with,
    answer_without_end,
    asked,
    drip_body,
    drip_headers,
    hang_up,
    redirect,
    road_m,
    serve_roads,
)

GATE = point_at(29.56, 106.55)
SITES = [point_at(29.8 + step / 100, 107.0) for step in range(5)]


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the instant in seconds."""
        return self.now


@contextmanager
def _router(url: str, clock: Clock | None = None, most_pairs: int = 100) -> Iterator[Router]:
    router = Router(url, clock or Clock(), most_pairs)
    yield router
    router.close()


@pytest.fixture
def server() -> Iterator[RoadServer]:
    with serve_roads(answer_well) as running:
        yield running


def test_distances_go_from_the_first_to_the_second_point(server: RoadServer) -> None:
    with _router(server.url + "/") as router:
        assert router.find_roads([(site, GATE) for site in SITES]) == [road_m(site, GATE) for site in SITES]
        assert router.find_roads([(GATE, site) for site in SITES]) == [road_m(GATE, site) for site in SITES]
    assert road_m(SITES[0], GATE) != road_m(GATE, SITES[0])
    assert [asked(path) for path in server.questions] == [(SITES, [GATE]), ([GATE], SITES)]


def test_a_pair_is_asked_once(server: RoadServer) -> None:
    with _router(server.url) as router:
        twice = [(site, GATE) for site in (SITES[0], SITES[1], SITES[0])]
        assert router.find_roads(twice) == router.find_roads(twice) == [road_m(*pair) for pair in twice]
        router.find_roads([(SITES[1], GATE), (SITES[2], GATE)])
        assert router.find_roads([]) == []
    assert [asked(path)[0] for path in server.questions] == [SITES[:2], SITES[2:3]]


def test_a_pair_without_a_road_is_asked_once_too(server: RoadServer) -> None:
    server.answer = answer_with({"code": "Ok", "distances": [[None]]})
    with _router(server.url) as router:
        assert router.find_roads([(SITES[0], GATE)]) == router.find_roads([(SITES[0], GATE)]) == [None]
    assert len(server.questions) == 1


def test_the_least_used_pair_is_forgotten(server: RoadServer) -> None:
    with _router(server.url, most_pairs=2) as router:
        for site in (SITES[0], SITES[1], SITES[0], SITES[2], SITES[0], SITES[1]):
            assert router.find_roads([(site, GATE)]) == [road_m(site, GATE)]
        everything = [(site, GATE) for site in SITES]
        assert router.find_roads(everything) == [road_m(*pair) for pair in everything]
    assert [asked(path)[0] for path in server.questions[:4]] == [[SITES[0]], [SITES[1]], [SITES[2]], [SITES[1]]]


def test_threads_share_a_router(server: RoadServer) -> None:
    pairs = [(point_at(29.0 + step / 1000, 107.0), GATE) for step in range(40)]
    with _router(server.url, most_pairs=20) as router, ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda start: router.find_roads(pairs[start : start + 20]), [*range(20)] * 5))
    assert found == [[road_m(*pair) for pair in pairs[start : start + 20]] for start in [*range(20)] * 5]


FAILURES = {
    "silent": answer_never,
    "drips headers": drip_headers,
    "drips a body": drip_body,
    "endless": answer_without_end,
    "hangs up": hang_up,
    "redirects": redirect,
    "not JSON": answer_with(b"<html>502 Bad Gateway</html>"),
    "wrong code": answer_with({"code": "TooBig", "message": "Too many table coordinates"}, 400),
    "wrong shape": answer_with({"code": "Ok", "distances": [[1.0, 2.0]]}),
    "huge": answer_with(b'{"code": "Ok", "distances": [[1]], "more": "' + b"a" * MOST_BYTES + b'"}'),
    "failing": answer_with({"code": "Ok", "distances": [[1]]}, 500),
}


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES.keys())
def test_a_failing_server_costs_two_seconds_once_and_is_tried_again_later(server: RoadServer, failure: Answer) -> None:
    clock, pair = Clock(), (SITES[0], GATE)
    with _router(server.url, clock) as router:
        server.answer = failure
        before = time.monotonic()
        assert router.find_roads([pair]) == [None]
        assert time.monotonic() - before < TIMEOUT_S + 1
        server.answer = answer_well
        clock.now += PAUSE_S - 0.1
        assert router.find_roads([pair]) == [None]
        assert len(server.questions) == 1
        clock.now += 0.1
        assert router.find_roads([pair]) == [road_m(*pair)]
        assert router.find_roads([(SITES[1], GATE)]) == [road_m(SITES[1], GATE)]
    assert len(server.questions) == 3


def test_a_server_that_is_not_there_is_a_failing_one() -> None:
    with serve_roads(answer_well) as gone:
        url = gone.url
    with _router(url) as router:
        before = time.monotonic()
        assert router.find_roads([(SITES[0], GATE)]) == [None]
        assert time.monotonic() - before < TIMEOUT_S + 1


def test_what_is_known_is_said_while_the_server_rests(server: RoadServer) -> None:
    with _router(server.url) as router:
        known = (SITES[0], GATE)
        assert router.find_roads([known]) == [road_m(*known)]
        server.answer = hang_up
        assert router.find_roads([known, (SITES[1], GATE)]) == [road_m(*known), None]
        assert router.find_roads([(SITES[2], GATE), known]) == [None, road_m(*known)]
    assert len(server.questions) == 2


def test_one_request_tries_a_server_that_rested_while_others_go_on(server: RoadServer) -> None:
    clock = Clock()
    with _router(server.url, clock) as router, ThreadPoolExecutor(1) as pool:
        server.answer = hang_up
        router.find_roads([(SITES[0], GATE)])
        clock.now += PAUSE_S
        server.answer = answer_never
        trial = pool.submit(router.find_roads, [(SITES[0], GATE)])
        while len(server.questions) < 2:
            assert not trial.done()
        before = time.monotonic()
        assert router.find_roads([(SITES[1], GATE)]) == [None]
        assert time.monotonic() - before < TIMEOUT_S / 2
        assert trial.result() == [None]
    assert len(server.questions) == 2


def test_a_point_far_from_any_road_stops_nobody_else(server: RoadServer) -> None:
    with _router(server.url) as router:
        at_sea = Point(0.0, -30.0)
        server.answer = answer_with({"code": "NoSegment", "message": "Could not find a matching segment"}, 400)
        assert router.find_roads([(SITES[0], GATE), (at_sea, GATE)]) == [None, None]
        server.answer = answer_well
        assert router.find_roads([(SITES[0], GATE)]) == [road_m(SITES[0], GATE)]


def test_a_client_gives_up_in_time_and_goes_on(server: RoadServer) -> None:
    client = BoundedClient(0.3, 100)
    for answer in (answer_never, drip_headers, drip_body):
        server.answer = answer
        before = time.monotonic()
        with pytest.raises(Unanswered, match=r"within 0.3 s"):
            client.get(server.url)
        assert time.monotonic() - before < 1
    server.answer = answer_with(b"a" * 101)
    with pytest.raises(Unanswered, match="100 bytes"):
        client.get(server.url)
    server.answer = answer_with(b"a" * 100)
    assert client.get(server.url) == (200, b"a" * 100)
    client.close()
