"""From a question to its plan: reads the market, poses the problem, has it solved, works out what it comes to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from uuid import UUID

import numpy as np
from sqlalchemy.orm import Session

from app.allocation.causes import explain_unplaced, left_over
from app.allocation.market import Market
from app.allocation.problem import Problem, build_problem
from app.allocation.question import Question
from app.allocation.reading import read_market
from app.core.clock import now
from app.matching.ranking import Tariff
from app.plans.figures import change_between, figures_of, in_tonnes, room_kg
from app.plans.keeping import Posed, arrays_of_input, arrays_of_solution, posed_by
from app.plans.lever_ranking import rank_levers
from app.plans.margins import marginal_prices
from app.plans.packing import digest, pack
from app.plans.results import FlowRow, Planned, Ranked
from app.plans.schemas import Comparison, Figures, PlanAnswer, PlanPost, Unplaced
from app.plans.steps import Advance
from app.plans.terms import Terms, read_demand_terms, read_lot_terms
from app.plans.words import explain
from app.scenarios.applying import apply_changes
from app.scenarios.changes import AddPlant
from app.scenarios.scenario import Scenario
from app.transport.hastening import hasten
from app.transport.potentials import prices
from app.transport.solver import Objective, Solution, solve

_MOST = Objective.MAX_UTILISATION_THEN_MIN_COST


@dataclass(frozen=True)
class Reading:
    """A market in one state, and the digests of what is open in it."""

    market: Market
    lot_terms: Terms
    demand_terms: Terms
    as_of: datetime


@dataclass(frozen=True)
class Solved:
    """A problem with its solution."""

    problem: Problem
    posed: Posed
    solution: Solution


def read(session: Session, question: Question, tariff: Tariff, assays_since: date) -> Reading:
    """Return the market of a checked question; `session` is a snapshot that reaches every row."""
    market = read_market(session, question, tariff, assays_since)
    return Reading(market, read_lot_terms(session), read_demand_terms(session), now())


def plan(reading: Reading, wish: PlanPost, scenario: Scenario, advance: Advance) -> Planned:
    """Return the plan of a scenario whose market was read; raises Invalid for changes that cannot be computed."""
    advance(1)
    problem = build_problem(apply_changes(reading.market, scenario.changes))
    advance(2)
    solved = _solve(problem, wish)
    advance(3)
    base = _solve(build_problem(reading.market), wish) if scenario.changes else None
    advance(4)
    answer = _answer(reading, solved, base)
    advance(5)
    inputs = arrays_of_input(solved.problem, solved.posed)
    return Planned(
        as_of=reading.as_of,
        input=pack(inputs),
        input_sha256=digest(inputs),
        solution=pack(arrays_of_solution(solved.solution)),
        answer=answer.model_dump_json(by_alias=False),
        flows=_flows(reading, solved, scenario),
    )


def levers(reading: Reading, wish: PlanPost, scenario: Scenario, advance: Advance) -> Ranked:
    """Return what would add most to a plan, whatever it seeks: the rate is that of most tonnes."""
    advance(1)
    market = apply_changes(reading.market, scenario.changes)
    problem = build_problem(market)
    most = _solve(problem, wish.model_copy(update={"objective": _MOST, "target_rate_pct": None}))
    advance(2)
    return Ranked(rank_levers(market, problem, most.solution, advance))


def _solve(problem: Problem, wish: PlanPost) -> Solved:
    target = None if wish.target_rate_pct is None else Fraction(wish.target_rate_pct)
    posed = posed_by(problem, wish.objective, target)
    solution = solve(posed.network, posed.objective, base=posed.base, target_pct=posed.target_pct)
    return Solved(problem, posed, hasten(posed.network, solution))


def _answer(reading: Reading, solved: Solved, base: Solved | None) -> PlanAnswer:
    problem, posed, solution = solved.problem, solved.posed, solved.solution
    figures = figures_of(posed, solution)
    unplaced = explain_unplaced(problem, left_over(problem, solution.flow_kg))
    margins = prices(posed.network, posed.objective, solution)
    return PlanAnswer(
        **dict(figures),
        explanation=explain(problem, posed, solution, figures),
        as_of=reading.as_of,
        from_month=problem.market.months[0],
        to_month=problem.market.months[-1],
        is_target_reached=None if posed.target_pct is None else solution.is_reached,
        already_used_t=in_tonnes(problem.base.fixed_use_kg),
        generated_t=in_tonnes(problem.base.generated_kg),
        offered_t=in_tonnes(int(posed.network.source_kg.sum())),
        room_t=in_tonnes(room_kg(posed.network)),
        flows=int(np.count_nonzero(solution.flow_kg)),
        unplaced=[
            Unplaced(cause=row.cause.value, parameter=row.parameter, quantity_t=in_tonnes(row.kg)) for row in unplaced
        ],
        prices=marginal_prices(problem, margins, posed.objective),
        comparison=None if base is None else _compare(base, figures),
    )


def _compare(base: Solved, figures: Figures) -> Comparison:
    before = figures_of(base.posed, base.solution)
    return Comparison(base=before, change=change_between(before, figures))


def _flows(reading: Reading, solved: Solved, scenario: Scenario) -> list[FlowRow]:
    """Return the hauls of a plan, by source and demand."""
    problem, network, flow_kg = solved.problem, solved.posed.network, solved.solution.flow_kg
    plants = _plants_of(problem, scenario.changes)
    rows = []
    for number, arc in enumerate(np.flatnonzero(flow_kg).tolist(), start=1):
        source, end = problem.source(int(network.tail[arc])), problem.destination(int(network.head[arc]))
        assert source.site_id is not None and source.organisation_id is not None  # noqa: PT018, S101 - nothing is offered by nobody
        rows.append(
            FlowRow(
                number=number,
                producer_organisation_id=source.organisation_id,
                recycler_organisation_id=end.organisation_id,
                lot_id=source.lot_id,
                demand_id=end.demand_id,
                added_plant=plants.get(int(problem.market.rooms.needs[network.head[arc]])),
                material=source.material,
                origin_site_id=source.site_id,
                destination_site_id=end.site_id,
                month=end.month or source.month,
                quantity_kg=int(flow_kg[arc]),
                metres=int(network.metres[arc]),
                delivered_fen_per_t=int(network.cost_fen_per_t[arc]),
                lot_terms=_terms(reading.lot_terms, source.lot_id),
                demand_terms=_terms(reading.demand_terms, end.demand_id),
            )
        )
    return rows


def _plants_of(problem: Problem, changes: Sequence[object]) -> dict[int, int]:
    """Return by need which change adds it; both are in the same order."""
    needs = [number for number, demand_id in enumerate(problem.market.needs.demand_ids) if demand_id is None]
    added = [number for number, change in enumerate(changes) if isinstance(change, AddPlant)]
    return dict(zip(needs, added, strict=True))


def _terms(terms: Terms, identifier: UUID | None) -> int | None:
    return None if identifier is None else terms.get(identifier)
