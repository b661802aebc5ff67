"""The service's own figures for Prometheus."""

from ipaddress import ip_address

from anyio import CapacityLimiter, to_thread
from fastapi import Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from app.api.meters import Meters
from app.api.problems import problem_responses
from app.api.routing import Router
from app.core.errors import Forbidden, NotFound
from app.core.settings import Metrics
from app.dependencies.settings import settings_of

router = Router(tags=["service"])
_PROXIED = ("forwarded", "x-forwarded-for")


@router.get(
    "/metrics",
    summary="Read the service's figures",
    response_class=PlainTextResponse,
    responses=problem_responses(403, 404),
)
async def read_metrics(request: Request) -> Response:
    """Read counts and times of requests, connections, jobs and events in the text form of Prometheus.

    `SWX_METRICS` says for whom: `local` clients on the same machine (the default), `on` everyone, `off` nobody.
    """
    access = settings_of(request).metrics
    if access is Metrics.OFF:
        raise NotFound("page")
    if access is Metrics.LOCAL and not _is_local(request):
        raise Forbidden("local_only", "Metrics are read on the server's own machine; SWX_METRICS=on opens them.")
    meters: Meters = request.app.state.meters
    meters.database.source = request.app.state.database
    # A thread of its own, so that an overload, which they are to show, does not keep them waiting.
    text = await to_thread.run_sync(generate_latest, meters.registry, limiter=CapacityLimiter(1))
    return Response(text, media_type=CONTENT_TYPE_LATEST)


def _is_local(request: Request) -> bool:
    """Tell whether the client is this machine itself, and not a proxy on it for somebody else."""
    if request.client is None or any(name in request.headers for name in _PROXIED):
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:  # a name or a socket
        return False
