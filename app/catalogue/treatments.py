"""A pre-treatment that could make a lot acceptable, and what it changes."""

from enum import StrEnum
from typing import Self

from pydantic import ConfigDict, Field, model_validator

from app.catalogue.figures import Entry, Key, Number, Sourced, Statement, Text


class Change(StrEnum):
    """What a treatment does to a parameter."""

    TO_MAX = "to_max"
    TO_MIN = "to_min"
    TO_VALUE = "to_value"
    TO_RANGE = "to_range"
    FACTOR = "factor"
    DIRECTION = "direction"


class Direction(StrEnum):
    """A change that is not computed."""

    UP = "up"
    DOWN = "down"
    WEIGHTED_MEAN = "weighted_mean"
    MEASURED = "measured"


class Effect(Sourced):
    """What a treatment does to one parameter; a claim, which only a new assay proves."""

    parameter: Key = Field(description="Changed parameter.")
    change: Change = Field(description="How to read the figures.")
    value: Number | None = Field(default=None, description="Bound or result afterwards (to_max, to_min, to_value).")
    low: Number | None = Field(default=None, description="Lower end (to_range, factor).")
    high: Number | None = Field(default=None, description="Upper end (to_range, factor).")
    direction: Direction | None = Field(default=None, description="Qualitative change (direction).")
    unit: Text | None = Field(default=None, description="Unit of the figures; `1` for a factor.")

    @model_validator(mode="after")
    def check_figures(self) -> Self:
        """Raise ValueError unless the figures are those that the change needs."""
        given = {name for name in ("value", "low", "high", "direction") if getattr(self, name) is not None}
        needed = {Change.DIRECTION: {"direction"}, Change.TO_RANGE: {"low", "high"}, Change.FACTOR: {"low", "high"}}
        wanted = needed.get(self.change, {"value"})
        if given != wanted:
            raise ValueError(f"change {self.change.value} needs {' and '.join(sorted(wanted))} alone")
        return self


class Treatment(Entry):
    """A pre-treatment that could make a lot acceptable."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "key": "filter_pressing",
                    "name_en": "Filter pressing",
                    "name_zh": "压滤",
                    "applies_to": ["red_mud", "tailings"],
                    "description": "plate-frame or membrane press",
                    "effects": [
                        {
                            "parameter": "moisture",
                            "change": "to_max",
                            "value": 25,
                            "unit": "%",
                            "status": "confirmed",
                            "source": "emr-tech-policy",
                        },
                    ],
                },
            ],
        },
    )

    key: Key = Field(description="Key.")
    name_en: Text = Field(description="English name.")
    name_zh: Text = Field(description="Chinese name.")
    applies_to: tuple[Key, ...] = Field(min_length=1, description="Materials that it suits, or `all`.")
    materials: tuple[Key, ...] = Field(default=(), description="The materials that `applies_to` stands for.")
    description: Text = Field(description="What is done.")
    effects: tuple[Effect, ...] = Field(min_length=1, description="What it changes.")
    side_effects: tuple[Statement, ...] = Field(default=(), description="What comes with it.")
    note: Text | None = Field(default=None, description="Remark.")
