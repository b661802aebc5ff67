"""The query of a list: its page, and no name that the route does not know."""

from collections.abc import Iterator
from urllib.parse import urlencode

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field

from app.core.errors import Fault, Invalid, invalid
from app.core.paging import DEFAULT_LIMIT, MAX_LIMIT, Page, decode_cursor
from app.core.schema import Schema
from app.dependencies.settings import settings_of

MAX_PARAMETERS = 50
#: Parameters that may differ from page to page.
_OF_ONE_PAGE = frozenset({"cursor", "limit"})


class ListQuery(Schema):
    """The query of every list."""

    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="Rows a page.")
    cursor: str | None = Field(None, max_length=1000, description="`next_cursor` of the page before.")

    def page(self, request: Request, sort: str = "") -> Page:
        """Return the page asked for; a cursor fits only the path, filters and sort that made it."""
        secret = settings_of(request).secret.get_secret_value().encode()
        filters = sorted(pair for pair in request.query_params.multi_items() if pair[0] not in _OF_ONE_PAGE)
        purpose = f"{request.url.path}?{urlencode(filters)}#{sort}"
        after = None if self.cursor is None else decode_cursor(self.cursor, purpose, secret)
        return Page(self.limit, after, secret, purpose)


async def refuse_unknown_query(request: Request) -> None:
    """Refuse query parameters that the route does not know, so that a misspelt filter never widens an answer."""
    route = request.scope.get("route")
    if not isinstance(route, APIRoute) or not request.query_params:
        return
    if len(request.query_params.multi_items()) > MAX_PARAMETERS:
        raise invalid("", "too_many_parameters", f"at most {MAX_PARAMETERS} query parameters, repeated ones included")
    known = set(_query_names(route.dependant))
    unknown = [name for name in dict.fromkeys(request.query_params) if name not in known]
    if unknown:
        listed = ", ".join(sorted(known)) or "none"
        raise Invalid([Fault(name, "unknown_parameter", f"not a parameter here; known: {listed}") for name in unknown])


def _query_names(dependant: Dependant) -> Iterator[str]:
    for field in dependant.query_params:
        model = field.field_info.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            yield from (info.alias or name for name, info in model.model_fields.items())
        else:
            yield field.alias
    for needed in dependant.dependencies:
        yield from _query_names(needed)
