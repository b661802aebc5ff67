"""Storage that never moves: at producers, and received at recyclers and not used."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session, aliased

from app.anomalies.rules import Anomaly, AnomalyKind, Item, months_back, months_between
from app.anomalies.scope import Scope
from app.core.paging import beyond
from app.core.quantities import ZERO
from app.ledger.accounts import Account
from app.ledger.models import Balance, MonthlyFlow
from app.organisations.models import Site

_KEY = ("site_id", "account", "material", "origin_site_id", "stock_year")
_WORDS = {Account.STORAGE: ("stored", "贮存"), Account.RECEIVED: ("received and not used", "已接收未利用")}


def find_idle_storage(session: Session, scope: Scope, after: Sequence[str], limit: int) -> list[Anomaly]:
    """Return stock of a site, material, origin and stock year that has not moved for long, in order of its key."""
    key: tuple[Any, ...] = tuple(getattr(Balance, name) for name in _KEY)
    here, origin = aliased(Site), aliased(Site)
    moves = and_(*(getattr(MonthlyFlow, name) == getattr(Balance, name) for name in _KEY))
    last_moved: Any = (
        select(MonthlyFlow.month)
        .where(moves, MonthlyFlow.quantity_t != ZERO)
        .order_by(MonthlyFlow.month.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = (
        select(Balance, here.name, origin.name, last_moved)
        .join(here, here.id == Balance.site_id)
        .join(origin, origin.id == Balance.origin_site_id)
        .where(Balance.account.in_(_WORDS), Balance.quantity_t > ZERO)
        .where(Balance.site_id.in_(scope.sites))
        .where(last_moved <= months_back(scope.this_month, scope.idle_months))
        .order_by(*key)
        .limit(limit)
    )
    if after:
        site, account, material, origin_site, year = after
        query = query.where(beyond(key, (UUID(site), account, material, UUID(origin_site), int(year))))
    return [_anomaly(scope, *row) for row in session.execute(query)]


def _anomaly(scope: Scope, stock: Balance, name: str, origin: str, last_moved: str) -> Anomaly:
    idle = months_between(last_moved, scope.this_month)
    words_en, words_zh = _WORDS[Account(stock.account)]
    sites = [Item("site", stock.site_id, name)]
    if stock.origin_site_id != stock.site_id:
        sites.append(Item("site", stock.origin_site_id, origin))
    return Anomaly(
        kind=AnomalyKind.STORAGE_THAT_NEVER_MOVES,
        at=None,
        month=last_moved,
        material=stock.material,
        sentence_en=(
            f"{stock.quantity_t} t of {stock.material} of {stock.stock_year} are {words_en} at {name}; they last moved "
            f"in {last_moved}, {idle} months ago."
        ),
        sentence_zh=(
            f"{name}{words_zh}{stock.stock_year}年产生的{stock.material} {stock.quantity_t}吨，"
            f"自{last_moved}起{idle}个月无变动。"
        ),
        objects=tuple(sites),
        figures={
            "stored_t": stock.quantity_t,
            "stock_year": Decimal(stock.stock_year),
            "idle_months": Decimal(idle),
        },
        position=(
            str(stock.site_id),
            stock.account,
            stock.material,
            str(stock.origin_site_id),
            str(stock.stock_year),
        ),
    )
