"""Why tonnes find no place: one cause each, the first that fails. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from app.allocation.hauls import CLOSED, HAULED, NOT_ACCEPTED, OUT_OF_RANGE
from app.allocation.problem import Problem
from app.allocation.verdicts import NO_PARAMETER
from app.transport.network import NONE, Whole


class Cause(StrEnum):
    """Why tonnes find no place, in the order in which the causes are looked for."""

    LAW = "law"
    NO_DEMAND_IN_RANGE = "no_demand_in_range"
    SPECIFICATION = "specification"
    CAPACITY = "capacity"


_CAUSES = {
    CLOSED: Cause.LAW,
    OUT_OF_RANGE: Cause.NO_DEMAND_IN_RANGE,
    NOT_ACCEPTED: Cause.SPECIFICATION,
    HAULED: Cause.CAPACITY,
}


@dataclass(frozen=True)
class Unplaced:
    """Kilograms that share a cause; the parameter is that for which most demands in range reject them, if any."""

    cause: Cause
    parameter: str | None
    kg: int


def left_over(problem: Problem, flow_kg: Whole) -> Whole:
    """Return what each source has left over when all is hauled.

    Of a stream, what is left over counts in the month that it is of: a month takes its own first.
    """
    network = problem.network
    left = network.source_kg.copy()
    np.subtract.at(left, network.tail, flow_kg)
    # Backwards: what a month took beyond its own came from the month before.
    onto = {int(after): before for before, after in enumerate(network.carried_to.tolist()) if after != NONE}
    for number in range(network.sources - 1, -1, -1):
        if left[number] < 0:
            left[onto[number]] += left[number]
            left[number] = 0
    return left


def explain_unplaced(problem: Problem, left_kg: Whole) -> tuple[Unplaced, ...]:
    """Return what is left over by cause and parameter, in the order of the causes, the most first."""
    sums: dict[tuple[Cause, str | None], int] = {}
    for cause, parameter, kg in _causes(problem, left_kg):
        sums[cause, parameter] = sums.get((cause, parameter), 0) + kg
    order = list(Cause)
    rows = [Unplaced(cause, parameter, kg) for (cause, parameter), kg in sums.items()]
    return tuple(sorted(rows, key=lambda row: (order.index(row.cause), -row.kg, row.parameter or "")))


def _causes(problem: Problem, left_kg: Whole) -> Iterator[tuple[Cause, str | None, int]]:
    for number in np.flatnonzero(left_kg).tolist():
        state, parameter = cause_of(problem, int(problem.market.sources.offers[number]))
        yield _CAUSES[state], parameter, int(left_kg[number])


def cause_of(problem: Problem, offer: int) -> tuple[int, str | None]:
    """Return how far an offer came (a state of `hauls`), and the parameter that is to blame, if any."""
    found = problem.found
    blamed = int(found.blamed[offer])
    return int(found.states[offer]), None if blamed == NO_PARAMETER else found.parameters[blamed]
