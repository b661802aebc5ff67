"""What a plan is asked of: whose waste, of which materials and months, and how far it may go."""

import re
from dataclasses import dataclass, replace
from typing import TypeVar

from app.auth.actor import Actor, Role
from app.catalogue.keys import unknown_key
from app.catalogue.reference import reference
from app.catalogue.schemas import MaterialKind
from app.core.clock import month_of, months_from, today
from app.core.errors import Fault, Forbidden, Invalid
from app.organisations.queries import is_within_jurisdiction

MAX_MONTHS = 12
_LEADING_DIGITS = re.compile(r"\d{2}|\d{4}|\d{6}", re.ASCII)


@dataclass(frozen=True)
class Question:
    """The waste of a district (None: of all), of bulk streams unless `materials` are named, in months from now on.

    `accepts_unknown` says whether lots of unknown verdict count; None leaves it to each demand.
    """

    district: str | None = None
    materials: tuple[str, ...] | None = None
    max_distance_km: float | None = None
    months: int = 1
    accepts_unknown: bool | None = None


_Asked = TypeVar("_Asked", bound=Question)


def check_question(question: _Asked, actor: Actor) -> _Asked:
    """Return the question as it may be asked: of an authority's own jurisdiction where it names no district.

    Raises Forbidden `outside_jurisdiction` and, with all faults at once, Invalid.
    """
    district = question.district
    is_bound = actor.has_role(Role.GOVERNMENT) and not actor.has_role(Role.OPERATOR)
    if is_bound and district is None:
        district = actor.jurisdiction
    if is_bound and not is_within_jurisdiction(district, actor.jurisdiction):
        detail = f"{district} lies outside your jurisdiction, {actor.jurisdiction}."
        raise Forbidden("outside_jurisdiction", detail, jurisdiction=actor.jurisdiction)
    faults = _faults(question)
    if faults:
        raise Invalid(faults, code=faults[0].code if len(faults) == 1 else "invalid_request")
    return replace(question, district=district)


def _faults(question: Question) -> list[Fault]:
    faults = []
    district = question.district
    if district is not None and not (_LEADING_DIGITS.fullmatch(district) or district in reference().districts):
        faults.append(unknown_key("/district", "district", district))
    for index, key in enumerate(question.materials or ()):
        if key not in reference().materials:
            faults.append(unknown_key(f"/materials/{index}", "material", key))
    if not 1 <= question.months <= MAX_MONTHS:
        faults.append(Fault("/months", "horizon_out_of_range", f"is 1 to {MAX_MONTHS} months"))
    return faults


def materials_of(question: Question) -> tuple[str, ...]:
    """Return the streams that a question counts, sorted: the bulk industrial ones unless it names its own."""
    if question.materials:
        return tuple(sorted(set(question.materials)))
    bulk = MaterialKind.BULK_INDUSTRIAL
    return tuple(sorted(key for key, entry in reference().materials.items() if entry.kind is bulk))


def months_of(question: Question) -> tuple[str, ...]:
    """Return the months of the horizon, the current one first."""
    return tuple(months_from(month_of(today()), question.months))
