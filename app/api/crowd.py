"""How many requests of a process may be under way: who comes when it is full is told at once, and does not wait."""

from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.problems import answer

#: Balancers and monitors ask these, above all when there is too much to do.
_ALWAYS_ANSWERED = frozenset({"/health", "/ready", "/metrics"})
_RETRY_AFTER_SECONDS = "1"


class Crowd:
    """ASGI middleware: lets so many requests in at once and refuses the next one.

    A request is under way while its answer is being made. One whose client is still sending the body, or reading the
    answer, takes no place: slow clients could else keep everybody out.
    """

    def __init__(self, app: ASGIApp, at_once: int) -> None:
        self.app = app
        self._at_once = at_once
        self._under_way: set[object] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] != "http" or scope["path"] in _ALWAYS_ANSWERED:
            await self.app(scope, receive, send)
        elif len(self._under_way) < self._at_once:
            await self._admit(scope, receive, send)
        else:
            detail = "The exchange has more to do than it can just now; nothing was stored. Try again shortly."
            refusal = answer(HTTPStatus.SERVICE_UNAVAILABLE, "overloaded", detail)
            refusal.headers["Retry-After"] = _RETRY_AFTER_SECONDS
            await refusal(scope, receive, send)

    async def _admit(self, scope: Scope, receive: Receive, send: Send) -> None:
        place, is_answered = object(), False

        async def wait_for_client() -> Message:
            self._under_way.discard(place)
            message = await receive()
            if not is_answered:
                self._under_way.add(place)
            return message

        async def begin_answer(message: Message) -> None:
            nonlocal is_answered
            is_answered = True
            self._under_way.discard(place)
            await send(message)

        self._under_way.add(place)
        try:
            await self.app(scope, wait_for_client, begin_answer)
        finally:
            self._under_way.discard(place)
