"""Reads of delegations: those that an organisation gave or was given."""

from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.auth.actor import OrganisationId
from app.core.clock import now
from app.core.errors import NotFound
from app.core.paging import Page, Slice, page_by_id
from app.delegations.models import Delegation, DelegationId
from app.delegations.schemas import DelegationRead, DelegationStatus, Side
from app.organisations.briefs import OrganisationBrief
from app.organisations.models import Organisation


def find_delegation(session: Session, organisation_id: OrganisationId, delegation_id: DelegationId) -> Delegation:
    """Return a delegation that the organisation gave or was given, or raise NotFound."""
    found = session.get(Delegation, delegation_id)
    if found is None or organisation_id not in (found.principal_id, found.delegate_id):
        raise NotFound("delegation")
    return found


def list_delegations(
    session: Session, organisation_id: OrganisationId, side: Side | None, page: Page
) -> Slice[DelegationRead]:
    """Return one page of the delegations that an organisation gave, was given, or both; newest first."""
    sides = {
        Side.PRINCIPAL: Delegation.principal_id == organisation_id,
        Side.DELEGATE: Delegation.delegate_id == organisation_id,
    }
    condition = or_(*sides.values()) if side is None else sides[side]
    found = page_by_id(session, select(Delegation).where(condition), Delegation.id, page)
    return Slice(describe_delegations(session, found.items), found.next_cursor)


def describe_delegations(session: Session, delegations: Sequence[Delegation]) -> list[DelegationRead]:
    """Return delegations as their two sides see them."""
    named = {side for delegation in delegations for side in (delegation.principal_id, delegation.delegate_id)}
    rows = session.execute(select(Organisation.id, Organisation.name).where(Organisation.id.in_(named)))
    briefs = {row.id: OrganisationBrief.model_validate(row) for row in rows}
    stored = DelegationRead.model_fields.keys() - {"principal", "delegate", "status"}
    return [
        DelegationRead(
            principal=briefs[delegation.principal_id],
            delegate=briefs[delegation.delegate_id],
            status=_status_of(delegation),
            **{name: getattr(delegation, name) for name in stored},
        )
        for delegation in delegations
    ]


def _status_of(delegation: Delegation) -> DelegationStatus:
    at = now()
    if delegation.revoked_at is not None:
        return DelegationStatus.REVOKED
    if at < delegation.starts_at:
        return DelegationStatus.UPCOMING
    return DelegationStatus.IN_FORCE if at < delegation.ends_at else DelegationStatus.ENDED
