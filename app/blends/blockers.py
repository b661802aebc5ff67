"""Why there is no mix: the fewest requirements that stand in its way, and how far a mix can go towards each."""

import time
from collections.abc import Collection, Sequence
from dataclasses import replace
from fractions import Fraction

from app.blends.mixtures import Problem, Row, is_solution, largest_shares, mean_of
from app.blends.optimum import chosen_lots, find_mix, make_model, run

_PATIENCE_S = 1.0
_ROUNDS = 6
#: Weight of a requirement's place in the list: of two equally small sets the one named first is found.
_PLACE = 1e-4
_HALF = 0.5


def find_blockers(problem: Problem) -> tuple[int, ...] | None:
    """Return the fewest requirements without which a mix exists; None if none exists even without any of them.

    Of several such sets it is the one whose members stand first. Empty: time ran out before one was found.
    """
    free = replace(problem, requirements=())
    if find_mix(replace(free, lots=tuple(replace(lot, cost=Fraction(0)) for lot in free.lots))).mix is None:
        return None
    model = make_model(problem, largest_shares(free), may_waive=True)
    objective = model.solver.Objective()
    for place, switch in enumerate(model.waived):
        objective.SetCoefficient(switch, 1 + place * _PLACE)
    objective.SetMinimization()
    if run(model, _PATIENCE_S) not in {model.solver.OPTIMAL, model.solver.FEASIBLE} or not chosen_lots(problem, model):
        return ()
    return tuple(place for place, switch in enumerate(model.waived) if switch.solution_value() > _HALF)


def find_best_value(
    problem: Problem,
    waived: Collection[int],
    values: Sequence[Fraction | None],
    weights: Sequence[Fraction | None],
    *,
    wants_less: bool,
    seconds: float,
) -> Fraction | None:
    """Return the least (or greatest) mean value that a mix reaches which meets all requirements but the waived.

    The mean is by kilograms times weight; a lot without value stays out, one without weight can only stand alone.
    None where no such mix exists or is found in time.
    """
    kept = tuple(rows for place, rows in enumerate(problem.requirements) if place not in waived)
    rest = replace(problem, requirements=kept)
    best = _best_mean(rest, values, weights, 1 if wants_less else -1, seconds)
    reached = [] if best is None else [best]
    for lot, (value, weight) in enumerate(zip(values, weights, strict=True)):
        if value is not None and weight is None and is_solution(rest, {lot: problem.quantity_kg}):
            reached.append(value)
    return (min if wants_less else max)(reached, default=None)


def _best_mean(
    problem: Problem,
    values: Sequence[Fraction | None],
    weights: Sequence[Fraction | None],
    sign: int,
    seconds: float,
) -> Fraction | None:
    """Return the least mean (the greatest where `sign` is -1) of lots with value and weight.

    A quotient of two sums is brought down by Dinkelbach's method (Management Science 13, 1967): minimise the sum of
    weight x (value - q) for the last quotient q, until that brings nothing more.
    """
    pairs = list(zip(values, weights, strict=True))
    known = Row(tuple(None if value is None or weight is None else Fraction(0) for value, weight in pairs))
    best: Fraction | None = None
    deadline = time.monotonic() + seconds
    for _ in range(_ROUNDS):
        costs = (
            Fraction(0) if value is None or weight is None else sign * weight * (value - (best or 0))
            for value, weight in pairs
        )
        lots = tuple(replace(lot, cost=cost) for lot, cost in zip(problem.lots, costs, strict=True))
        known_only = replace(problem, lots=lots, requirements=(*problem.requirements, (known,)))
        mix = find_mix(known_only, deadline - time.monotonic()).mix
        reached = None if mix is None else mean_of(mix, values, weights)
        if reached is None or (best is not None and sign * (reached - best) >= 0):
            return best
        best = reached
    return best
