"""Is the process alive, and can it serve."""

from typing import Literal

from sqlalchemy import text

from app.api.problems import problem_responses
from app.api.routing import Router
from app.core.schema import Schema
from app.dependencies.sessions import ReadSession

router = Router(tags=["service"])


class Health(Schema):
    """The process answers."""

    status: Literal["ok"] = "ok"


@router.get("/health", summary="Is the process alive")
async def read_health() -> Health:
    """Answer as long as the process runs; asks nothing of the database."""
    return Health()


@router.get("/ready", summary="Can requests be served", responses=problem_responses(503))
def read_ready(session: ReadSession) -> Health:
    """Answer when the database does."""
    session.execute(text("SELECT 1"))
    return Health()
