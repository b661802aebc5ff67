"""Digests of what a lot or a demand is, so that a suggestion can tell whether it still is; pure but for the reading."""

import hashlib
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.demands.models import Demand, DemandStatus
from app.lots.models import Lot, LotStatus

#: Not what is reserved or shipped: others may take of it, as long as enough is left.
_OF_LOTS = (
    Lot.site_id,
    Lot.material,
    Lot.quantity_t,
    Lot.is_recurring,
    Lot.min_order_t,
    Lot.available_from,
    Lot.available_to,
    Lot.price_cny_per_t,
    Lot.origin_process,
    Lot.stock_year,
    Lot.current_assay_id,
)
_OF_DEMANDS = (
    Demand.site_id,
    Demand.use,
    Demand.materials,
    Demand.grade,
    Demand.criteria,
    Demand.quantity_t,
    Demand.is_recurring,
    Demand.needed_from,
    Demand.needed_to,
    Demand.max_distance_km,
    Demand.max_delivered_cny_per_t,
    Demand.freight_cny_per_t_km,
    Demand.freight_fixed_cny_per_t,
    Demand.accept_unknown,
    Demand.end_product,
)
Terms = dict[UUID, int]


def read_lot_terms(session: Session, lot_id: UUID | None = None) -> Terms:
    """Return the digests of all open lots, or of one whatever its state, by id."""
    query = select(Lot.id, *_OF_LOTS)
    return _read(
        session, query.where(Lot.status == LotStatus.OPEN) if lot_id is None else query.where(Lot.id == lot_id)
    )


def read_demand_terms(session: Session, demand_id: UUID | None = None) -> Terms:
    """Return the digests of all open demands, or of one whatever its state, by id."""
    query = select(Demand.id, *_OF_DEMANDS)
    is_asked = Demand.status == DemandStatus.OPEN if demand_id is None else Demand.id == demand_id
    return _read(session, query.where(is_asked))


def _read(session: Session, query: Any) -> Terms:  # noqa: ANN401 - a SELECT of these columns
    return {row[0]: _digest(row[1:]) for row in session.execute(query)}


def _digest(terms: tuple[Any, ...]) -> int:
    """Return 64 bits of the terms, as both engines keep them."""
    said = repr([str(term) if term is not None else None for term in terms]).encode()
    return int.from_bytes(hashlib.blake2b(said, digest_size=8).digest(), "big", signed=True)
