"""Road distances of a routing server: asked once a pair, and never for long where the server fails."""

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from threading import Lock

import structlog

from app.matching.bounded_http import BoundedClient, Unanswered
from app.matching.osrm import NoTable, Point, PointsRefused, Table, read_table, table_path

TIMEOUT_S = 2.0
MOST_BYTES = 1_000_000
#: How long a server that failed is left alone; then one request tries it while others go on without.
PAUSE_S = 10.0
MOST_PAIRS = 100_000
#: About a metre: what is nearer is the same place, and the same question.
_DECIMALS = 5

log = structlog.get_logger()

Pair = tuple[Point, Point]


def point_at(latitude: float, longitude: float) -> Point:
    """Return a position in the decimals that are asked for and kept."""
    return Point(round(latitude, _DECIMALS), round(longitude, _DECIMALS))


class Router:
    """A routing server with what it said before; shared by all requests, from any thread."""

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic, most_pairs: int = MOST_PAIRS) -> None:
        self._url = url.rstrip("/")
        self._clock = clock
        self._most_pairs = most_pairs
        self._client = BoundedClient(TIMEOUT_S, MOST_BYTES)
        self._lock = Lock()
        self._roads_m: OrderedDict[Pair, float | None] = OrderedDict()
        self._rests_until: float | None = None

    def find_roads(self, pairs: Sequence[Pair]) -> list[float | None]:
        """Return the road distance of each pair, from and to, in metres; None where there is none or nobody says.

        The pairs share their first or their second point. At most one question is asked, within `TIMEOUT_S`.
        """
        known = self._recall(pairs)
        missing = [pair for pair in dict.fromkeys(pairs) if pair not in known]
        if missing and self._may_ask():
            known |= self._ask(missing)
        return [known.get(pair) for pair in pairs]

    def close(self) -> None:
        """Close the connections to the server."""
        self._client.close()

    def _recall(self, pairs: Sequence[Pair]) -> dict[Pair, float | None]:
        known = {}
        with self._lock:
            for pair in pairs:
                if pair in self._roads_m:
                    self._roads_m.move_to_end(pair)
                    known[pair] = self._roads_m[pair]
        return known

    def _remember(self, roads_m: dict[Pair, float | None]) -> None:
        with self._lock:
            self._roads_m |= roads_m
            while len(self._roads_m) > self._most_pairs:
                self._roads_m.popitem(last=False)

    def _may_ask(self) -> bool:
        with self._lock:
            if self._rests_until is None:
                return True
            if self._clock() < self._rests_until:
                return False
            self._rests_until = self._clock() + PAUSE_S
            return True

    def _rest_until(self, instant: float | None) -> None:
        with self._lock:
            self._rests_until = instant

    def _ask(self, pairs: Sequence[Pair]) -> dict[Pair, float | None]:
        """Return what the server says of these pairs; nothing where it fails, which is kept in mind for a while."""
        origins = list(dict.fromkeys(origin for origin, _ in pairs))
        destinations = list(dict.fromkeys(destination for _, destination in pairs))
        try:
            table = self._fetch(origins, destinations)
        except (Unanswered, NoTable) as failure:
            self._rest_until(self._clock() + PAUSE_S)
            log.warning("router_failed", reason=str(failure), pause_s=PAUSE_S)
            return {}
        except PointsRefused:
            self._rest_until(None)
            return {}
        self._rest_until(None)
        roads_m = {
            (origin, destination): metres
            for origin, row in zip(origins, table, strict=True)
            for destination, metres in zip(destinations, row, strict=True)
        }
        self._remember(roads_m)
        return roads_m

    def _fetch(self, origins: Sequence[Point], destinations: Sequence[Point]) -> Table:
        status, body = self._client.get(self._url + table_path(origins, destinations))
        return read_table(status, body, len(origins), len(destinations))
