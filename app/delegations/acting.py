"""Acting for another organisation: who a caller becomes under the delegations that are in force."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth.actor import Actor, OrganisationId, Role, Scope
from app.core.errors import Forbidden, invalid
from app.delegations.models import Delegation
from app.organisations.models import Organisation, OrganisationStatus


def parse_principal(text: str) -> OrganisationId:
    """Return the organisation that the header names; raises Invalid."""
    try:
        return OrganisationId(UUID(text))
    except ValueError:
        raise invalid("Acting-For", "invalid_principal", "takes the id of the organisation acted for") from None


def act_for(session: Session, delegate: Actor, principal_id: OrganisationId, at: datetime) -> Actor:
    """Return the principal as the delegate may act for it at an instant: what was lent and its own key has too.

    Raises Forbidden, in the same words whether there is no such organisation, it is not active, or lent nothing.
    """
    if delegate.status != OrganisationStatus.ACTIVE:
        raise Forbidden(f"organisation_{delegate.status}", f"Your organisation is {delegate.status}; ask the operator.")
    granted = session.execute(
        select(Organisation, Delegation.scopes, Delegation.ends_at)
        .join(Organisation, Organisation.id == Delegation.principal_id)
        .where(
            Delegation.principal_id == principal_id,
            Delegation.delegate_id == delegate.organisation_id,
            Delegation.revoked_at.is_(None),
            Delegation.starts_at <= at,
            Delegation.ends_at > at,
            Organisation.status == OrganisationStatus.ACTIVE,
        )
    ).all()
    if not granted:
        detail = "No delegation of this organisation to yours is in force; GET /v1/delegations lists those you have."
        raise Forbidden("delegation_required", detail)
    principal = granted[0][0]
    lent = {Scope(scope) for _, scopes, _ in granted for scope in scopes}
    ends = [ends_at for _, _, ends_at in granted]
    return replace(
        delegate,
        organisation_id=principal.id,
        name=principal.name,
        roles=frozenset(Role(role) for role in principal.roles),
        scopes=delegate.scopes & lent,
        # With several delegations it is looked up anew when the first of them ends.
        expires_at=min([*ends, delegate.expires_at] if delegate.expires_at is not None else ends),
        status=OrganisationStatus(principal.status).value,
        jurisdiction=principal.jurisdiction,
        delegate_id=delegate.organisation_id,
    )
