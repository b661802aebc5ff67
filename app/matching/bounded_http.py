"""One HTTP client that is never kept waiting longer, nor made to hold more, than it was told.

The timeouts of a blocking client bound the gaps between bytes, so that a server can drip an answer for ever; and none
bounds the look-up of a name. A task on a loop of its own can be given up as a whole.
"""

import asyncio
from threading import Lock, Thread

import httpx2

_MOST_CONNECTIONS = 20
#: OSRM's own server closes a connection that is idle for 5 s.
_KEPT_ALIVE_S = 4.0


class Unanswered(Exception):
    """No whole answer came in time and size; the text says why."""


class BoundedClient:
    """Fetches documents; shared by all threads, its own thread starts with the first question."""

    def __init__(self, timeout_s: float, most_bytes: int) -> None:
        self._timeout_s, self._most_bytes = timeout_s, most_bytes
        self._lock = Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = Thread(target=self._serve, name="bounded-http", daemon=True)
        self._client = httpx2.AsyncClient(
            # Asked uncompressed: what is counted is what is held. Redirects are answers like any other.
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
            follow_redirects=False,
            timeout=None,  # the whole exchange is bounded in `get`
            limits=httpx2.Limits(max_connections=_MOST_CONNECTIONS, keepalive_expiry=_KEPT_ALIVE_S),
            trust_env=False,  # a proxy of the environment is for others
        )

    def get(self, url: str) -> tuple[int, bytes]:
        """Return status and body of a GET; raises Unanswered."""
        exchange = asyncio.run_coroutine_threadsafe(self._exchange(url), self._running_loop())
        try:
            return exchange.result(self._timeout_s)
        except TimeoutError:
            exchange.cancel()
            raise Unanswered(f"no whole answer within {self._timeout_s:g} s") from None
        except httpx2.HTTPError as error:
            raise Unanswered(f"{type(error).__name__}: {error}") from None

    def close(self) -> None:
        """Close all connections and end the thread."""
        if self._loop is None:
            return
        asyncio.run_coroutine_threadsafe(self._client.aclose(), self._loop).result(self._timeout_s)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(self._timeout_s)

    async def _exchange(self, url: str) -> tuple[int, bytes]:
        body = bytearray()
        async with self._client.stream("GET", url) as response:
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > self._most_bytes:
                    raise Unanswered(f"more than {self._most_bytes} bytes")
            return response.status_code, bytes(body)

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread.start()
            return self._loop

    def _serve(self) -> None:
        if self._loop is not None:
            self._loop.run_forever()
            self._loop.close()
