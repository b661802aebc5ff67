"""What a request is given: sessions, the caller, a page, its If-Match."""

from collections.abc import AsyncIterator, Iterator
from typing import Annotated

from anyio import CapacityLimiter, to_thread
from fastapi import Depends, Header, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, Field
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.auth.actor import Actor, Role, Scope
from app.auth.recent import RecentActors
from app.core.database import Database
from app.core.errors import Fault, Forbidden, Invalid, Stale, Unauthenticated, Unavailable
from app.core.paging import DEFAULT_LIMIT, MAX_LIMIT, Page, decode_cursor
from app.core.schema import Schema
from app.core.settings import Settings
from app.organisations.queries import authenticate

#: Further writers wait before they take a thread. All threads of the pool (40) could else wait for the rows of one who
#: holds them, and who needs a thread to describe what was written before it commits.
_WRITERS_AT_ONCE = 16
_bearer = HTTPBearer(auto_error=False, description="An API key of the exchange: `swx_…`.")


def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


async def _settings(request: Request) -> Settings:
    return _settings_of(request)


def _settings_of(request: Request) -> Settings:
    """Return the settings of the running application."""
    settings: Settings = request.app.state.settings
    return settings


CurrentSettings = Annotated[Settings, Depends(_settings)]


async def _pepper(settings: CurrentSettings) -> bytes:
    return settings.secret.get_secret_value().encode()


Pepper = Annotated[bytes, Depends(_pepper)]


async def _read_session(request: Request) -> AsyncIterator[Session]:
    """Async, so that opening and closing cost no thread hop; it connects only when a query runs."""
    with _database(request).read() as session:
        yield session


def _snapshot_session(request: Request) -> Iterator[Session]:
    with _database(request).snapshot() as session:
        yield session


async def _write_session(request: Request) -> AsyncIterator[Session]:
    """One request, one transaction: it commits before the answer is made (scope "function"), or nothing is stored.

    Async, as the session for reading. Its end has a thread of its own: those of the pool may all be waiting for what
    this transaction has locked.
    """
    session = _database(request).write()
    try:
        yield session
        await to_thread.run_sync(_commit, session, limiter=CapacityLimiter(1))
    finally:
        if session.in_transaction():  # refused or failed: nothing of it stays
            await to_thread.run_sync(session.close, limiter=CapacityLimiter(1))


def _commit(session: Session) -> None:
    try:
        session.commit()
    except SQLAlchemyError as error:
        raise Unavailable("commit_failed", "The database refused to store it; nothing was. Try again.") from error


ReadSession = Annotated[Session, Depends(_read_session)]
SnapshotSession = Annotated[Session, Depends(_snapshot_session)]
WriteSession = Annotated[Session, Depends(_write_session, scope="function", max_concurrency=_WRITERS_AT_ONCE)]


def _recent_actors(request: Request) -> RecentActors:
    recent: RecentActors = request.app.state.recent_actors
    return recent


async def current_actor(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    session: ReadSession,
    pepper: Pepper,
) -> Actor:
    """Return the caller; raises Unauthenticated without a valid key. Async: one known already costs no thread hop."""
    if credentials is None:
        raise Unauthenticated("missing_key", "Send a key: `Authorization: Bearer swx_…`.")
    recent, key_text = _recent_actors(request), credentials.credentials
    actor = recent.find(key_text)
    if actor is None:
        looked_up_at = recent.clock()
        actor = await run_in_threadpool(authenticate, session, key_text, pepper)
        recent.keep(key_text, looked_up_at, actor)
    return actor


async def _forget_actors(request: Request) -> AsyncIterator[None]:
    """Entered before the session of the route, so that it goes on after the commit."""
    yield
    _recent_actors(request).forget()


#: Of routes that change keys or organisations: it acts at once in this process, in others within a second.
ChangesActors = Depends(_forget_actors, scope="function")


#: Any valid key, also of a pending organisation.
AnyActor = Annotated[Actor, Depends(current_actor)]


class Allow:
    """A dependency that lets through active callers with a scope and one of some roles; named on each route."""

    def __init__(self, *roles: Role, scope: Scope | None = None) -> None:
        self.roles = roles
        self.scope = scope

    async def __call__(self, actor: AnyActor) -> Actor:
        """Return the caller; raises Forbidden."""
        if actor.status != "active":
            raise Forbidden(f"organisation_{actor.status}", f"Your organisation is {actor.status}; ask the operator.")
        if self.roles and not actor.has_role(*self.roles):
            names = " or ".join(self.roles)
            raise Forbidden("role_required", f"This is for organisations with the role {names}.")
        if self.scope is not None and self.scope not in actor.scopes:
            raise Forbidden("scope_required", f"Your key lacks the scope {self.scope}.")
        return actor


class ListQuery(Schema):
    """The query of every list."""

    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="Rows a page.")
    cursor: str | None = Field(None, max_length=1000, description="`next_cursor` of the page before.")

    def page(self, request: Request, sort: str = "") -> Page:
        """Return the page asked for; a cursor fits only the path and sort that made it."""
        secret = _settings_of(request).secret.get_secret_value().encode()
        purpose = f"{request.url.path}?{sort}"
        after = None if self.cursor is None else decode_cursor(self.cursor, purpose, secret)
        return Page(self.limit, after, secret, purpose)


def if_match(header: Annotated[str | None, Header(alias="If-Match", max_length=100)] = None) -> int | None:
    """Return the version that the caller wants to change, or None for any."""
    if header is None or header.strip() == "*":
        return None
    text = header.strip().removeprefix("W/").strip('"')
    if not text.isdecimal():
        raise Stale("stale_version", 'If-Match takes the ETag of the object, as "3".')
    return int(text)


IfMatch = Annotated[int | None, Depends(if_match)]


def check_version(version: int, wanted: int | None) -> None:
    """Raise Stale when the caller's If-Match names another version."""
    if wanted is not None and wanted != version:
        raise Stale("stale_version", f"The object is at version {version}; read it again.", version=version)


async def refuse_unknown_query(request: Request) -> None:
    """Refuse query parameters that the route does not know, so that a misspelt filter never widens an answer."""
    route = request.scope.get("route")
    if not isinstance(route, APIRoute) or not request.query_params:
        return
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
