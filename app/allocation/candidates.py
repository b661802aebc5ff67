"""Single changes worth trying: those that could place something of what a plan leaves over, the most first. Pure.

Each comes with the most that it could place; what it does place, only solving again tells.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

import numpy as np

from app.allocation.causes import cause_of
from app.allocation.changes import AddCapacity, AddPlant, AddTreatment, Change, RaiseDistance, RelaxLimit
from app.allocation.hauls import HAULED, NOT_ACCEPTED, OUT_OF_RANGE
from app.allocation.market import Reals
from app.allocation.network import Whole
from app.allocation.problem import Problem
from app.allocation.treating import computed_effects
from app.catalogue.reference import reference

_MONTHS_A_YEAR = 12
_TWICE = 2
_POSITION_DIGITS = 5


@dataclass(frozen=True)
class Candidate:
    """A change, and the most kilograms more that it could place."""

    change: Change
    most_kg: int


@dataclass(frozen=True)
class _Left:
    """What is left over of one offer."""

    offer: int
    kg: int
    site: int
    material: str
    state: int
    parameter: str | None


def lever_candidates(problem: Problem, left_kg: Whole) -> tuple[Candidate, ...]:
    """Return single changes that may place what is left over (`causes.left_over`), the most promising first."""
    left = list(_left(problem, left_kg))
    found = [
        *_more_capacity(problem, left),
        *_one_more_plant(problem, left),
        *_treatment_lines(problem, left),
        *_relaxed_limits(problem, left),
        *_longer_ways(problem, left),
    ]
    return tuple(sorted(found, key=lambda candidate: (-candidate.most_kg, repr(candidate.change))))


def _left(problem: Problem, left_kg: Whole) -> Iterator[_Left]:
    market = problem.market
    by_offer = np.zeros(len(market.offers.lot_ids), np.int64)
    np.add.at(by_offer, market.sources.offers, left_kg)
    for offer in np.flatnonzero(by_offer).tolist():
        material = market.materials[int(market.offers.materials[offer])]
        state, parameter = cause_of(problem, offer)
        yield _Left(offer, int(by_offer[offer]), int(market.offers.sites[offer]), material, state, parameter)


def _yearly_t(problem: Problem, kg: int) -> Decimal:
    """Return the capacity a year of which the horizon is a part that takes so much, in whole tonnes."""
    yearly = Decimal(kg * _MONTHS_A_YEAR) / (1000 * len(problem.market.months))
    return yearly.to_integral_value(rounding=ROUND_CEILING)


def _more_capacity(problem: Problem, left: list[_Left]) -> Iterator[Candidate]:
    """Yield as much again for each demand that would take more of what is left over."""
    market, hauls = problem.market, problem.found.hauls
    kg_of_offer = np.zeros(len(market.offers.lot_ids), np.int64)
    for each in left:
        if each.state == HAULED:
            kg_of_offer[each.offer] = each.kg
    wanted = np.zeros(len(market.needs.uses), np.int64)
    np.add.at(wanted, hauls.needs, kg_of_offer[hauls.offers])
    rooms = np.zeros(len(market.needs.uses), np.int64)
    np.add.at(rooms, market.rooms.needs, market.rooms.kg)
    for need in np.flatnonzero((wanted > 0) & (rooms > 0)).tolist():
        demand_id = market.needs.demand_ids[need]
        if demand_id is not None:
            kg = int(min(wanted[need], rooms[need]))
            yield Candidate(AddCapacity(demand_id, _yearly_t(problem, kg)), kg)


def _one_more_plant(problem: Problem, left: list[_Left]) -> Iterator[Candidate]:
    """Yield a plant for each district and use, in the middle of what is left over there that the use can take."""
    market = problem.market
    by_district: dict[str, list[_Left]] = defaultdict(list)
    for each in left:
        district = market.sites.districts[each.site]
        if district is not None:
            by_district[district].append(each)
    open_uses = [(use, _open_materials(use.key, problem)) for use in reference().uses.values()]
    for district, there in sorted(by_district.items()):
        for use, materials in open_uses:
            taken = [each for each in there if each.material in materials]
            if not taken:
                continue
            sites = [each.site for each in taken]
            weights = np.array([each.kg for each in taken], np.float64)
            kg = sum(each.kg for each in taken)
            plant = AddPlant(
                use=use.key,
                capacity_t_per_year=_yearly_t(problem, kg),
                latitude=_middle(market.sites.latitudes[sites], weights),
                longitude=_middle(market.sites.longitudes[sites], weights),
                name=f"{use.name_en}, {district}",
            )
            yield Candidate(plant, kg)


def _middle(degrees: Reals, weights: Reals) -> float:
    return round(float(np.average(degrees, weights=weights)), _POSITION_DIGITS)


def _open_materials(use: str, problem: Problem) -> set[str]:
    """Return what a use can take and no law closes it to."""
    closed = {
        law.material
        for law in reference().closures_for(use, on=problem.market.today)
        if not (law.when_origin or law.when_end_product or law.applies_to_standard)
    }
    closed |= {law.material or "" for closed_use, law in problem.market.laws if closed_use == use}
    return set(reference().uses[use].materials) - closed


def _treatment_lines(problem: Problem, left: list[_Left]) -> Iterator[Candidate]:
    """Yield each treatment with a figure for the parameter that keeps something out, at the sites where it does."""
    kg: dict[tuple[int, str], int] = defaultdict(int)
    for each in left:
        if each.state != NOT_ACCEPTED or each.parameter is None:
            continue
        for treatment in reference().treatments_for(each.material, each.parameter):
            if any(effect.parameter == each.parameter for effect in computed_effects(treatment)):
                kg[each.site, treatment.key] += each.kg
    for (site, treatment_key), most in sorted(kg.items()):
        site_id = problem.market.sites.ids[site]
        if site_id is not None:
            yield Candidate(AddTreatment(site_id, treatment_key), most)


def _relaxed_limits(problem: Problem, left: list[_Left]) -> Iterator[Candidate]:
    """Yield demands' own limits lifted, use by use, for the parameters that keep something out."""
    market = problem.market
    limited = {
        (use, criterion.parameter)
        for use, number in zip(market.needs.uses, market.needs.specifications.tolist(), strict=True)
        for criterion in market.specifications[number].criteria
        if criterion.source == "demand"
    }
    kg: dict[tuple[str, str], int] = defaultdict(int)
    for each in left:
        if each.state == NOT_ACCEPTED and each.parameter is not None:
            for use, parameter in limited:
                if parameter == each.parameter and each.material in reference().uses[use].materials:
                    kg[use, parameter] += each.kg
    for (use, parameter), most in sorted(kg.items()):
        yield Candidate(RelaxLimit(parameter, use=use), most)


def _longer_ways(problem: Problem, left: list[_Left]) -> Iterator[Candidate]:
    """Yield twice the longest limit of distance, where there is one."""
    market = problem.market
    limits = [float(limit) for limit in (market.max_km, *market.needs.max_km.tolist()) if np.isfinite(limit)]
    most = sum(each.kg for each in left if each.state in {OUT_OF_RANGE, HAULED})
    if limits and most:
        yield Candidate(RaiseDistance(_TWICE * max(limits)), most)
