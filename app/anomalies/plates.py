"""Plates that were at two places in less time than any lorry takes."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Float,
    Function,
    Row,
    Select,
    String,
    Subquery,
    Uuid,
    and_,
    cast,
    extract,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from app.anomalies.rules import Anomaly, AnomalyKind, Item, is_too_fast
from app.anomalies.scope import Scope
from app.core.clock import business_date, month_of
from app.core.database import UtcDateTime
from app.core.geo import distance_km
from app.core.quantities import half_up
from app.exchange.lifecycle import ShipmentStatus
from app.exchange.models import Shipment
from app.organisations.models import Site

#: No degree of latitude or longitude is longer, so their sum is never below the distance.
_KM_PER_DEGREE = 112.0
_LEFT, _ARRIVED = "1", "2"
_Column = InstrumentedAttribute[Any]


def find_plates(session: Session, scope: Scope, after: Sequence[str], limit: int) -> list[Anomaly]:
    """Return sightings of a plate too far from the one before, by the load of the later one, newest record first.

    The database sorts out what is possible by a distance that is never too short; the geodesic decides.
    """
    found = []
    rows = session.execute(_statement(session, scope, after).execution_options(yield_per=500))
    for row in rows:
        km = distance_km((row.latitude, row.longitude), (row.before_latitude, row.before_longitude))
        if is_too_fast(km, (row.at - row.before_at).total_seconds() / 3600, scope.speed_km_h):
            found.append(_anomaly(row, km, scope.speed_km_h))
        if len(found) == limit:
            rows.close()
            break
    return found


def _statement(session: Session, scope: Scope, after: Sequence[str]) -> Select[*tuple[Any, ...]]:
    here, before, earlier = aliased(Site), aliased(Site), aliased(Shipment)
    seen = _sightings(scope)
    degrees = func.abs(here.latitude - before.latitude) + func.abs(here.longitude - before.longitude)
    query = (
        select(
            seen,
            Shipment.ticket_no,
            Shipment.material,
            earlier.ticket_no.label("before_ticket_no"),
            *(column.label(column.key) for column in (here.name, here.latitude, here.longitude)),
            before.name.label("before_name"),
            before.latitude.label("before_latitude"),
            before.longitude.label("before_longitude"),
        )
        .join(Shipment, Shipment.id == seen.c.id)
        .join(earlier, earlier.id == seen.c.before_id)
        .join(here, here.id == seen.c.site_id)
        .join(before, before.id == seen.c.before_site_id)
        .where(seen.c.site_id != seen.c.before_site_id)
        .where(_KM_PER_DEGREE * degrees > scope.speed_km_h * _hours(session, seen.c.at, seen.c.before_at))
        .where(or_(seen.c.site_id.in_(scope.sites), seen.c.before_site_id.in_(scope.sites)))
        .order_by(seen.c.id.desc(), seen.c.gate.desc())
    )
    if not after:
        return query
    last, gate = UUID(after[0]), after[1]
    return query.where(or_(seen.c.id < last, and_(seen.c.id == last, seen.c.gate < gate)))


def _sightings(scope: Scope) -> Subquery:
    """Return each sighting of a plate, at the gate it left or arrived at, beside the one before."""
    load = (Shipment.id, Shipment.vehicle_plate)
    counts = Shipment.status != ShipmentStatus.VOIDED

    def at_gate(gate: str, at: _Column, site: _Column) -> Select[*tuple[Any, ...]]:
        columns = (at.label("at"), site.label("site_id"), literal(gate, String(1)).label("gate"))
        return select(*load, *columns).where(counts, at >= scope.start, at < scope.end)

    both = union_all(
        at_gate(_LEFT, Shipment.dispatched_at, Shipment.origin_site_id),
        at_gate(_ARRIVED, Shipment.received_at, Shipment.destination_site_id),
    ).subquery()
    in_time = (both.c.at, both.c.id, both.c.gate)
    before: dict[str, Function[Any]] = {
        "before_id": func.lag(both.c.id, type_=Uuid()),
        "before_at": func.lag(both.c.at, type_=UtcDateTime()),
        "before_site_id": func.lag(both.c.site_id, type_=Uuid()),
    }
    columns = (
        earlier.over(partition_by=both.c.vehicle_plate, order_by=in_time).label(name)
        for name, earlier in before.items()
    )
    return select(both, *columns).subquery()


def _hours(session: Session, later: ColumnElement[datetime], earlier: ColumnElement[datetime]) -> ColumnElement[Any]:
    if session.get_bind().dialect.name == "sqlite":
        return (func.julianday(later, type_=Float()) - func.julianday(earlier, type_=Float())) * 24.0
    return cast(extract("epoch", later - earlier), Float) / 3600.0


def _anomaly(row: Row[*tuple[Any, ...]], km: float, speed_km_h: float) -> Anomaly:
    distance, minutes = half_up(Decimal(km)), half_up(Decimal((row.at - row.before_at).total_seconds()) / 60)
    loads = [Item("shipment", row.id, f"{row.ticket_no} {row.vehicle_plate}")]
    if row.before_id != row.id:
        loads.append(Item("shipment", row.before_id, f"{row.before_ticket_no} {row.vehicle_plate}"))
    sites = (Item("site", row.site_id, row.name), Item("site", row.before_site_id, row.before_name))
    return Anomaly(
        kind=AnomalyKind.PLATE_AT_TWO_PLACES,
        at=row.at,
        month=month_of(business_date(row.at)),
        material=row.material,
        sentence_en=(
            f"{row.vehicle_plate} was at {row.before_name} and {minutes} minutes later at {row.name}, {distance} km "
            f"away as the crow flies; at {speed_km_h:g} km/h it could not be."
        ),
        sentence_zh=(
            f"{row.vehicle_plate}在{row.before_name}出现{minutes}分钟后又出现在{row.name}，"
            f"两地直线距离{distance}公里；按时速{speed_km_h:g}公里计算不可能到达。"
        ),
        objects=(*loads, *sites),
        figures={
            "distance_km": distance,
            "minutes": minutes,
            "speed_limit_km_h": Decimal(str(speed_km_h)),
        },
        position=(str(row.id), row.gate),
    )
