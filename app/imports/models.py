"""Table of what has landed from files, so that the same row of a file never lands twice."""

from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Base


class ImportedRow(Base):
    """One landed row; the fingerprint is SHA-256 of its kind, its content and which of its equals in the file it is."""

    __tablename__ = "imported_rows"

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
