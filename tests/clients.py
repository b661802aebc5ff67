"""A client of the application in this process."""

from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any

import anyio
import httpx2
from anyio.from_thread import BlockingPortal
from fastapi import FastAPI
from starlette.testclient import TestClient

Message = MutableMapping[str, Any]


class AppClient(TestClient):
    """Calls the application in an event loop that runs already; its failures are answers, not exceptions."""

    def __init__(self, application: FastAPI, portal: BlockingPortal) -> None:
        super().__init__(application, raise_server_exceptions=False)
        self._transport = _WholeAnswers(application, portal)


class _WholeAnswers(httpx2.BaseTransport):
    """Sends a request and takes its answer in one call to the thread of the event loop.

    Starlette's transport makes nine, so that an answer can be read while it comes: tests took a tenth longer.
    """

    def __init__(self, application: FastAPI, portal: BlockingPortal) -> None:
        self._application = application
        self._portal = portal

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Return the answer to a request."""
        return self._portal.call(self._answer, request, request.read())

    async def _answer(self, request: httpx2.Request, content: bytes) -> httpx2.Response:
        exchange = _Exchange(content)
        with suppress(Exception):  # after it was logged and answered with 500
            await self._application(_scope_of(request), exchange.receive, exchange.send)
        return exchange.answer(request)


class _Exchange:
    """What goes into the application and comes out of it for one request."""

    def __init__(self, content: bytes) -> None:
        self._request = [content]
        self._status = 500  # of one that gives up without an answer
        self._headers: list[tuple[bytes, bytes]] = []
        self._content = bytearray()
        self._is_answered = anyio.Event()

    async def receive(self) -> Message:
        """Give the request, and once it is answered the end of the connection."""
        if self._request:
            return {"type": "http.request", "body": self._request.pop()}
        await self._is_answered.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Take a part of the answer."""
        if message["type"] == "http.response.start":
            self._status, self._headers = message["status"], list(message["headers"])
        elif message["type"] == "http.response.body":
            self._content += message.get("body", b"")
            if not message.get("more_body", False):
                self._is_answered.set()

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        """Return the answer as far as it came."""
        content = b"" if request.method == "HEAD" else bytes(self._content)
        stream = httpx2.ByteStream(content)  # not `content`, which would add a header
        return httpx2.Response(self._status, headers=self._headers, stream=stream, request=request)


def _scope_of(request: httpx2.Request) -> Message:
    return {
        "type": "http",
        "http_version": "1.1",
        "method": request.method,
        "scheme": request.url.scheme,
        "path": request.url.path,
        "raw_path": request.url.raw_path.partition(b"?")[0],
        "query_string": request.url.query,
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "client": ("testclient", 50_000),
        "server": (request.url.host, request.url.port or 80),
        "state": {},
    }
