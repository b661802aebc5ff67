"""Bodies of jobs: how far they are, and what of them was refused."""

from uuid import UUID

from pydantic import Field

from app.core.schema import Instant, Schema
from app.jobs.models import JobStatus


class RefusalRead(Schema):
    """One fault of one refused row; the same codes as when the row is posted alone."""

    line: int = Field(description="Line of the file; for XLSX the row of the sheet.")
    pointer: str = Field(description="JSON pointer into the body that the row stands for; empty: the whole row.")
    column: str | None = Field(description="Head of the column at fault; null where no single one is.")
    code: str
    reason: str


class JobError(Schema):
    """Why a job failed as a whole."""

    code: str
    detail: str


class JobBrief(Schema):
    """A piece of background work; the counts are rows of its input, of a plan the steps of its work."""

    id: UUID
    kind: str
    delegate_id: UUID | None = Field(description="Who handed it in for the organisation; null: itself.")
    status: JobStatus
    dry_run: bool
    done: int = Field(description="Rows dealt with: landed + refused + already_there; of a plan the steps done.")
    total: int | None = Field(description="Rows of the input; null until they are counted.")
    landed: int = Field(description="Rows stored; of a dry run: that would be.")
    refused: int
    already_there: int = Field(description="Rows that an earlier file had landed already.")
    error: JobError | None = Field(description="Of a failed job.")
    created_at: Instant
    started_at: Instant | None
    finished_at: Instant | None


class JobRead(JobBrief):
    """A job with the first of its refusals."""

    refusals: list[RefusalRead] = Field(description="The first 200 by line; GET /v1/jobs/{id}/refusals lists all.")
    has_more_refusals: bool
