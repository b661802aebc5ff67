"""Reads of demands: one's own, and their descriptions for pages."""

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth.actor import Actor
from app.catalogue.reference import reference
from app.core.clock import today
from app.core.errors import NotFound
from app.core.paging import Page, Slice, page_by_id
from app.core.quantities import ZERO
from app.core.recurring import recurring_of
from app.demands.agreed import agreed_t, load_shares
from app.demands.lifecycle import effective_status
from app.demands.models import Demand, DemandId
from app.demands.schemas import CriterionRead, DemandRead
from app.organisations.briefs import Place, load_places


def own_demand(session: Session, actor: Actor, demand_id: DemandId) -> Demand:
    """Return a demand of the caller or raise NotFound."""
    demand = session.get(Demand, demand_id)
    if demand is None or demand.organisation_id != actor.organisation_id:
        raise NotFound("demand")
    return demand


def list_demands(session: Session, actor: Actor, page: Page) -> Slice[DemandRead]:
    """Return one page of the caller's demands, newest first."""
    query = select(Demand).where(Demand.organisation_id == actor.organisation_id)
    found = page_by_id(session, query, Demand.id, page)
    return Slice(describe_demands(session, found.items), found.next_cursor)


def describe_demands(session: Session, demands: Sequence[Demand]) -> list[DemandRead]:
    """Return demands with place and owner, in few statements whatever their number."""
    places = load_places(session, {demand.site_id for demand in demands})
    shares = load_shares(session, [demand.id for demand in demands])
    return [
        _describe(demand, places[demand.site_id], agreed_t(demand, shares.get(demand.id, []), today()))
        for demand in demands
    ]


def _describe(demand: Demand, place: Place, agreed: Decimal) -> DemandRead:
    grade = None if demand.grade is None else reference().grades.get(demand.grade)
    is_lapsed = grade is not None and not grade.in_force(demand.needed_from)
    return DemandRead(
        id=demand.id,
        use=demand.use,
        materials=demand.materials,
        grade=demand.grade,
        grade_lapsed=is_lapsed,
        grade_successor=grade.successor if grade is not None and is_lapsed else None,
        criteria=[CriterionRead.model_validate(row) for row in demand.criteria],
        quantity_t=None if demand.is_recurring else demand.quantity_t,
        recurring=recurring_of(demand.quantity_t, is_recurring=demand.is_recurring),
        agreed_t=agreed,
        open_t=max(ZERO, demand.quantity_t - agreed),
        needed_from=demand.needed_from,
        needed_to=demand.needed_to,
        max_distance_km=demand.max_distance_km,
        max_delivered_cny_per_t=demand.max_delivered_cny_per_t,
        freight_cny_per_t_km=demand.freight_cny_per_t_km,
        freight_fixed_cny_per_t=demand.freight_fixed_cny_per_t,
        accept_unknown=demand.accept_unknown,
        end_product=demand.end_product,
        status=effective_status(demand, today()),
        site=place.site,
        organisation=place.organisation,
        created_at=demand.created_at,
        version=demand.version,
    )
