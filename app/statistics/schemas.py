"""The question about utilisation and its answer."""

from typing import Literal
from uuid import UUID

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from app.core.quantities import Number, Tonnes
from app.core.schema import Instant, Key, Month, Schema

COLUMNS = ("month", "material", "district", "place", "organisation", "site", "use")
Scope = Literal["bulk", "all"]
Basis = Literal["recorded", "verified"]
Place = Literal["origin", "utilised"]
Districts = Literal["as_recorded", "current"]
FileFormat = Literal["json", "csv", "xlsx", "parquet"]


class UtilisationQuery(Schema):
    """What the rates are asked of."""

    from_month: Month = Field(alias="from", description="First month.", examples=["2026-01"])
    to_month: Month = Field(alias="to", description="Last month; may lie ahead.", examples=["2026-12"])
    district: Key | None = Field(
        None,
        description="A district key or its leading digits (of the place of use with `place=utilised`).",
        examples=["50"],
    )
    material: list[Key] = Field([], max_length=100, description="Only these materials of the scope.")
    scope: Scope = Field("bulk", description="`bulk`: the bulk industrial streams; `all`: recyclables too.")
    group_by: str = Field(
        "",
        max_length=100,
        description=f"Comma list of {', '.join(COLUMNS)}: any of them, in any order. `place` is the district of use.",
        examples=["material,district"],
    )
    basis: Basis = Field(
        "recorded",
        description="`verified`: only use drawn from loads that both sides weighed alike; other use counts as stock.",
    )
    place: Place = Field("origin", description="Count where waste was generated, or where it was used.")
    districts: Districts = Field("as_recorded", description="`current`: an abolished district counts as its successor.")
    format: FileFormat = Field("json", description="Files have heads in English and Chinese and the same totals.")

    @field_validator("group_by")
    @classmethod
    def check_columns(cls, text: str) -> str:
        """Refuse unknown and repeated columns."""
        columns = text.split(",") if text else []
        unknown = [column for column in columns if column not in COLUMNS]
        if unknown:
            listed = {"unknown": ", ".join(unknown), "known": ", ".join(COLUMNS)}
            raise PydanticCustomError("unknown_column", "cannot group by {unknown}; known: {known}", listed)
        if len(set(columns)) < len(columns):
            raise PydanticCustomError("repeated_column", "names a column twice")
        return text

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns to group by, in the order asked."""
        return tuple(self.group_by.split(",")) if self.group_by else ()


class UtilisationRow(Schema):
    """One row, or the total; null where a figure means nothing for the row.

    With `place=utilised`, and in rows that have a `place` or a `use`, only the two utilised figures are given. Grouped
    by `place` or `use`, the row without one holds all that is not use (and use whose place or use is not on file), so
    that the rows add up to the total; no row of such a grouping has a rate or satisfies the identity alone.
    Own and off-exchange use takes place where the waste was generated: no other place is on file.
    """

    month: str | None = None
    material: str | None = None
    district: str | None = Field(None, description="Of the origin (of the place of use with `place=utilised`).")
    place: str | None = Field(None, description="District of the place of use.")
    organisation: UUID | None = None
    organisation_name: str | None = None
    site: UUID | None = None
    site_name: str | None = None
    use: str | None = None
    generated_t: Tonnes | None = Field(description="G.")
    utilised_t: Tonnes | None = Field(description="U.")
    utilised_from_prior_t: Tonnes | None = Field(description="Up, part of U: from stock of earlier years.")
    stored_t: Tonnes | None = Field(
        description="S: net change of this year's waste in stock, the sum of the four parts that follow. With "
        "`basis=verified` unverified use counts where the tonnes were before: received loads with the recyclers, own "
        "and off-exchange use with the producer."
    )
    stored_at_producer_t: Tonnes | None = Field(description="Part of S in the producers' storage.")
    in_transit_t: Tonnes | None = Field(description="Part of S on the road.")
    held_by_recyclers_t: Tonnes | None = Field(description="Part of S received and not yet used.")
    weighing_difference_t: Tonnes | None = Field(description="Part of S between two weighbridges.")
    disposed_t: Tonnes | None = Field(description="D.")
    disposed_from_prior_t: Tonnes | None = Field(description="Dp, part of D: from stock of earlier years.")
    discarded_t: Tonnes | None = Field(description="W.")
    prior_stock_adjustment_t: Tonnes | None = Field(
        description="Change of stock of earlier years that is neither use nor disposal; outside G, S and W."
    )
    opening_t: Tonnes | None = Field(description="Stock at the start, with opening stocks posted in the period.")
    closing_t: Tonnes | None = Field(description="Stock at the end.")
    rate_pct: Number | None = Field(description="100 U / (G + Up), the official rate.")
    naive_rate_pct: Number | None = Field(description="100 U / G; overstates where old stock is used.")
    new_waste_rate_pct: Number | None = Field(description="100 (U - Up) / G.")
    rate_on_dispatch_pct: Number | None = Field(
        description="The official formula with tonnes counted when they leave the producer for use; same on each basis."
    )


#: The figures of a row, in the order of the answer; what stands before them is grouped by.
FIGURES = tuple(name for name, field in UtilisationRow.model_fields.items() if field.is_required())


class UtilisationStatistics(Schema):
    """Rates and balances of a period. G = (U - Up) + S + (D - Dp) + W holds on the total and on every full row."""

    from_month: Month = Field(serialization_alias="from")
    to_month: Month = Field(serialization_alias="to")
    scope: Scope
    materials: list[str] = Field(description="The streams counted.")
    formula: str = Field(examples=["U / (G + Up)"])
    as_of: Instant = Field(description="When the figures were read.")
    basis: Basis
    place: Place
    districts: Districts
    undeclared_site_months: int = Field(
        description="Months of a site and material generated by dispatch alone: no declaration yet."
    )
    provisional: bool = Field(description="Months are undeclared, or the period is not over.")
    items: list[UtilisationRow] = Field(
        description="By the columns grouped by, in their order, null last; without `group_by` the total alone. By "
        "month, a row stands for each month up to the present in which there was stock or a posting."
    )
    total: UtilisationRow
