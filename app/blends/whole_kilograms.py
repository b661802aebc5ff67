"""The cheapest whole kilograms of lots that are already chosen, in exact arithmetic.

The linear programme of at most four lots has few corners: they are computed as fractions, and the kilograms around the
cheapest are tried. What comes out meets every limit exactly, and costs at most a few kilograms' worth more than the
corner.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, product

from app.blends.mixtures import Mix, Problem, Row, is_solution

#: How far from the corner whole kilograms are tried, from below its floor to above its ceiling.
_STEPS = range(-1, 3)
_Point = tuple[Fraction, ...]


@dataclass(frozen=True)
class _Side:
    """One side of the polytope: the sum of kilograms times `weights` is at most `bound`; all whole numbers."""

    weights: tuple[int, ...]
    bound: int

    def excess(self, point: Sequence[Fraction]) -> Fraction:
        return sum((weight * kg for weight, kg in zip(self.weights, point, strict=True)), Fraction(-self.bound))


def weigh_lots(problem: Problem, chosen: Sequence[int]) -> Mix | None:
    """Return the cheapest kilograms with which the chosen lots, all of them, solve the problem; None if none do."""
    bounds = _bounds(problem, chosen)
    rows = [_side(row, chosen) for rows in problem.requirements for row in rows]
    # Where the corner is so sharp that no whole kilograms fit, a step back from every limit makes room for rounding.
    for limits in (rows, [_step_back(row) for row in rows]):
        corner = _cheapest_corner(problem, chosen, bounds, limits)
        found = None if corner is None else _cheapest_near(problem, chosen, corner)
        if found is not None:
            return found
    return None


def _bounds(problem: Problem, chosen: Sequence[int]) -> list[_Side]:
    sides = []
    for place, lot in enumerate(chosen):
        unit = tuple(int(other == place) for other in range(len(chosen)))
        sides.append(_Side(unit, min(problem.lots[lot].most_kg, problem.quantity_kg)))
        sides.append(_Side(tuple(-weight for weight in unit), -max(1, problem.lots[lot].least_kg)))
    return sides


def _side(row: Row, chosen: Sequence[int]) -> _Side:
    """Return a row in whole numbers, where below 0 means at most -1; an absent load is a mistake of the caller."""
    loads = [row.loads[lot] or Fraction(0) for lot in chosen]
    scale = math.lcm(*(load.denominator for load in loads))
    return _Side(tuple(int(load * scale) for load in loads), -1 if row.strict else 0)


def _step_back(side: _Side) -> _Side:
    # Rounding moves each lot by less than a kilogram, and what one gains another loses.
    return _Side(side.weights, side.bound - len(side.weights) * (max(side.weights) - min(side.weights)))


def _cheapest_corner(
    problem: Problem, chosen: Sequence[int], bounds: list[_Side], limits: Sequence[_Side]
) -> _Point | None:
    """Return the cheapest point, in fractions of a kilogram; limits join only when the point breaks them."""
    costs = [problem.lots[lot].cost for lot in chosen]
    sides = list(bounds)
    while True:
        corners = list(_corners(sides, len(chosen), problem.quantity_kg))
        if not corners:
            return None
        best = min(corners, key=lambda point: (_dot(costs, point), point))
        broken = [side for side in limits if side.excess(best) > 0]
        if not broken:
            return best
        sides.append(broken[0])


def _corners(sides: Sequence[_Side], lots: int, quantity_kg: int) -> list[_Point]:
    """Return the points inside all sides at which all but one degree of freedom is taken by sides."""
    whole = ([Fraction(1)] * lots, Fraction(quantity_kg))
    found = []
    for touching in combinations(sides, lots - 1):
        equations = [
            whole,
            *(([Fraction(weight) for weight in side.weights], Fraction(side.bound)) for side in touching),
        ]
        point = _solve(equations)
        if point is not None and all(side.excess(point) <= 0 for side in sides):
            found.append(point)
    return found


def _solve(equations: list[tuple[list[Fraction], Fraction]]) -> _Point | None:
    """Return the solution of as many equations as unknowns (Gauss and Jordan), None if there is not just one."""
    rows = [[*weights, right] for weights, right in equations]
    for column in range(len(rows)):
        pivot = next((place for place in range(column, len(rows)) if rows[place][column]), None)
        if pivot is None:
            return None
        rows[column], rows[pivot] = rows[pivot], rows[column]
        head = rows[column][column]
        rows[column] = [entry / head for entry in rows[column]]
        for place, row in enumerate(rows):
            if place != column and row[column]:
                factor = row[column]
                rows[place] = [entry - factor * above for entry, above in zip(row, rows[column], strict=True)]
    return tuple(row[-1] for row in rows)


def _cheapest_near(problem: Problem, chosen: Sequence[int], corner: _Point) -> Mix | None:
    """Return the cheapest solution in whole kilograms around a point."""
    best: tuple[Fraction, Mix] | None = None
    *free, _ = corner
    costs = [problem.lots[lot].cost for lot in chosen]
    for steps in product(_STEPS, repeat=len(free)):
        kilograms = [math.floor(kg) + step for kg, step in zip(free, steps, strict=True)]
        kilograms.append(problem.quantity_kg - sum(kilograms))
        cost = _dot(costs, kilograms)
        mix = dict(zip(chosen, kilograms, strict=True))
        if (best is None or cost < best[0]) and is_solution(problem, mix):
            best = cost, mix
    return None if best is None else best[1]


def _dot(costs: Sequence[Fraction], kilograms: Sequence[Fraction | int]) -> Fraction:
    return sum((cost * kg for cost, kg in zip(costs, kilograms, strict=True)), Fraction(0))
