"""Table of delegations: who may act for whom, in what, and from when until when."""

from datetime import datetime
from typing import NewType
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, Integer, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.auth.actor import KeyId, OrganisationId
from app.core.clock import now
from app.core.database import Base, new_id

DelegationId = NewType("DelegationId", UUID)


class Delegation(Base):
    """What one organisation, the principal, lets another one, the delegate, do for it; nothing changes but its end."""

    __tablename__ = "delegations"
    __table_args__ = (
        CheckConstraint("principal_id <> delegate_id", name="not_to_itself"),
        CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        Index("ix_delegations_principal_id", "principal_id"),
        Index("ix_delegations_delegate_id_principal_id", "delegate_id", "principal_id"),
    )

    id: Mapped[DelegationId] = mapped_column(Uuid, primary_key=True, default=new_id)
    principal_id: Mapped[OrganisationId] = mapped_column(ForeignKey("organisations.id"))
    delegate_id: Mapped[OrganisationId] = mapped_column(ForeignKey("organisations.id"))
    scopes: Mapped[list[str]] = mapped_column(JSON)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    granted_by: Mapped[KeyId] = mapped_column(ForeignKey("api_keys.id"))
    created_at: Mapped[datetime] = mapped_column(default=now)
    version: Mapped[int] = mapped_column(Integer, default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - read by SQLAlchemy as a class attribute
