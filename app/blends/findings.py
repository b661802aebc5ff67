"""What a mix is: its values, and every limit held against it; pure and exact."""

from collections.abc import Sequence
from datetime import date
from decimal import Context, Decimal
from fractions import Fraction

from app.blends.mixtures import Mix, is_met, mean_of
from app.blends.requirements import Requirement, known_value, make_limits, weight_of
from app.blends.schemas import MixedValue
from app.catalogue.reference import reference
from app.catalogue.schemas import FigureStatus, Mixing
from app.catalogue.units import SIGNIFICANT_DIGITS
from app.matching.limits import Criterion, margin_of
from app.matching.verdict import Finding, Judgement, LotFacts, Reason, Verdict, describe_check, judge

#: Finer than any two values that kilograms and 12-digit assays can make differ.
_EXACT = Context(prec=120)
_ROUNDED = Context(prec=SIGNIFICANT_DIGITS)
_WORST_FIRST = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.PASS)


def judge_mix(requirements: Sequence[Requirement], lots: Sequence[LotFacts], mix: Mix) -> Judgement:
    """Return the verdict of a mix that meets its requirements, which therefore never is fail.

    Unknown if anything is unknown or fails against a draft, else pass; the criteria in the order of the requirements.
    """
    findings: list[Finding] = []
    closed_by = None
    for requirement in requirements:
        if requirement.criterion is not None and requirement.mixing is not Mixing.NONE:
            findings.append(_find_in_mix(requirement, requirement.criterion, lots, mix))
            continue
        judgements = [judge(requirement.asked, lots[lot]) for lot in sorted(mix)]
        closed_by = closed_by or next((each.closed_by for each in judgements if each.closed_by), None)
        findings += sorted((found for each in judgements for found in each.criteria), key=_badness)[:1]
    is_pass = closed_by is None and all(found.verdict is Verdict.PASS for found in findings)
    on_drafts = is_pass and any(found.limit_status is FigureStatus.DRAFT for found in findings)
    return Judgement(Verdict.PASS if is_pass else Verdict.UNKNOWN, on_drafts, closed_by, tuple(findings))


def list_values(lots: Sequence[LotFacts], mix: Mix, since: date | None) -> list[MixedValue]:
    """Return every value of the mix that follows from those of its lots; assays before `since` say nothing."""
    values = []
    for parameter in reference().parameters.values():
        if parameter.mixes is not Mixing.NONE:
            value = _mean(parameter.key, parameter.mixes, lots, mix, since)
            if value is not None:
                values.append(
                    MixedValue(
                        parameter=parameter.key, value=shorten(value), unit=parameter.unit, basis=parameter.basis
                    )
                )
    return values


def shorten(value: Fraction) -> Decimal:
    """Return a value as it is shown: 12 significant digits."""
    return _ROUNDED.divide(Decimal(value.numerator), Decimal(value.denominator))


def _mean(parameter: str, mixing: Mixing, lots: Sequence[LotFacts], mix: Mix, since: date | None) -> Fraction | None:
    values = [known_value(lot, parameter, since) for lot in lots]
    # One lot alone has its own values, whatever its dry mass.
    weights = [Fraction(1) if len(mix) == 1 else weight_of(lot, mixing, since) for lot in lots]
    return mean_of(mix, values, weights)


def _find_in_mix(requirement: Requirement, criterion: Criterion, lots: Sequence[LotFacts], mix: Mix) -> Finding:
    """Return a limit held against the mean of the mix, or against what is sure of it where moisture is not known."""
    ones = [judge(requirement.asked, lots[lot]).criteria[0] for lot in sorted(mix)]
    unknown = next((found.reason for found in ones if found.reason is not None), None)
    since = requirement.asked.assays_since
    mean = None if unknown else _mean(criterion.parameter, requirement.mixing, lots, mix, since)
    value, margin, reason = None, None, unknown
    if mean is not None:
        exact = _EXACT.divide(Decimal(mean.numerator), Decimal(mean.denominator))
        margin = margin_of(criterion, exact)
        value, verdict = shorten(mean), Verdict.PASS if margin >= 0 else Verdict.FAIL
    elif unknown is None and all(is_met(row, mix) for row in make_limits(requirement, lots)):
        verdict, reason = Verdict.PASS, Reason.MOISTURE_NOT_MEASURED
    else:
        verdict, reason = Verdict.UNKNOWN, unknown or Reason.MOISTURE_NOT_MEASURED
    days = [lots[lot].assay_on for lot in mix]
    sampled_on = min((day for day in days if day is not None), default=None)
    return describe_check(criterion, verdict, reason, value, margin, sampled_on)


def _badness(found: Finding) -> tuple[int, Decimal]:
    margin = Decimal(0) if found.margin is None else found.margin
    return _WORST_FIRST.index(found.verdict), margin
