"""The lots that a search finds, in SQL: its conditions, distance and cost, in no order yet."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    Select,
    String,
    Uuid,
    and_,
    bindparam,
    false,
    join,
    literal_column,
    not_,
    null,
    or_,
    select,
)
from sqlalchemy.orm import Session

from app.lots.models import Lot
from app.lots.months import available_kg
from app.matching.conditions import limit_values, verdict_is_among
from app.matching.lot_search import LotCondition, LotSearch
from app.matching.nearby import (
    Nearby,
    district_pattern,
    find_nearby,
    is_in_district,
    is_trading,
    nearby_table,
    nearby_values,
)
from app.matching.ordering import as_stored
from app.matching.ranking import Tariff
from app.organisations.models import Site

_Condition = ColumnElement[bool]


@dataclass(frozen=True)
class Offers:
    """The lots that a search finds; without a place distance and cost are NULL. `values` are its parameters.

    `available_kg` is what a lot has free, a recurring one in the month of the search.
    """

    distance_um: Any
    freight_fen: Any
    delivered_fen: Any
    available_kg: Any
    joined: Any
    conditions: tuple[_Condition, ...]
    values: Mapping[str, Any]

    def prepare(self, *columns: Any) -> Select[Any]:  # noqa: ANN401 - columns of lots, or of this
        """Return the statement of some columns of every lot found; whoever runs it gives the parameters."""
        return select(*columns).select_from(self.joined).where(*self.conditions)

    def select(self, *columns: Any) -> Select[Any]:  # noqa: ANN401 - columns of lots, or of this
        """Return the statement of some columns of every lot found, ready to run."""
        return self.prepare(*columns).params(**self.values)


def find_offers(session: Session, search: LotSearch, tariff: Tariff) -> Offers:
    """Return the lots that a search finds; the sites around its place are looked up at once."""
    dialect = session.get_bind().dialect.name
    nearby = find_sites(session, search, tariff)
    values = offer_values(search, nearby, dialect)
    return make_offers(search, dialect, values)


def find_sites(session: Session, search: LotSearch, tariff: Tariff) -> Nearby | None:
    """Return the sites in reach of a search, the nearest first; None without a place."""
    if search.position is None:
        return None
    return find_nearby(session, search.position, search.within_km, tariff, district=search.district)


def make_offers(search: LotSearch, dialect: str, values: Mapping[str, Any]) -> Offers:
    """Return the lots that a search finds; what it asks for are parameters, so that it serves others of its shape."""
    available = available_kg(bindparam("month", type_=String), dialect)
    conditions = [
        *(
            _CONDITIONS[condition](bindparam(condition.value, type_=_TYPES[condition]), available)
            for condition, _ in search.conditions
        ),
        *_meets(search),
    ]
    if search.position is None:
        conditions.append(is_trading(Lot.organisation_id))
        if search.district is not None:
            conditions.append(Lot.site_id.in_(select(Site.id).where(is_in_district())))
        return Offers(null(), null(), null(), available, Lot.__table__, tuple(conditions), values)
    nearby = nearby_table(dialect)
    delivered_fen = as_stored(Lot.price_cny_per_t) + nearby.c.freight_fen
    if search.most_delivered_fen is not None:
        conditions.append(delivered_fen <= bindparam("most_delivered_fen", type_=BigInteger))
    joined = join(nearby, Lot, nearby.c.site_id == Lot.site_id)
    terms = nearby.c.distance_um, nearby.c.freight_fen, delivered_fen, available
    return Offers(*terms, joined, tuple(conditions), values)


def offer_values(search: LotSearch, nearby: Nearby | None, dialect: str) -> dict[str, Any]:
    """Return the parameters of a search."""
    values = limit_values(search.specification)
    values |= {condition.value: value for condition, value in search.conditions} | {"month": search.month}
    if search.specification.materials:
        values["materials"] = sorted(search.specification.materials)
    if nearby is not None:
        values |= nearby_values(nearby, dialect)
    elif search.district is not None:
        values["district"] = district_pattern(search.district)
    if search.most_delivered_fen is not None:
        values["most_delivered_fen"] = search.most_delivered_fen
    return values


#: By the value asked for and the kilograms that a lot has free.
_CONDITIONS: Mapping[LotCondition, Callable[[Any, Any], _Condition]] = {
    # Written out, not as a parameter: only so do both engines see that the partial index on open lots applies.
    # A lot that is there once has something free while it is open; of a recurring one the month tells.
    LotCondition.ON_OFFER: lambda day, available: and_(
        Lot.status == literal_column("'open'"), Lot.available_to >= day, or_(not_(Lot.is_recurring), available > 0)
    ),
    LotCondition.OWNED_BY: lambda owner, _: Lot.organisation_id == owner,
    LotCondition.NOT_OWNED_BY: lambda owner, _: Lot.organisation_id != owner,
    LotCondition.LEAST_KG: lambda kg, available: available >= kg,
    LotCondition.BEGINS_BY: lambda day, _: Lot.available_from <= day,
    LotCondition.LASTS_TO: lambda day, _: Lot.available_to >= day,
    LotCondition.MOST_FEN: lambda fen, _: as_stored(Lot.price_cny_per_t) <= fen,
}
_TYPES: Mapping[LotCondition, Any] = {
    LotCondition.ON_OFFER: Date,
    LotCondition.OWNED_BY: Uuid,
    LotCondition.NOT_OWNED_BY: Uuid,
    LotCondition.LEAST_KG: BigInteger,
    LotCondition.BEGINS_BY: Date,
    LotCondition.LASTS_TO: Date,
    LotCondition.MOST_FEN: BigInteger,
}


def _meets(search: LotSearch) -> list[_Condition]:
    conditions: list[_Condition] = []
    materials = search.specification.materials
    if search.finds_nothing or (materials is not None and not materials):
        conditions.append(false())
    elif materials is not None:
        conditions.append(Lot.material.in_(bindparam("materials", expanding=True)))
    if (condition := verdict_is_among(search.specification, search.verdicts)) is not None:
        conditions.append(condition)
    return conditions
