"""Bodies of saved searches."""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from app.catalogue.keys import known
from app.core.bodies import fault_of_field
from app.core.schema import Instant, Name, Schema
from app.matching.filters import read_spec
from app.matching.schemas import LotFilters
from app.matching.verdict import Verdict

_MOST_FILTERS = 50


def _texts(check: Callable[[str], object]) -> Any:  # noqa: ANN401 - a validator of pydantic
    def keep(text: str) -> str:
        check(text)
        return text

    return AfterValidator(keep)


class SavedFilters(LotFilters):
    """The filters of `GET /lots` as a JSON object; repeatable ones are lists, whose faults name the entry."""

    spec: Annotated[list[Annotated[str, Field(max_length=200), _texts(read_spec)]], Field(max_length=_MOST_FILTERS)] = (
        Field([], description="Limits as in `GET /lots`.", examples=[["caso4_2h2o>=85", "ph=6..9"]])
    )
    material: Annotated[
        list[Annotated[str, Field(max_length=200), _texts(known("material"))]], Field(max_length=_MOST_FILTERS)
    ] = Field([], description="Keys of GET /v1/materials; any of them.", examples=[["phosphogypsum"]])

    @field_validator("mine")
    @classmethod
    def _of_others(cls, mine: bool) -> bool:  # noqa: FBT001 - pydantic passes the value so
        if mine:
            raise fault_of_field("own_lots", "a saved search is never told of your own lots; leave it out")
        return mine


class SavedSearchPost(Schema):
    """A search to be told of: either filters or a demand of one's own."""

    name: Name = Field(examples=["磷石膏 300 km"])
    filters: SavedFilters | None = None
    demand_id: UUID | None = Field(
        None, validate_default=True, description="One of your own demands, followed as it changes."
    )

    @field_validator("demand_id")
    @classmethod
    def _one_of_both(cls, demand_id: UUID | None, info: ValidationInfo) -> UUID | None:
        if "filters" in info.data and (info.data["filters"] is None) == (demand_id is None):
            raise fault_of_field("filters_or_demand", "give either filters or a demand, and not both")
        return demand_id


class SavedSearchRead(Schema):
    """A saved search."""

    id: UUID
    name: str
    filters: dict[str, Any] | None = Field(description="As they were given.")
    demand_id: UUID | None
    created_at: Instant


class FoundLot(Schema):
    """A lot that a saved search found; `GET /lots/{id}` reads it while it is on offer."""

    lot_id: UUID
    verdict: Verdict = Field(description="As it was when the lot was found.")
    found_at: Instant
