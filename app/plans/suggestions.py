"""Flows of published plans as their two sides see them, and the proposal that either side makes of one."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from app.auth.actor import Actor
from app.core.clock import first_day, last_day, today
from app.core.errors import Conflict, Invalid, NotFound
from app.core.paging import Page, Slice
from app.core.recurring import Recurring
from app.demands.agreed import agreed_t, load_shares
from app.demands.lifecycle import effective_status as demand_status
from app.demands.models import Demand, DemandStatus
from app.exchange.agreements import propose
from app.exchange.models import Agreement
from app.exchange.schemas import AgreementPost
from app.lots.lifecycle import effective_status as lot_status
from app.lots.models import Lot, LotStatus
from app.lots.months import load_taken
from app.organisations.briefs import OrganisationBrief
from app.organisations.models import Organisation
from app.plans.flows import describe_flow, load_places_of
from app.plans.models import PlanFlow, PlanId
from app.plans.schemas import SuggestionRead
from app.plans.terms import read_demand_terms, read_lot_terms


def list_suggestions(session: Session, actor: Actor, plan_id: UUID | None, page: Page) -> Slice[SuggestionRead]:
    """Return one page of what published plans suggest to the caller, the newest plan first."""
    query = select(PlanFlow).where(_is_suggested_to(actor))
    if plan_id is not None:
        query = query.where(PlanFlow.plan_id == plan_id)
    if page.after is not None:
        after_plan, after_number = UUID(page.after[0]), page.after[1]
        is_later = (PlanFlow.plan_id == after_plan) & (PlanFlow.number > after_number)
        query = query.where(or_(PlanFlow.plan_id < after_plan, is_later))
    ordered = query.order_by(PlanFlow.plan_id.desc(), PlanFlow.number).limit(page.limit + 1)
    found = page.cut(session.scalars(ordered).all(), lambda flow: (flow.plan_id, flow.number))
    return Slice(_describe(session, actor, found.items), found.next_cursor)


def _is_suggested_to(actor: Actor) -> ColumnElement[bool]:
    own = actor.organisation_id
    is_side = or_(PlanFlow.producer_organisation_id == own, PlanFlow.recycler_organisation_id == own)
    return PlanFlow.published_at.is_not(None) & PlanFlow.recycler_organisation_id.is_not(None) & is_side


def _describe(session: Session, actor: Actor, flows: Sequence[PlanFlow]) -> list[SuggestionRead]:
    places = load_places_of(session, flows)
    planners = {flow.organisation_id for flow in flows}
    names = {
        row.id: OrganisationBrief(id=row.id, name=row.name)
        for row in session.execute(select(Organisation.id, Organisation.name).where(Organisation.id.in_(planners)))
    }
    described = []
    for flow in flows:
        is_producer = flow.producer_organisation_id == actor.organisation_id
        other = flow.destination_site_id if is_producer else flow.origin_site_id
        assert other is not None  # noqa: S101 - a suggestion has two sides
        described.append(
            SuggestionRead(
                **describe_flow(flow, places),
                plan_id=flow.plan_id,
                side="producer" if is_producer else "recycler",
                other=places[other].organisation,
                planned_by=names[flow.organisation_id],
                published_at=flow.published_at,
                agreement_id=flow.agreement_id,
            )
        )
    return described


def propose_suggestion(session: Session, actor: Actor, plan_id: UUID, number: int) -> Agreement:
    """Propose what a published plan suggests, at the price of the lot: to the other side, who accepts or declines.

    Raises Conflict: `already_proposed`, `not_on_offer` for what has no lot, `more_than_a_month` for what earlier months
    of a stream leave over, `lot_changed` and `demand_changed` where these are not what they were or have too little
    left, `suggestion_past`, and what a proposal itself is refused for.
    """
    flow = _lock(session, actor, plan_id, number)
    if flow.agreement_id is not None:
        detail = "This suggestion has been proposed already; read the agreement that was made of it."
        raise Conflict("already_proposed", detail, agreement_id=str(flow.agreement_id))
    if flow.lot_id is None:
        raise Conflict("not_on_offer", "The plan takes this from storage that is not on offer; post a lot of it first.")
    lot, demand = session.get_one(Lot, flow.lot_id), session.get_one(Demand, flow.demand_id)
    _check_lot(session, flow, lot)
    _check_demand(session, flow, demand)
    try:
        agreement = propose(session, actor, _wish(flow, lot, demand))
    except Invalid as refusal:  # its pointers are those of a body that nobody sent
        raise Conflict(refusal.code, f"The exchange refuses this proposal: {refusal.faults[0].detail}.") from None
    flow.agreement_id = agreement.id
    return agreement


def _lock(session: Session, actor: Actor, plan_id: UUID, number: int) -> PlanFlow:
    """Return a suggestion of the caller, locked so that nobody else proposes it meanwhile, or raise NotFound."""
    query = select(PlanFlow).where(PlanFlow.plan_id == PlanId(plan_id), PlanFlow.number == number)
    flow = session.scalar(query.where(_is_suggested_to(actor)).with_for_update())
    if flow is None:
        raise NotFound("suggestion")
    return flow


def _check_lot(session: Session, flow: PlanFlow, lot: Lot) -> None:
    free_t = load_taken(session, [lot], flow.month).available_t(lot, flow.month)
    is_as_planned = read_lot_terms(session, lot.id)[lot.id] == flow.lot_terms
    is_open = lot_status(lot, today()) is LotStatus.OPEN
    if is_as_planned and is_open and lot.is_recurring and flow.quantity_t > lot.quantity_t:
        detail = (
            f"The plan takes {flow.quantity_t} t in {flow.month}, but the lot offers {lot.quantity_t} t a month: the "
            "rest is what months before leave over, and an agreement binds each month's own. Agree by hand on some in "
            "each."
        )
        raise Conflict("more_than_a_month", detail, available_t=free_t)
    if not (is_as_planned and is_open) or free_t < flow.quantity_t:
        detail = "The lot is not what it was when the plan was made, or too little of it is free; propose anew by hand."
        raise Conflict("lot_changed", detail, available_t=free_t)


def _check_demand(session: Session, flow: PlanFlow, demand: Demand) -> None:
    shares = load_shares(session, [demand.id]).get(demand.id, [])
    open_t = demand.quantity_t - agreed_t(demand, shares, first_day(flow.month))
    is_same = read_demand_terms(session, demand.id)[demand.id] == flow.demand_terms
    if not is_same or demand_status(demand, today()) is not DemandStatus.OPEN or open_t < flow.quantity_t:
        detail = "The demand is not what it was when the plan was made, or agreements fill it; propose anew by hand."
        raise Conflict("demand_changed", detail)


def _wish(flow: PlanFlow, lot: Lot, demand: Demand) -> AgreementPost:
    """Return the proposal: in the month of the flow where either side recurs, else as long as both sides have."""
    starts_on, ends_on = _days(flow, lot, demand)
    if ends_on < starts_on:
        raise Conflict("suggestion_past", "The days of this suggestion are over; ask for a new plan.")
    monthly = Recurring(quantity_t=flow.quantity_t) if lot.is_recurring else None
    return AgreementPost(
        lot_id=lot.id,
        demand_id=demand.id,
        recurring=monthly,
        quantity_t=None if lot.is_recurring else flow.quantity_t,
        price_cny_per_t=lot.price_cny_per_t,
        starts_on=starts_on,
        ends_on=ends_on,
    )


def _days(flow: PlanFlow, lot: Lot, demand: Demand) -> tuple[date, date]:
    starts_on = max(today(), first_day(flow.month), lot.available_from, demand.needed_from)
    ends_on = min(lot.available_to, demand.needed_to)
    is_of_month = lot.is_recurring or demand.is_recurring
    return starts_on, min(ends_on, last_day(flow.month)) if is_of_month else ends_on
