"""A treatment line at a site: what the catalogue claims of it, applied to the values of the lots there. Pure.

A claim is no assay: a real lot is accepted when a new one shows it.
"""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np

from app.allocation.market import Market
from app.catalogue.reference import reference
from app.catalogue.schemas import Change, Effect, Treatment
from app.lots.measured import derive_values, round_value
from app.matching.verdict import LotFacts
from app.scenarios.changes import AddTreatment, Refusal

_ONE = Decimal(1)


def add_treatment(market: Market, change: AddTreatment) -> Market:
    """Return the market in which the lots of a site have the values that a treatment is claimed to bring.

    Raises Refusal for one whose effect is a direction without a figure.
    """
    treatment = reference().treatments.get(change.treatment)
    if treatment is None:
        raise Refusal("treatment", "unknown_treatment", f"{change.treatment} is no treatment of the catalogue")
    if change.site_id not in market.sites.ids:
        raise Refusal("site_id", "unknown_site", f"{change.site_id} is no site of an active organisation")
    if not computed_effects(treatment):
        detail = (
            f"the catalogue says in which direction {treatment.key} changes values, not by how much, so what it would "
            "make acceptable cannot be computed"
        )
        raise Refusal("treatment", "effect_not_computed", detail)
    return _treat(market, market.sites.ids.index(change.site_id), treatment)


def computed_effects(treatment: Treatment) -> tuple[Effect, ...]:
    """Return the effects that have a figure."""
    return tuple(effect for effect in treatment.effects if effect.change is not Change.DIRECTION)


def _treat(market: Market, site: int, treatment: Treatment) -> Market:
    offers, samples = market.offers, list(market.samples)
    numbers = offers.samples.copy()
    treated: dict[int, int] = {}
    for offer in np.flatnonzero(offers.sites == site).tolist():
        old = int(numbers[offer])
        if market.samples[old].material not in treatment.materials:
            continue
        if old not in treated:
            treated[old] = len(samples)
            samples.append(treat_lot(market.samples[old], treatment))
        numbers[offer] = treated[old]
    return replace(market, samples=tuple(samples), offers=replace(offers, samples=numbers))


def treat_lot(lot: LotFacts, treatment: Treatment) -> LotFacts:
    """Return a lot with the values that a treatment is claimed to bring; what was not measured stays unknown."""
    numbers = {
        parameter: Decimal(repr(value))
        for parameter, value in lot.assay.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    changed = dict(numbers)
    for effect in computed_effects(treatment):
        if effect.parameter in numbers:
            changed[effect.parameter] = after_effect(effect, numbers[effect.parameter])
    derived = _rederive(numbers, changed)
    assay: dict[str, Any] = {**lot.assay}
    assay |= {name: float(value) for name, value in {**changed, **derived}.items() if value != numbers.get(name)}
    return msgspec.structs.replace(lot, assay=assay)


def _rederive(before: Mapping[str, Decimal], after: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Return the values that follow from others, as far as those changed and they themselves did not."""
    parameters = {name for name in before if before[name] == after[name]}
    found = {}
    for name in parameters:
        was = derive_values({key: value for key, value in before.items() if key != name}).get(name)
        if was is not None and was == before[name]:
            now = derive_values({key: value for key, value in after.items() if key != name}).get(name)
            if now is not None:
                found[name] = now
    return found


def after_effect(effect: Effect, value: Decimal) -> Decimal:
    """Return a value after a claimed effect; of a range, what is nearest to where it was."""
    if effect.change is Change.TO_MAX and effect.value is not None:
        return min(value, effect.value)
    if effect.change is Change.TO_MIN and effect.value is not None:
        return max(value, effect.value)
    if effect.change is Change.TO_VALUE and effect.value is not None:
        return effect.value
    if effect.low is None or effect.high is None:
        raise AssertionError(effect)
    low, high = sorted((effect.low, effect.high))
    if effect.change is Change.FACTOR:
        # The weaker end of the claim: that which changes least.
        return round_value(value * min((low, high), key=lambda factor: abs(factor - _ONE)))
    return min(max(value, low), high)
