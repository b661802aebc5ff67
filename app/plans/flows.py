"""Flows of plans: stored in bulk, read in pages, described with their two gates."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.paging import Page, Slice
from app.organisations.briefs import Place, load_places
from app.organisations.models import SiteId
from app.plans.models import PlanFlow, PlanId
from app.plans.schemas import FlowRead

METRES_PER_KM = 1000
#: Sites of one statement: SQLite takes no more parameters in one than a few ten thousand.
_PLACES_AT_ONCE = 5_000


def list_flows(session: Session, plan_id: PlanId, page: Page) -> Slice[FlowRead]:
    """Return one page of the flows of a plan, in their order."""
    query = select(PlanFlow).where(PlanFlow.plan_id == plan_id).order_by(PlanFlow.number).limit(page.limit + 1)
    if page.after is not None:
        query = query.where(PlanFlow.number > page.after[0])
    found = page.cut(session.scalars(query).all(), lambda flow: (flow.number,))
    places = load_places_of(session, found.items)
    return Slice([FlowRead(**describe_flow(flow, places)) for flow in found.items], found.next_cursor)


def load_places_of(session: Session, flows: Sequence[PlanFlow]) -> dict[SiteId, Place]:
    """Return the gates of flows, with their owners."""
    ids = {flow.origin_site_id for flow in flows} | {flow.destination_site_id for flow in flows}
    return _load_all(session, [each for each in ids if each is not None])


def _load_all(session: Session, site_ids: Collection[SiteId]) -> dict[SiteId, Place]:
    ordered, places = sorted(site_ids), dict[SiteId, Place]()
    for start in range(0, len(ordered), _PLACES_AT_ONCE):
        places |= load_places(session, ordered[start : start + _PLACES_AT_ONCE])
    return places


def describe_flow(flow: PlanFlow, places: dict[SiteId, Place]) -> dict[str, Any]:
    """Return the fields of a flow as it is answered."""
    destination = None if flow.destination_site_id is None else places[flow.destination_site_id].site
    return {
        "number": flow.number,
        "month": flow.month,
        "material": flow.material,
        "lot_id": flow.lot_id,
        "demand_id": flow.demand_id,
        "origin": places[flow.origin_site_id].site,
        "destination": destination,
        "quantity_t": flow.quantity_t,
        "distance_km": flow.metres / METRES_PER_KM,
        "delivered_cny_per_t": flow.delivered_cny_per_t,
    }


def parties_of(session: Session, plan_id: UUID) -> set[UUID]:
    """Return the organisations on either side of what a plan suggests."""
    query = select(PlanFlow.producer_organisation_id, PlanFlow.recycler_organisation_id).where(
        PlanFlow.plan_id == plan_id, PlanFlow.recycler_organisation_id.is_not(None)
    )
    return {party for row in session.execute(query.distinct()) for party in row}
