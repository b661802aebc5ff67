"""Bodies of corrections: any field of a ticket or a receipt, by the name that the shipment has it under."""

from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints

from app.core.quantities import NonNegativeTonnes, Percent, PositiveTonnes
from app.core.schema import WITHOUT_NUL, Instant, Key, Name, Schema, Text, Year
from app.exchange.lifecycle import CorrectionStatus
from app.exchange.schemas import Plate, ShortText

Comment = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=WITHOUT_NUL)]
#: Fields of the recycler's weighing → their names in a receipt.
OF_RECEIPT = {
    "received_at": "received_at",
    "received_gross_t": "gross_t",
    "received_tare_t": "tare_t",
    "received_net_t": "net_t",
    "accepted_t": "accepted_t",
    "refused_t": "refused_t",
    "reason": "reason",
}


class CorrectionPost(Schema):
    """What of a load is to be changed, and why; fields that are left out stay as they are."""

    comment: Comment = Field(description="Why; the other side decides by it.", examples=["地磅读数录入有误"])
    ticket_no: Key | None = None
    vehicle_plate: Plate | None = None
    dispatched_at: Instant | None = None
    gross_t: PositiveTonnes | None = None
    tare_t: PositiveTonnes | None = None
    net_t: PositiveTonnes | None = Field(None, description="Where gross and tare are recorded, give these instead.")
    moisture_pct: Percent | None = None
    stock_year: Year | None = None
    carrier: Name | None = None
    driver_name: Key | None = None
    driver_phone: ShortText | None = None
    handler: Key | None = None
    transport_mode: ShortText | None = None
    received_at: Instant | None = None
    received_gross_t: PositiveTonnes | None = None
    received_tare_t: PositiveTonnes | None = None
    received_net_t: PositiveTonnes | None = None
    accepted_t: NonNegativeTonnes | None = None
    refused_t: NonNegativeTonnes | None = None
    reason: Text | None = None

    def given(self) -> dict[str, Any]:
        """Return the new values by field; null where null was given."""
        return {name: getattr(self, name) for name in self.model_fields_set if name != "comment"}


class CorrectionRead(Schema):
    """A correction with old and new values; what it is of changes only once it is approved."""

    id: UUID
    shipment_id: UUID
    status: CorrectionStatus
    proposed_by: UUID
    comment: str
    changes: dict[str, Any] = Field(description="New values, by field of the shipment.", examples=[{"net_t": 33.2}])
    before: dict[str, Any] = Field(description="What they were when it was proposed.", examples=[{"net_t": 32.3}])
    created_at: Instant
    decided_at: Instant | None
    version: int


def as_json(values: dict[str, Any]) -> dict[str, Any]:
    """Return values of a shipment as JSON shows them."""
    return {name: _as_json(value) for name, value in values.items()}


def _as_json(value: Any) -> Any:  # noqa: ANN401 - any value of a column
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat().replace("+00:00", "Z") if hasattr(value, "isoformat") else value
