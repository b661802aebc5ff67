"""Reads of agreements, shipments, corrections and utilisations: only what the caller is a party of."""

from sqlalchemy import BindParameter, ColumnElement, or_, select
from sqlalchemy.orm import Session

from app.auth.actor import Actor, OrganisationId
from app.core.errors import NotFound
from app.core.paging import Page, Slice, page_by_id
from app.exchange.lifecycle import Parties
from app.exchange.models import (
    Agreement,
    AgreementId,
    Correction,
    CorrectionId,
    Shipment,
    ShipmentId,
    Utilisation,
    UtilisationId,
)


def parties_of(agreement: Agreement) -> Parties:
    """Return who is who in an agreement."""
    return Parties(agreement.producer_organisation_id, agreement.recycler_organisation_id, agreement.proposed_by)


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


def list_agreements(session: Session, actor: Actor, status: str | None, page: Page) -> Slice[Agreement]:
    """Return one page of the caller's agreements, newest first."""
    query = select(Agreement).where(is_party(Agreement, actor.organisation_id))
    if status is not None:
        query = query.where(Agreement.status == status)
    return page_by_id(session, query, Agreement.id, page)


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
