"""Every refusal as RFC 9457 `application/problem+json`; the one table from errors to HTTP statuses."""

from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError
from starlette.exceptions import HTTPException

from app.api.allowed_methods import find_methods
from app.core.deadlines import TookTooLong, was_stopped
from app.core.errors import (
    Conflict,
    ExchangeError,
    Forbidden,
    Invalid,
    NotFound,
    Stale,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
    Unsupported,
)
from app.core.failures import STORAGE_FULL, is_full, is_gone, name_failure
from app.requests.idempotency import Replay

MEDIA_TYPE = "application/problem+json"
_STATUSES: Mapping[type[ExchangeError], int] = {
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    Stale: 412,
    Unsupported: 415,
    Invalid: 422,
    TooManyRequests: 429,
    Unavailable: 503,
}
#: A database that went away is back in seconds, started again or replaced.
_HEADERS: Mapping[int, dict[str, str]] = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": "2"}}
#: Where the middleware keeps the request's id for answers that are made outside of it.
REQUEST_ID = "swx.request_id"
log = structlog.get_logger()


class FaultRead(BaseModel):
    """One fault of a request."""

    pointer: str = Field(description="JSON pointer into the body, or the name of the query parameter.")
    code: str
    detail: str


class Problem(BaseModel):
    """Why a request was refused; some problems carry further facts, such as `allowed` or `available_t`."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str = Field(description="Stable; what programs decide by.")
    errors: list[FaultRead] | None = Field(None, description="With 422: all faults at once.")


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI `responses` of a route that can answer with problems of these statuses."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


def answer(status: int, code: str, detail: str, **facts: Any) -> JSONResponse:  # noqa: ANN401 - JSON facts
    """Return a problem answer."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, "code": code}
    headers = _HEADERS.get(status)
    plain = {name: _plain(value) for name, value in facts.items()}
    return JSONResponse(body | plain, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def _plain(value: Any) -> Any:  # noqa: ANN401 - facts are JSON of any shape
    if isinstance(value, (str, int, float, bool, type(None))):
        return value
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return float(value) if hasattr(value, "as_tuple") else str(value)


def install(app: FastAPI) -> None:
    """Give `app` the handlers that turn every refusal and failure into a problem."""
    app.add_exception_handler(ExchangeError, _refused)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(IntegrityError, _collided)
    app.add_exception_handler(StaleDataError, _collided)
    app.add_exception_handler(DBAPIError, _database_failed)
    app.add_exception_handler(TookTooLong, _late)
    app.add_exception_handler(Replay, _answer_again)
    app.add_exception_handler(PoolTimeout, _unavailable)
    app.add_exception_handler(Exception, _failed)


def _refused(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ExchangeError)  # noqa: S101 - registered for this type alone
    status = next(status for kind, status in _STATUSES.items() if isinstance(error, kind))
    facts = dict(error.facts)
    if isinstance(error, Invalid):
        facts["errors"] = [vars(fault) for fault in error.faults]
    response = answer(status, error.code, error.detail, **facts)
    if "retry_after_s" in facts:
        response.headers["Retry-After"] = str(facts["retry_after_s"])
    return response


def _malformed(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this type alone
    faults = [_fault(item, error.body) for item in error.errors()]
    if any(item["loc"][0] == "path" for item in error.errors()):
        return answer(404, "not_found", "There is no such object, or it is not yours to see.")
    detail = "; ".join(f"{fault['pointer']}: {fault['detail']}" for fault in faults)
    return answer(422, faults[0]["code"] if len(faults) == 1 else "invalid_request", detail, errors=faults)


def _fault(item: Mapping[str, Any], body: Any) -> dict[str, str]:  # noqa: ANN401 - JSON
    place, *rest = item["loc"]
    if item["type"] == "json_invalid":
        rest = []
    elif place == "body":
        rest = list(_steps(rest, body))
    escaped = (str(step).replace("~", "~0").replace("/", "~1") for step in rest)
    pointer = "".join(f"/{step}" for step in escaped) if place == "body" else ".".join(str(step) for step in rest)
    return {"pointer": pointer, "code": item["type"], "detail": item["msg"]}


def _steps(location: Sequence[int | str], body: Any) -> Iterator[int | str]:  # noqa: ANN401 - JSON
    """Yield the steps of a location that lead through the body, without the names of the kinds that bodies can be of.

    The last one may name what is missing.
    """
    for number, step in enumerate(location, start=1):
        if isinstance(body, Mapping) and step not in body and number < len(location):
            continue
        yield step
        is_inside = (isinstance(body, Mapping) and step in body) or (
            isinstance(body, list) and step in range(len(body))
        )
        body = body[step] if is_inside else None


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this type alone
    if error.status_code == HTTPStatus.NOT_MODIFIED:
        return Response(status_code=error.status_code, headers=error.headers)
    if error.status_code == HTTPStatus.BAD_REQUEST:  # raised by the framework alone: not UTF-8, or nested too deep
        fault = {"pointer": "", "code": "unreadable_body", "detail": "is not JSON in UTF-8, or is nested too deep"}
        return answer(422, fault["code"], f"The body {fault['detail']}.", errors=[fault])
    code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "_").replace("-", "_")
    response = answer(error.status_code, code, str(error.detail))
    response.headers.update(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        methods = find_methods(request.app.openapi()["paths"], request.url.path)
        if methods:  # else a page, whose one route has said it
            response.headers["Allow"] = ", ".join(methods)
    return response


def _collided(_request: Request, error: Exception) -> JSONResponse:
    log.warning("write_collided", error=type(error).__name__)
    return answer(409, "write_conflict", "Another request changed the same thing at the same time; read it and retry.")


def _database_failed(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, DBAPIError)  # noqa: S101 - registered for this type alone
    if is_full(error):
        log.error("storage_full", error=name_failure(error))
        return answer(503, *STORAGE_FULL)
    if was_stopped(error):
        return _late(request, error)
    if isinstance(error, OperationalError) or is_gone(error):
        return _unavailable(request, error)
    return _failed(request, error)


def _unavailable(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, SQLAlchemyError)  # noqa: S101 - registered for these types alone
    log.error("database_unavailable", error=name_failure(error))
    return answer(503, "database_unavailable", "The database does not answer; nothing was stored. Try again shortly.")


def _late(request: Request, error: Exception) -> JSONResponse:
    seconds = request.app.state.request_seconds
    log.warning("request_took_too_long", error=type(error).__name__)
    return answer(503, "took_too_long", f"This took longer than {seconds} s and was stopped; ask for less at once.")


def _answer_again(_request: Request, replay: Exception) -> Response:
    assert isinstance(replay, Replay)  # noqa: S101 - registered for this type alone
    first = replay.answer
    return Response(first.body, first.status, {**first.headers, "Idempotency-Replayed": "true"})


def _failed(request: Request, error: Exception) -> JSONResponse:
    """Answer outside of all middleware, which the error has passed: so what they add is added here."""
    request_id = request.scope.get(REQUEST_ID, "")
    log.error("request_failed", request_id=request_id, exc_info=error)
    detail = "The exchange failed; nothing was stored. Quote the X-Request-Id when asking."
    problem = answer(500, "internal_error", detail)
    problem.headers["X-Request-Id"] = request_id
    if "authorization" in request.headers:
        problem.headers["Cache-Control"] = "private, no-store"
    return problem
