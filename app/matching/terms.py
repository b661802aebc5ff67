"""What one lot means for one need, as it is answered: distance, cost, verdict, criteria, remedies and advice."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from app.core.documents import Document
from app.matching.advice import advise
from app.matching.conventions import Conventions
from app.matching.costs import MOISTURE, cny_per_active_tonne, cny_per_dry_tonne
from app.matching.ranking import Haul
from app.matching.remedies import find_remedies
from app.matching.verdict import Judgement, LotFacts


def facts_of(lot: Any) -> LotFacts:  # noqa: ANN401 - a Lot, or a row with its columns
    """Return what the verdict of a lot rests on."""
    return LotFacts(lot.material, lot.origin_process, lot.current_assay or {}, lot.current_assay_on)


def make_terms(
    lot: Any,  # noqa: ANN401 - a Lot, or a row with its columns
    judgement: Judgement,
    haul: Haul | None,
    active_component: str | None,
    conventions: Conventions,
) -> Document:
    """Return the fields of `Terms`; distance and cost are None without a haul."""
    closed = judgement.closed_by
    remedies = find_remedies(lot.material, judgement)
    return {
        **_haul_fields(lot, haul, active_component),
        "verdict": judgement.verdict,
        "rests_on_drafts": judgement.rests_on_drafts,
        "closed_by": None if closed is None else {"text": closed.text, "source": closed.text_source},
        "criteria": judgement.criteria,
        "remedies": remedies,
        "advice": advise(judgement, remedies, conventions.language),
    }


def _haul_fields(lot: Any, haul: Haul | None, active_component: str | None) -> Document:  # noqa: ANN401 - as above
    if haul is None:
        fields = "distance_km", "route_km", "route_source", "freight_cny_per_t", "delivered_cny_per_t"
        return dict.fromkeys((*fields, "delivered_cny_per_dry_t", "delivered_cny_per_active_t"))
    delivered, assay = lot.price_cny_per_t + haul.freight_cny_per_t, lot.current_assay or {}
    return {
        "distance_km": haul.distance_km,
        "route_km": haul.route_km,
        "route_source": haul.route_source,
        "freight_cny_per_t": haul.freight_cny_per_t,
        "delivered_cny_per_t": delivered,
        "delivered_cny_per_dry_t": cny_per_dry_tonne(delivered, _measured_pct(assay, MOISTURE)),
        "delivered_cny_per_active_t": _per_active_tonne(assay, delivered, active_component),
    }


def _per_active_tonne(assay: Mapping[str, Any], delivered: Decimal, component: str | None) -> Decimal | None:
    if component is None:
        return None
    return cny_per_active_tonne(delivered, _measured_pct(assay, MOISTURE), _measured_pct(assay, component))


def _measured_pct(assay: Mapping[str, Any], parameter: str) -> float | None:
    stored = assay.get(parameter)
    return None if stored is None else float(stored)
