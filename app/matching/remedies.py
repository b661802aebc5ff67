"""What could make a lot acceptable: treatments of the catalogue that act on what fails. Pure.

A remedy is a claim of the catalogue; only a new assay proves it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from app.catalogue.reference import reference
from app.catalogue.schemas import Change, Direction, Effect, Treatment
from app.matching.verdict import Finding, Judgement, Reason, Verdict


@dataclass(frozen=True)
class Remedy:
    """A treatment that may bring the parameters in `fixes` inside their limits; `source` is that of those effects."""

    treatment: str
    name_zh: str
    name_en: str
    fixes: tuple[str, ...]
    claimed: bool
    effects: tuple[Effect, ...]
    source: str


@dataclass(frozen=True)
class _Limits:
    """All that is asked of one parameter that fails; None where it is open."""

    value: Decimal
    minimum: Decimal | None
    maximum: Decimal | None

    def admit(self, low: Decimal, high: Decimal) -> bool:
        """Whether some value from low to high is inside."""
        return (self.maximum is None or low <= self.maximum) and (self.minimum is None or high >= self.minimum)

    @property
    def is_too_high(self) -> bool:
        return self.maximum is not None and self.value > self.maximum

    @property
    def is_too_low(self) -> bool:
        return self.minimum is not None and self.value < self.minimum


def find_remedies(material: str, judgement: Judgement) -> tuple[Remedy, ...]:
    """Return the treatments of a material that fix something that fails, those that fix most first.

    None where the law or the origin excludes the lot: no treatment changes that.
    """
    if judgement.closed_by is not None or any(c.reason is Reason.ORIGIN_EXCLUDED for c in judgement.criteria):
        return ()
    failing = dict(_failing_limits(judgement))
    treatments = {found.key: found for key in failing for found in reference().treatments_for(material, key)}
    remedies = [_make_remedy(treatment, failing) for treatment in treatments.values()]
    useful = [remedy for remedy in remedies if remedy.fixes]
    return tuple(sorted(useful, key=lambda remedy: (-len(remedy.fixes), remedy.treatment)))


def _failing_limits(judgement: Judgement) -> Iterator[tuple[str, _Limits]]:
    """Yield the parameters whose number fails, with every limit on them joined, in the order of the criteria."""
    for found in judgement.criteria:
        if found.verdict is Verdict.FAIL and found.parameter is not None and isinstance(found.value, Decimal):
            same = [other for other in judgement.criteria if other.parameter == found.parameter]
            yield found.parameter, _join(found.value, same)


def _join(value: Decimal, findings: list[Finding]) -> _Limits:
    minima = [found.min for found in findings if found.min is not None]
    maxima = [found.max for found in findings if found.max is not None]
    return _Limits(value, max(minima, default=None), min(maxima, default=None))


def _make_remedy(treatment: Treatment, failing: dict[str, _Limits]) -> Remedy:
    useful = [
        effect
        for effect in treatment.effects
        if effect.parameter in failing and _may_fix(effect, failing[effect.parameter])
    ]
    fixed = {effect.parameter for effect in useful}
    return Remedy(
        treatment=treatment.key,
        name_zh=treatment.name_zh,
        name_en=treatment.name_en,
        fixes=tuple(parameter for parameter in failing if parameter in fixed),
        claimed=True,
        effects=treatment.effects,
        source="; ".join(dict.fromkeys(effect.source for effect in useful)),
    )


def _may_fix(effect: Effect, limits: _Limits) -> bool:
    """Whether the claimed effect can bring the value inside; figures are in the parameter's unit, or factors."""
    if effect.change is Change.DIRECTION:
        wanted = {Direction.DOWN: limits.is_too_high, Direction.UP: limits.is_too_low}
        return effect.direction is not None and wanted.get(effect.direction, False)
    if effect.value is not None:
        # "At most" brings down what is too high and "at least" lifts what is too low, never the other way.
        points_right = {Change.TO_MAX: limits.is_too_high, Change.TO_MIN: limits.is_too_low}
        return points_right.get(effect.change, True) and limits.admit(effect.value, effect.value)
    if effect.low is None or effect.high is None:
        return False
    scale = limits.value if effect.change is Change.FACTOR else Decimal(1)
    low, high = sorted((effect.low * scale, effect.high * scale))
    return limits.admit(low, high)
