"""What a demand asks of a mix, requirement by requirement, as balances over its lots; pure and exact.

A parameter that mixes linearly is asked of the mix: mean by dry mass, or by wet mass where the catalogue says so. All
else (pH, indices of mortar tests, setting times, categories, origin, the law on the use) is asked of each lot.

An assay that is too old says nothing, as in searches. A lot whose moisture is not known has an unknown dry mass, so it
counts with whichever moisture is worst: what it takes of a limit counts in full, and what it gives counts nothing. A
mix of lots that pass by themselves stays possible that way, while no lot of unknown dry mass makes up for another.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from app.blends.mixtures import Row
from app.catalogue.reference import reference
from app.catalogue.schemas import FigureStatus, Mixing
from app.matching.costs import MOISTURE
from app.matching.limits import Criterion, Edge, admitted_range
from app.matching.verdict import NOT_FAILED, LotFacts, Specification, Verdict, judge

_PCT = 100
_PASS = frozenset({Verdict.PASS})
_NOTHING = Fraction(0)


@dataclass(frozen=True)
class Requirement:
    """One limit, or one condition on origin, law or limits on file: a specification that asks nothing else.

    `verdicts` are those that a lot may have in it, or, where the parameter mixes, that the mix may have; a requirement
    that takes all of them reports and never rejects.
    """

    asked: Specification
    verdicts: frozenset[Verdict]

    @property
    def criterion(self) -> Criterion | None:
        """The limit, if it is one."""
        return self.asked.criteria[0] if self.asked.criteria else None

    @property
    def mixing(self) -> Mixing:
        """How what is asked mixes."""
        return Mixing.NONE if self.criterion is None else reference().parameters[self.criterion.parameter].mixes

    @property
    def never_rejects(self) -> bool:
        """Whether every lot and mix will do."""
        return self.verdicts.issuperset(Verdict)


def list_requirements(specification: Specification, *, takes_unknown: bool) -> list[Requirement]:
    """Return the requirements in the order of the specification.

    Without `takes_unknown` everything must be shown to pass, drafts too. With it a confirmed limit must still be shown
    to hold, by a value of every lot; drafts report only, and an origin not stated or limits not on file do not reject.
    """
    bare = Specification(assays_since=specification.assays_since)
    limits = [
        Requirement(
            replace(bare, criteria=(criterion,)),
            frozenset(Verdict) if takes_unknown and criterion.status is FigureStatus.DRAFT else _PASS,
        )
        for criterion in specification.criteria
    ]
    conditions = [
        *(replace(bare, excluded_origins=(rule,)) for rule in specification.excluded_origins),
        *(replace(bare, closures=(law,)) for law in specification.closures),
        *(replace(bare, unfiled=(grade,)) for grade in specification.unfiled),
    ]
    return [*limits, *(Requirement(asked, NOT_FAILED if takes_unknown else _PASS) for asked in conditions)]


def make_rows(requirement: Requirement, lots: Sequence[LotFacts]) -> tuple[Row, ...]:
    """Return the balances that a mix of the lots must keep; none where the requirement never rejects."""
    if requirement.never_rejects:
        return ()
    return make_limits(requirement, lots) or (Row(tuple(_load_alone(requirement, lot) for lot in lots)),)


def make_limits(requirement: Requirement, lots: Sequence[LotFacts]) -> tuple[Row, ...]:
    """Return the balances of a limit on a parameter that mixes, draft or not; none for all other requirements."""
    criterion = requirement.criterion
    if criterion is None or requirement.mixing is Mixing.NONE:
        return ()
    since = requirement.asked.assays_since
    low, high = admitted_range(criterion)
    values = [known_value(lot, criterion.parameter, since) for lot in lots]
    weights = [weight_of(lot, requirement.mixing, since) for lot in lots]
    rows = []
    for edge, sign in ((low, -1), (high, 1)):
        if edge is not None:
            loads = (_load(value, weight, edge, sign) for value, weight in zip(values, weights, strict=True))
            rows.append(Row(tuple(loads), strict=not edge.inclusive))
    return tuple(rows)


def known_value(lot: LotFacts, parameter: str, since: date | None) -> Fraction | None:
    """Return what the lot's assay says of a numeric parameter; None if nothing, or if it is too old."""
    stored = lot.assay.get(parameter)
    is_old = since is not None and (lot.assay_on is None or lot.assay_on < since)
    if is_old or stored is None or isinstance(stored, (bool, str)):
        return None
    return Fraction(Decimal(repr(stored)))


def weight_of(lot: LotFacts, mixing: Mixing, since: date | None) -> Fraction | None:
    """Return how much of a kilogram counts in the mean: all of it by wet mass, else the dry part; None if unknown."""
    if mixing is Mixing.BY_WET_MASS:
        return Fraction(1)
    moisture = known_value(lot, MOISTURE, since)
    return None if moisture is None else (_PCT - moisture) / _PCT


def _load(value: Fraction | None, weight: Fraction | None, edge: Edge, sign: int) -> Fraction | None:
    if value is None:
        return None
    outside = sign * (value - Fraction(edge.at))
    if weight is None and outside < 0:
        # Some dry mass every lot has, so where a limit must not be touched, it keeps from touching it.
        return _NOTHING if edge.inclusive else _least_dry_share() * outside
    return outside if weight is None else weight * outside


def _least_dry_share() -> Fraction:
    """Return the dry share of the wettest lot that the catalogue takes for possible."""
    wettest = reference().parameters[MOISTURE].possible_max
    assert wettest is not None  # noqa: S101 - the catalogue bounds moisture
    return Fraction(_PCT - wettest) / _PCT


def _load_alone(requirement: Requirement, lot: LotFacts) -> Fraction | None:
    return _NOTHING if judge(requirement.asked, lot).verdict in requirement.verdicts else None
