"""Single changes worth trying: those that could place something of what a plan leaves over. Pure.

Each comes with the most that it could place; what it does place, only solving again tells. Sizes are those of the
market, so that one change compares with another: a plant is as large as its demands usually are, a demand doubles.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from itertools import chain, zip_longest
from statistics import median_low

import numpy as np

from app.allocation.causes import cause_of, left_over
from app.allocation.hauls import HAULED, NOT_ACCEPTED, OUT_OF_RANGE
from app.allocation.market import Reals
from app.allocation.problem import Problem
from app.catalogue.reference import reference
from app.scenarios.changes import AddCapacity, AddPlant, AddTreatment, Change, RaiseDistance, RelaxLimit
from app.scenarios.treating import computed_effects
from app.transport.graph import FRESH, PRIOR, Graph
from app.transport.network import Flags, Whole
from app.transport.residual import reachable, residual_of
from app.transport.solver import Solution

_MONTHS_A_YEAR = 12
_TWICE = 2
_POSITION_DIGITS = 5
_ANY_USE = ""


@dataclass(frozen=True)
class Candidate:
    """A change, the most kilograms more that it could place, and how much of that at most is fresh waste."""

    change: Change
    most_kg: int
    fresh_kg: int


@dataclass(frozen=True)
class _Left:
    """What is left over of one offer."""

    offer: int
    kg: int
    site: int
    material: str
    state: int
    parameter: str | None
    is_prior: bool


def lever_candidates(problem: Problem, most: Solution) -> tuple[Candidate, ...]:
    """Return single changes that may place what is left over by a solution that places most.

    The most promising of each kind come first, then the second of each, so that no kind hides another.
    """
    left = list(_left(problem, left_over(problem, most.flow_kg)))
    kinds = (
        _in_order(_more_capacity(problem, most, left)),
        list(_in_turn(_in_order(there) for there in _one_more_plant(problem, left))),
        _in_order(_treatment_lines(problem, left)),
        _in_order(_relaxed_limits(problem, left)),
        _in_order(_longer_ways(problem, left)),
    )
    return tuple(_in_turn(kinds))


def _in_order(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Return those that could place most fresh waste first: it adds more to a rate than as much earlier stock."""
    return sorted(candidates, key=lambda each: (-each.fresh_kg, -each.most_kg, repr(each.change)))


def _candidate(change: Change, left: Sequence[_Left], room_kg: int | None = None) -> Candidate:
    """Return a candidate that could place these, as far as there is room."""
    kg, fresh_kg = sum(each.kg for each in left), sum(each.kg for each in left if not each.is_prior)
    room_kg = kg if room_kg is None else room_kg
    return Candidate(change, min(kg, room_kg), min(fresh_kg, room_kg))


def _in_turn(kinds: Iterable[list[Candidate]]) -> Iterator[Candidate]:
    """Yield the first of each, the most promising first, then the second of each, and so on."""
    for turn in zip_longest(*kinds):
        yield from _in_order(candidate for candidate in turn if candidate is not None)


def _left(problem: Problem, left_kg: Whole) -> Iterator[_Left]:
    market = problem.market
    by_offer = np.zeros(len(market.offers.lot_ids), np.int64)
    np.add.at(by_offer, market.sources.offers, left_kg)
    for offer in np.flatnonzero(by_offer).tolist():
        material = market.materials[int(market.offers.materials[offer])]
        state, parameter = cause_of(problem, offer)
        site, is_prior = int(market.offers.sites[offer]), bool(market.offers.is_prior[offer])
        yield _Left(offer, int(by_offer[offer]), site, material, state, parameter, is_prior)


def _yearly_t(problem: Problem, kg: int) -> Decimal:
    """Return the capacity a year of which the horizon is a part that takes so much, in whole tonnes."""
    yearly = Decimal(kg * _MONTHS_A_YEAR) / (1000 * len(problem.market.months))
    return yearly.to_integral_value(rounding=ROUND_CEILING)


def _more_capacity(problem: Problem, most: Solution, left: list[_Left]) -> Iterator[Candidate]:
    """Yield as much again for each demand where room is worth something, but no more than is left over."""
    market = problem.market
    rooms = _room_of_needs(problem)
    gaining, gaining_fresh = (
        np.isin(np.arange(len(rooms)), market.rooms.needs[_worth_something(problem, most, hubs)])
        for hubs in ([FRESH, PRIOR], [FRESH])
    )
    for need in np.flatnonzero(gaining & (rooms > 0)).tolist():
        demand_id = market.needs.demand_ids[need]
        if demand_id is not None:
            there = left if gaining_fresh[need] else [each for each in left if each.is_prior]
            kg = min(sum(each.kg for each in there), int(rooms[need]))
            yield _candidate(AddCapacity(demand_id, _yearly_t(problem, kg)), there, kg)


def _worth_something(problem: Problem, most: Solution, hubs: list[int]) -> Flags:
    """Return the rooms of which a kilogram more would let one more of these hubs be placed: their dual in tonnes is 1.

    A path leads to them from what is left over, be it by moving to them what takes the room elsewhere.
    """
    graph = Graph(problem.network)
    flow = graph.flow_of(most.flow_kg, most.carried_kg)
    residual = residual_of(graph, flow, np.zeros(graph.arcs, np.int64))
    return reachable(residual, np.array(hubs))[graph.first_demand : graph.first_group]


def _room_of_needs(problem: Problem) -> Whole:
    """Return what each need has room for in the horizon."""
    market = problem.market
    kg = np.zeros(len(market.needs.uses), np.int64)
    np.add.at(kg, market.rooms.needs, problem.network.demand_kg)
    return kg


def _one_more_plant(problem: Problem, left: list[_Left]) -> Iterator[list[Candidate]]:
    """Yield by district a plant for each use, in the middle of what is left over there that the use can take."""
    market = problem.market
    by_district: dict[str, list[_Left]] = defaultdict(list)
    for each in left:
        district = market.sites.districts[each.site]
        if district is not None:
            by_district[district].append(each)
    usual_kg = _usual_kg(problem)
    open_uses = [(use, _open_materials(use.key, problem)) for use in reference().uses.values()]
    for district, there in sorted(by_district.items()):
        plants = []
        for use, materials in open_uses:
            taken = [each for each in there if each.material in materials]
            if not taken:
                continue
            sites = [each.site for each in taken]
            weights = np.array([each.kg for each in taken], np.float64)
            kg = min(sum(each.kg for each in taken), usual_kg.get(use.key, usual_kg[_ANY_USE]))
            plant = AddPlant(
                use=use.key,
                capacity_t_per_year=_yearly_t(problem, kg),
                latitude=_middle(market.sites.latitudes[sites], weights),
                longitude=_middle(market.sites.longitudes[sites], weights),
                name=f"{use.name_en}, {district}",
            )
            plants.append(_candidate(plant, taken, kg))
        yield plants


def _usual_kg(problem: Problem) -> dict[str, int]:
    """Return the median of what demands for a use have room for in the horizon, and that of all for a use without any.

    A market without demands has nothing to compare with: then a plant takes all.
    """
    by_use: dict[str, list[int]] = defaultdict(list)
    for use, kg in zip(problem.market.needs.uses, _room_of_needs(problem).tolist(), strict=True):
        if kg:
            by_use[use].append(kg)
    every = list(chain.from_iterable(by_use.values()))
    usual = {use: median_low(kg) for use, kg in by_use.items()}
    return usual | {_ANY_USE: median_low(every) if every else int(problem.network.source_kg.sum())}


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
    there: dict[tuple[int, str], list[_Left]] = defaultdict(list)
    for each in left:
        if each.state != NOT_ACCEPTED or each.parameter is None:
            continue
        for treatment in reference().treatments_for(each.material, each.parameter):
            if any(effect.parameter == each.parameter for effect in computed_effects(treatment)):
                there[each.site, treatment.key].append(each)
    for (site, treatment_key), treated in sorted(there.items()):
        site_id = problem.market.sites.ids[site]
        if site_id is not None:
            yield _candidate(AddTreatment(site_id, treatment_key), treated)


def _relaxed_limits(problem: Problem, left: list[_Left]) -> Iterator[Candidate]:
    """Yield demands' own limits lifted, use by use, for the parameters that keep something out."""
    market = problem.market
    limited = {
        (use, criterion.parameter)
        for use, number in zip(market.needs.uses, market.needs.specifications.tolist(), strict=True)
        for criterion in market.specifications[number].criteria
        if criterion.source == "demand"
    }
    there: dict[tuple[str, str], list[_Left]] = defaultdict(list)
    for each in left:
        if each.state == NOT_ACCEPTED and each.parameter is not None:
            for use, parameter in limited:
                if parameter == each.parameter and each.material in reference().uses[use].materials:
                    there[use, parameter].append(each)
    for (use, parameter), turned_away in sorted(there.items()):
        yield _candidate(RelaxLimit(parameter, use=use), turned_away)


def _longer_ways(problem: Problem, left: list[_Left]) -> Iterator[Candidate]:
    """Yield twice the longest limit of distance, where there is one."""
    market = problem.market
    limits = [float(limit) for limit in (market.max_km, *market.needs.max_km.tolist()) if np.isfinite(limit)]
    there = [each for each in left if each.state in {OUT_OF_RANGE, HAULED}]
    if limits and there:
        yield _candidate(RaiseDistance(_TWICE * max(limits)), there)
