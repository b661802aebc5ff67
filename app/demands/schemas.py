"""Bodies of demands; the rules that need no database are checked here, so that all faults come at once."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, ValidationInfo, field_validator
from pydantic.json_schema import WithJsonSchema

from app.core.bodies import fault_of_field, faults_of_field
from app.core.clock import today
from app.core.quantities import FreightFixed, FreightRate, Number, PositiveTonnes, Tonnes, YuanPerTonne
from app.core.recurring import OnceOrMonthly, Recurring
from app.core.schema import Day, Instant, Key, NotBoolean, Schema
from app.demands.models import DemandStatus
from app.demands.requirements import (
    find_criteria_faults,
    find_grade_fault,
    find_material_faults,
    find_period_fault,
    find_use_fault,
    taken_materials,
)
from app.organisations.briefs import OrganisationBrief, SiteBrief

_EXAMPLE_ID = "01990000-0000-7000-8000-000000000001"
_MAX_CRITERIA, _MAX_MATERIALS = 100, 50


def _known_use(use: str) -> str:
    if fault := find_use_fault(use):
        raise fault_of_field(fault.code, fault.detail)
    return use


def _not_past(day: date) -> date:
    if day < today():
        raise fault_of_field("in_the_past", f"today is {today()}: ask for at least until then")
    return day


def _without_twins(materials: list[str]) -> list[str]:
    return list(dict.fromkeys(materials))


UseKey = Annotated[Key, AfterValidator(_known_use)]
MaterialKeys = Annotated[list[Key], Field(min_length=1, max_length=_MAX_MATERIALS), AfterValidator(_without_twins)]
LastDay = Annotated[Day, AfterValidator(_not_past)]
#: 15 digits: what a JSON number keeps.
LimitValue = Annotated[Number, Field(max_digits=15)]
#: Half the circumference of the earth is about 20 004 km.
DistanceKm = Annotated[float, Field(gt=0, le=20_100, description="Geodesic, from gate to gate."), NotBoolean]
PricePerTonne = Annotated[YuanPerTonne, Field(description="At your gate; may be negative.")]
_OWN_TARIFF = "Of your haulier; null: the exchange's own. Only you see it."
OwnRate = Annotated[FreightRate, Field(description=_OWN_TARIFF)]
OwnFixedPart = Annotated[FreightFixed, Field(description=_OWN_TARIFF)]
EqualsValue = Annotated[
    Any, WithJsonSchema({"anyOf": [{"type": "string", "maxLength": 80}, {"type": "boolean"}, {"type": "null"}]})
]


class Criterion(Schema):
    """A limit of one's own on a parameter, inclusive, in the catalogue's unit and basis."""

    parameter: Key = Field(description="A key of GET /v1/parameters.", examples=["soluble_p2o5"])
    min: LimitValue | None = None
    max: LimitValue | None = Field(None, examples=[0.2])
    equals: EqualsValue = Field(None, description="For categories and yes/no parameters.")


def _check_criteria(criteria: Sequence[Criterion]) -> Sequence[Criterion]:
    if faults := find_criteria_faults(criteria):
        raise faults_of_field(faults)
    return criteria


Criteria = Annotated[list[Criterion], Field(max_length=_MAX_CRITERIA), AfterValidator(_check_criteria)]


class DemandPost(Schema):
    """A standing need at one of one's own sites."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "site_id": _EXAMPLE_ID,
                    "use": "cement_retarder",
                    "materials": ["phosphogypsum"],
                    "grade": "gbt23456_2018_i",
                    "criteria": [{"parameter": "soluble_p2o5", "max": 0.2}, {"parameter": "ph", "min": 6, "max": 9}],
                    "quantity_t": 30000,
                    "needed_from": "2026-08-01",
                    "needed_to": "2036-12-31",
                    "max_distance_km": 300,
                    "max_delivered_cny_per_t": 60,
                    "freight_cny_per_t_km": 0.45,
                    "freight_fixed_cny_per_t": 3,
                    "accept_unknown": True,
                },
                {
                    "site_id": _EXAMPLE_ID,
                    "use": "cement_retarder",
                    "recurring": {"per": "month", "quantity_t": 2500},
                    "needed_from": "2026-08-01",
                    "needed_to": "2036-12-31",
                },
            ]
        }
    )

    site_id: UUID = Field(description="One of your own sites.")
    use: UseKey = Field(description="A key of GET /v1/uses.")
    materials: MaterialKeys | None = Field(None, validate_default=True, description="Null: all that the use takes.")
    grade: Key | None = Field(None, description="Pins one edition of a standard; a key of GET /v1/grades.")
    criteria: Criteria = Field([], description="Your own limits; they come on top of the grade's.")
    recurring: Recurring | None = Field(None, description="A continuous need, in place of `quantity_t`.")
    quantity_t: OnceOrMonthly = Field(None, validate_default=True, description="Null where `recurring` says it.")
    needed_from: Day
    needed_to: LastDay
    max_distance_km: DistanceKm | None = None
    max_delivered_cny_per_t: PricePerTonne | None = None
    freight_cny_per_t_km: OwnRate | None = None
    freight_fixed_cny_per_t: OwnFixedPart | None = None
    accept_unknown: bool = Field(default=True, description="Whether lots with a value not measured are of interest.")
    end_product: Key | None = Field(None, description="What becomes of it; the law closes some end products.")

    @field_validator("materials")
    @classmethod
    def _materials_fit(cls, materials: list[str] | None, info: ValidationInfo) -> list[str] | None:
        if materials is not None and (faults := find_material_faults(materials, info.data.get("use"))):
            raise faults_of_field(faults)
        return materials

    @field_validator("grade")
    @classmethod
    def _grade_fits(cls, grade: str | None, info: ValidationInfo) -> str | None:
        materials = info.data.get("materials")
        if materials is None and "materials" in info.data and "use" in info.data:
            materials = taken_materials(info.data["use"])
        if grade is not None and (fault := find_grade_fault(grade, materials)):
            raise fault_of_field(fault.code, fault.detail)
        return grade

    @field_validator("needed_to")
    @classmethod
    def _period_runs_forward(cls, needed_to: date, info: ValidationInfo) -> date:
        if "needed_from" in info.data and (detail := find_period_fault(info.data["needed_from"], needed_to)):
            raise fault_of_field("before_needed_from", detail)
        return needed_to


class DemandPatch(Schema):
    """What of a demand changes; null stands for what it stands for in a new demand, or is refused."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"quantity_t": 25000, "max_distance_km": 250}]})

    materials: MaterialKeys | None = Field(None, description="Null: all that the use takes.")
    grade: Key | None = None
    criteria: Criteria | None = Field(None, description="Replaces all of them.")
    quantity_t: PositiveTonnes | None = Field(None, description="In place of `recurring`, if it was that.")
    recurring: Recurring | None = Field(None, description="In place of `quantity_t`, if it was that.")
    needed_from: Day | None = None
    needed_to: LastDay | None = None
    max_distance_km: DistanceKm | None = None
    max_delivered_cny_per_t: PricePerTonne | None = None
    freight_cny_per_t_km: OwnRate | None = None
    freight_fixed_cny_per_t: OwnFixedPart | None = None
    accept_unknown: bool | None = None
    end_product: Key | None = None

    @field_validator("criteria", "quantity_t", "recurring", "needed_from", "needed_to", "accept_unknown")
    @classmethod
    def _not_null(cls, value: object) -> object:
        if value is None:
            raise fault_of_field("null_not_allowed", "a demand always has it; leave the field out to keep it as it is")
        return value

    @field_validator("recurring")
    @classmethod
    def _not_both(cls, recurring: Recurring | None, info: ValidationInfo) -> Recurring | None:
        if info.data.get("quantity_t") is not None:
            raise fault_of_field("one_quantity", "give either quantity_t or recurring")
        return recurring


class CriterionRead(Schema):
    """A limit of the demand's own."""

    parameter: str
    min: float | None
    max: float | None
    equals: str | bool | None


class DemandSeen(Schema):
    """A demand as the owner of a lot that it matches sees it."""

    id: UUID
    use: str
    materials: list[str]
    grade: str | None
    grade_lapsed: bool = Field(description="Whether the grade's edition does not hold on `needed_from`.")
    grade_successor: str | None = Field(description="The grade of the edition that follows, if one is on file.")
    criteria: list[CriterionRead]
    quantity_t: Tonnes | None = Field(description="Null where `recurring` says it.")
    recurring: Recurring | None
    needed_from: date
    needed_to: date
    max_distance_km: float | None
    end_product: str | None
    status: DemandStatus
    site: SiteBrief
    organisation: OrganisationBrief
    created_at: Instant
    version: int


class DemandRead(DemandSeen):
    """A demand as its owner sees it; of a recurring one `agreed_t` and `open_t` are those of the current month."""

    agreed_t: Tonnes = Field(
        description="What agreements that name the demand bring: live ones all that is agreed on, ended ones what was "
        "shipped."
    )
    open_t: Tonnes = Field(description="What is asked for and not agreed on yet; 0 where more is agreed on.")
    max_delivered_cny_per_t: YuanPerTonne | None
    freight_cny_per_t_km: OwnRate | None
    freight_fixed_cny_per_t: OwnFixedPart | None
    accept_unknown: bool
