"""Bodies of plans: the question, the answer with its bound, and flows as who asked and as their sides see them."""

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator

from app.catalogue.keys import MaterialKey
from app.core.bodies import fault_of_field
from app.core.quantities import Number, Percent, Tonnes, YuanPerTonne
from app.core.schema import Instant, Key, Month, NotBoolean, Schema
from app.jobs.models import JobStatus
from app.jobs.schemas import JobError
from app.organisations.briefs import OrganisationBrief, SiteBrief
from app.scenarios.schemas import MAX_CHANGES, ChangePost, Kilometres
from app.transport.solver import Objective

MAX_MONTHS = 12
#: What stands beside every rate of a plan.
BOUND = (
    "A computed bound, not a forecast: the highest rate that what is on the market at this instant could reach if "
    "every haul of the plan were agreed, made and used. 计算上限，并非预测。"
)
Kilometre = Annotated[float, Field(examples=[87.412])]
TonneKilometres = Annotated[Number, Field(examples=[1250000.5])]


class PlanPost(Schema):
    """A question about the whole market; what it leaves out is as the market has it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"district": "50", "months": 12},
                {
                    "district": "50",
                    "materials": ["phosphogypsum"],
                    "max_distance_km": 200,
                    "changes": [
                        {
                            "kind": "add_plant",
                            "use": "cement_retarder",
                            "capacity_t_per_year": 300000,
                            "latitude": 29.7,
                            "longitude": 107.39,
                        }
                    ],
                },
            ]
        }
    )

    district: Key | None = Field(
        None,
        description="Whose waste: a district key or leading digits (2, 4 or 6); without it that of your jurisdiction.",
    )
    materials: list[MaterialKey] | None = Field(
        None, min_length=1, max_length=100, description="Streams that count; without it the bulk industrial streams."
    )
    max_distance_km: Kilometres | None = Field(None, description="No haul is longer, whatever demands would allow.")
    objective: Objective = Field(
        Objective.MAX_UTILISATION_THEN_MIN_COST,
        description="`max_utilisation_then_min_cost`: most tonnes, of these most fresh waste, then least cost; "
        "`min_cost_for_rate`: least cost that reaches `target_rate_pct`; `min_tonne_km`: most tonnes, least haulage.",
    )
    target_rate_pct: Percent | None = Field(None, description="With the objective `min_cost_for_rate`, and only then.")
    months: Annotated[int, Field(ge=1, le=MAX_MONTHS), NotBoolean] = Field(
        1, description="The horizon from this month on; what is left over in one is there in the next."
    )
    accepts_unknown: Annotated[bool, Field(strict=True)] | None = Field(
        None, description="Whether lots count of which a limit cannot be told; null: as each demand says."
    )
    changes: list[ChangePost] = Field(
        default_factory=list,
        max_length=MAX_CHANGES,
        description="What-ifs, all at once: the answer compares with the same question without them.",
    )

    @model_validator(mode="after")
    def _target_where_it_counts(self) -> Self:
        if (self.target_rate_pct is None) is (self.objective is Objective.MIN_COST_FOR_RATE):
            raise fault_of_field(
                "target_of_objective", "give target_rate_pct with the objective min_cost_for_rate, and only with it"
            )
        return self


class PlanProgress(Schema):
    """How far the work is."""

    done: int = Field(description="Steps done.")
    total: int = Field(description="Steps in all.")
    step: str | None = Field(description="What is being done; null before and after.", examples=["solving"])


class Unplaced(Schema):
    """Tonnes that no demand takes, by the first cause that keeps them out."""

    cause: Literal["law", "no_demand_in_range", "specification", "capacity"]
    parameter: str | None = Field(description="Whose limit fails or is unknown; null where it is no parameter's.")
    quantity_t: Tonnes


class MarginalPrice(Schema):
    """What one more tonne would bring at a site: of a stream to be placed, or of room to take one."""

    site: SiteBrief | None = Field(description="Null for a plant that is only thought of.")
    name: str = Field(description="Of the site, or of the plant that is only thought of.")
    side: Literal["supply", "demand"]
    key: str = Field(description="The material offered, or the use that takes it.", examples=["phosphogypsum"])
    month: Month
    allocated_t: Number = Field(description="Tonnes more that would be used in all: 1 or 0.")
    fresh_t: Number = Field(description="Tonnes more of fresh waste that would be used: 1, 0 or -1.")
    cost_cny: Number | None = Field(
        description="What the plan would cost more with it (negative: less). Null with the objective `min_tonne_km`."
    )
    t_km: Number | None = Field(description="Tonne-kilometres more, with the objective `min_tonne_km`; else null.")


class Figures(Schema):
    """What a plan comes to."""

    reachable_rate_pct: Number | None = Field(
        description="100 (use already fixed + allocated) / (generated + fixed and allocated use of earlier years' "
        "stock); a computed bound, not a forecast. Null where nothing is generated."
    )
    allocated_t: Tonnes
    cost_cny: Number = Field(description="Prices and freight of the allocated tonnes; negative with gate fees.")
    t_km: TonneKilometres = Field(description="Tonne-kilometres of the hauls.")


class Comparison(Schema):
    """The same question without its changes, and what these bring."""

    base: Figures
    change: Figures = Field(description="This plan less the base.")


class PlanAnswer(Figures):
    """An answer as it is kept."""

    bound: str = Field(BOUND, description="How the rate is to be read; to be shown beside it.")
    explanation: str = Field(description="What the plan comes to, in a sentence; why, where nothing can be placed.")
    as_of: Instant = Field(description="When the market was read.")
    from_month: Month = Field(serialization_alias="from")
    to_month: Month = Field(serialization_alias="to")
    is_target_reached: bool | None = Field(description="Of `min_cost_for_rate`; else null.")
    already_used_t: Tonnes = Field(description="Use recorded, or fixed by agreements and own use.")
    generated_t: Tonnes = Field(description="Declared to date, with the fresh offers of the horizon.")
    offered_t: Tonnes = Field(description="What was to be placed.")
    room_t: Tonnes = Field(description="What the open demands have room for.")
    flows: int = Field(description="Hauls of the plan; GET /v1/plans/{id}/flows lists them.")
    unplaced: list[Unplaced]
    prices: list[MarginalPrice] = Field(description="At the margin, where one more tonne changes most first.")
    comparison: Comparison | None = Field(description="Of a plan with changes; else null.")


class PlanBrief(Schema):
    """A plan without its answer."""

    id: UUID
    question: dict[str, Any]
    status: JobStatus
    progress: PlanProgress
    job_id: UUID | None = Field(description="The job that computes it; null where a command did.")
    error: JobError | None = Field(description="Of a failed plan.")
    reachable_rate_pct: Number | None = Field(description="A computed bound, not a forecast; null until it is done.")
    created_at: Instant
    finished_at: Instant | None
    published_at: Instant | None = Field(description="Since when the sides of its flows see them; null until then.")
    input_sha256: str | None = Field(description="Of what was solved; the same one gives the same plan.")


class PlanRead(PlanBrief):
    """A plan; what it comes to is null until it is done."""

    bound: str = Field(BOUND, description="How the rate is to be read; to be shown beside it.")
    explanation: str | None = None
    as_of: Instant | None = None
    from_month: Month | None = Field(None, serialization_alias="from")
    to_month: Month | None = Field(None, serialization_alias="to")
    is_target_reached: bool | None = None
    already_used_t: Tonnes | None = None
    generated_t: Tonnes | None = None
    offered_t: Tonnes | None = None
    room_t: Tonnes | None = None
    allocated_t: Tonnes | None = None
    cost_cny: Number | None = None
    t_km: Number | None = None
    flows: int | None = None
    unplaced: list[Unplaced] | None = None
    prices: list[MarginalPrice] | None = None
    comparison: Comparison | None = None


class FlowRead(Schema):
    """Tonnes of one source for one demand in one month."""

    number: int = Field(description="Counts the flows of the plan from 1.")
    month: Month
    material: str
    lot_id: UUID | None = Field(description="Null: from storage that is not on offer.")
    demand_id: UUID | None = Field(description="Null: to a plant that is only thought of.")
    origin: SiteBrief
    destination: SiteBrief | None = Field(description="Null for a plant that is only thought of.")
    quantity_t: Tonnes
    distance_km: float
    delivered_cny_per_t: YuanPerTonne = Field(description="Price of the lot and freight; negative with gate fees.")


class SuggestionRead(FlowRead):
    """A flow of a published plan as one of its sides sees it."""

    plan_id: UUID
    side: Literal["producer", "recycler"] = Field(description="Yours.")
    other: OrganisationBrief = Field(description="The other side.")
    planned_by: OrganisationBrief = Field(description="Who has published the plan.")
    published_at: Instant
    agreement_id: UUID | None = Field(description="What was made of it; null while it can be proposed.")


class Lever(Schema):
    """One change of the market and what it would bring, all else as it is."""

    rank: int
    change: dict[str, Any] = Field(description="As `changes` of POST /v1/plans takes it.")
    title: str = Field(description="What would be done, in words.")
    reachable_rate_pct: Number | None = Field(description="A computed bound, not a forecast.")
    gain_pct: Number | None = Field(description="Points of the rate that it adds.")
    gain_t: Tonnes = Field(description="Tonnes more that would be used.")


class LeversRead(Schema):
    """The single changes that add most to the rate of a plan; a job of its own ranks them once the plan is done."""

    status: JobStatus | None = Field(
        description="Of that job; null before the plan is done, and where a command made it."
    )
    progress: PlanProgress
    bound: str = BOUND
    items: list[Lever]
