"""Bodies of searches: the filters that are asked, and what is answered of each offer."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from app.catalogue.keys import GradeKey, UseKey, known, unknown_key
from app.catalogue.reference import reference
from app.catalogue.schemas import Basis, Effect, FigureStatus
from app.core.bodies import fault_of_field, faults_of_field
from app.core.errors import Fault
from app.core.geo import Datum
from app.core.quantities import NonNegativeTonnes, Number, Tonnes, YuanPerTonne
from app.core.recurring import Recurring
from app.core.schema import Day, Key, NotBoolean, Schema
from app.demands.schemas import CriterionRead
from app.lots.schemas import LotRead
from app.matching.filters import read_near, read_spec, read_verdicts
from app.matching.ranking import RouteSource, Sort
from app.matching.verdict import Reason, Verdict
from app.organisations.briefs import OrganisationBrief, SiteBrief

_MOST_FILTERS = 50
_FARTHEST_KM = 20_100.0  # no two points on Earth lie farther apart


def _check_each(texts: Sequence[str], check: Callable[[str], object]) -> None:
    """Check every text of a repeated filter; all faults have the filter's name."""
    faults = []
    for text in texts:
        try:
            check(text)
        except PydanticCustomError as error:
            faults.append(Fault("", error.type, error.message()))
    if faults:
        raise faults_of_field(faults)


def _known_materials(keys: list[str]) -> list[str]:
    _check_each(keys, known("material"))
    return keys


def _readable_specs(specs: list[str]) -> list[str]:
    _check_each(specs, read_spec)
    return specs


def _readable_near(text: str) -> str:
    read_near(text)
    return text


def _readable_verdicts(text: str) -> str:
    read_verdicts(text)
    return text


def _grade_of_lots(key: str) -> str:
    grade = reference().grades[key]
    if grade.is_product:
        detail = f"{key} grades {grade.material}, a product made of waste; no lot can have it"
        raise fault_of_field("product_grade", detail)
    return key


def _district_prefix(prefix: str) -> str:
    if not any(key.startswith(prefix) for key in reference().districts):
        fault = unknown_key("", "district", prefix)
        raise fault_of_field(fault.code, fault.detail)
    return prefix


Verdicts = Annotated[
    str,
    AfterValidator(_readable_verdicts),
    Field(
        max_length=40, description="List of `pass`, `unknown`, `fail` (near-misses).", examples=["pass,unknown,fail"]
    ),
]
Texts = Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=_MOST_FILTERS)]
Materials = Annotated[Texts, AfterValidator(_known_materials)]


class Wishes(Schema):
    """What a lot is held against: limits of one's own, a grade, a use."""

    spec: Annotated[Texts, AfterValidator(_readable_specs)] = Field(
        [],
        description="A limit: parameter>=number, parameter<=number, parameter=low..high or parameter=value.",
        examples=[["caso4_2h2o>=85", "ph=6..9", "waste_class=I"]],
    )
    grade: Annotated[GradeKey, AfterValidator(_grade_of_lots)] | None = Field(
        None, description="A key of GET /v1/grades: its limits and preconditions.", examples=["gbt23456_2018_i"]
    )
    use: UseKey | None = Field(
        None, description="A key of GET /v1/uses: its materials and legal exclusions.", examples=["cement_retarder"]
    )


class LotChoice(Wishes):
    """Which lots are meant; all filters are joined by AND."""

    material: Materials = Field(
        [], description="A key of GET /v1/materials; any of several.", examples=[["phosphogypsum"]]
    )
    near: Annotated[str, Field(max_length=80), AfterValidator(_readable_near)] | None = Field(
        None, description="Latitude,longitude in degrees, from which distances are measured.", examples=["29.56,106.55"]
    )
    datum: Datum = Field(Datum.WGS84, description="Coordinate system of `near`.")
    within_km: Annotated[float, Field(ge=0, le=_FARTHEST_KM), NotBoolean] | None = Field(
        None, description="Greatest WGS-84 geodesic from `near`."
    )
    min_quantity_t: NonNegativeTonnes | None = Field(
        None,
        description="Least `available_t`; of a recurring lot in the month of `available_on`, else the current one.",
    )
    available_on: Day | None = Field(None, description="A day on which the lot is on offer.")
    max_price_cny_per_t: YuanPerTonne | None = Field(None, description="Greatest price at the producer's gate.")
    max_delivered_cny_per_t: YuanPerTonne | None = Field(None, description="Greatest price with freight to `near`.")
    district: Annotated[Key, AfterValidator(_district_prefix)] | None = Field(
        None, description="A district key or its first characters.", examples=["5001"]
    )
    verdict: Verdicts = "pass,unknown"
    mine: bool = Field(default=False, description="Your own lots, in every state, instead of the market's.")

    # `sort` is a field of LotFilters alone.
    @field_validator("within_km", "max_delivered_cny_per_t", "sort", check_fields=False)
    @classmethod
    def _has_place(cls, value: object, info: ValidationInfo) -> object:
        asks_distance = value is not None and (not isinstance(value, Sort) or value.needs_place)
        if asks_distance and info.data.get("near", "faulty") is None:
            raise fault_of_field("near_required", "distances need a place: add near=latitude,longitude")
        return value


class LotFilters(LotChoice):
    """The search for lots: which, and in what order."""

    sort: Sort | None = Field(None, description="Default: distance with `near`, else newest.")

    @field_validator("sort")
    @classmethod
    def _has_active_component(cls, value: Sort | None, info: ValidationInfo) -> Sort | None:
        if value is Sort.DELIVERED_PRICE_ACTIVE and "use" in info.data:  # an unknown use is a fault of its own
            use = info.data["use"]
            if use is None or reference().uses[use].active_component is None:
                able = [key for key, entry in reference().uses.items() if entry.active_component is not None]
                detail = f"needs a use that names an active component: {', '.join(able)}"
                raise fault_of_field("active_component_required", detail)
        return value


class FindingRead(Schema):
    """One limit or condition held against one lot."""

    parameter: str | None = Field(description="Null for conditions on origin and for limits that are not on file.")
    basis: Basis | None
    unit: str | None
    min: Number | None
    max: Number | None
    equals: bool | str | None
    value: Number | bool | str | None = Field(description="From the lot's current assay; null: not measured.")
    origin: str | None = Field(description="The lot's stated origin, where the condition is about it.")
    verdict: Verdict
    margin: Number | None = Field(
        description="Signed distance to the nearest limit, positive inside; after rounding if the standard rounds."
    )
    source: str = Field(description="`request`, `demand`, `grade <key>` or `use <key>`.")
    limit_status: FigureStatus = Field(description="A draft limit warns and never rejects.")
    assay_on: date | None
    reason: Reason | None


class ClosedBy(Schema):
    """The law or standard that closes a use to a lot, whatever its figures."""

    text: str
    source: str = Field(description="Key of the source.")


class RemedyRead(Schema):
    """A treatment that may bring what fails inside its limits: a claim, until a new assay proves it."""

    treatment: str = Field(description="A key of GET /v1/treatments.")
    name_zh: str
    name_en: str
    fixes: list[str] = Field(description="The parameters that fail and that it may bring inside.")
    claimed: Literal[True]
    effects: list[Effect] = Field(description="All that the catalogue says it changes.")
    source: str = Field(description="Keys of the sources of what it fixes.")


class Terms(Schema):
    """Distance, cost and verdict of one lot for one need; distance and cost are null without a place."""

    distance_km: Number | None = Field(description="WGS-84 geodesic.")
    route_km: Number | None = Field(description="By road; freight is for this way.")
    route_source: RouteSource | None = Field(
        description="`osrm`: a routing server's; order and filters go by the detour factor all the same."
    )
    # No bound as on prices that are asked: a price at its bound and freight make more.
    freight_cny_per_t: Number | None
    delivered_cny_per_t: Number | None = Field(description="Price at the gate + freight.")
    delivered_cny_per_dry_t: Number | None = Field(description="Null when moisture is not measured.")
    delivered_cny_per_active_t: Number | None = Field(
        description="Per tonne of the component that the use names; null without one, its content or moisture."
    )
    verdict: Verdict
    rests_on_drafts: bool = Field(description="True for a pass that rests on draft limits.")
    closed_by: ClosedBy | None
    criteria: list[FindingRead]
    remedies: list[RemedyRead] = Field(description="Those that fix most come first; empty when nothing fails.")
    advice: str = Field(description="In words, by `Accept-Language` (`en`, `zh`); empty for a pass.")


class LotMatch(Terms):
    """A lot on offer, with what it means for the one who asks."""

    lot: LotRead


class DemandBrief(Schema):
    """What others see of a demand that their lot can serve; its price limit stays with its owner."""

    id: UUID
    use: str
    materials: list[str]
    grade: str | None
    criteria: list[CriterionRead]
    quantity_t: Tonnes | None = Field(description="Null where `recurring` says it.")
    recurring: Recurring | None
    needed_from: date
    needed_to: date
    site: SiteBrief
    organisation: OrganisationBrief


class DemandMatch(Terms):
    """A demand that a lot can serve, with what it costs there."""

    demand: DemandBrief


class _Choice(Schema):
    """Which matches are shown."""

    verdict: Verdicts | None = Field(
        None, description="Default: `pass,unknown`, or `pass` where unknown is not accepted."
    )


class MatchFilters(_Choice):
    """How the lots for a demand are chosen and ordered."""

    sort: Sort = Sort.DISTANCE


class TakerFilters(_Choice):
    """How the demands for a lot are chosen and ordered."""

    sort: Literal[Sort.DISTANCE, Sort.DELIVERED_PRICE, Sort.NEWEST] = Sort.DISTANCE
