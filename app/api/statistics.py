"""Statistics: utilisation rates and balances of what the caller may see."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from app.api.problems import problem_responses
from app.auth.actor import Actor, Scope
from app.dependencies import Allow, SnapshotSession
from app.statistics.exports import write_csv
from app.statistics.flows import column_names
from app.statistics.queries import read_utilisation
from app.statistics.schemas import UtilisationQuery, UtilisationStatistics

router = APIRouter(prefix="/statistics", tags=["statistics"])
Reader = Annotated[Actor, Depends(Allow(scope=Scope.STATISTICS_READ))]
_CSV = {"content": {"text/csv": {"schema": {"type": "string"}}}}


@router.get(
    "/utilisation",
    response_model=UtilisationStatistics,
    response_model_exclude_unset=True,
    summary="Read utilisation rates",
    responses={200: _CSV, **problem_responses(403, 422)},
)
def get_utilisation_statistics(
    query: Annotated[UtilisationQuery, Query()], session: SnapshotSession, actor: Reader
) -> UtilisationStatistics | Response:
    """Read rates and balances: an authority those of its jurisdiction, a producer or recycler its own."""
    answer = read_utilisation(session, actor, query)
    if query.format == "json":
        return answer
    name = f"utilisation_{query.from_month}_{query.to_month}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(write_csv(answer, column_names(query)), media_type="text/csv", headers=headers)
