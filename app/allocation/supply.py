"""Reads what there is to haul: lots on offer, months of streams, and what is stored and not on offer."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import BigInteger, Text, cast, literal_column, select, type_coerce
from sqlalchemy.orm import Session

from app.allocation.market import Offers, Sources, whole
from app.allocation.needs import Horizon
from app.core.clock import first_day, last_day
from app.ledger.accounts import Account
from app.ledger.models import Balance, Declaration
from app.lots.models import Lot, LotMonth, LotStatus
from app.matching.verdict import LotFacts
from app.transport.network import NONE

FRESH = 0
#: A material of a site.
Stream = tuple[UUID, str]


@dataclass(frozen=True)
class Piece:
    """An offer with its sources: month (index), first day, last day and kilograms of each."""

    lot_id: UUID | None
    site: int
    material: int
    sample: int
    price_fen: int
    first_day: int
    last_day: int
    stock_year: int
    is_stream: bool
    parts: tuple[tuple[int, int, int, int], ...]


class Distinct:
    """Distinct lots: those of a material that were measured alike, long enough ago or not, are judged once."""

    def __init__(self, since: date) -> None:
        """Take the day before which an assay proves nothing."""
        self._since = since
        self._numbers: dict[tuple[Any, ...], int] = {}
        self.facts: list[LotFacts] = []

    def number_of(self, material: str, origin: str | None, assay: str | None, assay_on: date | None) -> int:
        """Return the number of what a lot is like; `assay` is JSON."""
        key = (material, origin, assay, assay_on is not None and assay_on >= self._since)
        if key not in self._numbers:
            self._numbers[key] = len(self.facts)
            self.facts.append(LotFacts(material, origin, (json.loads(assay) if assay else None) or {}, assay_on))
        return self._numbers[key]


def read_lots(session: Session, horizon: Horizon, materials: Sequence[str]) -> list[Any]:
    """Return the rows of all lots that are on offer on some day from today on, whoever owns them."""
    kg = [type_coerce(column, BigInteger) for column in (Lot.quantity_t, Lot.reserved_t, Lot.shipped_t)]
    names = ("quantity_kg", "reserved_kg", "shipped_kg")
    columns: list[Any] = [Lot.id, Lot.site_id, Lot.material, Lot.is_recurring, Lot.available_from, Lot.available_to]
    columns += [Lot.origin_process, Lot.stock_year, Lot.current_assay_on]
    columns += [column.label(name) for column, name in zip(kg, names, strict=True)]
    columns += [type_coerce(Lot.price_cny_per_t, BigInteger).label("price_fen")]
    columns += [cast(Lot.current_assay, Text).label("assay")]
    query = select(*columns).where(
        # As the partial index says it.
        Lot.status == literal_column(f"'{LotStatus.OPEN.value}'"),
        Lot.available_to >= horizon.today,
        Lot.material.in_(materials),
    )
    return list(session.execute(query.order_by(Lot.id)))


def read_taken(session: Session, horizon: Horizon) -> dict[tuple[UUID, str], int]:
    """Return what is free of the months of streams of which something was taken, in kilograms."""
    kg = [type_coerce(part, BigInteger) for part in (LotMonth.quantity_t, LotMonth.reserved_t, LotMonth.shipped_t)]
    columns: list[Any] = [LotMonth.lot_id, LotMonth.month, *kg]
    rows = session.execute(select(*columns).where(LotMonth.month.in_(horizon.months)))
    return {(lot_id, month): quantity - reserved - shipped for lot_id, month, quantity, reserved, shipped in rows}


def read_storage(session: Session, materials: Sequence[str]) -> dict[Stream, dict[int, int]]:
    """Return what the producers' sites store, by stock year, in kilograms."""
    stored: dict[Stream, dict[int, int]] = defaultdict(dict)
    query = select(
        Balance.origin_site_id, Balance.material, Balance.stock_year, type_coerce(Balance.quantity_t, BigInteger)
    ).where(Balance.account == Account.STORAGE.value, Balance.material.in_(materials))
    for site_id, material, year, kg in session.execute(query):
        if kg:
            stored[site_id, material][year] = kg
    return stored


def read_declared(session: Session, horizon: Horizon, materials: Sequence[str]) -> set[tuple[UUID, str, str]]:
    """Return the months of the horizon that are declared, by site and material."""
    query = select(Declaration.site_id, Declaration.material, Declaration.month).where(
        Declaration.month.in_(horizon.months), Declaration.material.in_(materials), Declaration.replaced_by.is_(None)
    )
    return {(site_id, material, month) for site_id, material, month in session.execute(query)}


def parts_of(row: Any, horizon: Horizon, taken: Mapping[tuple[UUID, str], int]) -> list[tuple[str, int]]:  # noqa: ANN401
    """Return the months of the horizon in which a lot has something free, with it; of one that is there once, one."""
    months = horizon.months_within(row.available_from, row.available_to)
    if not row.is_recurring:
        return [(months[0], row.quantity_kg - row.reserved_kg - row.shipped_kg)] if months else []
    return [(month, taken.get((row.id, month), row.quantity_kg)) for month in months]


def piece_of(
    row: Any,  # noqa: ANN401 - a row of a lot
    parts: Sequence[tuple[str, int]],
    horizon: Horizon,
    place: tuple[int, int, int],
) -> Piece:
    """Return a lot as an offer; `place` is its site, material and sample."""
    first, last = horizon.days_of(row.available_from, row.available_to)
    found = []
    for month, kg in parts:
        days = first, last
        if row.is_recurring:
            days = max(first, first_day(month).toordinal()), min(last, last_day(month).toordinal())
        found.append((horizon.months.index(month), *days, kg))
    return Piece(row.id, *place, row.price_fen, first, last, row.stock_year or FRESH, row.is_recurring, tuple(found))


def stored_piece(kg: int, year: int, horizon: Horizon, place: tuple[int, int, int]) -> Piece:
    """Return what is stored and not on offer: without a price, there on any day."""
    days = horizon.days_of(horizon.today, horizon.last_day)
    return Piece(None, *place, 0, *days, year, is_stream=False, parts=((0, *days, kg),))


def offers_of(pieces: Sequence[Piece], horizon: Horizon) -> tuple[Offers, Sources]:
    """Return offers and their sources in columns; what a month of a stream leaves is there in the next one."""
    years = whole([piece.stock_year for piece in pieces])
    offers = Offers(
        lot_ids=tuple(piece.lot_id for piece in pieces),
        sites=whole([piece.site for piece in pieces]),
        materials=whole([piece.material for piece in pieces]),
        samples=whole([piece.sample for piece in pieces]),
        price_fen=whole([piece.price_fen for piece in pieces]),
        first_days=whole([piece.first_day for piece in pieces]),
        last_days=whole([piece.last_day for piece in pieces]),
        stock_years=years,
        is_prior=(years != FRESH) & (years < horizon.year),
        is_stream=np.array([piece.is_stream for piece in pieces], np.bool_),
    )
    counts = whole([len(piece.parts) for piece in pieces])
    parts = whole([part for piece in pieces for part in piece.parts]).reshape(-1, 4)
    numbers = np.repeat(np.arange(len(pieces)), counts)
    carried_to = np.arange(1, len(parts) + 1)
    carried_to[np.flatnonzero(np.diff(numbers, append=-1))] = NONE
    return offers, Sources(numbers, parts[:, 0], parts[:, 1], parts[:, 2], parts[:, 3], carried_to)
