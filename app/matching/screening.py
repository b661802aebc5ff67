"""The verdict alone, without findings and margins: for many wishes held against one lot. Pure.

It compares the doubles that `conditions` compares in SQL, so a wish costs microseconds; tests hold it to `verdict`.
"""

import math
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from app.catalogue.schemas import FigureStatus
from app.matching.limits import Criterion, admitted_range
from app.matching.verdict import MOST_MISSES, ExcludedOrigins, LotFacts, Specification, UseClosure, Verdict


class _Gate(NamedTuple):
    """The doubles from `low` to `high` that a limit admits, or the text or truth that it wants."""

    parameter: str
    low: float
    high: float
    equals: bool | str | None
    is_firm: bool


@dataclass(frozen=True)
class Screen:
    """A specification made ready for comparing."""

    gates: tuple[_Gate, ...]
    closures: tuple[UseClosure, ...]
    excluded_origins: tuple[ExcludedOrigins, ...]
    is_unfiled: bool
    assays_since: date | None


def make_screen(specification: Specification) -> Screen:
    """Return the screen of a specification; its materials are not part of it."""
    return Screen(
        gates=tuple(map(_gate, specification.criteria)),
        closures=specification.closures,
        excluded_origins=specification.excluded_origins,
        is_unfiled=bool(specification.unfiled),
        assays_since=specification.assays_since,
    )


def _gate(criterion: Criterion) -> _Gate:
    low, high = (None, None) if criterion.equals is not None else admitted_range(criterion)
    least, greatest = -math.inf, math.inf
    if low is not None:
        least = float(low.at) if low.inclusive else math.nextafter(float(low.at), math.inf)
    if high is not None:
        greatest = float(high.at) if high.inclusive else math.nextafter(float(high.at), -math.inf)
    is_firm = criterion.status is FigureStatus.CONFIRMED
    return _Gate(criterion.parameter, least, greatest, criterion.equals, is_firm)


def screen_lot(screen: Screen, lot: LotFacts, verdicts: frozenset[Verdict]) -> Verdict | None:
    """Return the verdict of a lot if a search for `verdicts` shows it (of those that fail: near-misses), else None."""
    barred, is_unknown = _exclusions(screen, lot)
    if barred:
        return None
    misses, has_doubts = _count_misses(screen, lot)
    verdict = Verdict.UNKNOWN if is_unknown or has_doubts or screen.is_unfiled else Verdict.PASS
    if misses:
        verdict = Verdict.FAIL
    return verdict if verdict in verdicts and misses <= MOST_MISSES else None


def _exclusions(screen: Screen, lot: LotFacts) -> tuple[bool, bool]:
    """Return whether the law or the origin bars the lot, and whether either leaves a doubt."""
    is_unknown = False
    rules: list[tuple[tuple[str, ...], FigureStatus]] = [
        (law.origins, law.status) for law in screen.closures if law.material in {None, lot.material}
    ]
    rules += [(rule.origins, rule.status) for rule in screen.excluded_origins]
    for origins, status in rules:
        if not origins or lot.origin in origins:
            if status is FigureStatus.CONFIRMED:
                return True, False
            is_unknown = True
        elif lot.origin is None:
            is_unknown = True
    return False, is_unknown


def _count_misses(screen: Screen, lot: LotFacts) -> tuple[int, bool]:
    """Return how many confirmed limits fail, and whether a value is missing or fails a draft."""
    since = screen.assays_since
    if since is not None and (lot.assay_on is None or lot.assay_on < since):
        return 0, bool(screen.gates)
    misses, has_doubts = 0, False
    for parameter, low, high, equals, is_firm in screen.gates:
        value = lot.assay.get(parameter)
        if value is None:
            has_doubts = True
        elif value != equals if equals is not None else not low <= value <= high:
            misses += is_firm
            has_doubts = has_doubts or not is_firm
    return misses, has_doubts
