"""Bodies of declarations, opening stocks, balances and entries."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from pydantic import Field, ValidationInfo, field_validator

from app.catalogue.keys import MaterialKey
from app.core.bodies import fault_of_field
from app.core.clock import month_of, today
from app.core.quantities import ZERO, NonNegativeTonnes, Tonnes
from app.core.schema import Instant, Month, Name, PageOf, Schema, Text, Year

_PRIOR = "Of which from storage of earlier years; drawn on the oldest first."


class OpeningStockPost(Schema):
    """What a site held of one earlier year's waste; absolute: posting again replaces."""

    site_id: UUID
    material: MaterialKey
    stock_year: Year = Field(description="Year in which it was generated; before this year.")
    stored_t: NonNegativeTonnes

    @field_validator("stock_year")
    @classmethod
    def _is_past(cls, stock_year: int) -> int:
        if stock_year >= today().year:
            detail = "an opening stock is of a year before this one; this year's waste is declared month by month"
            raise fault_of_field("stock_year_not_past", detail)
        return stock_year


class OpeningStockRead(OpeningStockPost):
    """An opening stock as stored."""

    id: UUID
    replaced_by: UUID | None = Field(description="The later figure that replaced this one.")
    created_at: Instant


class DeclarationTotals(Schema):
    """Absolute totals of one material at one site in one month, tonnes as received."""

    site_id: UUID
    material: MaterialKey
    month: Month
    generated_t: NonNegativeTonnes = Field(description="产生量")
    self_utilised_t: NonNegativeTonnes = Field(ZERO, description="自行利用量, prior part included.")
    self_utilised_from_prior_t: NonNegativeTonnes = Field(ZERO, description=_PRIOR)
    disposed_t: NonNegativeTonnes = Field(ZERO, description="自行处置量, prior part included.")
    disposed_from_prior_t: NonNegativeTonnes = Field(ZERO, description=_PRIOR)
    discarded_t: NonNegativeTonnes = Field(ZERO, description="倾倒丢弃量, of this year's waste.")
    entrusted_utilised_t: NonNegativeTonnes = Field(ZERO, description="Use by others outside the exchange 委托利用量.")
    entrusted_utilised_from_prior_t: NonNegativeTonnes = Field(ZERO, description=_PRIOR)
    entrusted_disposed_t: NonNegativeTonnes = Field(ZERO, description="Disposal by others 委托处置量.")
    entrusted_disposed_from_prior_t: NonNegativeTonnes = Field(ZERO, description=_PRIOR)
    receivers: Text | None = Field(None, description="Who took the entrusted tonnes.")
    self_use_method: Name | None = None
    disposal_method: Name | None = None


class DeclarationPost(DeclarationTotals):
    """A month's declaration; a later one of the same site, material and month replaces it."""

    @field_validator("month")
    @classmethod
    def _has_begun(cls, month: str) -> str:
        if month > month_of(today()):
            raise fault_of_field("month_in_future", "a month is declared when it has begun")
        return month

    @field_validator(
        "self_utilised_from_prior_t",
        "disposed_from_prior_t",
        "entrusted_utilised_from_prior_t",
        "entrusted_disposed_from_prior_t",
    )
    @classmethod
    def _part_of_its_total(cls, prior: Decimal, info: ValidationInfo) -> Decimal:
        total = str(info.field_name).replace("_from_prior", "")
        if prior > info.data.get(total, prior):
            raise fault_of_field("prior_exceeds_total", f"is a part of {total} and cannot be larger")
        return prior


class DeclarationRead(DeclarationTotals):
    """A declaration as stored."""

    id: UUID
    posted_in: str = Field(
        description="The month in which its difference counts: its own or, where that was closed, the earliest open."
    )
    replaced_by: UUID | None = Field(description="The later declaration that replaced this one.")
    created_at: Instant


class BalanceRead(Schema):
    """Tonnes on one account at one site now; sources are negative."""

    site_id: UUID
    account: str
    material: str
    origin_site_id: UUID = Field(description="Where the waste was generated.")
    stock_year: int = Field(description="Year in which it was generated.")
    quantity_t: Tonnes


class Balances(Schema):
    """All balances that are not zero."""

    items: list[BalanceRead]
    next_cursor: None = None


class PeriodRead(Schema):
    """A closed month: its flows and balances never change again."""

    id: UUID
    month: Month
    closed_at: Instant
    flows: int = Field(description="How many monthly flows it has.")
    digest: str = Field(
        description="Of these flows, hexadecimal; `swx verify-ledger` makes it anew and finds any change."
    )


class Periods(PageOf[PeriodRead]):
    """Closed months, and where the next postings of closed months land."""

    earliest_open_month: Month | None = Field(
        description="The month after the last closed one, in which postings of closed months count; null: none is "
        "closed, and every posting counts in the month of its day."
    )


class EntryRead(Schema):
    """Signed tonnes that one transaction put on one account; the entries of a transaction sum to zero."""

    id: UUID
    transaction_id: UUID
    kind: str
    occurred_on: date
    month: str = Field(description="The month in which it counts.")
    belongs_to: str | None = Field(
        description="The month it belongs to, where that was closed when it was posted; null: the month it counts in."
    )
    account: str
    instead_of: str | None = Field(
        description="Of an adjustment: the account it would stand on, had the month it belongs to been open."
    )
    site_id: UUID
    material: str
    origin_site_id: UUID
    stock_year: int
    quantity_t: Tonnes
    use: str | None
    source_type: str
    source_id: UUID
