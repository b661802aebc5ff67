"""Writes of targets and of the values of indicators."""

import re

from sqlalchemy.orm import Session

from app.auth.actor import Actor
from app.catalogue.districts import DistrictStatus
from app.catalogue.keys import unknown_key
from app.catalogue.reference import reference
from app.core.database import new_id
from app.core.errors import Conflict, Forbidden, invalid
from app.events.record import NewEvent, record_event
from app.events.types import EventType
from app.organisations.queries import is_within_jurisdiction
from app.targets.models import AuthorityTarget, TargetId, TargetValue, TargetValueId
from app.targets.plan import Target, counts_things
from app.targets.schemas import TargetPost, TargetValuePost

_LEADING_DIGITS = re.compile(r"\d{2}|\d{4}|\d{6}", re.ASCII)
_ALL_GONE_PCT = -100


def set_target(session: Session, actor: Actor, wish: TargetPost) -> AuthorityTarget:
    """Store a target; raises Forbidden `outside_jurisdiction`, and Invalid for a district that cannot be."""
    district = actor.jurisdiction if wish.district is None else wish.district
    _check_district(actor, district)
    target = AuthorityTarget(
        id=TargetId(new_id()),
        organisation_id=actor.organisation_id,
        name=wish.name,
        district=district,
        materials=None if wish.materials is None else sorted(set(wish.materials)),
        rate_pct=wish.rate_pct,
        target_year=wish.target_year,
    )
    session.add(target)
    session.flush()
    record_event(
        session,
        NewEvent(
            type=EventType.TARGET_SET,
            subject_kind="target",
            subject_id=target.id,
            organisation_id=actor.organisation_id,
            key_id=actor.key_id,
            data={"district": district, "target_year": target.target_year},
            viewers=(actor.organisation_id,),
        ),
    )
    return target


def _check_district(actor: Actor, district: str | None) -> None:
    if not is_within_jurisdiction(district, actor.jurisdiction):
        detail = f"{district} lies outside your jurisdiction, {actor.jurisdiction}; set a target within it."
        raise Forbidden("outside_jurisdiction", detail, jurisdiction=actor.jurisdiction)
    if district is None:
        return
    known = reference().districts.get(district)
    if known is None and not _LEADING_DIGITS.fullmatch(district):
        fault = unknown_key("/district", "district", district)
        raise invalid(fault.pointer, fault.code, fault.detail)
    if known is not None and known.status is DistrictStatus.ABOLISHED:
        # Its history counts in what became of it, so nothing would ever count towards the target.
        detail = f"{known.name_zh} {known.name_en} is abolished; set the target for {known.successor or 'another'}"
        raise invalid("/district", "district_abolished", detail)


def enter_value(session: Session, actor: Actor, target: Target, wish: TargetValuePost) -> TargetValue:
    """Store what an indicator stood at; raises Conflict `computed_target` for a rate of the ledger, and Invalid."""
    if target.is_computed:
        detail = "This rate is computed from the ledger; GET /v1/statistics/progress reads it. No value is entered."
        raise Conflict("computed_target", detail)
    if counts_things(target) and (wish.value < 0 or wish.value != wish.value.to_integral_value()):
        raise invalid("/value", "not_a_count", f"is a number of {target.unit}: whole and not negative")
    if wish.value < _ALL_GONE_PCT:
        raise invalid("/value", "change_impossible", "is a change in percent, which falls by 100 at most")
    value = TargetValue(
        id=TargetValueId(new_id()), target=target.key, organisation_id=actor.organisation_id, **wish.model_dump()
    )
    session.add(value)
    session.flush()
    record_event(
        session,
        NewEvent(
            type=EventType.TARGET_VALUE_ENTERED,
            subject_kind="target_value",
            subject_id=value.id,
            organisation_id=actor.organisation_id,
            key_id=actor.key_id,
            data={"target": target.key, "holds_on": str(value.holds_on)},
            viewers=(actor.organisation_id,),
        ),
    )
    return value
