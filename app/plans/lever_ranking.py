"""The single changes that add most to the rate of a plan, each solved anew. Pure."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import msgspec

from app.allocation.market import Market
from app.allocation.problem import Problem, build_problem
from app.plans.figures import in_tonnes, rounded
from app.plans.lever_words import title_of
from app.plans.schemas import Lever
from app.plans.steps import LEVER_STEPS, MOST_TRIED, Advance
from app.scenarios.applying import apply_changes
from app.scenarios.candidates import Candidate, lever_candidates
from app.scenarios.schemas import body_of
from app.transport.graph import Graph
from app.transport.routing import most_fresh, most_of_all
from app.transport.solver import Solution

MOST_LEVERS = 10
_PLACES = Decimal("0.0001")


@dataclass(frozen=True)
class _Reached:
    """The most that a market can place, and the rate with it."""

    rate_pct: Fraction
    kg: int
    fresh_kg: int


def rank_levers(market: Market, problem: Problem, most: Solution, advance: Advance) -> str:
    """Return the ten best levers of a market as JSON, the best first; `most` is a solution that places most.

    What could not reach the rate of the tenth best, even if all that it places were fresh waste, is not tried.
    """
    base = _reach(problem)
    tried: list[tuple[_Reached, Candidate]] = []
    for candidate in lever_candidates(problem, most):
        if len(tried) == MOST_TRIED:
            break
        kg, fresh_kg = base.kg + candidate.most_kg, base.fresh_kg + candidate.most_kg
        if (_rate_pct(problem, kg, fresh_kg), kg) <= _tenth(tried):
            continue
        tried.append((_reach(build_problem(apply_changes(market, [candidate.change]))), candidate))
        advance(len(LEVER_STEPS) - 1 + len(tried))
    better = [each for each in tried if (each[0].rate_pct, each[0].kg) > (base.rate_pct, base.kg)]
    better.sort(key=lambda each: (-each[0].rate_pct, -each[0].kg, repr(each[1].change)))
    levers = [_describe(market, base, rank, *each) for rank, each in enumerate(better[:MOST_LEVERS], start=1)]
    return msgspec.json.encode([lever.model_dump(mode="json") for lever in levers]).decode()


def _tenth(tried: list[tuple[_Reached, Candidate]]) -> tuple[Fraction, int]:
    """Return rate and kilograms of the tenth best of those tried; while there are fewer, what anything exceeds."""
    best = sorted(((reached.rate_pct, reached.kg) for reached, _ in tried), reverse=True)
    return best[MOST_LEVERS - 1] if len(best) >= MOST_LEVERS else (Fraction(-1), 0)


def _reach(problem: Problem) -> _Reached:
    graph = Graph(problem.network)
    fresh_kg, kg = most_fresh(graph), most_of_all(graph)
    return _Reached(_rate_pct(problem, kg, fresh_kg), kg, fresh_kg)


def _rate_pct(problem: Problem, kg: int, fresh_kg: int) -> Fraction:
    """Return the rate with so much placed, so much of it fresh; 0 where nothing is generated."""
    return problem.base.rate_pct(fresh_kg, kg - fresh_kg) or Fraction(0)


def _describe(market: Market, base: _Reached, rank: int, reached: _Reached, candidate: Candidate) -> Lever:
    return Lever(
        rank=rank,
        change=body_of(candidate.change).model_dump(mode="json"),
        title=title_of(candidate.change, market),
        reachable_rate_pct=rounded(reached.rate_pct, _PLACES),
        gain_pct=rounded(reached.rate_pct - base.rate_pct, _PLACES),
        gain_t=in_tonnes(reached.kg - base.kg),
    )
