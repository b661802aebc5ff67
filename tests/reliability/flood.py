"""Clients that cost next to nothing, so that two cores can hold them beside the server that they flood.

Raw HTTP/1.1 over kept connections in one event loop: a client library takes as long for a request as the server.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from tests.factories import Body, Member

#: What is not answered by then ends its connection and counts as status 0.
_PATIENCE_SECONDS = 30
#: So many may be without an answer; what is due beyond them is not sent.
_MOST_CONNECTIONS = 1000
#: The server closes a connection on which nothing has come for five.
_KEPT_SECONDS = 3
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True)
class Ask:
    """One request as it goes over the wire."""

    name: str
    wire: bytes


def ask(name: str, member: Member | None, method: str, path: str, body: Body | None = None) -> Ask:
    """Return a request of a member, or of nobody."""
    content = b"" if body is None else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", "Host: exchange", f"Content-Length: {len(content)}"]
    lines += ["Content-Type: application/json"] * (body is not None)
    lines += [] if member is None else [f"Authorization: Bearer {member.key}"]
    return Ask(name, "\r\n".join([*lines, "", ""]).encode() + content)


@dataclass(frozen=True)
class Answer:
    """What came back of a request, and after how long."""

    name: str
    status: int
    seconds: float
    body: bytes


@dataclass
class Caller:
    """Sends requests to one server, each over a connection that no other one uses meanwhile."""

    port: int
    held_back: int = 0
    _idle: list[tuple[Connection, float]] = field(default_factory=list)
    _busy: int = 0

    async def send(self, wanted: Ask) -> Answer:
        """Send one request and return its answer; a connection that breaks, or waits too long, is status 0."""
        self._busy += 1
        begun, status, body = time.monotonic(), 0, b""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):  # a time-out is an OSError
            async with asyncio.timeout(_PATIENCE_SECONDS):
                status, body = await self._exchange(wanted.wire)
        self._busy -= 1
        return Answer(wanted.name, status, time.monotonic() - begun, body)

    async def _exchange(self, wire: bytes) -> tuple[int, bytes]:
        reader, writer = await self._connect()
        try:
            writer.write(wire)
            head = await reader.readuntil(b"\r\n\r\n")
            first, *lines = head.decode().lower().rstrip().split("\r\n")
            fields = dict(line.split(": ", 1) for line in lines)
            body = await reader.readexactly(int(fields["content-length"]))
        except BaseException:
            writer.close()
            raise
        self._idle.append(((reader, writer), time.monotonic()))
        return int(first.split()[1]), body

    async def _connect(self) -> Connection:
        """Return the connection that was used last, or a new one."""
        if self._idle and time.monotonic() - self._idle[-1][1] < _KEPT_SECONDS:
            return self._idle.pop()[0]
        self.close()
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def take_turns(self, asks: Iterator[Ask], clients: int, seconds: float) -> list[Answer]:
        """Let so many clients ask one thing after another, each when it has its last answer."""
        end = time.monotonic() + seconds

        answers: list[Answer] = []

        async def work() -> None:
            while time.monotonic() < end:
                answers.append(await self.send(next(asks)))

        await asyncio.gather(*[work() for _ in range(clients)])
        return answers

    async def flood(self, asks: Iterator[Ask], rate: float, seconds: float) -> list["asyncio.Task[Answer]"]:
        """Send `rate` requests a second, whether or not earlier ones are answered; return when the last one is sent."""
        begun, sent = time.monotonic(), []
        for number, wanted in enumerate(islice(asks, round(rate * seconds))):
            ahead = begun + number / rate - time.monotonic()
            await asyncio.sleep(max(0, ahead))
            if self._busy < _MOST_CONNECTIONS:
                sent.append(asyncio.create_task(self.send(wanted)))
            else:
                self.held_back += 1
        return sent

    def close(self) -> None:
        """Close the connections that are kept."""
        for (_, writer), _ in self._idle:
            writer.close()
        self._idle.clear()
