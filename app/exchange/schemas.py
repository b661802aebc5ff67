"""Bodies of agreements, shipments, receipts and utilisations."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints, ValidationInfo, field_validator
from pydantic.config import JsonDict

from app.catalogue.keys import MaterialKey, UseKey
from app.core.bodies import fault_of_field
from app.core.clock import months_touched, now, today
from app.core.quantities import ZERO, NonNegativeTonnes, Percent, PositiveTonnes, Tonnes, YuanPerTonne
from app.core.recurring import OnceOrMonthly, Recurring
from app.core.schema import WITHOUT_NUL, Day, Instant, Key, Month, Name, Schema, Text, Year
from app.exchange.lifecycle import AgreementStatus, ShipmentStatus, UtilisationStatus

Plate = Annotated[str, StringConstraints(min_length=1, max_length=20, pattern=WITHOUT_NUL)]
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=WITHOUT_NUL)]
#: Clocks of weighbridges run ahead; further than this is a wrong ticket.
CLOCK_TOLERANCE = timedelta(minutes=10)


_TERMS: JsonDict = {
    "lot_id": "01990000-0000-7000-8000-000000000001",
    "demand_id": "01990000-0000-7000-8000-000000000002",
    "price_cny_per_t": -15,
    "starts_on": "2026-08-01",
    "ends_on": "2026-12-31",
}
_PROPOSAL: JsonDict = {**_TERMS, "quantity_t": 500}
_MONTHLY_PROPOSAL: JsonDict = {**_TERMS, "recurring": {"per": "month", "quantity_t": 500}}
#: Each month of a recurring agreement is a row of its lot.
MOST_MONTHS = 240


def not_ahead(instant: datetime) -> datetime:
    """Refuse an instant that has not come yet, but for the drift of clocks."""
    if instant > now() + CLOCK_TOLERANCE:
        raise fault_of_field("in_future", "is more than 10 minutes ahead of now")
    return instant


class AgreementPost(Schema):
    """A proposal from either side: tonnes of a lot to a demand's site, or to a site of the recycler."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PROPOSAL, _MONTHLY_PROPOSAL]})

    lot_id: UUID
    demand_id: UUID | None = None
    destination_site_id: UUID | None = Field(None, validate_default=True, description="Instead of demand_id.")
    recurring: Recurring | None = Field(
        None, description="On a recurring lot, in place of `quantity_t`: reserved in every month of the days."
    )
    quantity_t: OnceOrMonthly = Field(None, validate_default=True, description="On a lot that is there once.")
    price_cny_per_t: YuanPerTonne = Field(description="At the producer's gate; negative: the producer pays.")
    starts_on: Day
    ends_on: Day
    expires_at: Instant | None = Field(None, description="Until when the other side may accept.")

    @field_validator("destination_site_id")
    @classmethod
    def _one_destination(cls, site_id: UUID | None, info: ValidationInfo) -> UUID | None:
        if (site_id is None) == (info.data.get("demand_id") is None):
            raise fault_of_field("one_destination", "give either demand_id or destination_site_id")
        return site_id

    @field_validator("ends_on")
    @classmethod
    def _not_before_start(cls, ends_on: date, info: ValidationInfo) -> date:
        if ends_on < info.data.get("starts_on", ends_on):
            raise fault_of_field("ends_before_start", "must not be before starts_on")
        if info.data.get("recurring") is not None and "starts_on" in info.data:
            months = len(months_touched(info.data["starts_on"], ends_on))
            if months > MOST_MONTHS:
                detail = f"a recurring agreement is for at most {MOST_MONTHS} months, and these are {months}"
                raise fault_of_field("too_many_months", detail)
        return ends_on

    @field_validator("expires_at")
    @classmethod
    def _still_ahead(cls, expires_at: datetime | None) -> datetime | None:
        if expires_at is not None and expires_at <= now():
            raise fault_of_field("expires_in_past", "must be in the future")
        return expires_at


class AgreedMonth(Schema):
    """A month of a recurring agreement."""

    month: Month
    shipped_t: Tonnes
    reserved_t: Tonnes = Field(description="Still to ship in that month; 0 once the agreement has ended.")


class AgreementRead(Schema):
    """An agreement as its parties see it."""

    id: UUID
    lot_id: UUID
    demand_id: UUID | None
    material: str
    origin_site_id: UUID
    destination_site_id: UUID
    producer_organisation_id: UUID
    recycler_organisation_id: UUID
    proposed_by: UUID
    quantity_t: Tonnes | None = Field(description="Null where `recurring` says it.")
    recurring: Recurring | None
    shipped_t: Tonnes = Field(description="Dispatched, less what was refused; of a recurring one in all months.")
    by_month: list[AgreedMonth] | None = Field(description="Of a recurring one: each month of its days; else null.")
    price_cny_per_t: YuanPerTonne
    starts_on: date
    ends_on: date
    expires_at: Instant | None
    status: AgreementStatus = Field(
        description="`expired`: not accepted by `expires_at`, or accepted and its last day over: `ends_on`, or the day "
        "of acceptance if that is later. What it had not shipped is free on the lot again; late tickets stay possible."
    )
    created_at: Instant
    accepted_at: Instant | None
    version: int


class Weighing(Schema):
    """What a weighbridge says: `net_t`, or `gross_t` and `tare_t`, or all three."""

    gross_t: PositiveTonnes | None = None
    tare_t: PositiveTonnes | None = Field(None, validate_default=True)
    net_t: PositiveTonnes | None = Field(None, validate_default=True)

    @field_validator("tare_t")
    @classmethod
    def _tare_fits_gross(cls, tare_t: Decimal | None, info: ValidationInfo) -> Decimal | None:
        gross_t = info.data.get("gross_t", tare_t)
        if (tare_t is None) != (gross_t is None):
            raise fault_of_field("gross_and_tare", "gross_t and tare_t go together")
        if tare_t is not None and gross_t is not None and "gross_t" in info.data and tare_t >= gross_t:
            raise fault_of_field("tare_not_below_gross", "must be less than gross_t")
        return tare_t

    @field_validator("net_t")
    @classmethod
    def _net_fits_both(cls, net_t: Decimal | None, info: ValidationInfo) -> Decimal | None:
        if not {"gross_t", "tare_t"} <= info.data.keys():
            return net_t  # one of them is a fault already
        gross_t, tare_t = info.data["gross_t"], info.data["tare_t"]
        if gross_t is None:
            if net_t is None:
                raise fault_of_field("net_missing", "give net_t, or gross_t and tare_t")
            return net_t
        if net_t is not None and net_t != gross_t - tare_t:
            raise fault_of_field("net_differs", f"gross_t − tare_t is {gross_t - tare_t}")
        return Decimal(gross_t - tare_t)


class ShipmentPost(Weighing):
    """A load as its weighbridge ticket states it."""

    ticket_no: Key = Field(description="Unique at the site of origin.")
    vehicle_plate: Plate
    dispatched_at: Instant
    moisture_pct: Percent | None = None
    stock_year: Year | None = Field(None, description="From storage of that year; null as the lot says.")
    carrier: Name | None = None
    driver_name: Key | None = None
    driver_phone: ShortText | None = None
    handler: Key | None = None
    transport_mode: ShortText | None = None

    _not_ahead = field_validator("dispatched_at")(not_ahead)


class ReceiptPost(Weighing):
    """What the recycler's weighbridge says of a load, and what of it was accepted."""

    received_at: Instant
    refused_t: NonNegativeTonnes = ZERO
    accepted_t: NonNegativeTonnes | None = Field(
        None, validate_default=True, description="Default: all that is not refused."
    )
    reason: Text | None = Field(None, validate_default=True, description="Needed when anything is refused.")

    _not_ahead = field_validator("received_at")(not_ahead)

    @field_validator("accepted_t")
    @classmethod
    def _parts_are_net(cls, accepted_t: Decimal | None, info: ValidationInfo) -> Decimal | None:
        if info.data.get("net_t") is None or "refused_t" not in info.data:
            return accepted_t  # one of them is a fault already
        left = info.data["net_t"] - info.data["refused_t"]
        if left < ZERO or accepted_t not in (None, left):
            detail = f"accepted_t + refused_t must be the received net, {info.data['net_t']} t"
            raise fault_of_field("parts_differ_from_net", detail)
        return Decimal(left)

    @field_validator("reason")
    @classmethod
    def _refusal_has_a_reason(cls, reason: str | None, info: ValidationInfo) -> str | None:
        if info.data.get("refused_t") and not reason:
            raise fault_of_field("reason_needed", "say why tonnes are refused")
        return reason


class ShipmentRead(Schema):
    """A load with both its weights."""

    id: UUID
    agreement_id: UUID
    material: str
    origin_site_id: UUID
    destination_site_id: UUID
    producer_organisation_id: UUID
    recycler_organisation_id: UUID
    ticket_no: str
    vehicle_plate: str
    dispatched_at: Instant
    gross_t: Tonnes | None
    tare_t: Tonnes | None
    net_t: Tonnes
    moisture_pct: Percent | None
    stock_year: int | None
    carrier: str | None
    driver_name: str | None
    driver_phone: str | None
    handler: str | None
    transport_mode: str | None
    dispatched_beyond_t: Tonnes = Field(description="Tonnes beyond what the month's declaration says was generated.")
    status: ShipmentStatus
    received_at: Instant | None
    received_gross_t: Tonnes | None
    received_tare_t: Tonnes | None
    received_net_t: Tonnes | None
    accepted_t: Tonnes | None
    refused_t: Tonnes | None
    reason: str | None
    disputed: bool = Field(description="The two weights differ by more than the tolerance.")
    created_at: Instant
    version: int


class UtilisationPost(Schema):
    """A batch of use at the recycler's site."""

    site_id: UUID
    material: MaterialKey
    utilised_on: Day
    quantity_t: PositiveTonnes
    use: UseKey
    batch_no: Key = Field(description="Unique at the site.")
    product: Name | None = None
    product_t: PositiveTonnes | None = None
    shipment_ids: list[UUID] | None = Field(None, min_length=1, max_length=1000, description="Null: oldest first.")

    @field_validator("utilised_on")
    @classmethod
    def _has_happened(cls, utilised_on: date) -> date:
        if utilised_on > today():
            raise fault_of_field("in_future", "record a use when it has happened")
        return utilised_on


class DrawRead(Schema):
    """What a use took from one load."""

    shipment_id: UUID
    quantity_t: Tonnes


class UtilisationRead(Schema):
    """A batch of use and the loads it came from."""

    id: UUID
    site_id: UUID
    material: str
    utilised_on: date
    quantity_t: Tonnes
    use: str
    batch_no: str
    product: str | None
    product_t: Tonnes | None
    draws: list[DrawRead]
    status: UtilisationStatus
    created_at: Instant
    version: int
