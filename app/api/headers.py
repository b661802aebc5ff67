"""What every answer carries: the request's id, how many more requests may follow, no caching of what a key sees."""

import re
from collections.abc import Iterable
from http import HTTPStatus

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.problems import REQUEST_ID, answer
from app.core.database import new_id
from app.requests.buckets import Standing

_WELL_FORMED = re.compile(r"[A-Za-z0-9._:-]{1,128}")


class AnswerHeaders:
    """ASGI middleware: `X-Request-Id` (the client's own when it sent a well-formed one) and `Cache-Control`."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and complete the answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        sent = Headers(scope=scope)
        wished = sent.get("x-request-id", "")
        request_id = wished if _WELL_FORMED.fullmatch(wished) else str(new_id())
        scope[REQUEST_ID] = request_id
        is_too_large = False
        state = scope.setdefault("state", {})

        async def complete(message: Message) -> None:
            nonlocal is_too_large
            if message["type"] == "http.response.start":
                if message["status"] == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
                    is_too_large = True
                    return
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request_id
                if "standings" in state:
                    _tell_limits(headers, state["standings"].values())
                if "authorization" in sent:
                    headers.setdefault("Cache-Control", "private, no-store")
            if not is_too_large:
                await send(message)

        structlog.contextvars.clear_contextvars()  # of the request before, in the same context
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            await self.app(scope, receive, complete)
        if is_too_large:  # the framework says so in plain text, below every handler of ours
            problem = answer(413, "body_too_large", "The body is too large; send it in parts.")
            problem.headers["X-Request-Id"] = request_id
            await problem(scope, receive, send)


def _tell_limits(headers: MutableHeaders, standings: Iterable[Standing]) -> None:
    """Set the fields of draft-ietf-httpapi-ratelimit-headers: quota and window, what remains and for how long."""
    told = [(standing.policy, standing) for standing in standings]
    policies = (f'"{policy.name}";q={policy.quota};w={policy.seconds}' for policy, _ in told)
    headers["RateLimit-Policy"] = ", ".join(policies)
    remaining = (f'"{policy.name}";r={standing.remaining};t={standing.seconds}' for policy, standing in told)
    headers["RateLimit"] = ", ".join(remaining)
