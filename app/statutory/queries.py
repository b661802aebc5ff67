"""Reads behind the ledger tables: the site as the caller may see it, its streams, declarations, flows and loads."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from app.auth.actor import Actor, Role
from app.core.errors import Forbidden, NotFound
from app.core.quantities import ZERO
from app.demands.models import Demand
from app.exchange.lifecycle import ShipmentStatus
from app.exchange.models import Agreement, Shipment
from app.ledger.accounts import Account
from app.ledger.models import Declaration, MonthlyFlow
from app.organisations.models import Organisation, Site, SiteStream
from app.organisations.queries import is_within_jurisdiction
from app.statutory.balances import Flow
from app.statutory.records import Gate, Load, Period

#: Rows fetched at a time, so that a site may have any number of loads.
_BATCH = 1000


def find_gate(session: Session, actor: Actor, site_id: UUID) -> Gate:
    """Return the site if it is the caller's own, or lies in its jurisdiction.

    Raises NotFound, and Forbidden `outside_jurisdiction` for an authority.
    """
    found = session.execute(
        select(Site, Organisation.name)
        .join(Organisation, Organisation.id == Site.organisation_id)
        .where(Site.id == site_id)
    ).one_or_none()
    if found is None:
        raise NotFound("site")
    site, owner = found
    is_own = site.organisation_id == actor.organisation_id
    if not is_own and not actor.has_role(Role.GOVERNMENT):
        raise NotFound("site")
    if not is_own and not is_within_jurisdiction(site.district_code, actor.jurisdiction):
        detail = f"This site lies outside your jurisdiction, {actor.jurisdiction}."
        raise Forbidden("outside_jurisdiction", detail, jurisdiction=actor.jurisdiction)
    return Gate(site.id, site.name, owner, site.district_code, with_drivers=is_own)


def read_streams(session: Session, gate: Gate) -> dict[str, SiteStream]:
    """Return what is on file of the site's streams by material."""
    streams = session.scalars(select(SiteStream).where(SiteStream.site_id == gate.site_id))
    return {stream.material: stream for stream in streams}


def read_declarations(session: Session, gate: Gate, period: Period) -> Sequence[Declaration]:
    """Return the declarations in force, by month and material."""
    return session.scalars(
        select(Declaration)
        .where(
            Declaration.site_id == gate.site_id,
            Declaration.month.between(period.first, period.last),
            Declaration.replaced_by.is_(None),
        )
        .order_by(Declaration.month, Declaration.material)
    ).all()


def read_flows(session: Session, gate: Gate, period: Period) -> Iterator[Flow]:
    """Yield the flows of the site's own waste up to the end of the period, wherever it went."""
    is_before = case((MonthlyFlow.month < period.first, True), else_=False)
    key = (MonthlyFlow.material, MonthlyFlow.account, MonthlyFlow.kind, is_before)
    rows = session.execute(
        select(*key, func.sum(MonthlyFlow.quantity_t))
        .where(MonthlyFlow.origin_site_id == gate.site_id, MonthlyFlow.month <= period.last)
        .group_by(*key)
    )
    for material, account, kind, before, tonnes in rows:
        yield Flow(material, account, kind, bool(before), tonnes)


def read_generating_months(session: Session, gate: Gate, period: Period) -> set[tuple[str, str]]:
    """Return each material and month of the period that has generated anything, by dispatch or by declaration."""
    rows = session.execute(
        select(MonthlyFlow.material, MonthlyFlow.month)
        .where(
            MonthlyFlow.origin_site_id == gate.site_id,
            MonthlyFlow.month.between(period.first, period.last),
            MonthlyFlow.account == Account.GENERATION,
        )
        .group_by(MonthlyFlow.material, MonthlyFlow.month)
        .having(func.sum(MonthlyFlow.quantity_t) != ZERO)
    )
    return {(material, month) for material, month in rows}


def read_demanded_uses(session: Session, gate: Gate, period: Period) -> dict[str, list[str]]:
    """Return by material the uses that loads of the period left for, as their demands name them."""
    begin, end = period.instants
    rows = session.execute(
        select(Shipment.material, Demand.use)
        .join(Agreement, Agreement.id == Shipment.agreement_id)
        .join(Demand, Demand.id == Agreement.demand_id)
        .where(
            Shipment.origin_site_id == gate.site_id,
            Shipment.dispatched_at >= begin,
            Shipment.dispatched_at < end,
            Shipment.status != ShipmentStatus.VOIDED,
        )
        .distinct()
        .order_by(Shipment.material, Demand.use)
    )
    uses: dict[str, list[str]] = {}
    for material, use in rows:
        uses.setdefault(material, []).append(use)
    return uses


def read_loads(session: Session, gate: Gate, period: Period) -> Iterator[Load]:
    """Yield the loads that left in the period in order of time, as they are read; voided ones never left."""
    begin, end = period.instants
    rows = session.execute(
        select(
            Shipment.material,
            Shipment.dispatched_at,
            Shipment.net_t,
            Shipment.handler,
            Shipment.carrier,
            Shipment.vehicle_plate,
            Shipment.driver_name,
            Shipment.driver_phone,
            Shipment.transport_mode,
            Organisation.name,
            Site.district_code,
        )
        .join(Organisation, Organisation.id == Shipment.recycler_organisation_id)
        .join(Site, Site.id == Shipment.destination_site_id)
        .where(
            Shipment.origin_site_id == gate.site_id,
            Shipment.dispatched_at >= begin,
            Shipment.dispatched_at < end,
            Shipment.status != ShipmentStatus.VOIDED,
        )
        .order_by(Shipment.dispatched_at, Shipment.id),
        execution_options={"yield_per": _BATCH},
    )
    for row in rows:
        yield Load(*row)
