"""A small server on loopback that speaks OSRM's table format, well or badly."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from app.core.geo import distance_km

Answer = Callable[["RoadServer", "Handler"], None]


def road_m(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Return what the server says of two points: half as far again as the geodesic, and 100 m more southwards."""
    return round(distance_km(a, b) * 1500 + (100 if a[0] > b[0] else 0), 1)


class Handler(BaseHTTPRequestHandler):
    """Answers one connection as the server is told to."""

    protocol_version = "HTTP/1.1"
    server: "RoadServer"

    def do_GET(self) -> None:
        """Answer a question and keep it."""
        self.server.questions.append(self.path)
        self.server.answer(self.server, self)

    def log_message(self, *_: object) -> None:
        """Keep the tests' output free of access lines."""

    def send(self, body: bytes, status: int = 200, **headers: str) -> None:
        """Send a whole answer."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def send_json(self, content: Any, status: int = 200) -> None:  # noqa: ANN401 - JSON
        """Send a whole answer as JSON."""
        self.send(json.dumps(content).encode(), status)


class RoadServer(ThreadingHTTPServer):
    """The server with what it was asked; `answer` may be changed at any time."""

    daemon_threads = True

    def __init__(self, answer: Answer) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer = answer
        self.questions: list[str] = []
        self.is_over = Event()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *_: object) -> None:
        """Be silent about clients that hang up, which some tests are about."""


@contextmanager
def serve_roads(answer: Answer) -> Iterator[RoadServer]:
    """Yield a running server."""
    server = RoadServer(answer)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.is_over.set()
        server.shutdown()
        thread.join()
        server.server_close()


def asked(path: str) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """Return origins and destinations of a question, latitude first."""
    url = urlsplit(path)
    prefix, _, points = url.path.rpartition("/")
    query = parse_qs(url.query, strict_parsing=True)
    assert (prefix, query["annotations"], len(query)) == ("/table/v1/driving", ["distance"], 3)
    places = [(float(point.split(",")[1]), float(point.split(",")[0])) for point in points.split(";")]
    ends = [[places[int(index)] for index in query[name][0].split(";")] for name in ("sources", "destinations")]
    return ends[0], ends[1]


def answer_well(_: RoadServer, handler: Handler) -> None:
    """Answer as OSRM does, waypoints included."""
    origins, destinations = asked(handler.path)
    handler.send_json(
        {
            "code": "Ok",
            "distances": [[road_m(origin, end) for end in destinations] for origin in origins],
            "sources": [_waypoint(point) for point in origins],
            "destinations": [_waypoint(point) for point in destinations],
        }
    )


def _waypoint(point: tuple[float, float]) -> dict[str, Any]:
    return {"hint": "AAAA", "distance": 4.15, "name": "", "location": [point[1], point[0]]}


def answer_never(server: RoadServer, _: Handler) -> None:
    """Keep the client waiting."""
    server.is_over.wait(30)


def drip_headers(server: RoadServer, handler: Handler) -> None:
    """Send a header that does not end, a byte every 50 ms."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Patience: ")
    while not server.is_over.wait(0.05):
        handler.wfile.write(b"a")


def drip_body(server: RoadServer, handler: Handler) -> None:
    """Send a body that does not end, a byte every 50 ms."""
    handler.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n{"code": "Ok", "distances": [[')
    while not server.is_over.wait(0.05):
        handler.wfile.write(b" ")


def answer_without_end(server: RoadServer, handler: Handler) -> None:
    """Send as much as the client takes."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{")
    while not server.is_over.is_set():
        handler.wfile.write(b" " * 65536)


def redirect(server: RoadServer, handler: Handler) -> None:
    """Send the client to where it would find a good answer."""
    handler.send(b"", 307, Location=f"{server.url}{handler.path}")
    server.answer = answer_well


def hang_up(_: RoadServer, handler: Handler) -> None:
    """Close the connection without a word."""
    handler.close_connection = True


def answer_with(content: Any, status: int = 200) -> Answer:  # noqa: ANN401 - JSON, or bytes as they are
    """Return an answer that is always the same."""

    def answer(_: RoadServer, handler: Handler) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        handler.send(body, status)

    return answer
