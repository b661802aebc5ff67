"""The question for a ledger table, and the table as it is answered."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from app.catalogue.schemas import FigureStatus
from app.core.quantities import Tonnes
from app.core.schema import Month, Schema, Year


class LedgerTableQuery(Schema):
    """Which site and time a table is of, and how it is written."""

    site_id: UUID
    month: Month | None = Field(None, description="Of tables 2 to 7; not after the present one.", examples=["2026-01"])
    year: Year | None = Field(None, description="Of table 1, in place of `month`.")
    format: Literal["json", "xlsx", "csv"] = "json"


class LedgerColumn(Schema):
    """A column, in printed order."""

    key: str = Field(description="Its key in a row.")
    name_zh: str = Field(description="Head as printed.")
    name_en: str
    status: FigureStatus = Field(description="`draft`: to be checked against the official annex before printing.")


class LedgerHeading(LedgerColumn):
    """A heading above the table."""

    value: str | None


class Reconciliation(Schema):
    """How table 2 and the statistics of the same site and month (all materials) hang together, tonnes.

    generated + opening + adjusted = closing + entrusted + own + discarded; utilised_on_dispatch = utilised + the three
    changes; statistics_closing = closing + in_transit + held_by_recyclers + weighing_difference.
    """

    opening_t: Tonnes = Field(description="In the producer's storage at the start, opening stocks included.")
    generated_t: Tonnes = Field(description="The statistics' G.")
    adjusted_t: Tonnes = Field(description="Other change of the stock.")
    closing_t: Tonnes = Field(description="In the producer's storage at the end.")
    own_t: Tonnes = Field(description="Own use and disposal.")
    entrusted_t: Tonnes = Field(description="Left for use or disposal by others, less what came back.")
    discarded_t: Tonnes = Field(description="The statistics' W, for which the table has no column.")
    stock_gap_t: Tonnes = Field(description="Left side less right side of the first equation: 0.")
    utilised_on_dispatch_t: Tonnes = Field(description="Own and entrusted use as in the table.")
    utilised_t: Tonnes = Field(description="The statistics' U: use that is recorded as such.")
    in_transit_change_t: Tonnes
    held_by_recyclers_change_t: Tonnes
    weighing_difference_change_t: Tonnes
    use_gap_t: Tonnes = Field(description="Left side less right side of the second equation: 0.")
    in_transit_t: Tonnes = Field(description="At the end of the month.")
    held_by_recyclers_t: Tonnes = Field(description="At the end of the month.")
    weighing_difference_t: Tonnes = Field(description="At the end of the month.")
    statistics_closing_t: Tonnes = Field(description="`closing_t` of the statistics.")


class LedgerTableRead(Schema):
    """A statutory ledger table of a site: as in the national guide, with what the exchange has on record."""

    number: int
    title_zh: str
    title_en: str
    standard: str = Field(description="The guide.", examples=["Announcement 2021 No. 82"])
    site_id: UUID
    site_name: str
    organisation_name: str
    year: int | None
    month: str | None
    unit: Literal["t"] = Field("t", description="Of all amounts: tonnes.")
    provisional: bool = Field(description="Months are undeclared, or the period is not over.")
    header: list[LedgerHeading] = Field(description="Headings above the table; tables 1 to 3 have none.")
    columns: list[LedgerColumn]
    empty_columns: list[str] = Field(description="Columns and headings of which the exchange keeps nothing.")
    notes: list[str] = Field(description="What to know when reading it, in Chinese and English.")
    items: list[dict[str, Tonnes | str | None]] = Field(
        description="Rows: `material` and the columns by key. Amounts are numbers, `out_time` is an instant; null "
        "where nothing is on record."
    )
    reconciliation: Reconciliation | None = Field(description="Of table 2.")
