"""One list of all anomalies of a jurisdiction: kind by kind, each in its own order."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.anomalies.capacities import find_overuse
from app.anomalies.loads import find_disputed, find_undeclared
from app.anomalies.plates import find_plates
from app.anomalies.rules import Anomaly, AnomalyKind, months_back, months_between
from app.anomalies.scope import Scope
from app.anomalies.storage import find_idle_storage
from app.auth.actor import Actor
from app.core.clock import at_business_time, first_day, last_day, month_of, today
from app.core.errors import invalid
from app.core.paging import Page, Slice
from app.core.settings import Settings
from app.organisations.models import Site
from app.organisations.queries import within_jurisdiction

_Finder = Callable[[Session, Scope, Sequence[str], int], list[Anomaly]]
_FINDERS: Mapping[AnomalyKind, _Finder] = {
    AnomalyKind.WEIGHT_OUTSIDE_TOLERANCE: find_disputed,
    AnomalyKind.DISPATCHED_BEYOND_DECLARED: find_undeclared,
    AnomalyKind.PLATE_AT_TWO_PLACES: find_plates,
    AnomalyKind.USE_BEYOND_CAPACITY: find_overuse,
    AnomalyKind.STORAGE_THAT_NEVER_MOVES: find_idle_storage,
}
_DEFAULT_MONTHS = 3
_MAX_MONTHS = 12


def scope_of(actor: Actor, settings: Settings, first: str | None, last: str | None) -> Scope:
    """Return whose anomalies of which months are asked for, the last three by default; raises Invalid."""
    this_month = month_of(today())
    last = last or this_month
    first = first or months_back(last, _DEFAULT_MONTHS - 1)
    if first > last:
        raise invalid("to", "period_reversed", "must not lie before from")
    if months_between(first, last) >= _MAX_MONTHS:
        raise invalid("to", "period_too_long", f"a period has at most {_MAX_MONTHS} months; ask year by year")
    return Scope(
        sites=select(Site.id).where(within_jurisdiction(actor.jurisdiction)),
        start=at_business_time(datetime.combine(first_day(first), time.min)),
        end=at_business_time(datetime.combine(last_day(last) + timedelta(days=1), time.min)),
        this_month=this_month,
        first=first,
        last=last,
        speed_km_h=settings.lorry_speed_km_h,
        idle_months=settings.idle_storage_months,
    )


def list_anomalies(session: Session, scope: Scope, kind: AnomalyKind | None, page: Page) -> Slice[Anomaly]:
    """Return one page of the anomalies of a scope, of one kind or of all."""
    kinds = list(_FINDERS) if kind is None else [kind]
    reached, after = (kinds[0], ()) if page.after is None else (AnomalyKind(page.after[0]), page.after[1:])
    found: list[Anomaly] = []
    for wanted in kinds[kinds.index(reached) :]:
        missing = page.limit + 1 - len(found)
        if missing:
            found += _FINDERS[wanted](session, scope, after if wanted is reached else (), missing)
    return page.cut(found, lambda anomaly: (anomaly.kind, *anomaly.position))
