"""Bodies of publications and of what has changed since."""

from datetime import date
from typing import Any
from uuid import UUID

from pydantic import Field, field_validator

from app.core.bodies import fault_of_field
from app.core.quantities import Number, Tonnes
from app.core.schema import Instant, Name, Schema
from app.statistics.schemas import UtilisationQuery, UtilisationStatistics


class SnapshotPost(Schema):
    """Figures to freeze under a number."""

    title: Name = Field(examples=["重庆市2026年上半年大宗固废综合利用率"])
    question: UtilisationQuery = Field(
        description="As the parameters of GET /v1/statistics/utilisation.",
        examples=[{"from": "2026-01", "to": "2026-06", "group_by": "material"}],
    )

    @field_validator("question")
    @classmethod
    def _is_json(cls, question: UtilisationQuery) -> UtilisationQuery:
        if question.format != "json":
            raise fault_of_field("json_only", "a publication is kept as JSON; leave `format` out")
        return question


class SnapshotBrief(Schema):
    """A publication without its figures."""

    number: int
    title: str
    question: dict[str, Any]
    published_at: Instant
    sha256: str = Field(description="Of the bytes that GET /v1/statistics/snapshots/{number} answers, for ever.")


class EventsHead(Schema):
    """The last event before a publication; who holds it can have it checked that none up to there was changed."""

    position: int
    hash: str = Field(description="Of that event and all before it; `swx verify-events --anchor POSITION:HASH`.")


class SnapshotRead(Schema):
    """A publication: the figures as they were when it was made."""

    number: int
    title: str
    question: dict[str, Any]
    published_at: Instant
    statistics: UtilisationStatistics
    events_head: EventsHead | None = Field(
        None, description="Of what the figures rest on; absent from older publications, null before any event."
    )


class FigureChange(Schema):
    """A figure that is another now."""

    figure: str = Field(examples=["utilised_t"])
    was: Number | None
    now: Number | None
    change: Number | None = Field(description="now - was; null where one of them is.")


class RowChange(Schema):
    """A row whose figures are others now; `row` are its groups, empty for the total."""

    row: dict[str, Any] = Field(examples=[{"material": "phosphogypsum"}])
    presence: str = Field(description="`changed`, `added` (was not there) or `gone`.", examples=["changed"])
    figures: list[FigureChange]


class Posting(Schema):
    """A posting recorded since that the figures can depend on."""

    transaction_id: UUID
    recorded_at: Instant
    kind: str = Field(examples=["receipt"])
    source_type: str = Field(description="What posted it; `…_reversal` undoes.", examples=["receipt_reversal"])
    source_id: UUID
    occurred_on: date
    month: str = Field(description="The month that it counts in.")
    site_id: UUID = Field(description="Where the waste was generated.")
    material: str
    quantity_t: Tonnes = Field(description="Tonnes moved.")


class CauseCount(Schema):
    """How many postings of one source there are since."""

    source_type: str
    transactions: int
    quantity_t: Tonnes


class SnapshotDiff(Schema):
    """What has changed since a publication, and the postings that made it so."""

    number: int
    published_at: Instant
    as_of: Instant
    changed: bool
    total: list[FigureChange]
    items: list[RowChange]
    causes: list[CauseCount] = Field(description="All postings since, of the streams and up to the last month.")
    latest: list[Posting] = Field(description="The newest hundred of them.")
