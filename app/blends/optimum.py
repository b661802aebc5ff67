"""The cheapest mix: SCIP, through OR-Tools, chooses the lots; exact arithmetic says how much of each.

SCIP computes in floating point and forgives a violation of about 1e-9 of a limit, so its choice is a proposal: it
counts only if whole kilograms of the lots meet every limit exactly, and is forbidden otherwise. CP-SAT, which is exact
in itself, took two to ten times as long on the same problems and left some undecided.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from app.blends.mixtures import Mix, Problem, best_gift, largest_shares
from app.blends.whole_kilograms import weigh_lots

#: Seconds that one search may take.
PATIENCE_S = 1.5
_TOLERANCE = 1e-7
#: How far below its limit, as a share of the best gift, a sum must stay that must not reach it.
_STRICTLY = 1e-8
#: Of the objective: a mix counts as the cheapest when none can be cheaper by more than a millionth.
_GAP = 1e-6
_HALF = 0.5
_MS = 1000


@dataclass(frozen=True)
class Found:
    """A mix, or None; `proven`: there is none cheaper, or none at all (False: time ran out)."""

    mix: Mix | None
    proven: bool


@dataclass(frozen=True)
class Model:
    """A problem as SCIP sees it: variables by lot (only those that can enter) and one per requirement to waive."""

    solver: Any
    shares: dict[int, Any]
    used: dict[int, Any]
    waived: Sequence[Any]


def find_mix(problem: Problem, seconds: float = PATIENCE_S) -> Found:
    """Return the cheapest mix, to a few kilograms' worth; the same problem gives the same mix while time lasts."""
    deadline = time.monotonic() + seconds
    model = make_model(problem, largest_shares(problem))
    objective = model.solver.Objective()
    for lot, share in model.shares.items():
        objective.SetCoefficient(share, float(problem.lots[lot].cost))
    objective.SetMinimization()
    while (left := deadline - time.monotonic()) > 0:
        status = run(model, left)
        if status not in {model.solver.OPTIMAL, model.solver.FEASIBLE}:
            return Found(None, proven=status == model.solver.INFEASIBLE)
        chosen = chosen_lots(problem, model)
        mix = weigh_lots(problem, chosen) if chosen else None
        if mix is not None:
            return Found(mix, proven=status == model.solver.OPTIMAL)
        _forbid(model, chosen)
    return Found(None, proven=False)


def make_model(problem: Problem, largest: Sequence[Fraction], *, may_waive: bool = False) -> Model:
    """Return the model of a problem in shares of its quantity; `may_waive` gives each requirement a switch."""
    # OR-Tools takes a moment to load, which the start of the service need not wait for.
    from ortools.linear_solver import pywraplp  # noqa: PLC0415

    solver = pywraplp.Solver.CreateSolver("SCIP")
    shares, used = {}, {}
    for lot, most in enumerate(largest):
        if most > 0:
            shares[lot] = solver.NumVar(0, float(most), "")
            used[lot] = solver.BoolVar("")
            least = max(1, problem.lots[lot].least_kg) / problem.quantity_kg
            _add(solver, None, 0, [(shares[lot], 1), (used[lot], -float(most))])
            _add(solver, 0, None, [(shares[lot], 1), (used[lot], -least)])
    _add(solver, 1, 1, [(share, 1) for share in shares.values()])
    _add(solver, None, problem.most_lots, [(use, 1) for use in used.values()])
    model = Model(solver, shares, used, [solver.BoolVar("") for _ in problem.requirements] if may_waive else ())
    for number in range(len(problem.requirements)):
        _require(problem, number, model)
    return model


def _require(problem: Problem, number: int, model: Model) -> None:
    """Add the rows of one requirement, measured by the best gift to each; its switch, if it has one, lifts them."""
    switch = model.waived[number] if model.waived else None
    for row in problem.requirements[number]:
        gift = best_gift(row) or Fraction(1)
        terms, heaviest = [], 0.0
        for lot, share in model.shares.items():
            load = row.loads[lot]
            if load is None:
                _add(model.solver, None, 0, [(model.used[lot], 1), (switch, -1)])
            elif load:
                terms.append((share, float(load / gift)))
                heaviest = max(heaviest, float(load / gift))
        below = -_STRICTLY if row.strict else 0.0
        _add(model.solver, None, below, [*terms, *([] if switch is None else [(switch, below - heaviest)])])


def _add(solver: Any, least: float | None, most: float | None, terms: Sequence[tuple[Any, float]]) -> None:  # noqa: ANN401 - of an untyped library
    infinity = solver.infinity()
    constraint = solver.Constraint(-infinity if least is None else least, infinity if most is None else most)
    for variable, factor in terms:
        constraint.SetCoefficient(variable, factor)


def run(model: Model, seconds: float) -> int:
    """Solve a model in one thread with SCIP's own fixed seeds and return the status that the solver names."""
    from ortools.linear_solver import pywraplp  # noqa: PLC0415 - as above

    parameters = pywraplp.MPSolverParameters()
    parameters.SetDoubleParam(parameters.RELATIVE_MIP_GAP, _GAP)
    parameters.SetDoubleParam(parameters.PRIMAL_TOLERANCE, _TOLERANCE)
    model.solver.SetTimeLimit(max(1, int(seconds * _MS)))
    status: int = model.solver.Solve(parameters)
    return status


def chosen_lots(problem: Problem, model: Model) -> list[int]:
    """Return the lots that a solved model uses: of a lot that is used by half a kilogram or less it uses nothing."""
    least = _HALF / problem.quantity_kg
    return [lot for lot, share in model.shares.items() if share.solution_value() > least]


def _forbid(model: Model, chosen: Sequence[int]) -> None:
    """Rule out these lots as the whole of a mix; with others they may still be used."""
    terms = [(use, -1 if lot in chosen else 1) for lot, use in model.used.items()]
    _add(model.solver, 1 - len(chosen), None, terms)
