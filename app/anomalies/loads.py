"""Loads that an inspector should look at: weights that differ too much, and more than was declared."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, Select, literal_column, or_, select
from sqlalchemy.orm import Session, aliased

from app.anomalies.rules import Anomaly, AnomalyKind, Item
from app.anomalies.scope import Scope
from app.core.clock import business_date, month_of
from app.core.quantities import ZERO
from app.exchange.lifecycle import ShipmentStatus
from app.exchange.models import Shipment
from app.exchange.weights import tolerance_t
from app.ledger.models import Declaration
from app.organisations.models import Site

_Row = tuple[Shipment, str, str]


def find_disputed(session: Session, scope: Scope, after: Sequence[str], limit: int) -> list[Anomaly]:
    """Return loads whose two weights differ beyond the tolerance, newest record first."""
    is_disputed = Shipment.disputed.is_(True)
    return [_disputed(load, *names) for load, *names in session.execute(_loads(scope, after, limit, is_disputed))]


def find_undeclared(session: Session, scope: Scope, after: Sequence[str], limit: int) -> list[Anomaly]:
    """Return loads that their month's declaration does not cover, newest record first."""
    # In the words of the index of these few loads, which a bound value would leave aside.
    is_beyond = Shipment.dispatched_beyond_t > literal_column("0")
    rows = session.execute(_loads(scope, after, limit, is_beyond))
    return list(_undeclared(session, [(load, origin, destination) for load, origin, destination in rows]))


def _loads(
    scope: Scope, after: Sequence[str], limit: int, condition: ColumnElement[bool]
) -> Select[Shipment, str, str]:
    """Return the statement: loads that came or went in the jurisdiction, with the names of both sites."""
    origin, destination = aliased(Site), aliased(Site)
    query = (
        select(Shipment, origin.name, destination.name)
        .join(origin, origin.id == Shipment.origin_site_id)
        .join(destination, destination.id == Shipment.destination_site_id)
        .where(condition, Shipment.status != ShipmentStatus.VOIDED)
        .where(Shipment.dispatched_at >= scope.start, Shipment.dispatched_at < scope.end)
        .where(or_(Shipment.origin_site_id.in_(scope.sites), Shipment.destination_site_id.in_(scope.sites)))
        .order_by(Shipment.id.desc())
        .limit(limit)
    )
    return query.where(Shipment.id < UUID(after[0])) if after else query


def _objects(load: Shipment, origin: str, destination: str) -> tuple[Item, ...]:
    return (
        Item("shipment", load.id, f"{load.ticket_no} {load.vehicle_plate}"),
        Item("agreement", load.agreement_id, ""),
        Item("site", load.origin_site_id, origin),
        Item("site", load.destination_site_id, destination),
    )


def _disputed(load: Shipment, origin: str, destination: str) -> Anomaly:
    net, received = load.net_t, load.received_net_t or ZERO
    difference, tolerance = received - net, tolerance_t(net)
    at = load.received_at or load.dispatched_at
    return Anomaly(
        kind=AnomalyKind.WEIGHT_OUTSIDE_TOLERANCE,
        at=at,
        month=month_of(business_date(at)),
        material=load.material,
        sentence_en=(
            f"Ticket {load.ticket_no}: {net} t left {origin}, {received} t arrived at {destination}; the difference "
            f"of {difference} t is beyond the tolerance of {tolerance} t."
        ),
        sentence_zh=(
            f"磅单{load.ticket_no}：{origin}发出{net}吨，{destination}收到{received}吨，"
            f"相差{difference}吨，超出允许偏差{tolerance}吨。"
        ),
        objects=_objects(load, origin, destination),
        figures={
            "dispatched_t": net,
            "received_t": received,
            "difference_t": difference,
            "tolerance_t": tolerance,
        },
        position=(str(load.id),),
    )


def _undeclared(session: Session, rows: Sequence[_Row]) -> Iterator[Anomaly]:
    months = [month_of(business_date(load.dispatched_at)) for load, _, _ in rows]
    columns = (Declaration.site_id, Declaration.material, Declaration.month, Declaration.generated_t)
    current = select(*columns).where(
        Declaration.site_id.in_({load.origin_site_id for load, _, _ in rows}),
        Declaration.month.in_(set(months)),
        Declaration.replaced_by.is_(None),
    )
    declared = {(site, material, month): tonnes for site, material, month, tonnes in session.execute(current)}
    for (load, origin, destination), month in zip(rows, months, strict=True):
        beyond = load.dispatched_beyond_t
        tonnes = declared.get((load.origin_site_id, load.material, month), ZERO)
        yield Anomaly(
            kind=AnomalyKind.DISPATCHED_BEYOND_DECLARED,
            at=load.dispatched_at,
            month=month,
            material=load.material,
            sentence_en=(
                f"Ticket {load.ticket_no}: of {load.net_t} t that left {origin}, {beyond} t were neither in storage "
                f"nor declared as generated in {month}; {tonnes} t are declared now."
            ),
            sentence_zh=(
                f"磅单{load.ticket_no}：{origin}外运{load.net_t}吨，其中{beyond}吨既无库存，"
                f"也未计入{month}申报的产生量；现申报产生量为{tonnes}吨。"
            ),
            objects=_objects(load, origin, destination),
            figures={"net_t": load.net_t, "dispatched_beyond_t": beyond, "declared_t": tonnes},
            position=(str(load.id),),
        )
