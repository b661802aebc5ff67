"""A receiver on loopback that keeps what it is sent, and answers as it is told; and a sender over it, turn by turn."""

import asyncio
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from threading import Event, Thread
from typing import Any

import msgspec

from app.core.clock import now
from app.core.database import Database
from app.core.guarded_connections import Guard, GuardedClient
from app.webhooks.queueing import queue_batch
from app.webhooks.sender import Sender
from tests.factories import PEPPER

LOOPBACK = (ip_network("127.0.0.0/8"),)


@dataclass(frozen=True)
class Received:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        """The webhook-id."""
        return self.headers["webhook-id"]

    @property
    def message(self) -> Any:  # noqa: ANN401 - JSON
        """The body as JSON."""
        return msgspec.json.decode(self.body)


#: What to answer to a request: a status, or what to do with the connection.
Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Answers one connection as the receiver is told to."""

    protocol_version = "HTTP/1.1"
    server: "Receiver"

    def do_POST(self) -> None:
        """Keep a request and answer it."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.received.append(Received(self.path, headers, body))
        self.server.answer(self)

    def do_GET(self) -> None:
        """Keep that too: nothing of ours asks so, unless it follows a redirect."""
        self.do_POST()

    def log_message(self, *_: object) -> None:
        """Keep the tests' output free of access lines."""


def with_status(status: int, **headers: str) -> Answer:
    """Answer a status without a body."""

    def answer(handler: Handler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


class Receiver(ThreadingHTTPServer):
    """The receiver with what it was sent; `answer` may be changed at any time."""

    daemon_threads = True

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_side=True)
        self.answer = with_status(204)
        self.received: list[Received] = []
        self.is_over = Event()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    @property
    def url(self) -> str:
        """Where it is reached."""
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def ids(self) -> list[str]:
        """The webhook-ids in the order in which they came."""
        return [item.id for item in self.received]

    def handle_error(self, *_: object) -> None:
        """Be silent about clients that hang up, which some tests are about."""


@contextmanager
def receive(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Yield a running receiver."""
    receiver = Receiver(tls)
    thread = Thread(target=receiver.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.is_over.set()
        receiver.shutdown()
        receiver.server_close()
        thread.join()


@dataclass
class Clock:
    """A clock that goes on as it is told to."""

    at: datetime = field(default_factory=now)

    def __call__(self) -> datetime:
        """Return the present instant."""
        return self.at

    def pass_by(self, **time: float) -> None:
        """Let time pass."""
        self.at += timedelta(**time)


@dataclass
class Sending:
    """Queueing and sending on one database, done by hand and by a clock of its own."""

    database: Database
    clock: Clock = field(default_factory=Clock)
    client: GuardedClient = field(default_factory=lambda: GuardedClient(Guard(LOOPBACK)))

    def sender(self) -> Sender:
        """Return a sender."""
        return Sender(self.database, self.client, PEPPER, self.clock)

    def queue(self) -> None:
        """Queue all that has happened."""
        while queue_batch(self.database):
            pass
        self.clock.at = max(self.clock.at, now())

    def work_off(self) -> None:
        """Queue all that has happened and send all that is due."""
        self.queue()
        asyncio.run(_work_off(self.sender()))


async def _work_off(sender: Sender) -> None:
    while await sender.take_turn():
        while sender.flying:
            await sender.wait(20)
