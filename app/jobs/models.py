"""Tables of background jobs: what is to be done and how far it is, its input, and what of it was refused."""

from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.clock import now
from app.core.database import Base, new_id

JobId = NewType("JobId", UUID)
RunnerId = NewType("RunnerId", UUID)
MAX_REASON = 1000
_UNFINISHED = text("status IN ('queued', 'running')")


class JobStatus(StrEnum):
    """Where a job stands; the last three are final."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


#: Statuses in which there is still something to do.
UNFINISHED = (JobStatus.QUEUED, JobStatus.RUNNING)


class Job(Base):
    """One piece of background work of an organisation; the counts are rows of its input, or steps of its work.

    `delegate_id` names who handed it in for the organisation, if it was not itself. `leased_by` names the runner that
    has it until `leased_until`; when that has passed, another may take it over.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint("status IN ('queued', 'running', 'done', 'failed', 'cancelled')", name="status_known"),
        CheckConstraint("landed + refused + already_there = done", name="rows_add_up"),
        Index("ix_jobs_unfinished", "id", sqlite_where=_UNFINISHED, postgresql_where=_UNFINISHED),
        Index("ix_jobs_organisation_id_id", "organisation_id", "id"),
    )

    id: Mapped[JobId] = mapped_column(Uuid, primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(String(40))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    key_id: Mapped[UUID] = mapped_column(ForeignKey("api_keys.id"))
    delegate_id: Mapped[UUID | None] = mapped_column(Uuid)
    format: Mapped[str] = mapped_column(String(20))
    dry_run: Mapped[bool]
    status: Mapped[str] = mapped_column(String(20), default=JobStatus.QUEUED)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int | None]
    landed: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    already_there: Mapped[int] = mapped_column(default=0)
    error_code: Mapped[str | None] = mapped_column(String(80))
    error_detail: Mapped[str | None] = mapped_column(String(MAX_REASON))
    attempts: Mapped[int] = mapped_column(default=0)
    leased_by: Mapped[RunnerId | None] = mapped_column(Uuid)
    leased_until: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class JobInput(Base):
    """The bytes that a job works on; deleted when it ends."""

    __tablename__ = "job_inputs"

    job_id: Mapped[JobId] = mapped_column(ForeignKey("jobs.id"), primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class JobRefusal(Base):
    """One fault of one row; a row with several faults has several, numbered by `position`."""

    __tablename__ = "job_refusals"

    job_id: Mapped[JobId] = mapped_column(ForeignKey("jobs.id"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    pointer: Mapped[str] = mapped_column(String(400))
    column: Mapped[str | None] = mapped_column("column_name", String(200))
    code: Mapped[str] = mapped_column(String(80))
    reason: Mapped[str] = mapped_column(String(MAX_REASON))
