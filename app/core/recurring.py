"""Tonnes month after month, of a continuous stream: in place of a quantity that is there once."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo

from app.core.bodies import fault_of_field
from app.core.quantities import PositiveTonnes
from app.core.schema import Schema


class Recurring(Schema):
    """So many tonnes in every calendar month."""

    per: Literal["month"] = "month"
    quantity_t: PositiveTonnes = Field(examples=[4000])


def recurring_of(quantity_t: Decimal, *, is_recurring: bool) -> Recurring | None:
    """Return how a stored quantity reads back where it is that of every month."""
    return Recurring(quantity_t=quantity_t) if is_recurring else None


def _one_of_both(quantity_t: Decimal | None, info: ValidationInfo) -> Decimal | None:
    if "recurring" in info.data and (quantity_t is None) is (info.data["recurring"] is None):
        detail = 'give either quantity_t, or for a continuous stream recurring: {"per": "month", "quantity_t": …}'
        raise fault_of_field("one_quantity", detail)
    return quantity_t


#: `quantity_t` of a body that has `recurring` before it; its default is validated too.
OnceOrMonthly = Annotated[PositiveTonnes | None, AfterValidator(_one_of_both)]
