"""What a specification says of a lot: pass, unknown or fail, criterion by criterion; pure rules.

`conditions` says the same in SQL, for filters that run before paging; tests hold the two together.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from msgspec import Struct

from app.catalogue.schemas import FigureStatus
from app.matching.limits import Criterion, Measured, margin_of, measured_value


class Verdict(StrEnum):
    """Whether a lot, or one value of it, meets what is asked."""

    PASS = "pass"  # noqa: S105 - not a password
    UNKNOWN = "unknown"
    FAIL = "fail"


#: How many criteria a near-miss may fail.
MOST_MISSES = 2
#: What a search shows unless it says otherwise.
NOT_FAILED = frozenset({Verdict.PASS, Verdict.UNKNOWN})


class Reason(StrEnum):
    """Why a criterion without a figure to compare has its verdict."""

    NOT_MEASURED = "not_measured"
    ASSAY_TOO_OLD = "assay_too_old"
    MOISTURE_NOT_MEASURED = "moisture_not_measured"
    LIMITS_NOT_ON_FILE = "limits_not_on_file"
    ORIGIN_NOT_STATED = "origin_not_stated"
    ORIGIN_EXCLUDED = "origin_excluded"


@dataclass(frozen=True)
class ExcludedOrigins:
    """Origins that a grade leaves outside its definition."""

    origins: tuple[str, ...]
    source: str
    status: FigureStatus


@dataclass(frozen=True)
class UseClosure:
    """A use closed by law: to a material (None: to every one), to lots of some origins (none listed: to every lot).

    `source` is the criterion's (`use <key>`), `text_source` the catalogue's; a draft closure makes unknown only.
    """

    material: str | None
    origins: tuple[str, ...]
    source: str
    text: str
    text_source: str
    status: FigureStatus


@dataclass(frozen=True)
class Specification:
    """All that is asked of a lot; `materials` None is any, `unfiled` names grades whose limits are not on file.

    An assay sampled before `assays_since` proves nothing; None takes one of any age.
    """

    criteria: tuple[Criterion, ...] = ()
    excluded_origins: tuple[ExcludedOrigins, ...] = ()
    closures: tuple[UseClosure, ...] = ()
    unfiled: tuple[str, ...] = ()
    materials: frozenset[str] | None = None
    assays_since: date | None = None

    @property
    def asks_nothing(self) -> bool:
        """Whether every lot of the materials passes."""
        return not (self.criteria or self.excluded_origins or self.closures or self.unfiled)


class LotFacts(Struct, frozen=True):
    """What the verdict of a lot rests on; `assay` maps parameter to value in canonical unit and basis."""

    material: str
    origin: str | None
    assay: Mapping[str, Any]
    assay_on: date | None


class Finding(Struct, frozen=True):
    """One criterion held against one lot; `margin` in the parameter's unit, positive inside.

    A page makes hundreds of these, and a Struct is made ten times as fast as a frozen dataclass.
    """

    source: str
    verdict: Verdict
    limit_status: FigureStatus
    reason: Reason | None = None
    parameter: str | None = None
    basis: str | None = None
    unit: str | None = None
    min: Decimal | None = None
    max: Decimal | None = None
    equals: bool | str | None = None
    value: Measured | None = None
    origin: str | None = None
    margin: Decimal | None = None
    assay_on: date | None = None


class Judgement(Struct, frozen=True):
    """The verdict of a lot with what it rests on; `closed_by` is the law where one closes the use."""

    verdict: Verdict
    rests_on_drafts: bool
    closed_by: UseClosure | None
    criteria: tuple[Finding, ...]

    @property
    def is_barred(self) -> bool:
        """Whether the law or the origin excludes the lot, which no treatment changes."""
        is_closed = self.closed_by is not None and self.closed_by.status is FigureStatus.CONFIRMED
        return is_closed or any(found.parameter is None and _rejects(found) for found in self.criteria)

    @property
    def is_near_miss(self) -> bool:
        """Whether the lot fails, but not barred and at most `MOST_MISSES` criteria."""
        misses = sum(_rejects(found) for found in self.criteria)
        return self.verdict is Verdict.FAIL and not self.is_barred and misses <= MOST_MISSES

    def is_among(self, verdicts: frozenset[Verdict]) -> bool:
        """Whether a search for some verdicts shows the lot; of those that fail it shows near-misses only."""
        return self.verdict in verdicts and (self.verdict is not Verdict.FAIL or self.is_near_miss)


def _rejects(found: Finding) -> bool:
    return found.verdict is Verdict.FAIL and found.limit_status is FigureStatus.CONFIRMED


def judge(specification: Specification, lot: LotFacts) -> Judgement:
    """Return the verdict of a lot.

    Fail if a confirmed limit fails or the law closes the use; else unknown if anything is unknown or fails only
    against a draft; else pass, which may rest on drafts.
    """
    laws = [law for law in specification.closures if _is_closed(law, lot)]
    closed_by = min(laws, key=lambda law: law.status is FigureStatus.DRAFT, default=None)
    findings = (
        *(_check_value(criterion, lot, specification.assays_since) for criterion in specification.criteria),
        *(_check_origin(rule, lot) for rule in specification.excluded_origins),
        *(_unstated_origin(law) for law in specification.closures if _needs_origin(law, lot)),
        *(_unfiled_limits(grade) for grade in specification.unfiled),
    )
    verdict = _verdict(findings, closed_by)
    on_drafts = verdict is Verdict.PASS and any(found.limit_status is FigureStatus.DRAFT for found in findings)
    return Judgement(verdict, on_drafts, closed_by, findings)


def _verdict(findings: tuple[Finding, ...], closed_by: UseClosure | None) -> Verdict:
    rejected_by = {found.limit_status for found in findings if found.verdict is Verdict.FAIL}
    if closed_by is not None:
        rejected_by.add(closed_by.status)
    if FigureStatus.CONFIRMED in rejected_by:
        return Verdict.FAIL
    if rejected_by or any(found.verdict is Verdict.UNKNOWN for found in findings):
        return Verdict.UNKNOWN
    return Verdict.PASS


def _is_closed(law: UseClosure, lot: LotFacts) -> bool:
    return law.material in {None, lot.material} and (not law.origins or lot.origin in law.origins)


def _needs_origin(law: UseClosure, lot: LotFacts) -> bool:
    return law.material in {None, lot.material} and bool(law.origins) and lot.origin is None


def _check_value(criterion: Criterion, lot: LotFacts, since: date | None) -> Finding:
    value, margin, reason = measured_value(lot.assay, criterion), None, None
    if value is None:
        verdict, reason = Verdict.UNKNOWN, Reason.NOT_MEASURED
    elif since is not None and (lot.assay_on is None or lot.assay_on < since):
        verdict, reason = Verdict.UNKNOWN, Reason.ASSAY_TOO_OLD
    elif isinstance(value, Decimal):
        margin = margin_of(criterion, value)
        verdict = Verdict.PASS if margin >= 0 else Verdict.FAIL
    else:
        verdict = Verdict.PASS if value == criterion.equals else Verdict.FAIL
    return describe_check(criterion, verdict, reason, value, margin, None if value is None else lot.assay_on)


def describe_check(
    criterion: Criterion,
    verdict: Verdict,
    reason: Reason | None,
    value: Measured | None,
    margin: Decimal | None,
    assay_on: date | None,
) -> Finding:
    """Return what a criterion held against a value found, with the limit as it stands."""
    return Finding(
        source=criterion.source,
        verdict=verdict,
        limit_status=criterion.status,
        reason=reason,
        parameter=criterion.parameter,
        basis=criterion.basis,
        unit=criterion.unit,
        min=criterion.minimum,
        max=criterion.maximum,
        equals=criterion.equals,
        value=value,
        margin=margin,
        assay_on=assay_on,
    )


def _check_origin(rule: ExcludedOrigins, lot: LotFacts) -> Finding:
    if lot.origin is None:
        return Finding(rule.source, Verdict.UNKNOWN, rule.status, Reason.ORIGIN_NOT_STATED)
    if lot.origin in rule.origins:
        return Finding(rule.source, Verdict.FAIL, rule.status, Reason.ORIGIN_EXCLUDED, origin=lot.origin)
    return Finding(rule.source, Verdict.PASS, rule.status, origin=lot.origin)


def _unstated_origin(law: UseClosure) -> Finding:
    return Finding(law.source, Verdict.UNKNOWN, law.status, Reason.ORIGIN_NOT_STATED)


def _unfiled_limits(grade: str) -> Finding:
    return Finding(grade, Verdict.UNKNOWN, FigureStatus.CONFIRMED, Reason.LIMITS_NOT_ON_FILE)
