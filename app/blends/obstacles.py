"""What stands in the way of a mix, and how near to it a mix comes; pure but for the solver."""

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction

from app.blends.blockers import find_best_value, find_blockers
from app.blends.findings import shorten
from app.blends.mixtures import Problem
from app.blends.requirements import Requirement, known_value, weight_of
from app.blends.schemas import Blocker, Cause
from app.catalogue.schemas import Mixing
from app.core.quantities import KILOGRAM
from app.matching.limits import Criterion
from app.matching.schemas import ClosedBy
from app.matching.verdict import Finding, LotFacts, Verdict, judge

#: Seconds for the nearest values of all limits that block.
_PATIENCE_S = 2.0


def find_obstacles(problem: Problem, requirements: Sequence[Requirement], lots: Sequence[LotFacts]) -> list[Blocker]:
    """Return why lots in reach make no mix: tonnes first, else the fewest requirements that stand in the way."""
    blocking = find_blockers(problem)
    if blocking is None:
        return [_lack_of_tonnes(problem)]
    if not blocking:
        return [Blocker(cause=Cause.OUT_OF_TIME)]
    return [_describe(problem, blocking, requirements[place], lots) for place in blocking]


def _lack_of_tonnes(problem: Problem) -> Blocker:
    usable = sorted((lot.most_kg for lot in problem.lots if lot.least_kg <= lot.most_kg), reverse=True)
    most_kg = sum(usable[: problem.most_lots])
    if most_kg < problem.quantity_kg:
        return Blocker(cause=Cause.QUANTITY, best_quantity_t=most_kg * KILOGRAM)
    return Blocker(cause=Cause.MIN_ORDER)


def _describe(problem: Problem, blocking: Sequence[int], requirement: Requirement, lots: Sequence[LotFacts]) -> Blocker:
    criterion = requirement.criterion
    if criterion is None:
        return _describe_condition(requirement, lots)
    if requirement.mixing is Mixing.NONE:
        findings = [judge(requirement.asked, lot).criteria[0] for lot in lots]
        best, cause = _best_alone(findings), _usual_cause(findings)
    else:
        nearest = _best_mixed(problem, blocking, requirement, criterion, lots)
        best = None if nearest is None else shorten(nearest)
        cause = Cause.LIMIT if nearest is not None else _unknown_of_mixes(requirement, criterion, lots)
    return Blocker(
        cause=cause,
        parameter=criterion.parameter,
        basis=criterion.basis,
        unit=criterion.unit,
        min=criterion.minimum,
        max=criterion.maximum,
        equals=criterion.equals,
        source=criterion.source,
        limit_status=criterion.status,
        best_value=best,
    )


def _describe_condition(requirement: Requirement, lots: Sequence[LotFacts]) -> Blocker:
    """Return the law, the origin or the missing limits that keep lots out."""
    judgements = [judge(requirement.asked, lot) for lot in lots]
    closed_by = next((judgement.closed_by for judgement in judgements if judgement.closed_by is not None), None)
    if closed_by is not None:
        return Blocker(
            cause=Cause.LAW,
            source=closed_by.source,
            limit_status=closed_by.status,
            closed_by=ClosedBy(text=closed_by.text, source=closed_by.text_source),
        )
    findings = [found for judgement in judgements for found in judgement.criteria]
    kept_out = next(found for found in findings if found.reason is not None)
    return Blocker(cause=_usual_cause(findings), source=kept_out.source, limit_status=kept_out.limit_status)


def _usual_cause(findings: Iterable[Finding]) -> Cause:
    """Return why most lots that do not pass do not; a value outside its limit weighs as much as one not known."""
    causes = Counter(
        Cause.LIMIT if found.reason is None else Cause(found.reason)
        for found in findings
        if found.verdict is not Verdict.PASS
    )
    return causes.most_common(1)[0][0] if causes else Cause.LIMIT


def _best_alone(findings: Sequence[Finding]) -> Decimal | None:
    """Return the value nearest to the inside of the limit; None for what is no number, or not measured."""
    known = [(found.margin, found.value) for found in findings if found.margin is not None and found.reason is None]
    value = max(known, key=lambda pair: pair[0])[1] if known else None
    return value if isinstance(value, Decimal) else None


def _best_mixed(
    problem: Problem,
    blocking: Sequence[int],
    requirement: Requirement,
    criterion: Criterion,
    lots: Sequence[LotFacts],
) -> Fraction | None:
    """Return the mean nearest to the limit that a mix reaches which meets all that does not block."""
    since = requirement.asked.assays_since
    values = [known_value(lot, criterion.parameter, since) for lot in lots]
    weights = [weight_of(lot, requirement.mixing, since) for lot in lots]
    seconds = _PATIENCE_S / len(blocking)
    if criterion.maximum is not None:
        least = find_best_value(problem, blocking, values, weights, wants_less=True, seconds=seconds)
        if criterion.minimum is None or least is None or least > Fraction(criterion.maximum):
            return least
    return find_best_value(problem, blocking, values, weights, wants_less=False, seconds=seconds)


def _unknown_of_mixes(requirement: Requirement, criterion: Criterion, lots: Sequence[LotFacts]) -> Cause:
    """Return what is not known of the lots, so that none make a mix whose mean is known."""
    since = requirement.asked.assays_since
    unknown = [judge(requirement.asked, lot).criteria[0] for lot in lots]
    without_value = [found for found in unknown if found.reason is not None]
    without_mass = [
        lot
        for lot in lots
        if known_value(lot, criterion.parameter, since) is not None
        and weight_of(lot, requirement.mixing, since) is None
    ]
    # With nothing unknown, time ran out before a mix was found whose mean could be named.
    return Cause.MOISTURE_NOT_MEASURED if len(without_mass) > len(without_value) else _usual_cause(without_value)
