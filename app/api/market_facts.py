"""What a search for lots can ask, and counts of what it would find; the search itself is in `matches`."""

from typing import Annotated

from fastapi import Depends, Query
from fastapi.responses import JSONResponse
from pydantic import Field

from app.api.matches import CurrentConventions
from app.api.problems import problem_responses
from app.api.routing import Router
from app.auth.actor import Actor, Scope
from app.core.schema import Schema
from app.dependencies.callers import Allow
from app.dependencies.sessions import SearchSession, SnapshotSession
from app.lots.queryables import describe_queryables
from app.matching.facets import Facets, count_facets
from app.matching.lot_search import market_search
from app.matching.schemas import LotChoice, Materials

router = Router(prefix="/lots", tags=["matching"])
Reader = Annotated[Actor, Depends(Allow(scope=Scope.MARKET_READ))]


class QueryablesQuery(Schema):
    """Of which materials the schema is."""

    material: Materials = Field([], description="A key of GET /v1/materials; any of several, default all.")


class SchemaDocument(JSONResponse):
    """A JSON Schema."""

    media_type = "application/schema+json"


@router.get(
    "/queryables",
    response_class=SchemaDocument,
    summary="What lots can be asked for",
    responses=problem_responses(422),
)
def get_queryables(
    query: Annotated[QueryablesQuery, Query()],
    session: SearchSession,
    actor: Reader,  # noqa: ARG001 - who may ask
) -> SchemaDocument:
    """Describe each material's parameters as JSON Schema: unit, basis, possible bounds, and the range seen so far."""
    return SchemaDocument(describe_queryables(session, query.material, "/v1/lots/queryables"))


@router.get("/facets", summary="Count what a search finds", responses=problem_responses(422))
def get_facets(
    query: Annotated[LotChoice, Query()], session: SnapshotSession, actor: Reader, conventions: CurrentConventions
) -> Facets:
    """Count the lots that the same filters find in a search: by material, by district, and what is measured of each."""
    return count_facets(session, market_search(query, actor, conventions), conventions.tariff)
