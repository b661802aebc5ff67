"""Who calls, and what lets them in."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from app.auth.actor import Actor, Role, Scope
from app.auth.recent import RecentActors
from app.core.errors import Forbidden, Unauthenticated
from app.dependencies.sessions import ReadSession
from app.dependencies.settings import Pepper
from app.organisations.queries import authenticate

_bearer = HTTPBearer(auto_error=False, description="An API key of the exchange: `swx_…`.")


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
