"""The verdicts of many lots for many demands at once, as arrays: what `matching.verdict` says of each pair. Pure.

Demands that ask the same and lots that were measured the same are judged once. It compares the doubles that the
screen of a specification has; a test holds it to `judge`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.catalogue.schemas import FigureStatus
from app.matching.screening import Screen, make_screen
from app.matching.verdict import LotFacts, Specification
from app.transport.network import Flags

PASS, UNKNOWN, FAIL = 0, 1, 2
#: Of a verdict that rests on no parameter: an origin, or limits that are not on file.
NO_PARAMETER = -1


@dataclass(frozen=True)
class Verdicts:
    """By specification and sample: the verdict, whether the law closes the use, and the parameter to blame.

    The parameter is the first whose confirmed limit fails, else the first that leaves the doubt; its index is one of
    `parameters`.
    """

    parameters: tuple[str, ...]
    verdict: NDArray[np.int8]
    is_closed: Flags
    parameter: NDArray[np.int16]


class Samples:
    """Distinct lots of one material, parameter by parameter."""

    def __init__(self, facts: Sequence[LotFacts]) -> None:
        """Take lots that are of one material."""
        self._facts = facts
        self._numbers: dict[str, NDArray[np.float64]] = {}

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._facts)

    def numbers(self, parameter: str) -> NDArray[np.float64]:
        """Return the values of a numeric parameter, NaN where nothing was measured."""
        if parameter not in self._numbers:
            found = [facts.assay.get(parameter) for facts in self._facts]
            self._numbers[parameter] = np.array([np.nan if value is None else value for value in found], np.float64)
        return self._numbers[parameter]

    def others(self, parameter: str) -> NDArray[Any]:
        """Return the texts or truths of a parameter, None where nothing was measured."""
        found = np.empty(len(self), dtype=object)
        found[:] = [facts.assay.get(parameter) for facts in self._facts]
        return found

    @cached_property
    def origins(self) -> NDArray[Any]:
        """Stated origins, None where none is."""
        found = np.empty(len(self), dtype=object)
        found[:] = [facts.origin for facts in self._facts]
        return found

    def come_from(self, origins: tuple[str, ...]) -> Flags:
        """Tell which come from one of some origins."""
        return np.array([origin in origins for origin in self.origins.tolist()], dtype=np.bool_)

    @cached_property
    def are_unstated(self) -> Flags:
        """Tell which state no origin."""
        return np.array([origin is None for origin in self.origins.tolist()], dtype=np.bool_)

    def are_stale(self, since: date | None) -> Flags:
        """Tell which were sampled too long ago to prove anything."""
        days = [facts.assay_on for facts in self._facts]
        return np.array([since is not None and (day is None or day < since) for day in days], dtype=np.bool_)


def judge_all(specifications: Sequence[Specification], facts: Sequence[LotFacts]) -> Verdicts:
    """Return what each specification says of each lot; the lots are of one material, which all of them accept."""
    material = facts[0].material if facts else ""
    samples = Samples(facts)
    screens = [make_screen(specification) for specification in specifications]
    named = tuple(dict.fromkeys(gate.parameter for screen in screens for gate in screen.gates))
    numbers = {parameter: number for number, parameter in enumerate(named)}
    shape = len(screens), len(samples)
    verdict, blamed = np.zeros(shape, np.int8), np.full(shape, NO_PARAMETER, np.int16)
    is_closed = np.zeros(shape, np.bool_)
    stale: dict[date | None, Flags] = {}
    for row, screen in enumerate(screens):
        if screen.assays_since not in stale:
            stale[screen.assays_since] = samples.are_stale(screen.assays_since)
        is_closed[row], has_doubts = _closures(screen, material, samples)
        is_excluded, origin_doubts = _origins(screen, samples)
        misses, lacks = _gates(screen, samples, stale[screen.assays_since], numbers)
        has_doubts |= origin_doubts | (lacks >= 0) | screen.is_unfiled
        fails = is_closed[row] | is_excluded | (misses >= 0)
        verdict[row] = np.where(fails, FAIL, np.where(has_doubts, UNKNOWN, PASS))
        # The first that fails; of those that only leave doubts, the first that does.
        blamed[row] = np.where(fails, misses, lacks)
    return Verdicts(named, verdict, is_closed, blamed)


def _closures(screen: Screen, material: str, samples: Samples) -> tuple[Flags, Flags]:
    """Return which lots the law closes the use to, and which it may."""
    is_closed, has_doubts = np.zeros(len(samples), np.bool_), np.zeros(len(samples), np.bool_)
    for law in screen.closures:
        if law.material not in {None, material}:
            continue
        applies = samples.come_from(law.origins) if law.origins else np.ones(len(samples), np.bool_)
        if law.status is FigureStatus.CONFIRMED:
            is_closed |= applies
        else:
            has_doubts |= applies
        if law.origins:
            has_doubts |= samples.are_unstated
    return is_closed, has_doubts


def _origins(screen: Screen, samples: Samples) -> tuple[Flags, Flags]:
    """Return which lots a grade excludes by their origin, and which it may."""
    is_excluded, has_doubts = np.zeros(len(samples), np.bool_), np.zeros(len(samples), np.bool_)
    for rule in screen.excluded_origins:
        applies = samples.come_from(rule.origins)
        if rule.status is FigureStatus.CONFIRMED:
            is_excluded |= applies
        else:
            has_doubts |= applies
        has_doubts |= samples.are_unstated
    return is_excluded, has_doubts


def _gates(
    screen: Screen, samples: Samples, stale: Flags, numbers: dict[str, int]
) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    """Return of each lot the first parameter whose firm limit fails, and the first that leaves a doubt; -1: none."""
    misses = np.full(len(samples), NO_PARAMETER, np.int16)
    lacks = np.full(len(samples), NO_PARAMETER, np.int16)
    for parameter, low, high, equals, is_firm in screen.gates:
        if equals is None:
            values = samples.numbers(parameter)
            lacking = np.isnan(values) | stale
            missed = ~lacking & ((values < low) | (values > high))
        else:
            found = samples.others(parameter)
            lacking = np.array([value is None for value in found.tolist()], np.bool_) | stale
            missed = ~lacking & (found != equals).astype(np.bool_)
        doubtful = lacking if is_firm else lacking | missed
        lacks[doubtful & (lacks == NO_PARAMETER)] = numbers[parameter]
        if is_firm:
            misses[missed & (misses == NO_PARAMETER)] = numbers[parameter]
    return misses, lacks
