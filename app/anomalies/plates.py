"""Plates that were at two places in less time than any lorry takes."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, literal_column, or_, select
from sqlalchemy.orm import Session, aliased

from app.anomalies.models import FAST_KM_H, PlateSighting
from app.anomalies.rules import Anomaly, AnomalyKind, Item, is_too_fast
from app.anomalies.scope import Scope
from app.core.clock import business_date, month_of
from app.core.geo import distance_km
from app.core.paging import beyond
from app.core.quantities import half_up
from app.exchange.models import Shipment
from app.organisations.models import Site


def find_plates(session: Session, scope: Scope, after: Sequence[str], limit: int) -> list[Anomaly]:
    """Return sightings of a plate too far from the one before, by the load of the later one, newest record first.

    What the database keeps is a speed that is never too low, between positions as they are; the geodesic decides.
    """
    found = []
    rows = session.execute(_statement(scope, after).execution_options(yield_per=500))
    for row in rows:
        km = distance_km((row.latitude, row.longitude), (row.before_latitude, row.before_longitude))
        if is_too_fast(km, (row.at - row.before_at).total_seconds() / 3600, scope.speed_km_h):
            found.append(_anomaly(row, km, scope.speed_km_h))
        if len(found) == limit:
            rows.close()
            break
    return found


def _statement(scope: Scope, after: Sequence[str]) -> Select[*tuple[Any, ...]]:
    here, before, earlier = aliased(Site), aliased(Site), aliased(Shipment)
    seen = PlateSighting
    query = (
        select(
            Shipment.id,
            Shipment.ticket_no,
            Shipment.material,
            *(seen.vehicle_plate, seen.at, seen.gate, seen.site_id, seen.before_at, seen.before_site_id),
            earlier.id.label("before_id"),
            earlier.ticket_no.label("before_ticket_no"),
            *(column.label(column.key) for column in (here.name, here.latitude, here.longitude)),
            before.name.label("before_name"),
            before.latitude.label("before_latitude"),
            before.longitude.label("before_longitude"),
        )
        .join_from(seen, Shipment, Shipment.id == seen.shipment_id)
        .join(earlier, earlier.id == seen.before_shipment_id)
        .join(here, here.id == seen.site_id)
        .join(before, before.id == seen.before_site_id)
        # The first in the words of the index, which a bound value, that could be any, would leave aside.
        .where(seen.km_h_at_most > literal_column(str(FAST_KM_H)), seen.km_h_at_most > scope.speed_km_h)
        .where(seen.at >= scope.start, seen.at < scope.end)
        .where(or_(seen.site_id.in_(scope.sites), seen.before_site_id.in_(scope.sites)))
        .order_by(seen.shipment_id.desc(), seen.gate.desc())
    )
    place: tuple[Any, ...] = (seen.shipment_id, seen.gate)
    return query.where(beyond(place, (UUID(after[0]), after[1]), descending=True)) if after else query


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
