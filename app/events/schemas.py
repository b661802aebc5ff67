"""Bodies of the feed."""

from typing import Any
from uuid import UUID

from pydantic import Field

from app.core.schema import Instant, Schema


class Author(Schema):
    """Who did it, or for whom it was done."""

    organisation_id: UUID
    delegate_id: UUID | None = Field(
        description="The organisation that acted for it; told to these two alone. Null: none, or not yours to know."
    )
    key_id: UUID | None = Field(description="The key that did it; null unless it is one of your organisation's.")


class Subject(Schema):
    """What it was done to."""

    kind: str = Field(examples=["lot"])
    id: UUID


class EventRead(Schema):
    """One change that the caller may see."""

    id: UUID
    type: str = Field(examples=["lot.opened"], description="The filter `types` says what each one tells.")
    occurred_at: Instant
    actor: Author | None = Field(description="Null: the exchange itself.")
    subject: Subject
    data: dict[str, Any] = Field(description="Keys and ids to read more with; depends on `type`.")


class Feed(Schema):
    """A part of the feed; an empty one is its present end."""

    items: list[EventRead]
    next_cursor: str = Field(description="Pass as `after`, now or later; never null, for the feed never ends.")
