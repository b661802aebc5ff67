"""Members of a sample market: organisations enrolled as active, ready to act."""

from typing import NamedTuple

from sqlalchemy.orm import Session

from app.auth.actor import Actor, Role
from app.organisations.callers import authenticate
from app.organisations.models import OrganisationStatus
from app.organisations.service import enrol


class Member(NamedTuple):
    """An organisation as a caller, with the text of its key."""

    actor: Actor
    key_text: str


def enrol_member(session: Session, role: Role, name: str, pepper: bytes, jurisdiction: str | None = None) -> Member:
    """Enrol an active organisation and return it as the caller that its key stands for."""
    _, key_text = enrol(session, [role], pepper, name=name, status=OrganisationStatus.ACTIVE, jurisdiction=jurisdiction)
    return Member(authenticate(session, key_text, pepper), key_text)
