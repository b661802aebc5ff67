"""Bodies of webhooks, of their deliveries, and of what is sent."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, field_validator

from app.core.bodies import fault_of_field
from app.core.outgoing_urls import MOST_CHARACTERS, UrlRefused, read_url
from app.core.schema import Instant, Schema
from app.events.schemas import EventRead
from app.webhooks.models import DeliveryStatus, WebhookStatus
from app.webhooks.subscriptions import ALL, read_entry

_MOST_TYPES = 50
_MOST_HOURS = 168


def _callable_url(text: str) -> str:
    try:
        read_url(text)
    except UrlRefused as refused:
        raise fault_of_field(refused.code, refused.detail) from None
    return text


Url = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MOST_CHARACTERS),
    AfterValidator(_callable_url),
    Field(
        description="Where to tell it: `https://`, at a public address, port 443 or 1024 and above.",
        examples=["https://receiver.example.com/exchange"],
    ),
]
#: A type (`lot.opened`), all of a kind (`lot`, also written `lot.*`), or all.
EventType = Annotated[
    str,
    StringConstraints(min_length=1, max_length=60),
    AfterValidator(read_entry),
]
Types = Annotated[
    list[EventType],
    Field(
        min_length=1,
        max_length=_MOST_TYPES,
        description="Types of events as in `GET /v1/events`, or their beginnings (`lot`: every `lot.…`); `*` is all.",
        examples=[["lot.opened", "agreement"]],
    ),
]


class WebhookPost(Schema):
    """A URL that is to be told, and of what."""

    url: Url
    types: Types = Field([ALL])


class WebhookPatch(Schema):
    """What of a webhook changes."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"types": ["shipment"]}]})

    url: Url | None = None
    types: Types | None = None
    active: bool | None = Field(None, description="False: it is told nothing. True: it is told again, from now on.")

    @field_validator("url", "types", "active")
    @classmethod
    def _not_null(cls, value: object) -> object:
        if value is None:
            raise fault_of_field("null_refused", "is never null; leave it out to keep it")
        return value


class RotationPost(Schema):
    """How long the secret of before goes on signing beside the new one."""

    overlap_hours: int = Field(24, ge=0, le=_MOST_HOURS, description="0: the secret of before ends at once.")


class WebhookRead(Schema):
    """A webhook; its secret is shown when it is made, and at no other time."""

    id: UUID
    url: str
    types: list[str]
    status: WebhookStatus = Field(
        description="`failing`: nothing was taken for an hour, it is tried all the same. `disabled`: the receiver "
        "answered 410. `paused`: by you. To the last two nothing is sent; `active: true` begins anew."
    )
    failing_since: Instant | None = Field(description="The first attempt that failed since the last one taken.")
    previous_secret_until: Instant | None = Field(description="Until then the secret of before signs as well.")
    created_at: Instant
    version: int


class WebhookMade(WebhookRead):
    """A webhook with its newest secret, shown this once."""

    secret: str = Field(description="`whsec_…`, to verify signatures with (Standard Webhooks 1.0).")


class DeliveryRead(Schema):
    """One event for one webhook, and how it went."""

    id: UUID = Field(description="That of the event, and the header `webhook-id`: the same in every attempt.")
    webhook_id: UUID
    type: str
    subject_id: UUID
    status: DeliveryStatus
    attempts: int = Field(description="Since it was queued, or queued again by a replay.")
    response_status: int | None = Field(description="HTTP status of the last answer; null where there was none.")
    error: str | None = Field(
        description="Why the last attempt failed: `status` (not 2xx), `timeout` (10 s in all), `no_connection`, "
        "`tls_failed`, `no_answer`, `name_unknown`, `address_not_public`, `https_required`, `invalid_url`, "
        "`internal_error`."
    )
    duration_ms: int | None
    queued_at: Instant
    last_tried_at: Instant | None
    next_try_at: Instant | None = Field(description="Null once it has ended.")
    ended_at: Instant | None


class Message(Schema):
    """What is sent: the event as the feed of the webhook's organisation shows it."""

    type: str
    timestamp: Instant
    data: EventRead


def write_message(event: EventRead) -> bytes:
    """Return the body of a delivery: the same bytes in every attempt."""
    return Message(type=event.type, timestamp=event.occurred_at, data=event).model_dump_json().encode()


def made(webhook: Any, secret: str) -> WebhookMade:  # noqa: ANN401 - a row
    """Return the answer that shows a secret."""
    return WebhookMade(**WebhookRead.model_validate(webhook).model_dump(), secret=secret)
