"""What a load becomes by a correction: its ticket and its receipt, checked as when they were first recorded. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from app.core.bodies import faults_of_error
from app.core.errors import Fault, Invalid
from app.core.quantities import ZERO
from app.exchange.correction_schemas import OF_RECEIPT
from app.exchange.models import Shipment
from app.exchange.schemas import ReceiptPost, ShipmentPost
from app.exchange.weights import Division, divide

_FIELDS_OF_RECEIPT = {name: field for field, name in OF_RECEIPT.items()}


@dataclass(frozen=True)
class Corrected:
    """A load as it is to be: its ticket, and its receipt once it is received."""

    ticket: ShipmentPost
    receipt: ReceiptPost | None

    @property
    def net_t(self) -> Decimal:
        """The dispatched net."""
        return self.ticket.net_t or ZERO

    @property
    def division(self) -> Division | None:
        """How it divides by its two weights; None while it is on its way."""
        if self.receipt is None:
            return None
        return divide(self.net_t, self.receipt.accepted_t or ZERO, self.receipt.refused_t)


def as_it_is(shipment: Shipment) -> Corrected:
    """Return a load as it stands."""
    return correct(shipment, {})


def correct(shipment: Shipment, changes: Mapping[str, Any]) -> Corrected:
    """Return a load with new values; `changes` maps fields of the shipment to them.

    A net follows from a new gross or tare, and what is accepted from a new net or refusal, unless it is given too.
    Raises Invalid with the pointers of the fields.
    """
    faults: list[Fault] = []
    ticket = _read_ticket(shipment, changes, faults)
    receipt = None
    if shipment.received_at is not None:
        receipt = _read_receipt(shipment, changes, faults)
    else:
        faults += [
            Fault(f"/{field}", "not_received", "the load has not been received yet; its receipt will say")
            for field in OF_RECEIPT
            if field in changes
        ]
    if not faults and ticket is not None and receipt is not None and receipt.received_at < ticket.dispatched_at:
        field = "received_at" if "received_at" in changes else "dispatched_at"
        faults.append(Fault(f"/{field}", "before_dispatch", "a load is received after it has left"))
    if faults or ticket is None:
        raise Invalid(faults, code=faults[0].code if len(faults) == 1 else "invalid_request")
    return Corrected(ticket, receipt)


def _read_ticket(shipment: Shipment, changes: Mapping[str, Any], faults: list[Fault]) -> ShipmentPost | None:
    values = {name: changes.get(name, getattr(shipment, name)) for name in ShipmentPost.model_fields}
    if {"gross_t", "tare_t"} & changes.keys() and "net_t" not in changes:
        values["net_t"] = None
    try:
        return ShipmentPost.model_validate(values)
    except ValidationError as error:
        faults += faults_of_error(error)
    return None


def _read_receipt(shipment: Shipment, changes: Mapping[str, Any], faults: list[Fault]) -> ReceiptPost | None:
    values = {name: changes.get(field, getattr(shipment, field)) for field, name in OF_RECEIPT.items()}
    if {"received_gross_t", "received_tare_t"} & changes.keys() and "received_net_t" not in changes:
        values["net_t"] = None
    weighed_anew = {"received_gross_t", "received_tare_t", "received_net_t", "refused_t"} & changes.keys()
    if weighed_anew and "accepted_t" not in changes:
        values["accepted_t"] = None
    try:
        return ReceiptPost.model_validate(values)
    except ValidationError as error:
        faults += [_in_shipment(fault) for fault in faults_of_error(error)]
    return None


def _in_shipment(fault: Fault) -> Fault:
    """Return a fault of a receipt with the pointer of the shipment's field."""
    name = fault.pointer.removeprefix("/")
    return Fault(f"/{_FIELDS_OF_RECEIPT.get(name, name)}", fault.code, fault.detail)
