"""Tables of webhooks and of what is to be delivered to each."""

from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, Integer, String, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from app.auth.actor import OrganisationId
from app.core.clock import now
from app.core.database import Base, new_id
from app.core.outgoing_urls import MOST_CHARACTERS

WebhookId = NewType("WebhookId", UUID)
DeliveryId = NewType("DeliveryId", UUID)
_OPEN = text("next_try_at IS NOT NULL")
_ENDED = text("ended_at IS NOT NULL")


class WebhookStatus(StrEnum):
    """Whether a webhook is told; to the last two nothing is sent."""

    ACTIVE = "active"
    FAILING = "failing"  # tried all the same
    PAUSED = "paused"  # by its owner
    DISABLED = "disabled"  # by the receiver, who answered 410


class DeliveryStatus(StrEnum):
    """Where a delivery stands; the last two have ended."""

    PENDING = "pending"
    SENDING = "sending"
    DELIVERED = "delivered"
    FAILED = "failed"


#: Statuses of webhooks that are told.
TOLD = (WebhookStatus.ACTIVE, WebhookStatus.FAILING)


class Webhook(Base):
    """A URL that an organisation wants to be told at; events up to `since_position` are none of its business.

    No secret is stored: it is derived from the id and the number of its `generation`.
    """

    __tablename__ = "webhooks"
    __table_args__ = (
        CheckConstraint("status IN ('active', 'failing', 'paused', 'disabled')", name="status_known"),
        Index("ix_webhooks_organisation_id_id", "organisation_id", "id"),
    )

    id: Mapped[WebhookId] = mapped_column(Uuid, primary_key=True, default=new_id)
    organisation_id: Mapped[OrganisationId] = mapped_column(ForeignKey("organisations.id"))
    url: Mapped[str] = mapped_column(String(MOST_CHARACTERS))
    types: Mapped[list[str]] = mapped_column(JSON)
    status: Mapped[str] = mapped_column(String(10), default=WebhookStatus.ACTIVE)
    failing_since: Mapped[datetime | None]
    generation: Mapped[int] = mapped_column(Integer, default=1)
    previous_secret_until: Mapped[datetime | None]
    since_position: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(default=now)
    version: Mapped[int] = mapped_column(Integer, default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - read by SQLAlchemy as a class attribute


class WebhookDelivery(Base):
    """One event for one webhook; its id is the event's, and what the receiver knows it by.

    `next_try_at` is set until it has ended; while it is being sent, it says when the sender is taken for dead.
    `place` is the event's position: an earlier one of the same subject goes first. Pings and replays have no place:
    they wait for nothing and nothing waits for them. No foreign key to the event, which is never deleted.
    """

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        CheckConstraint("status IN ('pending', 'sending', 'delivered', 'failed')", name="status_known"),
        CheckConstraint("(status IN ('pending', 'sending')) = (next_try_at IS NOT NULL)", name="open_is_tried"),
        CheckConstraint("(next_try_at IS NULL) = (ended_at IS NOT NULL)", name="ended_or_open"),
        Index("ix_webhook_deliveries_due", "webhook_id", "next_try_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index(
            "ix_webhook_deliveries_line",
            "webhook_id",
            "subject_id",
            "place",
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
        Index("ix_webhook_deliveries_status", "webhook_id", "status", "id"),
        Index("ix_webhook_deliveries_ended", "ended_at", sqlite_where=_ENDED, postgresql_where=_ENDED),
    )

    webhook_id: Mapped[WebhookId] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[DeliveryId] = mapped_column(Uuid, primary_key=True)
    type: Mapped[str] = mapped_column(String(60))
    subject_id: Mapped[UUID] = mapped_column(Uuid)
    place: Mapped[int | None] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(String(10), default=DeliveryStatus.PENDING)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    queued_at: Mapped[datetime]
    next_try_at: Mapped[datetime | None]
    last_tried_at: Mapped[datetime | None]
    response_status: Mapped[int | None] = mapped_column(Integer)
    duration_ms: Mapped[int | None] = mapped_column(Integer)
    error: Mapped[str | None] = mapped_column(String(40))
    ended_at: Mapped[datetime | None]
