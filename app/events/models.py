"""Tables of what happened, of who may see it, of where it ends, and of how far each consumer has read."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, CheckConstraint, Index, String, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Base, new_id


class Event(Base):
    """One change; positions grow in the order of commits, so that a reader never has to look back.

    Its `hash` is made of it and of the hash before: see `chain`.
    `organisation_id` is whose act it was; where another acted for it, `delegate_id` is that one and the key is its key.

    No foreign keys: a row outlives what it is about, and the rows that they lock could stand in the way of those who
    wait for the head. `data` is plain JSON, whose text PostgreSQL keeps as it was written.
    """

    __tablename__ = "events"
    __table_args__ = (
        Index(
            "ix_events_market",
            "position",
            sqlite_where=text("for_market = 1"),
            postgresql_where=text("for_market"),
        ),
    )

    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    id: Mapped[UUID] = mapped_column(Uuid, unique=True, default=new_id)
    type: Mapped[str] = mapped_column(String(60))
    occurred_at: Mapped[datetime]
    organisation_id: Mapped[UUID | None] = mapped_column(Uuid)
    key_id: Mapped[UUID | None] = mapped_column(Uuid)
    delegate_id: Mapped[UUID | None] = mapped_column(Uuid)
    subject_kind: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[UUID] = mapped_column(Uuid)
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    for_market: Mapped[bool]
    hash: Mapped[str] = mapped_column(String(64))


class EventViewer(Base):
    """An organisation that may see an event which is not the market's."""

    __tablename__ = "event_viewers"
    # Who saw what is read in the order of the feed when it is verified.
    __table_args__ = (Index("ix_event_viewers_position", "position", "organisation_id"),)

    organisation_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)


class EventHead(Base):
    """The last position given and its hash, in one row: whoever appends holds its lock until the commit."""

    __tablename__ = "event_head"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str] = mapped_column(String(64))


class EventCursor(Base):
    """How far a consumer has read."""

    __tablename__ = "event_cursors"

    consumer: Mapped[str] = mapped_column(String(40), primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger)
