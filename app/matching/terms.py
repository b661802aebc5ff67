"""What one lot means for one need, as it is answered: distance, cost, verdict and criteria."""

from decimal import Decimal
from typing import Any

from app.lots.models import Lot
from app.matching.ranking import Tariff, make_haul, price_per_dry_tonne
from app.matching.schemas import ClosedBy, FindingRead
from app.matching.verdict import Judgement, LotFacts

_MOISTURE = "moisture"


def facts_of(lot: Lot) -> LotFacts:
    """Return what the verdict of a lot rests on."""
    return LotFacts(lot.material, lot.origin_process, lot.current_assay or {}, lot.current_assay_on)


def make_terms(
    lot: Lot, judgement: Judgement, distance_um: int | None, freight_fen: int | None, tariff: Tariff
) -> dict[str, Any]:
    """Return the fields of `Terms`; distance and cost are None without a place."""
    closed = judgement.closed_by
    return {
        **_haul_fields(lot, distance_um, freight_fen, tariff),
        "verdict": judgement.verdict,
        "rests_on_drafts": judgement.rests_on_drafts,
        "closed_by": None if closed is None else ClosedBy(text=closed.text, source=closed.text_source),
        "criteria": [FindingRead.model_validate(finding) for finding in judgement.criteria],
    }


def _haul_fields(lot: Lot, distance_um: int | None, freight_fen: int | None, tariff: Tariff) -> dict[str, Any]:
    if distance_um is None or freight_fen is None:
        fields = "distance_km", "route_km", "route_source", "freight_cny_per_t"
        return dict.fromkeys((*fields, "delivered_cny_per_t", "delivered_cny_per_dry_t"))
    haul = make_haul(distance_um, freight_fen, tariff)
    delivered = lot.price_cny_per_t + haul.freight_cny_per_t
    return {
        "distance_km": haul.distance_km,
        "route_km": haul.route_km,
        "route_source": "detour_factor",
        "freight_cny_per_t": haul.freight_cny_per_t,
        "delivered_cny_per_t": delivered,
        "delivered_cny_per_dry_t": price_per_dry_tonne(delivered, _moisture_pct(lot)),
    }


def _moisture_pct(lot: Lot) -> Decimal | None:
    stored = (lot.current_assay or {}).get(_MOISTURE)
    return None if stored is None else Decimal(repr(stored))
