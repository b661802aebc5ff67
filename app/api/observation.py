"""Counts each request and writes one line of it to the log: who, what route, how it ended, how long it took."""

import time
from http import HTTPStatus

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.meters import Meters

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BASE = "/v1"
log = structlog.get_logger()


class Observation:
    """ASGI middleware; of the request it tells the route's template alone: paths, queries and bodies are private."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and take its time, also when it fails: what is not answered ends in a 500 outside."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        meters: Meters = scope["app"].state.meters
        status = int(HTTPStatus.INTERNAL_SERVER_ERROR)

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        began = time.perf_counter()
        meters.under_way.inc()
        try:
            await self.app(scope, receive, note)
        finally:
            seconds = time.perf_counter() - began
            meters.under_way.dec()
            _record(meters, scope, status, seconds)


def _record(meters: Meters, scope: Scope, status: int, seconds: float) -> None:
    method = scope["method"] if scope["method"] in _METHODS else "other"
    route = name_route(scope)
    meters.requests.labels(method, route, status).inc()
    meters.seconds.labels(method, route).observe(seconds)
    write = log.info if status < HTTPStatus.INTERNAL_SERVER_ERROR else log.error
    write("request", method=method, route=route, status=status, milliseconds=round(seconds * 1000, 1))


def name_route(scope: Scope) -> str:
    """Return the template of the route that took a request, as `/v1/lots/{lot_id}`; `unknown` where none did."""
    template = getattr(scope.get("route"), "path_format", None)
    if template is None:
        return "static" if scope.get("root_path", "").startswith("/static") else "unknown"
    is_below = scope["path"].startswith(f"{_BASE}/") and not template.startswith(f"{_BASE}/")
    return f"{_BASE}{template}" if is_below else str(template)
