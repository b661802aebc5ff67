"""More used than a site can: recorded use of a calendar year beyond the capacity that the site has stated."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from app.anomalies.rules import Anomaly, AnomalyKind, Item
from app.anomalies.scope import Scope
from app.catalogue.reference import reference
from app.core.clock import last_day, year_of
from app.core.paging import beyond
from app.core.quantities import half_up
from app.exchange.lifecycle import UtilisationStatus
from app.exchange.models import Utilisation
from app.organisations.models import Site, SiteCapacity


@dataclass(frozen=True)
class _Year:
    """A calendar year, to the end of the month `to`."""

    year: int
    to: str


def find_overuse(session: Session, scope: Scope, after: Sequence[str], limit: int) -> list[Anomaly]:
    """Return uses of sites beyond their capacity in a calendar year of the period, in order of year, site and use."""
    found: list[Anomaly] = []
    for year in _years(scope):
        if after and year.year < int(after[0]):
            continue
        place = after[1:] if after and year.year == int(after[0]) else ()
        rows = session.execute(_statement(scope, year, place, limit - len(found)))
        found += [_anomaly(year, capacity, name, used) for capacity, name, used in rows]
        if len(found) == limit:
            break
    return found


def _years(scope: Scope) -> Iterator[_Year]:
    to = min(scope.last, scope.this_month)
    for year in range(year_of(scope.first), year_of(to) + 1):
        yield _Year(year, min(to, f"{year:04d}-12"))


def _statement(scope: Scope, year: _Year, after: Sequence[str], limit: int) -> Select[SiteCapacity, str, Decimal]:
    used: Any = (
        select(func.sum(Utilisation.quantity_t))
        .where(Utilisation.site_id == SiteCapacity.site_id, Utilisation.use == SiteCapacity.use)
        .where(Utilisation.status == UtilisationStatus.RECORDED)
        .where(Utilisation.utilised_on >= date(year.year, 1, 1), Utilisation.utilised_on <= last_day(year.to))
        .where(or_(SiteCapacity.valid_from.is_(None), Utilisation.utilised_on >= SiteCapacity.valid_from))
        .scalar_subquery()
    )
    key: tuple[Any, ...] = (SiteCapacity.site_id, SiteCapacity.use)
    query = (
        select(SiteCapacity, Site.name, used)
        .join(Site, Site.id == SiteCapacity.site_id)
        .where(SiteCapacity.site_id.in_(scope.sites), used > SiteCapacity.capacity_t_per_year)
        .order_by(*key)
        .limit(limit)
    )
    return query.where(beyond(key, (UUID(after[0]), after[1]))) if after else query


def _anomaly(year: _Year, stated: SiteCapacity, name: str, used: Decimal) -> Anomaly:
    capacity = stated.capacity_t_per_year
    share = half_up(100 * used / capacity)
    return Anomaly(
        kind=AnomalyKind.USE_BEYOND_CAPACITY,
        at=None,
        month=year.to,
        material=None,
        use=stated.use,
        sentence_en=(
            f"{name} has recorded {used} t of use as {stated.use} in {year.year} up to {year.to}; its plant can take "
            f"{capacity} t a year: {share} %."
        ),
        sentence_zh=(
            f"{name}{year.year}年截至{year.to}记录的{reference().uses[stated.use].name_zh}利用量为{used}吨，"
            f"而其年处理能力为{capacity}吨，占{share}%。"
        ),
        objects=(Item("site", stated.site_id, name),),
        figures={
            "year": Decimal(year.year),
            "used_t": used,
            "capacity_t_per_year": capacity,
            "share_pct": share,
        },
        position=(str(year.year), str(stated.site_id), stated.use),
    )
