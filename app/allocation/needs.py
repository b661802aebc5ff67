"""Reads the demands of a plan: what of each is open in the horizon, its terms, and the capacity that it shares."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

import numpy as np
from sqlalchemy import BigInteger, ColumnElement, func, or_, select, type_coerce
from sqlalchemy.orm import Session

from app.allocation.market import ANY_MONTH, NO_LIMIT_FEN, Group, Needs, Rooms, whole
from app.core.clock import first_day, last_day, month_of, months_touched, year_of
from app.core.quantities import ZERO
from app.demands.agreed import Share, load_shares
from app.demands.models import Demand, DemandStatus
from app.exchange.lifecycle import UtilisationStatus
from app.exchange.models import Utilisation
from app.ledger.accounts import Account
from app.ledger.models import Balance
from app.matching.ranking import Tariff
from app.matching.specification import demand_specification
from app.matching.verdict import Specification
from app.organisations.models import SiteCapacity
from app.transport.network import NONE

_BATCH = 10_000


@dataclass(frozen=True)
class Wanted:
    """The open demands of a market."""

    needs: Needs
    rooms: Rooms
    groups: tuple[Group, ...]
    specifications: tuple[Specification, ...]


@dataclass(frozen=True)
class Horizon:
    """The months of a plan; nothing is hauled before `today`."""

    months: tuple[str, ...]
    today: date

    @property
    def last_day(self) -> date:
        """The last day of the last month."""
        return last_day(self.months[-1])

    @property
    def year(self) -> int:
        """The calendar year of the first month: what is of an earlier one is prior stock."""
        return year_of(self.months[0])

    def days_of(self, first: date, last: date) -> tuple[int, int]:
        """Return days as ordinals, as far as they lie in the horizon."""
        return max(first, self.today).toordinal(), min(last, self.last_day).toordinal()

    def months_within(self, first: date, last: date) -> list[str]:
        """Return the months of the horizon that some days touch."""
        return [month for month in self.months if month_of(first) <= month <= month_of(last)]


def read_needs(
    session: Session, horizon: Horizon, sites: Mapping[UUID, int], tariff: Tariff, assays_since: date
) -> Wanted:
    """Return the demands of active organisations that are open on some day of the horizon."""
    rows = [row for row in session.execute(_open_demands(horizon)) if row.site_id in sites]
    shares: dict[UUID, list[Share]] = {}
    for first in range(0, len(rows), _BATCH):
        shares |= load_shares(session, [row.id for row in rows[first : first + _BATCH]])
    specifications = _Specifications(assays_since)
    needs = Needs(
        demand_ids=tuple(row.id for row in rows),
        uses=tuple(row.use for row in rows),
        sites=whole([sites[row.site_id] for row in rows]),
        specifications=whole([specifications.number_of(row) for row in rows]),
        accepts_unknown=np.array([row.accept_unknown for row in rows], dtype=np.bool_),
        max_km=np.array([np.inf if row.max_distance_km is None else row.max_distance_km for row in rows], np.float64),
        max_delivered_fen=whole([NO_LIMIT_FEN if row.max_fen is None else row.max_fen for row in rows]),
        freight_rates=whole([tariff.rate if row.rate is None else row.rate for row in rows]),
        freight_fixed_fen=whole([tariff.fixed_fen if row.fixed is None else row.fixed for row in rows]),
        first_days=whole([max(row.needed_from, horizon.today).toordinal() for row in rows]),
        last_days=whole([row.needed_to.toordinal() for row in rows]),
    )
    capacities = _Capacities(_read_capacities(session, horizon, sites, rows, shares))
    rooms = _rooms(horizon, rows, needs, shares, capacities)
    return Wanted(needs, rooms, tuple(capacities.groups), tuple(specifications.distinct))


def _open_demands(horizon: Horizon) -> Any:  # noqa: ANN401 - a statement
    columns: list[Any] = [Demand.id, Demand.site_id, Demand.use, Demand.materials, Demand.grade, Demand.criteria]
    columns += [Demand.quantity_t, Demand.is_recurring, Demand.needed_from, Demand.needed_to, Demand.max_distance_km]
    columns += [Demand.accept_unknown, Demand.end_product]
    raw = {
        "max_fen": Demand.max_delivered_cny_per_t,
        "rate": Demand.freight_cny_per_t_km,
        "fixed": Demand.freight_fixed_cny_per_t,
    }
    columns += [type_coerce(column, BigInteger).label(name) for name, column in raw.items()]
    return select(*columns).where(*is_open_in(horizon)).order_by(Demand.id)


def is_open_in(horizon: Horizon) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of demands that are open on some day of the horizon."""
    return (
        Demand.status == DemandStatus.OPEN.value,
        Demand.needed_to >= horizon.today,
        Demand.needed_from <= horizon.last_day,
    )


class _Specifications:
    """What demands ask, each specification once: many ask the same."""

    def __init__(self, assays_since: date) -> None:
        self._since = assays_since
        self._by_wish: dict[tuple[Any, ...], int] = {}
        self.distinct: dict[Specification, int] = {}

    def number_of(self, row: Any) -> int:  # noqa: ANN401 - a row of a demand
        """Return the number of what a demand asks."""
        wish = (row.use, row.grade, tuple(row.materials), json.dumps(row.criteria), row.end_product, row.needed_from)
        if wish not in self._by_wish:
            # A row has the columns that a specification is made of.
            specification = demand_specification(cast("Demand", row), self._since)
            self._by_wish[wish] = self.distinct.setdefault(specification, len(self.distinct))
        return self._by_wish[wish]


class _Capacities:
    """Groups of rooms, made where a room asks for one; by site, use and year, what is left in kilograms."""

    def __init__(self, left: Mapping[tuple[int, str, int], int]) -> None:
        self._left = left
        self._numbers: dict[tuple[int, str, int], int] = {}
        self.groups: list[Group] = []

    def number_of(self, site: int, use: str, years: Iterable[int]) -> int:
        """Return the group of a room in one of some years, that in which most is left; NONE without a capacity."""
        keys = [(site, use, year) for year in years]
        if not keys or any(key not in self._left for key in keys):
            return NONE
        key = max(keys, key=lambda each: self._left[each])
        if key not in self._numbers:
            self._numbers[key] = len(self.groups)
            self.groups.append(Group(*key, kg=self._left[key]))
        return self._numbers[key]


def _rooms(
    horizon: Horizon, rows: Sequence[Any], needs: Needs, shares: Mapping[UUID, list[Share]], capacities: _Capacities
) -> Rooms:
    found = []
    for number, row in enumerate(rows):
        site = int(needs.sites[number])
        for month, first, last, kg in _rooms_of(horizon, row, shares.get(row.id, [])):
            years = dict.fromkeys([date.fromordinal(first).year, date.fromordinal(last).year])
            group = capacities.number_of(site, row.use, years)
            found.append((number, month, first, last, kg, group))
    columns = zip(*found, strict=True) if found else ((),) * 6
    return Rooms(*map(whole, columns))


def _rooms_of(horizon: Horizon, row: Any, shares: Sequence[Share]) -> Iterator[tuple[int, int, int, int]]:  # noqa: ANN401
    """Yield month, days and open kilograms of a demand: once, or for each month of a recurring one."""
    if not row.is_recurring:
        agreed = sum((share.in_all(horizon.months[0]) for share in shares), ZERO)
        yield ANY_MONTH, *horizon.days_of(row.needed_from, row.needed_to), _open_kg(row.quantity_t, agreed)
        return
    for month in horizon.months_within(row.needed_from, row.needed_to):
        agreed = sum((share.of_month(month) for share in shares), ZERO)
        days = horizon.days_of(max(row.needed_from, first_day(month)), min(row.needed_to, last_day(month)))
        yield horizon.months.index(month), *days, _open_kg(row.quantity_t, agreed)


def _open_kg(quantity_t: Decimal, agreed_t: Decimal) -> int:
    return int(max(ZERO, quantity_t - agreed_t).scaleb(3))


def _read_capacities(
    session: Session,
    horizon: Horizon,
    sites: Mapping[UUID, int],
    rows: Sequence[Any],
    shares: Mapping[UUID, list[Share]],
) -> dict[tuple[int, str, int], int]:
    """Return what is left of stated capacities by site, use and year: not used yet, not agreed on, not in stock."""
    kg_per_year = type_coerce(SiteCapacity.capacity_t_per_year, BigInteger).label("kg_per_year")
    query = select(SiteCapacity.site_id, SiteCapacity.use, SiteCapacity.valid_from, kg_per_year)
    stated = [row for row in session.execute(query) if row.site_id in sites]
    if not stated:
        return {}
    used = _read_used(session, horizon)
    held = _read_held(session, stated)
    agreed = _agreed_by_year(horizon, rows, shares, sites)
    left = {}
    for capacity in stated:
        site = sites[capacity.site_id]
        for year in dict.fromkeys(map(year_of, horizon.months)):
            if capacity.valid_from is not None and capacity.valid_from.year > year:
                continue
            kg = capacity.kg_per_year - agreed.get((site, capacity.use, year), 0)
            if year == horizon.year:
                kg -= used.get((capacity.site_id, capacity.use), 0) + held.get(capacity.site_id, 0)
            left[site, capacity.use, year] = max(0, kg)
    return left


def _read_used(session: Session, horizon: Horizon) -> dict[tuple[UUID, str], int]:
    """Return the use recorded in the year of the first month, as the anomalies count it."""
    capacity = SiteCapacity
    query = (
        select(capacity.site_id, capacity.use, func.sum(type_coerce(Utilisation.quantity_t, BigInteger)))
        .join(Utilisation, (Utilisation.site_id == capacity.site_id) & (Utilisation.use == capacity.use))
        .where(Utilisation.status == UtilisationStatus.RECORDED.value)
        .where(Utilisation.utilised_on.between(date(horizon.year, 1, 1), date(horizon.year, 12, 31)))
        .where(or_(capacity.valid_from.is_(None), Utilisation.utilised_on >= capacity.valid_from))
        .group_by(capacity.site_id, capacity.use)
    )
    return {(site_id, use): int(kg) for site_id, use, kg in session.execute(query)}


def _read_held(session: Session, stated: Sequence[Any]) -> dict[UUID, int]:
    """Return what sites with a capacity for one use alone have received and not used: nothing else can it be for."""
    uses: dict[UUID, int] = defaultdict(int)
    for capacity in stated:
        uses[capacity.site_id] += 1
    query = (
        select(Balance.site_id, func.sum(type_coerce(Balance.quantity_t, BigInteger)))
        .where(Balance.account == Account.RECEIVED.value)
        .group_by(Balance.site_id)
    )
    return {site_id: int(kg) for site_id, kg in session.execute(query) if uses.get(site_id) == 1}


def _agreed_by_year(
    horizon: Horizon, rows: Sequence[Any], shares: Mapping[UUID, list[Share]], sites: Mapping[UUID, int]
) -> dict[tuple[int, str, int], int]:
    """Return what agreements in force still bring to the demands of a site for a use, by calendar year."""
    agreed: dict[tuple[int, str, int], int] = defaultdict(int)
    for row in rows:
        for share in shares.get(row.id, []):
            for month in months_touched(max(share.starts_on, horizon.today), share.ends_on) if share.is_live else ():
                kg = int(to_come(share, month, horizon.today).scaleb(3))
                agreed[sites[row.site_id], row.use, year_of(month)] += kg
    return agreed


def to_come(share: Share, month: str, on: date) -> Decimal:
    """Return what an agreement in force still brings in a month, by days where its quantity is there once."""
    if share.is_recurring:
        return max(ZERO, share.quantity_t - share.shipped.get(month, ZERO))
    rest_t = max(ZERO, share.quantity_t - share.shipped_t)
    # What is not shipped yet lies ahead: on the days that are left.
    rest = replace(share, quantity_t=rest_t, shipped_t=ZERO, starts_on=min(max(share.starts_on, on), share.ends_on))
    return rest.of_month(month)
