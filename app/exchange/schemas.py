"""Bodies of agreements, shipments, receipts and utilisations."""

from datetime import date
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from app.core.quantities import NonNegativeTonnes, Percent, PositiveTonnes, Tonnes, YuanPerTonne
from app.core.schema import Instant, Key, Name, Schema, Text, Year
from app.exchange.lifecycle import AgreementStatus, ShipmentStatus, UtilisationStatus

Ticket = Annotated[str, StringConstraints(min_length=1, max_length=80)]
Plate = Annotated[str, StringConstraints(min_length=1, max_length=20)]
_EXAMPLE_ID = "01990000-0000-7000-8000-000000000001"


class AgreementPost(Schema):
    """A proposal from either side: tonnes of a lot to a demand's site, or to a site of the recycler."""

    lot_id: UUID
    demand_id: UUID | None = None
    destination_site_id: UUID | None = Field(None, description="Instead of demand_id.")
    quantity_t: PositiveTonnes
    price_cny_per_t: YuanPerTonne = Field(description="At the producer's gate; negative: the producer pays.")
    starts_on: date
    ends_on: date
    expires_at: Instant | None = Field(None, description="Until when the other side may accept.")

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "lot_id": _EXAMPLE_ID,
                    "demand_id": _EXAMPLE_ID,
                    "quantity_t": 3000,
                    "price_cny_per_t": -15,
                    "starts_on": "2026-01-01",
                    "ends_on": "2026-12-31",
                }
            ]
        }
    )


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
    quantity_t: Tonnes
    shipped_t: Tonnes = Field(description="Dispatched, less what was refused.")
    price_cny_per_t: YuanPerTonne
    starts_on: date
    ends_on: date
    expires_at: Instant | None
    status: AgreementStatus
    created_at: Instant
    version: int


class ShipmentPost(Schema):
    """A load as its weighbridge ticket states it; `net_t`, or `gross_t` and `tare_t`."""

    ticket_no: Ticket = Field(description="Unique at the site of origin.", examples=["CS-20260105-017"])
    vehicle_plate: Plate = Field(examples=["渝A12345"])
    dispatched_at: Instant
    net_t: PositiveTonnes | None = None
    gross_t: PositiveTonnes | None = None
    tare_t: PositiveTonnes | None = None
    moisture_pct: Percent | None = None
    stock_year: Year | None = Field(None, description="From storage of that year; null as the lot says.")
    carrier: Name | None = None
    driver_name: Key | None = None
    driver_phone: Annotated[str, StringConstraints(min_length=1, max_length=40)] | None = None
    handler: Key | None = None
    transport_mode: Annotated[str, StringConstraints(min_length=1, max_length=40)] | None = None

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "ticket_no": "CS-20260105-017",
                    "vehicle_plate": "渝A12345",
                    "dispatched_at": "2026-01-05T01:30:00Z",
                    "gross_t": 48.32,
                    "tare_t": 15.1,
                    "moisture_pct": 12.5,
                    "transport_mode": "road",
                }
            ]
        }
    )


class ReceiptPost(Schema):
    """What the recycler's weighbridge says of a load, and what of it was accepted."""

    received_at: Instant
    net_t: PositiveTonnes | None = None
    gross_t: PositiveTonnes | None = None
    tare_t: PositiveTonnes | None = None
    accepted_t: NonNegativeTonnes | None = Field(None, description="Default: all that is not refused.")
    refused_t: NonNegativeTonnes = Decimal(0)
    reason: Text | None = Field(None, description="Needed when anything is refused.")

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "received_at": "2026-01-05T05:10:00Z",
                    "net_t": 33.2,
                    "accepted_t": 30.2,
                    "refused_t": 3,
                    "reason": "wet layer at the tail",
                }
            ]
        }
    )


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
    material: Key = Field(examples=["phosphogypsum"])
    utilised_on: date
    quantity_t: PositiveTonnes
    use: Key = Field(examples=["cement_retarder"])
    batch_no: Ticket = Field(description="Unique at the site.", examples=["B-2026-01-07"])
    product: Name | None = None
    product_t: PositiveTonnes | None = None
    shipment_ids: list[UUID] | None = Field(None, min_length=1, max_length=1000, description="Null: oldest first.")

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "site_id": _EXAMPLE_ID,
                    "material": "phosphogypsum",
                    "utilised_on": "2026-01-07",
                    "quantity_t": 12,
                    "use": "cement_retarder",
                    "batch_no": "B-2026-01-07",
                    "product": "水泥缓凝剂",
                    "product_t": 10.5,
                }
            ]
        }
    )


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
