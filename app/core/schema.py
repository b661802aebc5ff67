"""The manners of every body: snake_case, nothing unknown, no infinities, instants in UTC."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Generic, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

T = TypeVar("T")


class Schema(BaseModel):
    """Base of request and response bodies: unknown fields are refused, text is stripped."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, from_attributes=True, allow_inf_nan=False, str_strip_whitespace=True
    )


class PageOf(Schema, Generic[T]):
    """One page of a list; `next_cursor` is null on the last page."""

    items: list[T] = Field(json_schema_extra={"maxItems": 100})
    next_cursor: str | None = Field(
        description="Pass as `cursor` for the next page.", json_schema_extra={"maxLength": 1000}
    )


def _utc(instant: datetime) -> datetime:
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        msg = "is before the year 1 or after 9999 in UTC"
        raise ValueError(msg) from None


def _rfc3339(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _day_text(value: object) -> object:
    """Refuse what is no day as text: pydantic would take 0 and "0" for 1970-01-01."""
    if isinstance(value, date) or (isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value.strip())):
        return value
    raise PydanticCustomError("date_parsing", "Input should be a day, YYYY-MM-DD")


def _instant_text(value: object) -> object:
    """Refuse what is no instant as text: pydantic would count a number as seconds since 1970."""
    if isinstance(value, datetime) or (isinstance(value, str) and re.match(r"\s*\d{4}-\d{2}-\d{2}[Tt ]", value)):
        return value
    raise PydanticCustomError("datetime_parsing", "Input should be an instant with its offset: 2026-03-31T09:30:00Z")


def _no_boolean(value: object) -> object:
    """Refuse true and false, which pydantic would take for 1 and 0."""
    if isinstance(value, bool):
        raise PydanticCustomError("float_type", "Input should be a number")
    return value


#: Of whole and broken numbers, as the last annotation: bounds that come after it would not reach the document.
NotBoolean = BeforeValidator(_no_boolean)
#: A calendar day, `YYYY-MM-DD`.
Day = Annotated[date, BeforeValidator(_day_text)]
#: An instant with its offset; kept and sent in UTC.
Instant = Annotated[
    AwareDatetime,
    BeforeValidator(_instant_text),
    AfterValidator(_utc),
    PlainSerializer(_rfc3339, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
#: A calendar month, `YYYY-MM`.
Month = Annotated[str, StringConstraints(pattern=r"^(19|20|21)\d{2}-(0[1-9]|1[0-2])$")]
#: PostgreSQL keeps no NUL in text.
WITHOUT_NUL = r"^[^\x00]*$"
#: A catalogue key as it appears in a body.
Key = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=WITHOUT_NUL)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=WITHOUT_NUL)]
Text = Annotated[str, StringConstraints(max_length=2000, pattern=WITHOUT_NUL)]
Year = Annotated[int, Field(ge=1949, le=2999), NotBoolean]
