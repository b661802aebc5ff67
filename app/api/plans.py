"""Plans of the whole market: ask, follow, read, publish; and what they suggest to the sides of their flows."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Path, Query, Request, Response

from app.api.answers import created, tag
from app.api.problems import problem_responses
from app.api.routing import Router
from app.auth.actor import Actor, Role, Scope
from app.core.paging import Slice
from app.core.schema import PageOf
from app.dependencies.callers import Allow
from app.dependencies.creating import CreatingSession
from app.dependencies.lists import ListQuery
from app.dependencies.sessions import ReadSession, SnapshotSession, WriteSession
from app.exchange.queries import describe_agreements
from app.exchange.schemas import AgreementRead
from app.plans import queries, service
from app.plans.exports import write_csv, write_geojson
from app.plans.flows import list_flows
from app.plans.schemas import FlowRead, LeversRead, PlanBrief, PlanPost, PlanRead, SuggestionRead
from app.plans.suggestions import list_suggestions, propose_suggestion

router = Router(prefix="/plans", tags=["plans"])
Planner = Annotated[Actor, Depends(Allow(Role.GOVERNMENT, Role.OPERATOR, scope=Scope.LEDGER_WRITE))]
Reader = Annotated[Actor, Depends(Allow(Role.GOVERNMENT, Role.OPERATOR, scope=Scope.STATISTICS_READ))]
Side = Annotated[Actor, Depends(Allow(Role.PRODUCER, Role.RECYCLER, scope=Scope.MARKET_READ))]
Trader = Annotated[Actor, Depends(Allow(Role.PRODUCER, Role.RECYCLER, scope=Scope.AGREEMENTS_WRITE))]
Number = Annotated[int, Path(ge=1, le=2**31 - 1, description="The number of a flow of the plan.")]
_MEDIA_TYPES = {"csv": "text/csv", "geojson": "application/geo+json"}
_FILES: dict[str, Any] = {
    "content": {media_type: {"schema": {"type": "string"}} for media_type in _MEDIA_TYPES.values()}
}


class FlowsQuery(ListQuery):
    """How flows are answered."""

    format: Literal["json", "csv", "geojson"] = "json"


class SuggestionsQuery(ListQuery):
    """Filters of the list of suggestions."""

    plan_id: UUID | None = None


@router.post(
    "",
    status_code=202,
    summary="Ask for a plan",
    responses=problem_responses(403, 409, 422),
)
def post_plan(wish: PlanPost, session: CreatingSession, actor: Planner, response: Response) -> PlanRead:
    """Ask how high the rate of use could go on the present market, who would take what, and what stands in the way.

    What is on offer, what streams bring month by month and what is stored is laid against all open demands: within
    their distance, their limits and the law, up to what they need and sites are approved for. Own use and agreements
    are fixed first. The rate is a computed bound, never a forecast. With `changes` the plan is of a market that has
    them, and is compared with the present one.
    """
    plan = service.ask(session, actor, wish)
    created(response, "/v1/plans", plan.id)
    return queries.read_plan(session, plan)


@router.get("", response_model=PageOf[PlanBrief], summary="List own plans")
def get_plans(
    query: Annotated[ListQuery, Query()], session: SnapshotSession, actor: Reader, request: Request
) -> Slice[PlanBrief]:
    """List the plans that one's organisation has asked for, newest first."""
    return queries.list_plans(session, actor, query.page(request))


@router.get("/suggestions", response_model=PageOf[SuggestionRead], summary="List what plans suggest")
def get_suggestions(
    query: Annotated[SuggestionsQuery, Query()], session: ReadSession, actor: Side, request: Request
) -> Slice[SuggestionRead]:
    """List one's own flows of published plans, as producer or recycler, the newest plan first; they bind nobody."""
    return list_suggestions(session, actor, query.plan_id, query.page(request))


@router.get("/{plan_id}", summary="Read one plan")
def get_plan(plan_id: UUID, session: SnapshotSession, actor: Reader) -> PlanRead:
    """Read how far a plan is, and what it comes to once it is done."""
    return queries.read_plan(session, queries.find_plan(session, actor, plan_id))


@router.post("/{plan_id}/cancel", summary="Cancel a plan", responses=problem_responses(404, 409))
def cancel_plan(plan_id: UUID, session: WriteSession, actor: Planner) -> PlanRead:
    """Cancel the work on a plan that is not done; nothing of its answer is kept."""
    plan = queries.find_plan(session, actor, plan_id)
    service.cancel(session, actor, plan)
    return queries.read_plan(session, plan)


@router.get(
    "/{plan_id}/flows",
    response_model=PageOf[FlowRead],
    summary="List the flows of a plan",
    responses={200: _FILES},
)
def get_plan_flows(
    plan_id: UUID, query: Annotated[FlowsQuery, Query()], session: SnapshotSession, actor: Reader, request: Request
) -> Slice[FlowRead] | Response:
    """List who would bring what to whom, by their numbers; as a file (`format`) all of them at once.

    CSV has names beside ids, GeoJSON a line from gate to gate for each flow.
    """
    plan = queries.find_plan(session, actor, plan_id)
    if query.format == "json":
        return list_flows(session, plan.id, query.page(request))
    content = (write_csv if query.format == "csv" else write_geojson)(session, plan)
    headers = {"Content-Disposition": f'attachment; filename="plan_{plan.id}.{query.format}"'}
    return Response(content, media_type=_MEDIA_TYPES[query.format], headers=headers)


@router.get("/{plan_id}/levers", summary="Rank what would add most to a plan")
def get_plan_levers(plan_id: UUID, session: SnapshotSession, actor: Reader) -> LeversRead:
    """Read the ten single changes of the market that add most to the rate, each solved anew; `change` can be asked.

    A job of its own ranks them once the plan is done: `status` says how far it is.
    """
    return queries.read_levers(session, queries.find_plan(session, actor, plan_id))


@router.post("/{plan_id}/publish", summary="Publish a plan", responses=problem_responses(404, 409))
def publish_plan(plan_id: UUID, session: WriteSession, actor: Planner) -> PlanRead:
    """Show each producer and recycler its own flows of a plan as suggestions; what is published stays so."""
    plan = queries.find_plan(session, actor, plan_id)
    service.publish(session, actor, plan)
    return queries.read_plan(session, plan)


@router.post(
    "/{plan_id}/flows/{number}/propose",
    status_code=201,
    summary="Propose what a plan suggests",
    responses=problem_responses(404, 409),
)
def propose_plan_flow(
    plan_id: UUID, number: Number, session: CreatingSession, actor: Trader, response: Response
) -> AgreementRead:
    """Propose a suggestion as an agreement, at the price of its lot; the other side accepts or declines.

    In its month where lot or demand recur, else from then on as long as both have. Refused with 409 `lot_changed` or
    `demand_changed` where these are no longer what the plan was made of, `more_than_a_month` where it takes what
    earlier months of a stream leave over as well, and `already_proposed` where either side has done so before.
    """
    agreement = propose_suggestion(session, actor, plan_id, number)
    created(response, "/v1/agreements", agreement.id)
    tag(response, agreement)
    return describe_agreements(session, [agreement])[0]
