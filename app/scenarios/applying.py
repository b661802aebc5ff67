"""Applies what-ifs to a market that was read, one after the other. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from decimal import Decimal
from typing import Any, TypeVar

import numpy as np

from app.allocation.market import NO_LIMIT_FEN, Market, Needs, Rooms, Sites, whole
from app.catalogue.reference import reference
from app.core.clock import first_day, last_day
from app.core.errors import Fault, Invalid
from app.matching.specification import make_specification
from app.scenarios.changes import (
    AddCapacity,
    AddPlant,
    AddTreatment,
    Change,
    ChangeFreight,
    CloseRoute,
    RaiseDistance,
    Refusal,
    RelaxLimit,
)
from app.scenarios.rewording import check_use, close_route, need_of, relax_limit, with_law
from app.scenarios.treating import add_treatment
from app.transport.network import NONE

_MONTHS_A_YEAR = 12
Columns = TypeVar("Columns", Sites, Needs, Rooms)


def apply_changes(market: Market, changes: Sequence[Change]) -> Market:
    """Return the market with what-ifs applied one after the other; raises Invalid with the faults of the first bad one.

    Its pointers name the change: `/changes/0/use`.
    """
    for number, change in enumerate(changes):
        apply: Callable[[Market, Any], Market] = _APPLYING[type(change)]
        try:
            market = apply(market, change)
        except Refusal as refusal:
            fault = Fault(f"/changes/{number}/{refusal.field}", refusal.code, str(refusal))
            raise Invalid([fault], code=refusal.code) from None
    return market


def _add_plant(market: Market, change: AddPlant) -> Market:
    check_use(change.use)
    if change.grade is not None and change.grade not in reference().grades:
        raise Refusal("grade", "unknown_grade", f"{change.grade} is no grade of the catalogue")
    specification = make_specification(
        change.criteria,
        materials=change.materials,
        grade_key=change.grade,
        use_key=change.use,
        on=market.today,
        assays_since=market.assays_since,
    )
    for use, law in market.laws:
        specification = with_law(specification, law) if use == change.use else specification
    number = len(market.sites.ids)
    needs = market.needs
    reached = market.today.toordinal(), last_day(market.months[-1]).toordinal()
    added = Needs(
        demand_ids=(None,),
        uses=(change.use,),
        sites=whole([number]),
        specifications=whole([len(market.specifications)]),
        accepts_unknown=np.array([change.accepts_unknown]),
        max_km=np.array([np.inf]),
        max_delivered_fen=whole([NO_LIMIT_FEN]),
        freight_rates=whole([market.tariff.rate]),
        freight_fixed_fen=whole([market.tariff.fixed_fen]),
        first_days=whole([reached[0]]),
        last_days=whole([reached[1]]),
    )
    return replace(
        market,
        sites=_with_site(market.sites, change),
        specifications=(*market.specifications, specification),
        needs=_joined(needs, added),
        rooms=_joined(market.rooms, _monthly_rooms(market, len(needs.uses), change.capacity_t_per_year)),
    )


def _with_site(sites: Sites, plant: AddPlant) -> Sites:
    added = Sites(
        ids=(None,),
        names=(plant.name,),
        organisation_ids=(None,),
        districts=(None,),
        owners=whole([int(sites.owners.max(initial=-1)) + 1]),
        latitudes=np.array([plant.latitude]),
        longitudes=np.array([plant.longitude]),
        is_counted=np.array([False]),
    )
    return _joined(sites, added)


def _joined(there: Columns, added: Columns) -> Columns:
    """Return columns with more rows at their end."""
    columns: dict[str, Any] = {}
    for name in (field.name for field in fields(there)):
        column: Any = getattr(there, name)
        more: Any = getattr(added, name)
        columns[name] = (*column, *more) if isinstance(column, tuple) else np.concatenate([column, more])
    return type(there)(**columns)


def _monthly_rooms(market: Market, need: int, yearly_t: Decimal) -> Rooms:
    months = market.months
    first_days = [max(first_day(month), market.today).toordinal() for month in months]
    return Rooms(
        needs=np.full(len(months), need, np.int64),
        months=np.arange(len(months), dtype=np.int64),
        first_days=whole(first_days),
        last_days=whole([last_day(month).toordinal() for month in months]),
        kg=np.full(len(months), _kg(yearly_t) // _MONTHS_A_YEAR, np.int64),
        groups=np.full(len(months), NONE, np.int64),
    )


def _kg(tonnes: Decimal) -> int:
    return int(tonnes.scaleb(3))


def _add_capacity(market: Market, change: AddCapacity) -> Market:
    need = need_of(market, change.demand_id)
    rooms, monthly_kg = market.rooms, _kg(change.capacity_t_per_year) // _MONTHS_A_YEAR
    of_need = rooms.needs == need
    # A room that is there once is one of all months of the horizon.
    more = np.where(rooms.months >= 0, monthly_kg, monthly_kg * len(market.months))
    kg = rooms.kg + np.where(of_need, more, 0)
    by_group = {int(group): 0 for group in rooms.groups[of_need]}
    for group, added in zip(rooms.groups[of_need].tolist(), more[of_need].tolist(), strict=True):
        by_group[group] += added
    groups = tuple(replace(group, kg=group.kg + by_group.get(number, 0)) for number, group in enumerate(market.groups))
    return replace(market, rooms=replace(rooms, kg=kg), groups=groups)


def _raise_distance(market: Market, change: RaiseDistance) -> Market:
    limit = np.inf if change.max_distance_km is None else change.max_distance_km
    max_km = market.needs.max_km.copy()
    if change.demand_id is None:
        max_km = np.maximum(max_km, limit)
    else:
        need = need_of(market, change.demand_id)
        max_km[need] = max(max_km[need], limit)
    question_km = max(market.max_km, limit) if change.demand_id is None else market.max_km
    return replace(market, max_km=question_km, needs=replace(market.needs, max_km=max_km))


def _change_freight(market: Market, change: ChangeFreight) -> Market:
    tariff, needs = market.tariff, market.needs
    if change.detour_factor is not None:
        tariff = replace(tariff, detour_factor=change.detour_factor)
    if change.per_t_km_cny is not None:
        tariff = replace(tariff, per_t_km_cny=change.per_t_km_cny)
        needs = replace(needs, freight_rates=np.full(len(needs.uses), tariff.rate, np.int64))
    if change.fixed_cny_per_t is not None:
        tariff = replace(tariff, fixed_cny_per_t=change.fixed_cny_per_t)
        needs = replace(needs, freight_fixed_fen=np.full(len(needs.uses), tariff.fixed_fen, np.int64))
    return replace(market, tariff=tariff, needs=needs)


_APPLYING: dict[type[Any], Callable[[Market, Any], Market]] = {
    AddPlant: _add_plant,
    AddCapacity: _add_capacity,
    AddTreatment: add_treatment,
    RaiseDistance: _raise_distance,
    RelaxLimit: relax_limit,
    CloseRoute: close_route,
    ChangeFreight: _change_freight,
}
