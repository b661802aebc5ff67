"""Bodies of targets, of the values entered of indicators, and of progress."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints, field_validator

from app.catalogue.keys import MaterialKey
from app.core.bodies import fault_of_field
from app.core.clock import today
from app.core.quantities import Number, Percent, Tonnes
from app.core.schema import WITHOUT_NUL, Day, Instant, Key, Name, Schema, Year
from app.targets.plan import Comparison

SourceText = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=WITHOUT_NUL)]
_DISTRICT = "District key or its leading digits (2, 4 or 6)"


class TargetPost(Schema):
    """A utilisation rate that an authority wants reached."""

    name: Name = Field(description="What the authority calls it.")
    district: Key | None = Field(
        None, description=f"{_DISTRICT}, within the jurisdiction; without it the jurisdiction itself."
    )
    materials: list[MaterialKey] | None = Field(
        None, min_length=1, max_length=100, description="Streams that count; without it the bulk industrial streams."
    )
    rate_pct: Percent = Field(gt=0, description="Official rate 100 U / (G + Up) to reach, above 0 and at most 100.")
    target_year: Year = Field(description="Calendar year by whose end it is to be reached; not a past one.")

    @field_validator("target_year")
    @classmethod
    def _is_not_past(cls, year: int) -> int:
        if year < today().year:
            raise fault_of_field("target_year_past", "that year is over; set a target for this year or a later one")
        return year


class TargetRead(Schema):
    """A target: of a plan in the catalogue, or set by an authority."""

    key: str = Field(description="Name it by this: key of the catalogue, or id of a target that an authority set.")
    id: UUID | None = Field(description="Null for a target of the catalogue.")
    name_en: str
    name_zh: str
    is_computed: bool = Field(
        description="True: a rate computed from the ledger. False: an indicator whose values are entered."
    )
    value: Number = Field(description="What is to be reached, in `unit`.")
    unit: str = Field(examples=["%"])
    comparison: Comparison = Field(description="`at_most` where a larger fall is better.")
    target_year: int
    district: str | None = Field(description=f"{_DISTRICT}; null is the whole country.")
    materials: list[str] | None = Field(description="Streams that count: null where the value is entered.")
    formula: str | None = Field(description="How the rate is computed; null where the value is entered.")
    source: str = Field(description="Key of the catalogue's source, or the authority that set it.")


class TargetValuePost(Schema):
    """What an indicator stood at on a day; of one day the last entered counts."""

    value: Annotated[Decimal, Field(max_digits=15, decimal_places=4, allow_inf_nan=False)] = Field(
        description="In the target's unit; a change in percent has its sign."
    )
    holds_on: Day = Field(description="The day that the value holds for; not after today.")
    source: SourceText = Field(description="Where the value is from: document, office, date.")

    @field_validator("holds_on")
    @classmethod
    def _has_come(cls, day: date) -> date:
        if day > today():
            raise fault_of_field("holds_on_in_future", "a value holds for a day that has come")
        return day


class TargetValueRead(Schema):
    """A value as entered; it never changes."""

    id: UUID
    target: str
    value: Number
    holds_on: date
    source: str
    organisation_id: UUID = Field(description="The authority that entered it.")
    created_at: Instant


class Gap(Schema):
    """How far a year's rate is from the target."""

    reached: bool = Field(description="Compared exactly, before rounding.")
    gap_points: Number = Field(description="Target minus rate, percentage points; negative above the target.")
    gap_t: Tonnes = Field(
        description="How many more tonnes of this year's waste used would have reached it, rounded up to the kilogram: "
        "least x with 100 (U + x) / (G + Up) >= target."
    )
    gap_from_prior_t: Tonnes | None = Field(
        description="The same, were they stock of earlier years: 100 (U + x) / (G + Up + x). Null: no amount is enough."
    )


class YearFigures(Schema):
    """G, U and Up of a year, its rate and the gap; null without a rate."""

    generated_t: Tonnes = Field(description="G.")
    utilised_t: Tonnes = Field(description="U.")
    utilised_from_prior_t: Tonnes = Field(description="Up, part of U.")
    rate_pct: Number | None = Field(description="100 U / (G + Up).")
    gap: Gap | None


class ContractedRead(Schema):
    """Tonnes of accepted agreements that are not used yet, within the year."""

    to_ship_t: Tonnes = Field(
        description="Agreed on and not shipped; of an agreement that runs on, the part by days within the year."
    )
    in_transit_t: Tonnes = Field(description="Shipped and not received.")
    at_recyclers_t: Tonnes = Field(description="Received and not used.")
    counted_t: Tonnes = Field(description="Of these, what the forecast counts: no more than the waste there will be.")


class IntervalRead(Schema):
    """Bounds of the rate at the year's end."""

    low_pct: Number
    high_pct: Number
    coverage_pct: int = Field(description="Least share of the trials whose error is no larger.")
    trials: int = Field(description="How often the run rate was tried on past months.")


class ForecastRead(YearFigures):
    """The year at its end."""

    without_contracts_pct: Number | None = Field(description="The rate by the run rate alone.")
    contracted: ContractedRead
    interval: IntervalRead | None = Field(description="Null where there are too few past months to try the method on.")
    unused_t: Tonnes = Field(
        description="This year's waste that will then be neither used, disposed of nor discarded: it could be used."
    )
    months_left: int = Field(description="Months of the year that are not over, the running one included.")
    extra_per_month_t: Tonnes = Field(
        description="How much more of this year's waste, used in each of them, makes the year reach the target."
    )
    method: str = Field(description="How it was made, in words.")


class EnteredProgress(Schema):
    """The latest value of an indicator."""

    value: Number
    holds_on: date
    source: str
    reached: bool
    gap: Number = Field(description="Target minus value, in the target's unit.")


class Progress(Schema):
    """How far along a target is in a year."""

    target: TargetRead
    year: int
    as_of: Instant = Field(description="When the figures were read.")
    formula: str | None = Field(description="Null where the value is entered.")
    materials: list[str] | None = Field(description="The streams counted; null where the value is entered.")
    basis: Literal["recorded"] | None
    districts: Literal["current"] | None = Field(
        description="What an abolished district had counts as its successor's."
    )
    undeclared_site_months: int | None = Field(
        description="Months of a site and material in the year with no declaration yet."
    )
    provisional: bool | None = Field(description="Months are undeclared, or the year is not over.")
    to_date: YearFigures | None = Field(description="The year so far, as the utilisation statistics have it.")
    forecast: ForecastRead | None = Field(
        description="Null where the year is over, nothing is on file of a month that is over, or values are entered."
    )
    entered: EnteredProgress | None = Field(
        description="Of an indicator: its latest value up to the end of the year, if any."
    )
    advice: str = Field(description="What it takes, in one or two sentences, in the language of `Accept-Language`.")
