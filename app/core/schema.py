"""The manners of every body: snake_case, nothing unknown, no infinities, instants in UTC."""

from datetime import UTC, datetime
from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer, StringConstraints

T = TypeVar("T")


class Schema(BaseModel):
    """Base of request and response bodies: unknown fields are refused, text is stripped."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, from_attributes=True, allow_inf_nan=False, str_strip_whitespace=True
    )


class PageOf(Schema, Generic[T]):
    """One page of a list; `next_cursor` is null on the last page."""

    items: list[T]
    next_cursor: str | None = Field(description="Pass as `cursor` for the next page.")


def _utc(instant: datetime) -> datetime:
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        msg = "is before the year 1 or after 9999 in UTC"
        raise ValueError(msg) from None


def _rfc3339(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


#: An instant with its offset; kept and sent in UTC.
Instant = Annotated[AwareDatetime, AfterValidator(_utc), PlainSerializer(_rfc3339, return_type=str, when_used="json")]
#: A calendar month, `YYYY-MM`.
Month = Annotated[str, StringConstraints(pattern=r"^(19|20|21)\d{2}-(0[1-9]|1[0-2])$")]
#: PostgreSQL keeps no NUL in text.
WITHOUT_NUL = r"^[^\x00]*$"
#: A catalogue key as it appears in a body.
Key = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=WITHOUT_NUL)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=WITHOUT_NUL)]
Text = Annotated[str, StringConstraints(max_length=2000, pattern=WITHOUT_NUL)]
Year = Annotated[int, Field(ge=1949, le=2999)]
