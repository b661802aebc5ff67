"""Who calls, and what lets them in."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.orm import Session
from structlog.contextvars import bind_contextvars

from app.auth.actor import COMPANIES, DELEGABLE, Actor, Role, Scope
from app.auth.failures import FailedAttempts
from app.auth.recent import RecentActors
from app.core.clock import now
from app.core.errors import Forbidden, Unauthenticated
from app.core.row_security import EXCHANGE, Caller, Reach
from app.delegations.acting import act_for, parse_principal
from app.dependencies.limits import address_of, limit_key
from app.dependencies.sessions import database_of
from app.dependencies.settings import Pepper
from app.organisations.callers import authenticate

#: The header in which a caller names the organisation that it acts for.
ACTING_FOR = "Acting-For"
_bearer = HTTPBearer(auto_error=False, description="An API key of the exchange, `swx_…`, or a token of one.")


def _recent_actors(request: Request) -> RecentActors:
    recent: RecentActors = request.app.state.recent_actors
    return recent


async def look_up(request: Request, credential: str, pepper: bytes, acting_for: str | None = None) -> Actor:
    """Return the caller that a key or a token stands for, or acts for.

    Raises Unauthenticated, TooManyRequests after many wrong ones, Forbidden for whom it may not act for.

    In a session of its own, which ends with it: the connection is no longer held while the request waits for its turn.
    """
    failures: FailedAttempts = request.app.state.failed_attempts
    address = address_of(request)

    def look(session: Session) -> Actor:
        failures.check(address, credential)  # again: others may have failed while this one waited for its thread
        try:
            actor = authenticate(session, credential, pepper)
        except Unauthenticated as refusal:
            if refusal.code == "invalid_key":  # one that has ended is no guess
                failures.count(address, credential)
            raise
        failures.trust(credential)
        return actor if acting_for is None else act_for(session, actor, parse_principal(acting_for), now())

    def look_in_session() -> Actor:
        with database_of(request).read(lambda: EXCHANGE) as session:  # who calls is not known yet
            return look(session)

    failures.check(address, credential)
    return await run_in_threadpool(look_in_session)


async def current_actor(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    pepper: Pepper,
) -> Actor:
    """Return the caller; raises Unauthenticated without a valid key, Forbidden for whom it may not act for.

    Raises TooManyRequests to a key that asks too fast.

    Async: one known already costs no thread hop.
    """
    if credentials is None:
        raise Unauthenticated("missing_key", "Send a key: `Authorization: Bearer swx_…`.")
    recent, key_text, acting_for = _recent_actors(request), credentials.credentials, request.headers.get(ACTING_FOR)
    actor = recent.find(key_text, acting_for)
    if actor is None:
        looked_up_at = recent.clock()
        actor = await look_up(request, key_text, pepper, acting_for)
        recent.keep(key_text, looked_up_at, actor, acting_for)
    request.state.caller = _caller_of(actor)  # for the sessions of the caller
    request.state.delegate_id = actor.delegate_id  # for the session that writes: its events name the delegate too
    _name_in_log(actor)
    await limit_key(request, str(actor.key_id))
    return actor


def _caller_of(actor: Actor) -> Caller:
    """Return whose rows a caller reaches: what it may do with them is for the routes to say."""
    if actor.has_role(Role.OPERATOR):
        return Caller(actor.organisation_id, Reach.OPERATOR)
    return Caller(actor.organisation_id, Reach.AUTHORITY if actor.has_role(Role.GOVERNMENT) else Reach.OWN)


def _name_in_log(actor: Actor) -> None:
    named = {"organisation_id": actor.organisation_id, "key_id": actor.key_id, "delegate_id": actor.delegate_id}
    bind_contextvars(**{name: str(identifier) for name, identifier in named.items() if identifier is not None})


async def _forget_actors(request: Request) -> AsyncIterator[None]:
    """Entered before the session of the route, so that it goes on after the commit."""
    yield
    _recent_actors(request).forget()


#: Of routes that change keys, organisations or delegations: it acts at once in this process, in others within a second.
ChangesActors = Depends(_forget_actors, scope="function")


#: Any valid key, also of a pending organisation.
AnyActor = Annotated[Actor, Depends(current_actor)]


class Allow:
    """A dependency that lets through active callers with a scope and one of some roles; named on each route.

    Who acts for another organisation comes through where a scope that can be lent is asked for, unless the route says
    otherwise; where none is asked for, only if the route says so.
    """

    def __init__(self, *roles: Role, scope: Scope | None = None, for_delegates: bool | None = None) -> None:
        self.roles = roles
        self.scope = scope
        is_for_companies = not roles or not set(roles).isdisjoint(COMPANIES)
        self.for_delegates = is_for_companies and (scope in DELEGABLE if for_delegates is None else for_delegates)

    async def __call__(self, actor: AnyActor) -> Actor:
        """Return the caller; raises Forbidden."""
        if actor.status != "active":
            raise Forbidden(f"organisation_{actor.status}", f"Your organisation is {actor.status}; ask the operator.")
        if actor.delegate_id is not None and not self.for_delegates:
            detail = f"This is for the organisation itself; nobody can do it for another. Leave out {ACTING_FOR}."
            raise Forbidden("not_delegable", detail)
        if self.roles and not actor.has_role(*self.roles):
            names = " or ".join(self.roles)
            raise Forbidden("role_required", f"This is for organisations with the role {names}.")
        if self.scope is not None and self.scope not in actor.scopes:
            raise Forbidden("scope_required", f"Your key lacks the scope {self.scope}.")
        return actor
