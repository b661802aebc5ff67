"""Is the process alive, and can it serve."""

from typing import Literal

from anyio import CapacityLimiter, to_thread
from fastapi import Request
from pydantic import Field

from app.api.problems import problem_responses
from app.api.routing import Router
from app.core.database import Database
from app.core.errors import Unavailable
from app.core.revisions import Standing, current_revision, head_revision, standing_of
from app.core.schema import Schema

router = Router(tags=["service"])


class Health(Schema):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Ready(Health):
    """The process can serve."""

    revision: str = Field(description="Where the database's schema stands.")
    note: str | None = Field(None, description="What an operator should know.")


@router.get("/health", summary="Is the process alive")
async def read_health() -> Health:
    """Answer as long as the process runs; asks nothing of the database."""
    return Health()


@router.get("/ready", summary="Can requests be served", responses=problem_responses(503))
async def read_ready(request: Request) -> Ready:
    """Answer when the database does, at the schema that this program needs or a newer one, which only adds to it.

    503 says what to do: also while the server is stopping, so that a balancer sends no more requests.
    """
    if request.app.state.is_stopping:
        raise Unavailable("stopping", "This server is stopping; send requests to another one.")
    database: Database = request.app.state.database
    # A thread of its own: those of the pool may all wait for what others have locked.
    found = await to_thread.run_sync(current_revision, database.engine, limiter=CapacityLimiter(1))
    standing = standing_of(found)
    if found is None or not standing.is_fit:
        raise Unavailable(
            f"schema_{standing}",
            f"The database is at revision {found or 'none'}, this program needs {head_revision()}; run: swx migrate",
        )
    if standing is Standing.NEWER:
        return Ready(revision=found, note=f"Newer than {head_revision()}, which this program is of; update it.")
    return Ready(revision=found)
