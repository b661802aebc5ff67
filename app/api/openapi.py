"""The OpenAPI document: examples, who may call, and the problems that every operation can answer with."""

from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from app.api.document_fields import describe
from app.api.document_headers import name_headers
from app.api.document_shapes import simplify
from app.api.document_words import TAGS
from app.api.examples import EXAMPLES
from app.api.problems import MEDIA_TYPE, Problem, problem_responses
from app.api.tokens import FORM_TYPE
from app.dependencies.callers import ACTING_FOR, Allow, current_actor

Operation = dict[str, Any]
_STATUSES = (400, 401, 403, 404, 409, 412, 413, 414, 415, 422, 429, 431)
_ACTING_FOR = {
    "name": ACTING_FOR,
    "in": "header",
    "required": False,
    "schema": {"type": "string", "format": "uuid"},
    "description": "The organisation that you act for, under a delegation of its; none: your own.",
}
DESCRIPTION = """
A market for bulk industrial solid waste (steel slag, fly ash, gypsums, red mud …) with a double-entry mass ledger
behind it: producers post lots, recyclers find what fits their limits and what it costs at their gate, authorities
read utilisation rates that they can defend. 大宗工业固体废物交易与质量平衡台账。

Send `Authorization: Bearer swx_…`. Reference data needs no key. Who acts for another organisation, under a delegation
of its, adds `Acting-For: <its id>` where the operation takes it. Tonnes are as received, exact to the kilogram.
"""
_ABOUT: dict[str, Any] = {
    "servers": [{"url": "/", "description": "The server that this document comes from."}],
    "tags": [{"name": name, "description": words} for name, words in TAGS.items()],
    "contact": {"name": "Office of the exchange"},
    "license_info": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
}
#: What the statuses of success mean here.
_SUCCESSES = {
    "200": "As asked for.",
    "201": "Stored; `Location` says where it is read.",
    "202": "Taken in; the job says how far it is.",
    "204": "Done; there is nothing to say.",
}


def operation_id(route: APIRoute) -> str:
    """Return the id of an operation: the name of its function."""
    return route.name


def document(app: FastAPI, routers: Sequence[APIRouter]) -> dict[str, Any]:
    """Return the OpenAPI document of `app`, completed from the routes of `routers`; made once."""
    if app.openapi_schema is None:
        made = get_openapi(title=app.title, version=app.version, description=DESCRIPTION, routes=app.routes, **_ABOUT)
        routes = {route.name: route for router in routers for route in _routes(router)}
        for path, methods in made["paths"].items():
            for operation in methods.values():
                _complete(operation, path, routes[operation["operationId"]])
        schemas = made["components"]["schemas"]
        schemas.pop("HTTPValidationError", None)
        schemas.pop("ValidationError", None)
        problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= problem.pop("$defs", {}) | {"Problem": problem}
        shared = problem_responses(*_STATUSES)
        made["components"]["responses"] = {f"Problem{status}": answer for status, answer in shared.items()}
        simplify(made)
        describe(made)
        name_headers(made)
        app.openapi_schema = made
    return app.openapi_schema


def _routes(router: APIRouter) -> Iterator[APIRoute]:
    yield from (route for route in router.routes if isinstance(route, APIRoute))


def _needs(dependant: Dependant) -> Iterator[Dependant]:
    for needed in dependant.dependencies:
        yield needed
        yield from _needs(needed)


def _complete(operation: Operation, path: str, route: APIRoute) -> None:
    calls: list[object] = [needed.call for needed in _needs(route.dependant)]
    allows = [call for call in calls if isinstance(call, Allow)]
    if is_delegable := _is_delegable(calls, allows):
        operation.setdefault("parameters", []).append(_ACTING_FOR)
    is_guarded = bool(allows) or is_delegable
    statuses = _problems(operation, path, needs_key=current_actor in calls, is_guarded=is_guarded)
    answers = {status: answer for status, answer in operation["responses"].items() if status != "422"}
    answers |= {str(status): {"$ref": f"#/components/responses/Problem{status}"} for status in statuses}
    # Said in full by each operation: what tells how operations hang together follows no shared answers (redocly score).
    answers |= {str(status): words for status, words in problem_responses(HTTPStatus.SERVICE_UNAVAILABLE).items()}
    operation["responses"] = dict(sorted(answers.items()))
    for status, answer in answers.items():
        if answer.get("description") == "Successful Response":
            answer["description"] = _SUCCESSES[status]
    operation.setdefault("security", [])  # said, where no key is asked for
    for allow in allows:
        operation["x-roles"] = sorted(allow.roles) or ["any"]
        if allow.scope is not None:
            operation["x-scope"] = allow.scope.value
    _exemplify(operation)


def _is_delegable(calls: Sequence[object], allows: Sequence[Allow]) -> bool:
    return current_actor in calls and all(allow.for_delegates for allow in allows)


def _problems(operation: Operation, path: str, *, needs_key: bool, is_guarded: bool) -> list[int]:
    statuses = {int(status) for status, answer in operation["responses"].items() if MEDIA_TYPE in str(answer)}
    if path.startswith("/v1"):
        statuses.add(422)  # any unknown query parameter
    if needs_key:
        statuses |= {401, 429}
    if is_guarded:
        statuses.add(403)
    if "{" in path:
        statuses.add(404)
    if any(parameter["name"] == "Idempotency-Key" for parameter in operation.get("parameters", [])):
        statuses.add(409)
    if "requestBody" in operation:
        statuses.add(413)
    places = {parameter["in"] for parameter in operation.get("parameters", [])}
    statuses |= {414} if "query" in places else set()
    statuses |= {431} if "header" in places else set()
    return sorted(statuses | {int(HTTPStatus.SERVICE_UNAVAILABLE)})


def _exemplify(operation: Operation) -> None:
    example = EXAMPLES[operation["operationId"]]
    for parameter in operation.get("parameters", []):
        values = example.path if parameter["in"] == "path" else example.query
        if parameter["name"] in values:
            parameter["example"] = values[parameter["name"]]
    if example.text is not None:
        is_form = example.media_type == FORM_TYPE
        shown = dict(parse_qsl(example.text)) if is_form else example.text
        operation["requestBody"]["content"][example.media_type]["example"] = shown
    if example.body is not None:
        operation["requestBody"]["content"]["application/json"]["example"] = example.body
