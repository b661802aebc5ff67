"""What no request may exceed before it is looked at: the length of its address and of its headers; and HEAD."""

from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.problems import answer

MAX_TARGET_BYTES = 8_000
MAX_HEADER_BYTES = 32_000
_URI_TOO_LONG = 414  # its name in the standard library changed with Python 3.13


class RequestLimits:
    """ASGI middleware: refuses what is too long, and answers HEAD as GET without the body."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif len(scope["raw_path"]) + len(scope["query_string"]) > MAX_TARGET_BYTES:
            detail = f"Path and query are longer than {MAX_TARGET_BYTES} bytes; ask for less at once."
            await answer(_URI_TOO_LONG, "uri_too_long", detail)(scope, receive, send)
        elif sum(len(name) + len(value) for name, value in scope["headers"]) > MAX_HEADER_BYTES:
            detail = f"The headers are longer than {MAX_HEADER_BYTES} bytes together."
            status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            await answer(status, "headers_too_large", detail)(scope, receive, send)
        elif scope["method"] == "HEAD":
            as_get = {**scope, "method": "GET"}
            await self.app(as_get, receive, _without_body(send))
            scope["route"] = as_get.get("route")  # which it was, for the log
        else:
            await self.app(scope, receive, send)


def _without_body(send: Send) -> Send:
    async def send_head(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return send_head
