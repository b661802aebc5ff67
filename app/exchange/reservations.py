"""What agreements hold of their lots: reserved when accepted, drawn on by loads, released at the end.

The caller holds the locks of the lot and then of the agreement, and has settled whether its days are over.
"""

from decimal import Decimal

from sqlalchemy.orm import Session

from app.core.errors import Conflict
from app.core.quantities import ZERO
from app.exchange.lifecycle import AgreementStatus, last_day_of
from app.exchange.models import Agreement
from app.exchange.weights import OVERSHIPMENT_SHARE
from app.lots.models import Lot
from app.lots.service import release_tonnes, return_tonnes, ship_tonnes


def remaining_t(agreement: Agreement) -> Decimal:
    """Return what of an agreement is not shipped; an accepted one holds it reserved on its lot."""
    return max(ZERO, agreement.quantity_t - agreement.shipped_t)


def reserved_t(agreement: Agreement) -> Decimal:
    """Return what an agreement holds reserved on its lot: nothing before it is accepted and after it has ended."""
    return remaining_t(agreement) if agreement.status == AgreementStatus.ACCEPTED else ZERO


def release(session: Session, agreement: Agreement, lot: Lot) -> Decimal:
    """Set free what an accepted agreement still holds, and return it."""
    released_t = reserved_t(agreement)
    release_tonnes(session, lot, released_t)
    return released_t


def draw_load(agreement: Agreement, lot: Lot, net_t: Decimal) -> None:
    """Take a load from what is reserved; up to 5 % more from what the lot has free.

    Of an agreement that has ended nothing is reserved any more: a late load is taken from what the lot has free.
    Raises Conflict `agreement_exceeded` with `remaining_t` and `available_t`.
    """
    remaining, reserved = remaining_t(agreement), reserved_t(agreement)
    extra = max(ZERO, net_t - reserved)
    if net_t - remaining > remaining * OVERSHIPMENT_SHARE or extra > lot.available_t:
        detail = f"{remaining} t of the agreement remain; the load has {net_t} t. Agree on more, or split the load."
        if agreement.status == AgreementStatus.EXPIRED:
            ended_on = last_day_of(agreement.ends_on, agreement.accepted_at)
            detail = (
                f"The agreement ended on {ended_on} and its tonnes are free on the lot again: {lot.available_t} t of "
                f"the lot are free now, {remaining} t of the agreement were not shipped, and the load has {net_t} t. "
                "Make a new agreement for this load."
            )
        raise Conflict("agreement_exceeded", detail, remaining_t=remaining, available_t=lot.available_t)
    ship_tonnes(lot, net_t - extra, extra)
    agreement.shipped_t += net_t


def draw_more(agreement: Agreement, lot: Lot, tonnes: Decimal) -> None:
    """Take more tonnes for loads that have left: what the agreement has reserved first, then what the lot has free.

    Raises Conflict `insufficient_quantity` with `available_t`.
    """
    reserved = min(tonnes, reserved_t(agreement))
    ship_tonnes(lot, reserved, tonnes - reserved)
    agreement.shipped_t += tonnes


def give_back(session: Session, agreement: Agreement, lot: Lot, tonnes: Decimal) -> None:
    """Return tonnes to the producer: free in the agreement while it lives, else on the lot."""
    before = reserved_t(agreement)
    agreement.shipped_t -= tonnes
    reserved_again = reserved_t(agreement) - before
    return_tonnes(session, lot, reserved_again, tonnes - reserved_again)
