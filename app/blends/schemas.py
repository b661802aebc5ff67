"""Bodies of blends: what is asked, the mix, and what stands in the way of one."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field

from app.catalogue.schemas import Basis, FigureStatus
from app.core.quantities import Number, PositiveTonnes, Tonnes, YuanPerTonne
from app.core.schema import NotBoolean, Schema
from app.matching.schemas import ClosedBy, FindingRead
from app.matching.verdict import Verdict
from app.organisations.briefs import OrganisationBrief, SiteBrief

#: Of which SCIP still tells kilograms apart.
MOST_TONNES = 10_000_000
MOST_LOTS = 4


class BlendPost(Schema):
    """How much is to be mixed, and of how many lots."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"quantity_t": 5000, "max_lots": 3}]})

    quantity_t: Annotated[PositiveTonnes, Field(le=MOST_TONNES)] | None = Field(
        None, description="As received; null: what the demand asks for."
    )
    max_lots: Annotated[int, Field(ge=1, le=MOST_LOTS), NotBoolean] = Field(
        MOST_LOTS, description="Of how many lots at most."
    )


class LotBrief(Schema):
    """A lot of a mix."""

    id: UUID
    material: str
    available_t: Tonnes
    min_order_t: Tonnes | None
    price_cny_per_t: YuanPerTonne
    site: SiteBrief
    organisation: OrganisationBrief


class BlendPart(Schema):
    """How much of a lot goes into the mix."""

    lot: LotBrief
    share_pct: Number = Field(description="Of the mix as received, rounded to 0.0001.")
    quantity_t: Tonnes = Field(description="As received, to the kilogram.")
    distance_km: Number = Field(description="WGS-84 geodesic.")
    freight_cny_per_t: Number
    delivered_cny_per_t: Number


class MixedValue(Schema):
    """A value of the mix, from those of its lots."""

    parameter: str
    value: Number = Field(description="Rounded to 12 digits; verdicts rest on the exact value.")
    unit: str
    basis: Basis


class Cause(StrEnum):
    """What stands in the way of a mix."""

    DEMAND_NOT_OPEN = "demand_not_open"
    NO_LOTS_IN_REACH = "no_lots_in_reach"
    QUANTITY = "quantity"
    MIN_ORDER = "min_order"
    LIMIT = "limit"
    NOT_MEASURED = "not_measured"
    ASSAY_TOO_OLD = "assay_too_old"
    MOISTURE_NOT_MEASURED = "moisture_not_measured"
    LAW = "law"
    ORIGIN_EXCLUDED = "origin_excluded"
    ORIGIN_NOT_STATED = "origin_not_stated"
    LIMITS_NOT_ON_FILE = "limits_not_on_file"
    OUT_OF_TIME = "out_of_time"


class Blocker(Schema):
    """One of the fewest requirements without which a mix exists; fields that say nothing of it are null."""

    cause: Cause
    parameter: str | None = None
    basis: Basis | None = None
    unit: str | None = None
    min: Number | None = None
    max: Number | None = None
    equals: bool | str | None = None
    source: str | None = Field(None, description="`demand`, `grade <key>` or `use <key>`.")
    limit_status: FigureStatus | None = None
    best_value: Number | None = Field(
        None,
        description="The nearest that a mix comes which meets everything else; of a parameter that does not mix, the "
        "best lot's.",
    )
    best_quantity_t: Tonnes | None = Field(None, description="The most that so many lots come to, with cause quantity.")
    closed_by: ClosedBy | None = None


class BlendRead(Schema):
    """The cheapest mix for a demand; without one `mix` is empty and `blocked_by` says why."""

    mix: list[BlendPart] = Field(description="The largest share first.")
    quantity_t: Tonnes
    delivered_cny_per_t: Number | None = Field(description="Of the mix; null without one.")
    cost_cny: Number | None = Field(description="Of the whole quantity at the gate.")
    optimal: bool = Field(
        description="True: there is no cheaper mix (to a few kilograms' worth), or provably none. False: time ran out, "
        "or there are more lots in reach than were considered."
    )
    lots_considered: int
    lots_in_reach: int = Field(description="On offer, in time and within the distance and price of the demand.")
    verdict: Verdict | None = Field(description="Of the mix; null without one.")
    rests_on_drafts: bool
    assay: list[MixedValue] = Field(description="What mixes linearly and is known of every lot of the mix.")
    criteria: list[FindingRead] = Field(
        description="A parameter that mixes is held against the mix; all else is that of the lot that lies worst."
    )
    blocked_by: list[Blocker]
    advice: str = Field(description="In words, by `Accept-Language` (`en`, `zh`); empty for a pass.")
