"""A grade of one edition of a standard: its limits, preconditions and validity."""

from datetime import date
from enum import StrEnum
from typing import Self

from pydantic import ConfigDict, Field, model_validator

from app.catalogue.figures import Entry, FigureStatus, Key, Number, Sourced, SourceKey, Text


class EditionStatus(StrEnum):
    """Standing of an edition; whether it holds on a day is answered by `Grade.in_force`."""

    IN_FORCE = "in_force"
    IN_FORCE_OR_LATER_EDITION = "in_force_or_later_edition"
    SUPERSEDED = "superseded"
    CHECK_STATUS = "check_status"
    POLICY_GUIDANCE = "policy_guidance"
    RECOMMENDED_VALUES = "recommended_values"
    INDUSTRY_CRITERIA = "industry_criteria"
    EXISTENCE_NOT_CONFIRMED = "existence_not_confirmed"


class Rounding(StrEnum):
    """How a test value is rounded before it meets a limit of the grade."""

    GBT8170 = "gbt8170"
    NONE = "none"


class PreconditionRule(StrEnum):
    """What must hold besides the limits."""

    EXCLUDE_ORIGIN = "exclude_origin"
    RADIONUCLIDES = "radionuclides"
    END_USE_EXCLUSION = "end_use_exclusion"
    FORBIDDEN_END_USE = "forbidden_end_use"


class Precondition(Sourced):
    """A condition of a grade that is not a limit on a parameter of its own."""

    rule: PreconditionRule = Field(description="Kind of condition.")
    values: tuple[Key, ...] = Field(
        default=(),
        description="Excluded origins (exclude_origin), uses (end_use_exclusion) or end products (forbidden_end_use).",
    )
    limits_of: Key | None = Field(default=None, description="Grade whose limits apply as well (radionuclides).")
    text: Text | None = Field(default=None, description="The condition in words.")


class Limit(Sourced):
    """A limit on a parameter; min and max are inclusive and keep the decimals that the standard writes."""

    parameter: Key = Field(description="Assay parameter.")
    min: Number | None = Field(default=None, description="Least value allowed.")
    max: Number | None = Field(default=None, description="Greatest value allowed.")
    equals: bool | Text | None = Field(default=None, description="Required value of a category or yes/no parameter.")
    unit: Text = Field(description="Unit of the parameter.")

    @model_validator(mode="after")
    def check_bounds(self) -> Self:
        """Raise ValueError for a limit that demands nothing or that nothing can meet."""
        if self.equals is None and self.min is None and self.max is None:
            raise ValueError("a limit needs min, max or equals")
        if self.equals is not None and not (self.min is None and self.max is None):
            raise ValueError("a limit has either equals or min and max")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min} lies above max {self.max}")
        return self


class Grade(Entry):
    """One grade of one edition of a standard."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "key": "gb6566_2010_main",
                    "standard": "GB 6566-2010",
                    "title_en": "Limits of radionuclides in building materials",
                    "title_zh": "建筑材料放射性核素限量",
                    "year": 2010,
                    "grade": "main structure",
                    "material": "any",
                    "materials": ["fly_ash", "phosphogypsum"],
                    "application": "building_main_structure",
                    "status": "in_force",
                    "rounding": "gbt8170",
                    "sources": ["gb6566-lab"],
                    "limits": [
                        {"parameter": "ira", "max": 1.0, "unit": "1", "status": "confirmed", "source": "gb6566-lab"},
                    ],
                },
            ],
        },
    )

    key: Key = Field(description="Key by which lots and demands name the grade.")
    standard: Text = Field(description="Number of the standard with its year.")
    title_en: Text = Field(description="English title of the standard.")
    title_zh: Text = Field(description="Chinese title of the standard.")
    year: int | None = Field(description="Year of the edition.")
    grade: Text = Field(description="Name of the grade within the standard.")
    material: Key = Field(description="Material, material group, product, or `any`.")
    materials: tuple[Key, ...] = Field(default=(), description="The materials that `material` stands for.")
    uses: tuple[Key, ...] = Field(default=(), description="Uses of the exchange that the grade applies to.")
    application: Key = Field(description="What the standard says the grade serves.")
    status: EditionStatus = Field(description="Standing of the edition.")
    status_source: SourceKey | None = Field(default=None, description="Source of the standing.")
    valid_from: date | None = Field(default=None, description="First day in force; null is not known.")
    valid_to: date | None = Field(default=None, description="Last day in force; null is open or not known.")
    successor: Key | None = Field(default=None, description="Grade of the edition that follows.")
    rounding: Rounding = Field(description="Rounding of a test value before comparing.")
    is_product: bool = Field(default=False, description="Whether it grades a consumer's product, not a lot.")
    scope: Text | None = Field(default=None, description="Scope of the standard.")
    scope_source: SourceKey | None = Field(default=None, description="Source of the scope.")
    sources: tuple[SourceKey, ...] = Field(min_length=1, description="Sources of the limits.")
    preconditions: tuple[Precondition, ...] = Field(default=(), description="Conditions besides the limits.")
    limits: tuple[Limit, ...] = Field(description="Limits; empty when they are not on file.")
    note: Text | None = Field(default=None, description="Remark.")

    @model_validator(mode="after")
    def check_validity(self) -> Self:
        """Raise ValueError for an edition that ends before it begins."""
        if self.valid_from and self.valid_to and self.valid_from > self.valid_to:
            raise ValueError(f"valid_from {self.valid_from} lies after valid_to {self.valid_to}")
        return self

    @property
    def rests_on_drafts(self) -> bool:
        """Whether a limit or precondition is a draft."""
        return any(rule.status is FigureStatus.DRAFT for rule in (*self.limits, *self.preconditions))

    def in_force(self, on: date) -> bool:
        """Whether the edition holds on a day, as far as the dates on file tell.

        A superseded edition without a known end, and a standard whose existence nobody confirms, never hold.
        """
        if self.status is EditionStatus.EXISTENCE_NOT_CONFIRMED:
            return False
        if self.status is EditionStatus.SUPERSEDED and self.valid_to is None:
            return False
        if self.valid_to is not None and on > self.valid_to:
            return False
        if self.valid_from is not None:
            return on >= self.valid_from
        # Without a known first day the year of the edition still bounds it: nothing holds before it is written.
        return self.year is None or on.year >= self.year
