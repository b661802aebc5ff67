"""What one lot means for one need, as it is answered: distance, cost, verdict, criteria, remedies and advice."""

from decimal import Decimal
from typing import Any

from app.lots.models import Lot
from app.matching.advice import advise
from app.matching.conventions import Conventions
from app.matching.costs import MOISTURE, cny_per_active_tonne, cny_per_dry_tonne
from app.matching.ranking import Tariff, make_haul
from app.matching.remedies import find_remedies
from app.matching.schemas import ClosedBy, FindingRead, RemedyRead
from app.matching.verdict import Judgement, LotFacts


def facts_of(lot: Lot) -> LotFacts:
    """Return what the verdict of a lot rests on."""
    return LotFacts(lot.material, lot.origin_process, lot.current_assay or {}, lot.current_assay_on)


def make_terms(
    lot: Lot,
    judgement: Judgement,
    distance_um: int | None,
    freight_fen: int | None,
    active_component: str | None,
    conventions: Conventions,
) -> dict[str, Any]:
    """Return the fields of `Terms`; distance and cost are None without a place."""
    closed = judgement.closed_by
    remedies = find_remedies(lot.material, judgement)
    return {
        **_haul_fields(lot, distance_um, freight_fen, active_component, conventions.tariff),
        "verdict": judgement.verdict,
        "rests_on_drafts": judgement.rests_on_drafts,
        "closed_by": None if closed is None else ClosedBy(text=closed.text, source=closed.text_source),
        "criteria": [FindingRead.model_validate(finding) for finding in judgement.criteria],
        "remedies": [RemedyRead.model_validate(remedy) for remedy in remedies],
        "advice": advise(judgement, remedies, conventions.language),
    }


def _haul_fields(
    lot: Lot, distance_um: int | None, freight_fen: int | None, active_component: str | None, tariff: Tariff
) -> dict[str, Any]:
    if distance_um is None or freight_fen is None:
        fields = "distance_km", "route_km", "route_source", "freight_cny_per_t", "delivered_cny_per_t"
        return dict.fromkeys((*fields, "delivered_cny_per_dry_t", "delivered_cny_per_active_t"))
    haul = make_haul(distance_um, freight_fen, tariff)
    delivered = lot.price_cny_per_t + haul.freight_cny_per_t
    return {
        "distance_km": haul.distance_km,
        "route_km": haul.route_km,
        "route_source": "detour_factor",
        "freight_cny_per_t": haul.freight_cny_per_t,
        "delivered_cny_per_t": delivered,
        "delivered_cny_per_dry_t": cny_per_dry_tonne(delivered, _measured_pct(lot, MOISTURE)),
        "delivered_cny_per_active_t": _per_active_tonne(lot, delivered, active_component),
    }


def _per_active_tonne(lot: Lot, delivered: Decimal, component: str | None) -> Decimal | None:
    if component is None:
        return None
    return cny_per_active_tonne(delivered, _measured_pct(lot, MOISTURE), _measured_pct(lot, component))


def _measured_pct(lot: Lot, parameter: str) -> float | None:
    stored = (lot.current_assay or {}).get(parameter)
    return None if stored is None else float(stored)
