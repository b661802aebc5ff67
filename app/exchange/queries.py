"""Reads of agreements, shipments, corrections and utilisations: only what the caller is a party of."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

from sqlalchemy import BindParameter, ColumnElement, or_, select
from sqlalchemy.orm import Session

from app.auth.actor import Actor, OrganisationId
from app.core.clock import months_touched
from app.core.errors import Forbidden, NotFound
from app.core.paging import Page, Slice, page_by_id
from app.core.quantities import ZERO
from app.core.recurring import recurring_of
from app.exchange.lifecycle import AgreementStatus, Parties
from app.exchange.models import (
    Agreement,
    AgreementId,
    AgreementMonth,
    Correction,
    CorrectionId,
    Shipment,
    ShipmentId,
    Utilisation,
    UtilisationId,
)
from app.exchange.schemas import AgreedMonth, AgreementRead
from app.exchange.standing import has_status, status_of


def parties_of(agreement: Agreement) -> Parties:
    """Return who is who in an agreement."""
    return Parties(agreement.producer_organisation_id, agreement.recycler_organisation_id, agreement.proposed_by)


def refuse_both_sides(actor: Actor, *parties: OrganisationId) -> None:
    """Raise Forbidden when who acts for one party of a deal is the other: nobody agrees with itself or weighs twice."""
    if actor.delegate_id in parties:
        raise Forbidden("both_sides", "You are the other party of this deal; your partner does this itself.")


def is_party(
    table: type[Agreement | Shipment], own_id: OrganisationId | BindParameter[OrganisationId]
) -> ColumnElement[bool]:
    """Return the condition that an organisation has a part in an agreement or a shipment, and so may see it."""
    return or_(table.producer_organisation_id == own_id, table.recycler_organisation_id == own_id)


def find_agreement(session: Session, actor: Actor, agreement_id: AgreementId) -> Agreement:
    """Return an agreement that the caller is a party of, or raise NotFound."""
    found = session.scalar(
        select(Agreement).where(Agreement.id == agreement_id, is_party(Agreement, actor.organisation_id))
    )
    if found is None:
        raise NotFound("agreement")
    return found


def list_agreements(session: Session, actor: Actor, status: AgreementStatus | None, page: Page) -> Slice[AgreementRead]:
    """Return one page of the caller's agreements, newest first."""
    query = select(Agreement).where(is_party(Agreement, actor.organisation_id))
    if status is not None:
        query = query.where(has_status(status))
    found = page_by_id(session, query, Agreement.id, page)
    return Slice(describe_agreements(session, found.items), found.next_cursor)


def describe_agreements(session: Session, agreements: Sequence[Agreement]) -> list[AgreementRead]:
    """Return agreements as they stand now; one more statement where some are recurring."""
    months = load_months(session, [agreement.id for agreement in agreements if agreement.is_recurring])
    return [_describe(agreement, months.get(agreement.id, {})) for agreement in agreements]


def load_months(session: Session, agreement_ids: Collection[AgreementId]) -> dict[AgreementId, dict[str, Decimal]]:
    """Return what of recurring agreements was shipped, by agreement and month; a month without loads may be absent."""
    months: dict[AgreementId, dict[str, Decimal]] = defaultdict(dict)
    if agreement_ids:
        for part in session.scalars(select(AgreementMonth).where(AgreementMonth.agreement_id.in_(agreement_ids))):
            months[part.agreement_id][part.month] = part.shipped_t
    return months


def _describe(agreement: Agreement, shipped: Mapping[str, Decimal]) -> AgreementRead:
    status, is_recurring = status_of(agreement), agreement.is_recurring
    computed = {"status", "quantity_t", "recurring", "by_month"}
    fields = {name: getattr(agreement, name) for name in AgreementRead.model_fields.keys() - computed}
    return AgreementRead(
        **fields,
        status=status,
        quantity_t=None if is_recurring else agreement.quantity_t,
        recurring=recurring_of(agreement.quantity_t, is_recurring=is_recurring),
        by_month=_describe_months(agreement, shipped, status) if is_recurring else None,
    )


def _describe_months(
    agreement: Agreement, shipped: Mapping[str, Decimal], status: AgreementStatus
) -> list[AgreedMonth]:
    promised_t = agreement.quantity_t if status is AgreementStatus.ACCEPTED else ZERO
    parts = [(month, shipped.get(month, ZERO)) for month in months_touched(agreement.starts_on, agreement.ends_on)]
    return [
        AgreedMonth(month=month, shipped_t=shipped_t, reserved_t=max(ZERO, promised_t - shipped_t))
        for month, shipped_t in parts
    ]


def find_shipment(session: Session, actor: Actor, shipment_id: ShipmentId) -> Shipment:
    """Return a shipment that the caller is a party of, or raise NotFound."""
    found = session.scalar(
        select(Shipment).where(Shipment.id == shipment_id, is_party(Shipment, actor.organisation_id))
    )
    if found is None:
        raise NotFound("shipment")
    return found


def list_shipments(
    session: Session, actor: Actor, agreement_id: AgreementId | None, status: str | None, page: Page
) -> Slice[Shipment]:
    """Return one page of the caller's shipments, newest first."""
    query = select(Shipment).where(is_party(Shipment, actor.organisation_id))
    if agreement_id is not None:
        query = query.where(Shipment.agreement_id == agreement_id)
    if status is not None:
        query = query.where(Shipment.status == status)
    return page_by_id(session, query, Shipment.id, page)


def find_correction(session: Session, actor: Actor, correction_id: CorrectionId) -> Correction:
    """Return a correction of a shipment that the caller is a party of, or raise NotFound."""
    query = select(Correction).join(Shipment, Shipment.id == Correction.shipment_id)
    found = session.scalar(query.where(Correction.id == correction_id, is_party(Shipment, actor.organisation_id)))
    if found is None:
        raise NotFound("correction")
    return found


def list_corrections(
    session: Session, actor: Actor, shipment_id: ShipmentId | None, status: str | None, page: Page
) -> Slice[Correction]:
    """Return one page of the corrections of the caller's shipments, newest first."""
    query = (
        select(Correction)
        .join(Shipment, Shipment.id == Correction.shipment_id)
        .where(is_party(Shipment, actor.organisation_id))
    )
    if shipment_id is not None:
        query = query.where(Correction.shipment_id == shipment_id)
    if status is not None:
        query = query.where(Correction.status == status)
    return page_by_id(session, query, Correction.id, page)


def find_utilisation(session: Session, actor: Actor, utilisation_id: UtilisationId) -> Utilisation:
    """Return a utilisation of the caller, or raise NotFound."""
    found = session.get(Utilisation, utilisation_id)
    if found is None or found.organisation_id != actor.organisation_id:
        raise NotFound("utilisation")
    return found


def list_utilisations(session: Session, actor: Actor, page: Page) -> Slice[Utilisation]:
    """Return one page of the caller's utilisations, newest first."""
    query = select(Utilisation).where(Utilisation.organisation_id == actor.organisation_id)
    return page_by_id(session, query, Utilisation.id, page)
