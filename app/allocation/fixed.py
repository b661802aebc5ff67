"""The fixed terms of the rate, and what storage is left when agreements and lots have drawn on it.

The figures and why nothing counts twice: docs/decisions/2026-11-30_plans.md.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Select, func, select, type_coerce
from sqlalchemy.orm import Session

from app.allocation.needs import Horizon, to_come
from app.allocation.supply import FRESH, Stream
from app.core.clock import months_touched
from app.demands.agreed import Share
from app.exchange.lifecycle import AgreementStatus
from app.exchange.models import Agreement
from app.exchange.queries import load_months
from app.exchange.standing import has_status
from app.ledger.accounts import Account
from app.ledger.models import Balance, OriginMonth
from app.lots.models import Lot
from app.organisations.models import Site, SiteId
from app.organisations.queries import within_jurisdiction
from app.transport.rates import Base


@dataclass
class Drawn:
    """What draws on the storage of a stream by stock year: within the horizon, and in all; and what is not in it yet.

    `to_come_kg` is waste of months that are not declared: it will be generated, whatever is in storage.
    """

    within_kg: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    in_all_kg: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    to_come_kg: int = 0

    def generated_kg(self, stored: Mapping[int, int], year: int) -> int:
        """Return what of this is not on file as generated: beyond this year's storage, and of months to come."""
        return max(0, self.within_kg[FRESH] - stored.get(year, 0)) + self.to_come_kg

    def left_kg(self, stored: Mapping[int, int], year: int) -> Iterator[tuple[int, int]]:
        """Yield the stock years of which something is stored and not promised or on offer, with it."""
        for stock_year, kg in sorted(stored.items()):
            left = kg - self.in_all_kg[FRESH if stock_year == year else stock_year]
            if left > 0:
                yield stock_year, left


@dataclass(frozen=True)
class Promise:
    """An agreement in force: what it still brings by month."""

    site_id: UUID
    material: str
    stock_year: int
    is_recurring: bool
    kg: Mapping[str, int]


def stock_year_of(stated: int | None, horizon: Horizon) -> int:
    """Return the stock year as drawing counts it: waste of this year is fresh, whether a lot says so or not."""
    return FRESH if stated is None or stated >= horizon.year else stated


def counted_sites(district: str | None) -> Select[SiteId]:
    """Return the statement of the sites whose waste a question counts."""
    return select(Site.id).where(within_jurisdiction(district))


def read_promises(session: Session, horizon: Horizon, materials: Sequence[str], district: str | None) -> list[Promise]:
    """Return what agreements in force have not shipped yet, of the origins that a question counts."""
    rows = session.execute(
        select(Agreement, Lot.stock_year)
        .join(Lot, Lot.id == Agreement.lot_id)
        .where(has_status(AgreementStatus.ACCEPTED), Agreement.material.in_(materials))
        .where(Agreement.origin_site_id.in_(counted_sites(district)))
    ).all()
    shipped = load_months(session, [agreement.id for agreement, _ in rows if agreement.is_recurring])
    return [
        Promise(
            agreement.origin_site_id,
            agreement.material,
            stock_year_of(stock_year, horizon),
            agreement.is_recurring,
            _months_to_come(agreement, shipped.get(agreement.id, {}), horizon),
        )
        for agreement, stock_year in rows
    ]


def _months_to_come(agreement: Agreement, shipped: Mapping[str, Any], horizon: Horizon) -> dict[str, int]:
    share = Share(
        is_live=True,
        is_recurring=agreement.is_recurring,
        quantity_t=agreement.quantity_t,
        shipped_t=agreement.shipped_t,
        starts_on=agreement.starts_on,
        ends_on=agreement.ends_on,
        shipped=shipped,
    )
    months = months_touched(max(agreement.starts_on, horizon.today), agreement.ends_on)
    return {month: int(to_come(share, month, horizon.today).scaleb(3)) for month in months}


def draw(
    rows: Sequence[tuple[Any, Sequence[tuple[str, int]]]],
    promises: Sequence[Promise],
    declared: set[tuple[UUID, str, str]],
    horizon: Horizon,
) -> dict[Stream, Drawn]:
    """Return what lots (rows with their months and kilograms) and agreements draw on each stream's storage."""
    drawn: dict[Stream, Drawn] = defaultdict(Drawn)
    for row, parts in rows:
        year, stream = stock_year_of(row.stock_year, horizon), drawn[row.site_id, row.material]
        if not row.is_recurring and not parts:  # on offer after the horizon
            stream.in_all_kg[year] += row.quantity_kg - row.reserved_kg - row.shipped_kg
        for month, kg in parts:
            is_new = row.is_recurring and year == FRESH and (row.site_id, row.material, month) not in declared
            _add(stream, year, kg, is_new=is_new, is_within=True)
    for promise in promises:
        stream = drawn[promise.site_id, promise.material]
        for month, kg in promise.kg.items():
            is_new = promise.is_recurring and promise.stock_year == FRESH
            is_new = is_new and (promise.site_id, promise.material, month) not in declared
            _add(stream, promise.stock_year, kg, is_new=is_new, is_within=month in horizon.months)
    return drawn


def _add(stream: Drawn, year: int, kg: int, *, is_new: bool, is_within: bool) -> None:
    if is_new:
        stream.to_come_kg += kg if is_within else 0
        return
    stream.in_all_kg[year] += kg
    if is_within:
        stream.within_kg[year] += kg


def read_base(
    session: Session,
    horizon: Horizon,
    materials: Sequence[str],
    district: str | None,
    promises: Sequence[Promise],
    to_generate_kg: int,
) -> Base:
    """Return the fixed terms: what the ledger has of the year so far, what is on its way, and what is promised."""
    figures = (OriginMonth.generated_t, OriginMonth.utilised_t, OriginMonth.utilised_from_prior_t)
    sums = [func.sum(type_coerce(figure, BigInteger)) for figure in figures]
    recorded = session.execute(
        select(*sums).where(
            OriginMonth.month.between(f"{horizon.year:04d}-01", horizon.months[-1]),
            OriginMonth.material.in_(materials),
            OriginMonth.origin_site_id.in_(counted_sites(district)),
        )
    ).one()
    generated, used, prior = (int(kg or 0) for kg in recorded)
    for stock_year, kg in _read_on_the_way(session, materials, district):
        used += kg
        prior += kg if stock_year < horizon.year else 0
    for promise in promises:
        kg = sum(part for month, part in promise.kg.items() if month in horizon.months)
        used += kg
        prior += kg if promise.stock_year != FRESH else 0
    return Base(used, prior, generated + to_generate_kg)


def _read_on_the_way(session: Session, materials: Sequence[str], district: str | None) -> Iterator[tuple[int, int]]:
    """Yield stock years with what is on the road or received and not used: it was agreed on, so it counts as used."""
    accounts = (Account.IN_TRANSIT.value, Account.RECEIVED.value)
    query = (
        select(Balance.stock_year, func.sum(type_coerce(Balance.quantity_t, BigInteger)))
        .where(Balance.account.in_(accounts), Balance.material.in_(materials))
        .where(Balance.origin_site_id.in_(counted_sites(district)))
        .group_by(Balance.stock_year)
    )
    for stock_year, kg in session.execute(query):
        yield stock_year, int(kg)
