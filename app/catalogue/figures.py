"""What every catalogue entry is made of: frozen models, exact numbers, and a status and source per figure."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema


def as_json_number(value: Decimal) -> int | float:
    """Keep 95 an integer and 12.0 a float, so that answers show the decimals of the standard where JSON can."""
    exponent = value.as_tuple().exponent
    return int(value) if isinstance(exponent, int) and exponent >= 0 else float(value)


Number = Annotated[
    Decimal,
    PlainSerializer(as_json_number, return_type=int | float, when_used="json"),
    WithJsonSchema({"type": "number"}),
]
Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Text = Annotated[str, Field(min_length=1)]
SourceKey = Annotated[
    str,
    Field(
        pattern=r"^(memory:.+|[a-z0-9][a-z0-9-]*)$",
        description="Key of a source, or `memory:` and the document that a draft rests on.",
        examples=["gb6566-lab", "memory:GB/T 1596-2017"],
    ),
]


class FigureStatus(StrEnum):
    """How sure a figure is: a confirmed limit may reject a lot, a draft one only warns."""

    CONFIRMED = "confirmed"
    DRAFT = "draft"


class Entry(BaseModel):
    """Base of all catalogue entries."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Sourced(Entry):
    """An entry that rests on one source."""

    status: FigureStatus = Field(description="`confirmed` or `draft`.")
    source: SourceKey
    note: Text | None = Field(default=None, description="What to know before relying on the figure.")


class Statement(Sourced):
    """A sentence with its source."""

    text: Text = Field(description="The statement.")


class Measured(Sourced):
    """A single value or a range from low to high, in a unit."""

    value: Number | None = Field(default=None, description="Single value.")
    low: Number | None = Field(default=None, description="Lower end of a range.")
    high: Number | None = Field(default=None, description="Upper end of a range.")
    unit: Text | None = Field(default=None, description="Unit of value, low and high.")
