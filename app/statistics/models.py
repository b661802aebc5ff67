"""Table of publications: figures as they were said, for ever."""

from datetime import datetime
from typing import Any, NewType
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.auth.actor import OrganisationId
from app.core.database import Base, new_id

SnapshotId = NewType("SnapshotId", UUID)


class Snapshot(Base):
    """One publication; no row of this table is ever changed. `content` are the bytes that are answered."""

    __tablename__ = "snapshots"
    __table_args__ = (Index("ix_snapshots_organisation_id_id", "organisation_id", "id"),)

    id: Mapped[SnapshotId] = mapped_column(Uuid, primary_key=True, default=new_id)
    number: Mapped[int] = mapped_column(unique=True)
    organisation_id: Mapped[OrganisationId] = mapped_column(ForeignKey("organisations.id"))
    title: Mapped[str] = mapped_column(String(200))
    question: Mapped[dict[str, Any]] = mapped_column(JSON)
    published_at: Mapped[datetime]
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    sha256: Mapped[str] = mapped_column(String(64))
