"""Sites and demands that what-ifs name: they must be there when the plan is asked for."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.allocation.needs import Horizon, is_open_in
from app.allocation.question import months_of
from app.core.clock import today
from app.core.errors import Fault, Invalid
from app.demands.models import Demand
from app.organisations.models import Organisation, OrganisationStatus, Site
from app.scenarios.scenario import Scenario

_NOT_THERE = {
    "demand_id": ("unknown_demand", "there is no such demand that is open in the months of the plan"),
    "site_id": ("unknown_site", "there is no such site of an active organisation"),
}


def check_named(session: Session, scenario: Scenario) -> None:
    """Raise Invalid with a fault for each change that names what is not there.

    What ends between asking and computing, the plan tells.
    """
    demands = select(Demand.id).where(*is_open_in(Horizon(months_of(scenario), today())))
    sites = select(Site.id).join(Organisation, Organisation.id == Site.organisation_id)
    sites = sites.where(Organisation.status == OrganisationStatus.ACTIVE.value)
    faults = [
        *_faults(session, scenario, "demand_id", demands, Demand.id),
        *_faults(session, scenario, "site_id", sites, Site.id),
    ]
    if faults:
        raise Invalid(faults, code=faults[0].code if len(faults) == 1 else "invalid_request")


def _faults(
    session: Session, scenario: Scenario, field: str, there: Select[Any], column: InstrumentedAttribute[Any]
) -> Iterator[Fault]:
    named = [(number, getattr(change, field, None)) for number, change in enumerate(scenario.changes)]
    asked = {identifier for _, identifier in named if identifier is not None}
    found = set(session.scalars(there.where(column.in_(asked)))) if asked else set()
    for number, identifier in named:
        if identifier is not None and identifier not in found:
            yield Fault(f"/changes/{number}/{field}", *_NOT_THERE[field])
