"""What a lever would be done by, in a sentence for a plant office. Pure."""

from decimal import Decimal
from uuid import UUID

from app.allocation.market import Market
from app.catalogue.reference import reference
from app.scenarios import changes


def title_of(change: changes.Change, market: Market) -> str:
    """Return what is done by a change, with names in both languages."""
    match change:
        case changes.AddPlant():
            place = f"{change.latitude:.4f} N {change.longitude:.4f} E"
            return f"One more plant 新增企业: {_use(change.use)}, {_t(change.capacity_t_per_year)} a year, at {place}"
        case changes.AddCapacity():
            need = market.needs.demand_ids.index(change.demand_id)
            taker = f"{market.sites.names[int(market.needs.sites[need])]}, {_use(market.needs.uses[need])}"
            return f"More capacity 扩能: {taker}, {_t(change.capacity_t_per_year)} more a year"
        case changes.AddTreatment():
            treatment = reference().treatments[change.treatment]
            name = f"{treatment.name_en} {treatment.name_zh}"
            return f"A treatment line 增设处理线: {name}, at {_site(market, change.site_id)}"
        case changes.RaiseDistance():
            limit = "no limit" if change.max_distance_km is None else f"{change.max_distance_km:g} km"
            return f"Longer hauls 放宽运距: {limit}"
        case changes.RelaxLimit():
            parameter = reference().parameters[change.parameter]
            asked = "" if change.use is None else f", {_use(change.use)}"
            return f"A relaxed limit of demands 放宽需求限值: {parameter.name_en} {parameter.name_zh}{asked}"
        case _:
            raise TypeError(f"{change} adds nothing to a rate")


def _use(key: str) -> str:
    use = reference().uses[key]
    return f"{use.name_en} {use.name_zh}"


def _site(market: Market, site_id: UUID) -> str:
    return market.sites.names[market.sites.ids.index(site_id)]


def _t(tonnes: Decimal) -> str:
    return f"{tonnes:,.0f} t"
