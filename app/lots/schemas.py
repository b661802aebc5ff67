"""Bodies of lots and assays; the rules that need no database are checked here, so that all faults come at once."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)
from pydantic.config import JsonDict

from app.catalogue.keys import MaterialKey
from app.core.bodies import fault_of_field, faults_of_field
from app.core.clock import today
from app.core.quantities import NonNegativeTonnes, PositiveTonnes, Tonnes, YuanPerTonne
from app.core.recurring import OnceOrMonthly, Recurring
from app.core.schema import Day, Instant, Key, Month, Name, Schema, Year
from app.lots.assays import measure_results
from app.lots.models import LotStatus
from app.organisations.briefs import OrganisationBrief, SiteBrief

_EXAMPLE_ID = "01990000-0000-7000-8000-000000000001"
MAX_RESULTS = 200
_EXAMPLE_ASSAY: JsonDict = {
    "sampled_on": "2026-07-20",
    "laboratory": "重庆市建材检测中心",
    "report_no": "CQJC-2026-0720",
    "results": [
        {"parameter": "caso4_2h2o", "value": 91.2, "unit": "%", "basis": "dry"},
        {"parameter": "soluble_p2o5", "value": 2400, "unit": "mg/kg"},
    ],
}


def _not_past(day: date) -> date:
    if day < today():
        raise fault_of_field("in_the_past", f"today is {today()}: offer at least until then")
    return day


def _not_future(day: date) -> date:
    if day > today():
        raise fault_of_field("in_the_future", f"today is {today()}")
    return day


def _earlier_year(year: int) -> int:
    if year >= today().year:
        detail = f"the storage of an earlier year than {today().year}; null for fresh waste of this year"
        raise fault_of_field("not_an_earlier_year", detail)
    return year


LastDay = Annotated[Day, AfterValidator(_not_past)]
StockYear = Annotated[Year, AfterValidator(_earlier_year)]
#: Checked against the parameter's kind, so that every wrong value has the same pointer.
AssayValue = Annotated[
    Any,
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string", "maxLength": 80}, {"type": "boolean"}]}),
]


class ResultPost(Schema):
    """One measured value."""

    parameter: Key = Field(description="A key of GET /v1/parameters.", examples=["soluble_p2o5"])
    value: AssayValue = Field(
        description="A number (also as text); for categories text or true/false.", examples=[2400]
    )
    unit: Annotated[str, StringConstraints(max_length=200)] | None = Field(
        None, description="Null: the catalogue's unit.", examples=["mg/kg"]
    )
    basis: Annotated[str, StringConstraints(max_length=200)] | None = Field(
        None, description="`dry` or `as_received` where water matters; null: the catalogue's basis.", examples=["dry"]
    )


def _check_results(results: Sequence[ResultPost], info: ValidationInfo) -> Sequence[ResultPost]:
    measured, faults = measure_results(results)
    if faults:
        raise faults_of_field(faults)
    if info.context is not None:  # bulk import keeps what is measured here; measuring is most of the work
        info.context["measured"] = measured
    return results


class AssayHead(Schema):
    """A laboratory report without its results."""

    sampled_on: Annotated[Day, AfterValidator(_not_future)]
    laboratory: Name | None = None
    report_no: Name | None = None


class AssayPost(AssayHead):
    """A laboratory report; its results are converted to the catalogue's unit and basis."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE_ASSAY]})

    results: Annotated[list[ResultPost], Field(min_length=1, max_length=MAX_RESULTS), AfterValidator(_check_results)]


class Origin(Schema):
    """Where in a plant the waste comes from; some grades and uses exclude origins."""

    process: Key = Field(examples=["dihydrate"])


def find_order_fault(quantity_t: Decimal, min_order_t: Decimal | None) -> str | None:
    """Return what is wrong with the least order, if anything."""
    if min_order_t is not None and min_order_t > quantity_t:
        return f"{min_order_t} t are more than the {quantity_t} t on offer"
    return None


def find_period_fault(available_from: date, available_to: date) -> str | None:
    """Return what is wrong with the days of the offer, if anything."""
    return f"{available_to} is before {available_from}" if available_to < available_from else None


class LotTerms(Schema):
    """An offer without its assay."""

    site_id: UUID = Field(description="One of your own sites.")
    material: MaterialKey = Field(description="A key of GET /v1/materials.")
    recurring: Recurring | None = Field(None, description="A continuous stream, in place of `quantity_t`.")
    quantity_t: OnceOrMonthly = Field(None, validate_default=True, description="Null where `recurring` says it.")
    min_order_t: NonNegativeTonnes | None = Field(
        None, description="Least tonnes a deal, or a month of a recurring one."
    )
    available_from: Day
    available_to: LastDay
    price_cny_per_t: YuanPerTonne = Field(description="At the gate of the site; negative: the producer pays.")
    origin: Origin | None = None
    stock_year: StockYear | None = Field(None, description="Null: fresh; a year: from storage of that year.")

    @field_validator("min_order_t")
    @classmethod
    def _order_fits(cls, min_order_t: Decimal | None, info: ValidationInfo) -> Decimal | None:
        offered = [info.data[name] for name in ("recurring", "quantity_t") if info.data.get(name) is not None]
        if offered and (detail := find_order_fault(getattr(offered[0], "quantity_t", offered[0]), min_order_t)):
            raise fault_of_field("min_order_above_quantity", detail)
        return min_order_t

    @field_validator("available_to")
    @classmethod
    def _period_runs_forward(cls, available_to: date, info: ValidationInfo) -> date:
        if "available_from" in info.data and (detail := find_period_fault(info.data["available_from"], available_to)):
            raise fault_of_field("before_available_from", detail)
        return available_to


def offered_t(wish: LotTerms) -> Decimal:
    """Return the tonnes of an offer, of a recurring one those of a month."""
    quantity_t = wish.quantity_t if wish.recurring is None else wish.recurring.quantity_t
    assert quantity_t is not None  # noqa: S101 - one of both is given
    return quantity_t


class LotPost(LotTerms):
    """Waste on offer at one of one's own sites: a quantity that is there once, or a stream that recurs every month."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "site_id": _EXAMPLE_ID,
                    "material": "phosphogypsum",
                    "quantity_t": 12000,
                    "min_order_t": 500,
                    "available_from": "2026-08-01",
                    "available_to": "2036-12-31",
                    "price_cny_per_t": -15,
                    "origin": {"process": "dihydrate"},
                    "stock_year": None,
                    "assay": _EXAMPLE_ASSAY,
                },
                {
                    "site_id": _EXAMPLE_ID,
                    "material": "phosphogypsum",
                    "recurring": {"per": "month", "quantity_t": 4000},
                    "available_from": "2026-08-01",
                    "available_to": "2036-12-31",
                    "price_cny_per_t": -15,
                },
            ]
        }
    )

    assay: AssayPost | None = None


class LotPatch(Schema):
    """What of a lot changes; null clears `min_order_t` and `origin` and is refused elsewhere."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"quantity_t": 9000.5, "price_cny_per_t": -12.5}]})

    quantity_t: PositiveTonnes | None = Field(None, description="Of a lot that is there once.")
    recurring: Recurring | None = Field(
        None, description="Of a recurring lot: for the current month and those to come; not below what is taken of one."
    )
    min_order_t: NonNegativeTonnes | None = None
    available_from: Day | None = None
    available_to: LastDay | None = None
    price_cny_per_t: YuanPerTonne | None = None
    origin: Origin | None = None

    @field_validator("quantity_t", "recurring", "available_from", "available_to", "price_cny_per_t")
    @classmethod
    def _not_null(cls, value: object) -> object:
        if value is None:
            raise fault_of_field("null_not_allowed", "a lot always has it; leave the field out to keep it as it is")
        return value


class Given(Schema):
    """A result as it was reported."""

    value: str
    unit: str | None
    basis: str | None


class ResultRead(Schema):
    """One value in the catalogue's unit and basis."""

    parameter: str
    value: float | bool | str
    unit: str | None
    basis: str | None
    derived: bool = Field(description="Computed from other results of the assay.")
    given: Given | None = Field(description="As reported; null for a derived value.")


class AssayRead(Schema):
    """A laboratory report on a lot."""

    id: UUID
    sampled_on: date
    laboratory: str | None
    report_no: str | None
    results: list[ResultRead]
    created_at: Instant


class MonthAvailable(Schema):
    """What of a recurring lot is free in a month."""

    month: Month
    available_t: Tonnes


class LotRead(Schema):
    """A lot as the market sees it.

    Of a recurring lot `available_t`, `reserved_t` and `shipped_t` are those of the current month (in a search of the
    month of `available_on`), or of its first month where it begins later.
    """

    id: UUID
    material: str
    status: LotStatus
    quantity_t: Tonnes | None = Field(description="Null where `recurring` says it.")
    recurring: Recurring | None = Field(
        description="A continuous stream: it offers as much in every month of its days."
    )
    available_t: Tonnes = Field(description="quantity − reserved − shipped.")
    available_by_month: list[MonthAvailable] | None = Field(
        description="Of a recurring lot: what is free in the current month and the 11 that follow; else null."
    )
    reserved_t: Tonnes
    shipped_t: Tonnes
    min_order_t: Tonnes | None
    available_from: date
    available_to: date
    price_cny_per_t: YuanPerTonne
    origin: Origin | None
    stock_year: int | None
    assay: AssayRead | None = Field(description="The newest by day of sampling.")
    site: SiteBrief
    organisation: OrganisationBrief
    created_at: Instant
    version: int
