"""The application: database, routers, pages, error handlers; nothing else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from app.api import (
    agreements,
    anomalies,
    blends,
    corrections,
    delegations,
    demands,
    events,
    health,
    imports,
    jobs,
    keys,
    ledger,
    ledger_tables,
    lots,
    market_facts,
    matches,
    metrics,
    openapi,
    organisations,
    plans,
    problems,
    reference,
    saved_searches,
    shipments,
    sites,
    snapshots,
    statistics,
    targets,
    tokens,
    utilisations,
    webhooks,
)
from app.api.crowd import Crowd
from app.api.headers import AnswerHeaders
from app.api.limits import RequestLimits
from app.api.meters import Meters
from app.api.observation import Observation
from app.auth.failures import FailedAttempts
from app.auth.recent import RecentActors
from app.catalogue.reference import reference as catalogue
from app.core import clock
from app.core.database import Database
from app.core.guarded_connections import Guard
from app.core.secrets import check_secret
from app.core.settings import Settings
from app.core.timeouts import Purpose
from app.dependencies.lists import refuse_unknown_query
from app.matching.routes import Router
from app.requests.limiter import Limiter
from app.web import pages

MAX_BODY_BYTES = 2_000_000
REQUEST_SECONDS = 10
#: What is asked most comes first: routes are tried in this order.
_RESOURCES = (
    market_facts,
    matches,
    shipments,
    imports,  # before lots, which would take `import` for an id
    lots,
    demands,
    blends,
    saved_searches,
    agreements,
    corrections,
    utilisations,
    ledger,
    ledger_tables,
    statistics,
    snapshots,
    anomalies,
    targets,
    plans,
    reference,
    organisations,
    keys,
    delegations,
    tokens,
    sites,
    events,
    webhooks,
    jobs,
)


def create_app(settings: Settings) -> FastAPI:
    """Return the service over the database that `settings` name; raises UnsafeSecret."""
    check_secret(settings)
    clock.use_zone(settings.timezone)
    catalogue()  # a broken file stops the start, with file and line, and not a request

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        if app.state.router is not None:
            app.state.router.close()
        app.state.limiter.close()
        app.state.database.dispose()

    app = FastAPI(
        title="Solid-waste exchange 固废交易与核算平台",
        version="1.0.0",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        generate_unique_id_function=openapi.operation_id,
        separate_input_output_schemas=True,
    )
    app.state.settings = settings
    app.state.database = Database(settings.url, settings.read_database_url, REQUEST_SECONDS, purpose=Purpose.SERVER)
    app.state.is_stopping = False
    app.state.meters = Meters(app.version)
    app.state.recent_actors = RecentActors()
    app.state.limiter = Limiter()
    app.state.request_seconds = REQUEST_SECONDS
    app.state.failed_attempts = FailedAttempts(settings.failed_keys_per_minute if settings.rate_limit else None)
    app.state.guard = Guard(settings.webhook_allow_private)
    app.state.router = None if settings.router_url is None else Router(str(settings.router_url))
    _include_routes(app)
    problems.install(app)
    _add_middleware(app, settings)
    routers = [resource.router for resource in (*_RESOURCES, health, metrics)]
    app.openapi = lambda: openapi.document(app, routers)  # type: ignore[method-assign]  # FastAPI's own way to extend it
    return app


def _add_middleware(app: FastAPI, settings: Settings) -> None:
    """Lay each one around those before it."""
    app.add_middleware(Crowd, at_once=settings.requests_at_once)
    app.add_middleware(RequestLimits)
    app.add_middleware(Observation)
    app.add_middleware(AnswerHeaders)
    app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=[str(network) for network in settings.trusted_proxies])


def _include_routes(app: FastAPI) -> None:
    """Include every router by itself: a path is looked for once in each of those that lie within one another."""
    # The framework makes the routes of a router when one is first looked for: a new server is soon known to be ready.
    app.include_router(health.router)
    app.include_router(metrics.router)
    for resource in _RESOURCES:
        app.include_router(
            resource.router,
            prefix="/v1",
            dependencies=[Depends(refuse_unknown_query)],
            # Here and not on the application, where the limit's plain-text answer could not be made a problem.
            max_body_size=MAX_BODY_BYTES,
        )
    # Where clients of OAuth2 look for it when told no path.
    app.include_router(tokens.router, include_in_schema=False, max_body_size=MAX_BODY_BYTES)
    app.include_router(pages.router)
    pages.mount_static(app)
