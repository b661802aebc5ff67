"""Writes of demands: stating, changing, withdrawing a need."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth.actor import Actor
from app.core.clock import today
from app.core.errors import Fault, Invalid, NotFound
from app.demands.events import demand_changed, demand_opened, demand_withdrawn, is_open
from app.demands.lifecycle import check_action
from app.demands.models import Demand, DemandId, DemandStatus
from app.demands.requirements import find_grade_fault, find_material_faults, find_period_fault, taken_materials
from app.demands.schemas import Criterion, DemandPatch, DemandPost
from app.events.record import record_event
from app.organisations.service import check_own_site


def post_demand(session: Session, actor: Actor, wish: DemandPost) -> Demand:
    """Store a need at a site of the caller; a grade that does not hold on its first day is stored all the same."""
    site = check_own_site(session, actor, wish.site_id)
    demand = Demand(
        organisation_id=actor.organisation_id,
        site_id=site.id,
        materials=wish.materials or taken_materials(wish.use),
        criteria=_criteria_rows(wish.criteria),
        **_quantity_columns(wish),
        **wish.model_dump(exclude={"site_id", "materials", "criteria", "quantity_t", "recurring"}),
    )
    session.add(demand)
    session.flush()
    record_event(session, demand_opened(actor, demand))
    return demand


def lock_own_demand(session: Session, actor: Actor, demand_id: DemandId) -> Demand:
    """Return a demand of the caller as it is now, locked until the transaction ends, or raise NotFound."""
    query = select(Demand).where(Demand.id == demand_id).with_for_update().execution_options(populate_existing=True)
    demand = session.scalars(query).one_or_none()
    if demand is None or demand.organisation_id != actor.organisation_id:
        raise NotFound("demand")
    return demand


def change_demand(session: Session, actor: Actor, demand: Demand, change: DemandPatch) -> Demand:
    """Change a demand that the caller owns and holds locked; another last day reopens an expired one."""
    check_action(demand, "change", today())
    was_open = is_open(demand)
    given = change.model_fields_set
    values = change.model_dump(include=given, exclude={"materials", "criteria", "quantity_t", "recurring"})
    values |= _quantity_columns(change)
    if "materials" in given:
        values["materials"] = change.materials or taken_materials(demand.use)
    if change.criteria is not None:
        values["criteria"] = _criteria_rows(change.criteria)
    _check_terms(demand, values)
    for field, value in values.items():
        setattr(demand, field, value)
    session.flush()
    record_event(session, demand_changed(actor, demand, given, was_open=was_open))
    return demand


def withdraw_demand(session: Session, actor: Actor, demand: Demand) -> Demand:
    """Take a locked demand off the market; agreements on it go on."""
    check_action(demand, "withdraw", today())
    demand.status = DemandStatus.WITHDRAWN
    session.flush()
    record_event(session, demand_withdrawn(actor, demand))
    return demand


def _check_terms(demand: Demand, values: dict[str, Any]) -> None:
    """Refuse terms that contradict each other once the change meets what is stored; the pointer is a given field."""
    materials, grade = values.get("materials", demand.materials), values.get("grade", demand.grade)
    faults: list[Fault] = []
    if "materials" in values:
        found = find_material_faults(materials, demand.use)
        faults += [Fault(f"/materials{fault.pointer}", fault.code, fault.detail) for fault in found]
    if not faults and grade is not None and {"materials", "grade"} & values.keys():
        fault = find_grade_fault(grade, materials)
        pointer = "/grade" if "grade" in values else "/materials"
        faults += [] if fault is None else [Fault(pointer, fault.code, fault.detail)]
    first, last = values.get("needed_from", demand.needed_from), values.get("needed_to", demand.needed_to)
    if detail := find_period_fault(first, last):
        faults.append(Fault("/needed_to" if "needed_to" in values else "/needed_from", "before_needed_from", detail))
    if faults:
        raise Invalid(faults, code=faults[0].code if len(faults) == 1 else "invalid_request")


def _quantity_columns(wish: DemandPost | DemandPatch) -> dict[str, Any]:
    """Return the columns of what is asked for, none where nothing is."""
    if wish.recurring is not None:
        return {"quantity_t": wish.recurring.quantity_t, "is_recurring": True}
    return {} if wish.quantity_t is None else {"quantity_t": wish.quantity_t, "is_recurring": False}


def _criteria_rows(criteria: Sequence[Criterion]) -> list[dict[str, Any]]:
    """Return the limits as JSON; numbers of at most 15 digits pass through floats unchanged."""
    return [
        {
            "parameter": limits.parameter,
            "min": None if limits.min is None else float(limits.min),
            "max": None if limits.max is None else float(limits.max),
            "equals": limits.equals,
        }
        for limits in criteria
    ]
