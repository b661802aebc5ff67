"""The cheapest mix of lots for a demand."""

from typing import Annotated
from uuid import UUID

from fastapi import Body, Depends

from app.api.matches import CurrentConventions
from app.api.problems import problem_responses
from app.api.routing import Router
from app.auth.actor import Actor, Role, Scope
from app.blends.blending import blend_lots
from app.blends.schemas import BlendPost, BlendRead
from app.demands.models import DemandId
from app.demands.queries import own_demand
from app.dependencies.callers import Allow
from app.dependencies.sessions import SearchSession
from app.organisations.models import Site

router = Router(tags=["matching"])
#: What no body means.
WHOLE_DEMAND = BlendPost()
Reader = Annotated[Actor, Depends(Allow(Role.RECYCLER, scope=Scope.MARKET_READ))]


@router.post("/demands/{demand_id}/blends", summary="Find the cheapest mix", responses=problem_responses(404, 422))
def post_blend(
    demand_id: UUID,
    session: SearchSession,
    actor: Reader,
    conventions: CurrentConventions,
    wish: Annotated[BlendPost, Body()] = WHOLE_DEMAND,
) -> BlendRead:
    """Find the cheapest mix of at most four lots that meets, together, all that one of your demands asks.

    Limits that mix linearly are asked of the mix (by dry mass; moisture by wet mass), all others of each lot. Nothing
    is stored or reserved. Without a mix the answer is empty and says what stands in the way.
    """
    demand = own_demand(session, actor, DemandId(demand_id))
    site = session.get_one(Site, demand.site_id)
    return blend_lots(session, demand, site, wish, conventions)
