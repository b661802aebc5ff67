"""Reads of lots: who may see which, and their assays."""

from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, and_, column, exists, or_, select, table, true
from sqlalchemy.orm import Session

from app.auth.actor import Actor, Role
from app.core.clock import today
from app.core.documents import Document
from app.core.errors import NotFound
from app.core.paging import Page, Slice, page_by_id
from app.lots.documents import describe_lots, select_lots
from app.lots.models import Assay, AssayId, Lot, LotId, LotStatus
from app.organisations.models import Organisation, OrganisationStatus

# Agreements stand on a floor above lots, which lots may not import; of them only these three columns are read.
_AGREEMENTS = table(
    "agreements",
    column("lot_id", Uuid),
    column("producer_organisation_id", Uuid),
    column("recycler_organisation_id", Uuid),
)


def is_on_market() -> ColumnElement[bool]:
    """Return the condition on `lots` joined with `organisations`: open today, of an active organisation."""
    return and_(
        Lot.status == LotStatus.OPEN, Lot.available_to >= today(), Organisation.status == OrganisationStatus.ACTIVE
    )


def own_lot(session: Session, actor: Actor, lot_id: LotId) -> Lot:
    """Return a lot of the caller's organisation or raise NotFound."""
    lot = session.get(Lot, lot_id)
    if lot is None or lot.organisation_id != actor.organisation_id:
        raise NotFound("lot")
    return lot


def visible_lot(session: Session, actor: Actor, lot_id: LotId) -> Lot:
    """Return a lot that the caller may see or raise NotFound.

    What is on the market is everyone's to see; the rest only its owner's, the parties' of its agreements (of
    proposals too) and the operator's.
    """
    query = select(Lot).join(Organisation, Organisation.id == Lot.organisation_id)
    lot = session.scalars(query.where(Lot.id == lot_id, _is_visible_to(actor))).one_or_none()
    if lot is None:
        raise NotFound("lot")
    return lot


def read_lot(session: Session, actor: Actor, lot_id: LotId) -> Document:
    """Return a lot that the caller may see, as it is answered, or raise NotFound."""
    row = session.execute(select_lots().where(Lot.id == lot_id, _is_visible_to(actor))).one_or_none()
    if row is None:
        raise NotFound("lot")
    return describe_lots(session, [row], today())[0]


def _is_visible_to(actor: Actor) -> ColumnElement[bool]:
    if actor.has_role(Role.OPERATOR):
        return true()
    own = actor.organisation_id
    return or_(is_on_market(), Lot.organisation_id == own, _is_party(own))


def _is_party(organisation_id: UUID) -> ColumnElement[bool]:
    parties = _AGREEMENTS.c
    return (
        exists()
        .where(parties.lot_id == Lot.id)
        .where(
            or_(
                parties.producer_organisation_id == organisation_id,
                parties.recycler_organisation_id == organisation_id,
            )
        )
    )


def list_assays(session: Session, lot: Lot, page: Page) -> Slice[Assay]:
    """Return one page of a lot's assays, the last recorded first."""
    return page_by_id(session, select(Assay).where(Assay.lot_id == lot.id), Assay.id, page)


def find_assay(session: Session, lot: Lot, assay_id: AssayId) -> Assay:
    """Return one assay of a lot or raise NotFound."""
    assay = session.get(Assay, assay_id)
    if assay is None or assay.lot_id != lot.id:
        raise NotFound("assay")
    return assay
