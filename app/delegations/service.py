"""Granting and revoking delegations."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from app.auth.actor import COMPANIES, Actor
from app.core.clock import now
from app.core.errors import Fault, Forbidden, Invalid, invalid
from app.delegations.models import Delegation, DelegationId
from app.delegations.queries import find_delegation
from app.delegations.schemas import DelegationPost
from app.events.record import NewEvent, record_event
from app.events.types import EventType
from app.organisations.models import Organisation, OrganisationStatus

_USUAL = timedelta(days=365)
_LONGEST = timedelta(days=731)


def grant(session: Session, actor: Actor, wish: DelegationPost) -> Delegation:
    """Let another organisation act for the caller's, with no more scope or time than the caller's key has."""
    excess = sorted(set(wish.scopes) - actor.scopes)
    if excess:
        raise Forbidden("scope_exceeded", f"Your key lacks {', '.join(excess)}, so it cannot grant it.")
    at = now()
    starts_at = max(wish.starts_at or at, at)
    if starts_at > at + _LONGEST:
        raise invalid("/starts_at", "starts_too_late", "must be within two years from now; grant it then")
    ends_at = wish.ends_at or min(starts_at + _USUAL, actor.expires_at or starts_at + _USUAL)
    faults = [*_faults_of_delegate(session, actor, wish.delegate_id), *_faults_of_time(starts_at, ends_at)]
    if faults:
        raise Invalid(faults)
    if actor.expires_at is not None and ends_at > actor.expires_at:
        raise Forbidden("time_exceeded", f"Your key expires at {actor.expires_at:%Y-%m-%d %H:%M} UTC; choose no later.")
    delegation = Delegation(
        principal_id=actor.organisation_id,
        delegate_id=wish.delegate_id,
        scopes=sorted(set(wish.scopes)),
        starts_at=starts_at,
        ends_at=ends_at,
        granted_by=actor.key_id,
    )
    session.add(delegation)
    session.flush()
    record_event(session, _event(EventType.DELEGATION_GRANTED, actor, delegation))
    return delegation


def _faults_of_delegate(session: Session, actor: Actor, delegate_id: UUID) -> Iterator[Fault]:
    if delegate_id == actor.organisation_id:
        yield Fault("/delegate_id", "own_organisation", "your organisation acts for itself without a delegation")
        return
    delegate = session.get(Organisation, delegate_id)
    if delegate is None or delegate.status != OrganisationStatus.ACTIVE or set(delegate.roles).isdisjoint(COMPANIES):
        detail = "is no active company of the exchange; the one that is to act reads its id at GET /v1/me"
        yield Fault("/delegate_id", "unknown_organisation", detail)


def _faults_of_time(starts_at: datetime, ends_at: datetime) -> Iterator[Fault]:
    if ends_at <= starts_at:
        yield Fault("/ends_at", "ends_before_start", "must be in the future and after the start")
    elif ends_at - starts_at > _LONGEST:
        yield Fault("/ends_at", "lasts_too_long", "must be at most two years after the start; grant it anew then")


def lock_delegation(session: Session, actor: Actor, delegation_id: DelegationId) -> Delegation:
    """Return a delegation of either side as it is now, locked, or raise NotFound."""
    delegation = find_delegation(session, actor.organisation_id, delegation_id)
    session.refresh(delegation, with_for_update=True)
    return delegation


def revoke(session: Session, actor: Actor, delegation: Delegation) -> None:
    """End a locked delegation at once, whichever side wishes it; revoking again changes nothing.

    One that has ended by itself can still be revoked: files handed in under it then land no further.
    """
    if delegation.revoked_at is not None:
        return
    delegation.revoked_at = now()
    session.flush()
    record_event(session, _event(EventType.DELEGATION_REVOKED, actor, delegation))


def _event(kind: EventType, actor: Actor, delegation: Delegation) -> NewEvent:
    return NewEvent(
        type=kind,
        subject_kind="delegation",
        subject_id=delegation.id,
        organisation_id=actor.organisation_id,
        key_id=actor.key_id,
        data={
            "principal_id": str(delegation.principal_id),
            "delegate_id": str(delegation.delegate_id),
            "scopes": delegation.scopes,
            "starts_at": delegation.starts_at.isoformat(),
            "ends_at": delegation.ends_at.isoformat(),
        },
        viewers=(delegation.principal_id, delegation.delegate_id),
    )
