"""Anomalies: what an authority's inspectors should look at."""

from typing import Annotated

from fastapi import Depends, Query, Request
from pydantic import Field

from app.anomalies.queries import list_anomalies, scope_of
from app.anomalies.rules import Anomaly, AnomalyKind
from app.anomalies.schemas import AnomalyRead
from app.api.problems import problem_responses
from app.api.routing import Router
from app.auth.actor import Actor, Role, Scope
from app.core.paging import Slice
from app.core.schema import Month, PageOf
from app.dependencies.callers import Allow
from app.dependencies.lists import ListQuery
from app.dependencies.sessions import SnapshotSession
from app.dependencies.settings import CurrentSettings

router = Router(prefix="/statistics", tags=["statistics"])
Inspector = Annotated[Actor, Depends(Allow(Role.GOVERNMENT, scope=Scope.STATISTICS_READ))]


class AnomaliesQuery(ListQuery):
    """Filters of the list of anomalies."""

    kind: AnomalyKind | None = Field(None, description="Only this kind.")
    from_month: Month | None = Field(
        None, alias="from", description="First month of what happened; default: two before the last. Not of storage."
    )
    to_month: Month | None = Field(
        None, alias="to", description="Last month; default: this one. A period has at most 12."
    )


@router.get(
    "/anomalies",
    response_model=PageOf[AnomalyRead],
    summary="List anomalies",
    responses=problem_responses(403, 422),
)
def get_anomalies(
    query: Annotated[AnomaliesQuery, Query()],
    session: SnapshotSession,
    actor: Inspector,
    settings: CurrentSettings,
    request: Request,
) -> Slice[Anomaly]:
    """List what contradicts itself at the sites of the authority's jurisdiction, kind by kind, with its evidence.

    Loads whose two weights differ beyond the tolerance; loads beyond what their month declares; a plate at two places
    in less time than a lorry takes (`SWX_LORRY_SPEED_KM_H`, along the geodesic); use beyond the capacity of a site in a
    calendar year, up to the end of the period (a site that states none is not judged, and what is reversed does not
    count); stock that has not moved for `SWX_IDLE_STORAGE_MONTHS`. A load concerns the authorities of both its sites.
    """
    scope = scope_of(actor, settings, query.from_month, query.to_month)
    filters = f"{query.kind or ''} {query.from_month or ''} {query.to_month or ''}"
    return list_anomalies(session, scope, query.kind, query.page(request, filters))
