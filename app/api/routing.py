"""The router that every resource of the API uses: each request keeps to its time, and is repeated when it collided."""

import asyncio
import inspect
import random
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from sqlalchemy.exc import DBAPIError
from starlette.routing import Match
from starlette.types import Scope

from app.core.contention import is_contention
from app.core.deadlines import is_time_over, time_limit
from app.core.errors import Unavailable
from app.core.replica import ReplicaLost

_REPEATS = 3
_FIRST_PAUSE_SECONDS = 0.02
Handler = Callable[[Request], Coroutine[Any, Any, Response]]
log = structlog.get_logger()


class Route(APIRoute):
    """A route whose handler ends its transaction itself, so that nothing is answered before that has gone well."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:  # noqa: ANN401 - of APIRoute
        super().__init__(_with_ids(path, endpoint), endpoint, **options)

    def get_route_handler(self) -> Handler:
        """Return the handler that FastAPI makes, within the limit of time and repeated when it collided."""
        handle = super().get_route_handler()

        async def handle_in_time(request: Request) -> Response:
            with time_limit(request.app.state.request_seconds):
                return await _repeat_when_collided(handle, request)

        return handle_in_time


def _with_ids(path: str, endpoint: Callable[..., Any]) -> str:
    """Return a path whose ids match ids alone: `/lots/import` is none of `/lots/{lot_id}`, whatever its method."""
    for name, parameter in inspect.signature(endpoint).parameters.items():
        if parameter.annotation is UUID:
            path = path.replace(f"{{{name}}}", f"{{{name}:uuid}}")
    return path


class Router(APIRouter):
    """A router of such routes, passed over at once by paths that have none of the words its own begin with."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - those of APIRouter
        super().__init__(route_class=Route, **options)
        self._words: set[str] = set()

    def add_api_route(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:  # noqa: ANN401 - of APIRouter
        """Add a route; its path begins with a word, as `/lots/{lot_id}` does."""
        super().add_api_route(path, endpoint, **options)
        self._words.add(f"{self.prefix}{path}".split("/")[1])

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Say whether a request is for one of the routes; trying all of them cost a fifth of a short answer."""
        if self._words.isdisjoint(scope["path"].split("/")):
            return Match.NONE, {}
        return super().matches(scope)


async def _repeat_when_collided(handle: Handler, request: Request) -> Response:
    """Answer a request, as a whole anew when the database gave its transaction up for another one.

    Or when the replica that it read was lost: then the primary is read. Nothing of it was stored then and nothing
    answered; its body has been read and is kept. Pauses grow and are random, so that those who collided do not meet
    again.
    """
    repeats = 0
    while True:
        try:
            return await _handle_once(handle, request)
        except DBAPIError as error:
            if not (is_contention(error) or isinstance(error, ReplicaLost)):
                raise
            if repeats == _REPEATS or is_time_over():
                detail = "Too many requests change the same thing just now; nothing was stored. Try again shortly."
                raise Unavailable("too_busy", detail, retry_after_s=1) from error
            log.info("request_repeated", reason=type(error.orig).__name__)
        repeats += 1
        await asyncio.sleep(random.uniform(0, _FIRST_PAUSE_SECONDS * 2**repeats))  # noqa: S311 - no secret


async def _handle_once(handle: Handler, request: Request) -> Response:
    # What dependencies with scope="function" leave to be done at their end is put on this stack: the commit, before
    # which the session learns the answer. FastAPI's own stack would end outside of here, where nothing can be repeated.
    async with AsyncExitStack() as stack:
        request.scope["fastapi_function_astack"] = stack
        response = await handle(request)
        request.state.answer = response
    return response
