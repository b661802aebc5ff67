"""Targets of plans and authorities, the values entered of indicators, and progress."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Query, Request, Response
from pydantic import Field

from app.api.answers import created
from app.api.problems import problem_responses
from app.api.routing import Router
from app.auth.actor import Actor, Role, Scope
from app.core.clock import today
from app.core.paging import Slice
from app.core.schema import Key, PageOf, Schema, Year
from app.dependencies.callers import Allow
from app.dependencies.creating import CreatingSession
from app.dependencies.lists import ListQuery
from app.dependencies.sessions import MarketSession, SnapshotSession
from app.matching.conventions import preferred_language
from app.targets import queries, service
from app.targets.models import TargetValue, TargetValueId
from app.targets.progress import describe_target, read_progress
from app.targets.schemas import Progress, TargetPost, TargetRead, TargetValuePost, TargetValueRead

router = Router(prefix="/statistics", tags=["statistics"])
Reader = Annotated[Actor, Depends(Allow(Role.GOVERNMENT, Role.OPERATOR, scope=Scope.STATISTICS_READ))]
Authority = Annotated[Actor, Depends(Allow(Role.GOVERNMENT, scope=Scope.LEDGER_WRITE))]


class ProgressQuery(Schema):
    """Of what, and in which year."""

    target: Key = Field(description="Key of a target, or its id where an authority set it.")
    year: Year | None = Field(None, description="Calendar year; the present one without it.")


@router.post(
    "/targets",
    status_code=201,
    summary="Set a target",
    responses=problem_responses(403, 422),
)
def post_target(wish: TargetPost, session: CreatingSession, actor: Authority, response: Response) -> TargetRead:
    """Set a utilisation rate to reach by the end of a year, within your own jurisdiction; it never changes."""
    target = service.set_target(session, actor, wish)
    created(response, "/v1/statistics/targets", target.id)
    return describe_target(queries.describe(target, actor.name))


@router.get("/targets", response_model=PageOf[TargetRead], summary="List targets")
def get_targets(
    query: Annotated[ListQuery, Query()], session: MarketSession, actor: Reader, request: Request
) -> Slice[TargetRead]:
    """List the targets within your jurisdiction: the green plan's, then those that authorities set, newest first."""
    found = queries.list_targets(session, actor, query.page(request))
    return Slice([describe_target(target) for target in found.items], found.next_cursor)


@router.get("/targets/{target}", summary="Read one target", responses=problem_responses(404))
def get_target(target: str, session: MarketSession, actor: Reader) -> TargetRead:
    """Read one target within your jurisdiction."""
    return describe_target(queries.find_target(session, actor, target))


@router.post(
    "/targets/{target}/values",
    status_code=201,
    response_model=TargetValueRead,
    summary="Enter the value of an indicator",
    responses=problem_responses(403, 404, 409, 422),
)
def post_target_value(
    target: str, wish: TargetValuePost, session: CreatingSession, actor: Authority, response: Response
) -> TargetValue:
    """Enter what an indicator of a plan stood at on a day, and by what source; of one day the last entered counts."""
    found = queries.find_target(session, actor, target)
    value = service.enter_value(session, actor, found, wish)
    created(response, f"/v1/statistics/targets/{found.key}/values", value.id)
    return value


@router.get(
    "/targets/{target}/values",
    response_model=PageOf[TargetValueRead],
    summary="List the values of an indicator",
    responses=problem_responses(404),
)
def get_target_values(
    target: str, query: Annotated[ListQuery, Query()], session: MarketSession, actor: Reader, request: Request
) -> Slice[TargetValue]:
    """List all values entered of an indicator, the last entered first; a rate of the ledger has none."""
    return queries.list_values(session, queries.find_target(session, actor, target), query.page(request))


@router.get(
    "/targets/{target}/values/{value_id}",
    response_model=TargetValueRead,
    summary="Read one value of an indicator",
    responses=problem_responses(404),
)
def get_target_value(target: str, value_id: UUID, session: MarketSession, actor: Reader) -> TargetValue:
    """Read one value entered of an indicator."""
    return queries.find_value(session, queries.find_target(session, actor, target), TargetValueId(value_id))


@router.get("/progress", summary="Read progress towards a target", responses=problem_responses(403, 404, 422))
def get_progress(
    query: Annotated[ProgressQuery, Query()],
    session: SnapshotSession,
    actor: Reader,
    accept_language: Annotated[
        str | None, Header(description="Language of `advice` and `method`: `zh` or `en` (default).")
    ] = None,
) -> Progress:
    """Read the rate to date, what is missing in points and tonnes, and where the year will end.

    The forecast goes on at the seasonal run rate and adds what is contracted; its interval says how far the run rate
    was off on past months. Of an indicator that the ledger knows nothing of, the last value entered is answered.
    """
    on = today()
    target = queries.find_target(session, actor, query.target)
    language = preferred_language(accept_language)
    return read_progress(session, actor, target, query.year or on.year, on, language)
