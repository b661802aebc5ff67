"""Publications of statistics: freeze, list, read for ever, compare with today."""

from typing import Annotated

from fastapi import Depends, Path, Query, Request, Response

from app.api.problems import problem_responses
from app.api.routing import Router
from app.auth.actor import Actor, Role, Scope
from app.core.paging import Slice
from app.core.schema import PageOf
from app.dependencies.callers import Allow
from app.dependencies.creating import CreatingSession
from app.dependencies.lists import ListQuery
from app.dependencies.sessions import MarketSession, SnapshotSession
from app.statistics import snapshots
from app.statistics.models import Snapshot
from app.statistics.snapshot_schemas import SnapshotBrief, SnapshotDiff, SnapshotPost, SnapshotRead

router = Router(prefix="/statistics/snapshots", tags=["statistics"])
Authority = Annotated[Actor, Depends(Allow(Role.GOVERNMENT, scope=Scope.STATISTICS_READ))]
Publisher = Annotated[Actor, Depends(Allow(Role.GOVERNMENT, scope=Scope.LEDGER_WRITE))]
Number = Annotated[int, Path(ge=1, le=2**31 - 1, description="The number of a publication.")]


@router.post(
    "",
    status_code=201,
    response_model=SnapshotBrief,
    summary="Freeze figures as a publication",
    responses=problem_responses(403, 422),
)
def post_snapshot(wish: SnapshotPost, session: CreatingSession, actor: Publisher, response: Response) -> Snapshot:
    """Freeze what a question is answered now under the next number; whatever is posted later, it stays as it is."""
    snapshot = snapshots.publish(session, actor, wish)
    response.headers["Location"] = f"/v1/statistics/snapshots/{snapshot.number}"
    return snapshot


@router.get("", response_model=PageOf[SnapshotBrief], summary="List own publications")
def get_snapshots(
    query: Annotated[ListQuery, Query()], session: MarketSession, actor: Authority, request: Request
) -> Slice[Snapshot]:
    """List one's publications, newest first."""
    return snapshots.list_snapshots(session, actor, query.page(request))


@router.get("/{number}", response_model=SnapshotRead, summary="Read a publication")
def get_snapshot(number: Number, session: MarketSession, actor: Authority) -> Response:
    """Read a publication: the same bytes for ever, with their SHA-256 as ETag."""
    snapshot = snapshots.find_snapshot(session, actor, number)
    return Response(snapshot.content, media_type="application/json", headers={"ETag": f'"{snapshot.sha256}"'})


@router.get("/{number}/diff", summary="Compare a publication with today")
def get_snapshot_diff(number: Number, session: SnapshotSession, actor: Authority) -> SnapshotDiff:
    """Tell which figures are others today, row by row, and which postings since then have made them so."""
    return snapshots.compare_with_now(session, actor, snapshots.find_snapshot(session, actor, number))
