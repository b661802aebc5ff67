"""What happens to the tonnes of a lot, or of one of its months, and where it stands: arithmetic on a locked row."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from app.core.clock import month_of
from app.core.errors import Conflict
from app.core.lifecycles import Lifecycle, Step, Who, is_owner
from app.core.quantities import ZERO
from app.lots.models import Lot, LotMonth, LotStatus

#: Where tonnes lie: a lot that is there once, or a month of a recurring one.
Stock = Lot | LotMonth
_CHANGES = Step(Who.OWNER, None, "stays; open again when the change leaves tonnes free on a day to come")
_STAYS = Step(Who.OWNER, None, "stays")
_WITHDRAWS = Step(Who.OWNER, LotStatus.WITHDRAWN)
_EXPIRES = Step(Who.EXCHANGE, LotStatus.EXPIRED, "after `available_to`")
LOT = Lifecycle(
    "lot",
    "批次",
    LotStatus,
    LotStatus.OPEN,
    {
        (LotStatus.OPEN, "change"): _CHANGES,
        (LotStatus.OPEN, "add_assay"): _STAYS,
        (LotStatus.OPEN, "withdraw"): _WITHDRAWS,
        (LotStatus.OPEN, "exhaust"): Step(
            Who.EXCHANGE, LotStatus.EXHAUSTED, "nothing is free any more (not of a recurring lot)"
        ),
        (LotStatus.OPEN, "expire"): _EXPIRES,
        (LotStatus.EXHAUSTED, "change"): _CHANGES,
        (LotStatus.EXHAUSTED, "add_assay"): _STAYS,
        (LotStatus.EXHAUSTED, "withdraw"): _WITHDRAWS,
        (LotStatus.EXHAUSTED, "reopen"): Step(Who.EXCHANGE, LotStatus.OPEN, "tonnes are free again"),
        (LotStatus.EXHAUSTED, "expire"): _EXPIRES,
        (LotStatus.EXPIRED, "change"): _CHANGES,
        (LotStatus.EXPIRED, "add_assay"): _STAYS,
    },
)


def effective_status(lot: Lot, today: date) -> LotStatus:
    """Return where a lot stands on a day."""
    return status_on(lot.status, lot.available_to, today)


def status_on(stored: str, available_to: date, today: date) -> LotStatus:
    """Return what a stored status means on a day: what is withdrawn stays so, past its last day a lot is expired."""
    status = LotStatus(stored)
    if status is not LotStatus.WITHDRAWN and available_to < today:
        return LotStatus.EXPIRED
    return status


def check_action(lot: Lot, action: str, today: date) -> None:
    """Raise Conflict `invalid_state` with `allowed` when the lot's status forbids the owner's action."""
    LOT.take(effective_status(lot, today), action, is_owner)


def reserve_tonnes(lot: Lot, tonnes: Decimal) -> None:
    """Promise tonnes to an agreement; raises Conflict `lot_withdrawn` or `insufficient_quantity` with `available_t`."""
    _check_promises(lot)
    _check_available(lot, tonnes)
    lot.reserved_t += tonnes
    settle_status(lot)


def reserve_months(lot: Lot, months: Sequence[LotMonth], tonnes: Decimal) -> None:
    """Promise tonnes of each of a recurring lot's months to an agreement, or of none.

    Raises Conflict `lot_withdrawn`, or `insufficient_quantity` with `available_t` and the first `month` that is short.
    """
    _check_promises(lot)
    for month in months:
        available_t = month.available_t if offers_in(lot, month.month) else ZERO
        if tonnes > available_t:
            detail = (
                f"Only {available_t} t of the lot are free in {month.month}; the agreement takes {tonnes} t a month."
            )
            raise Conflict("insufficient_quantity", detail, available_t=available_t, month=month.month)
    for month in months:
        month.reserved_t += tonnes


def offers_in(lot: Any, month: str) -> bool:  # noqa: ANN401 - a Lot, or a row with its columns
    """Tell whether some day of a month is one of a lot's days."""
    return bool(month_of(lot.available_from) <= month <= month_of(lot.available_to))


def month_in_question(lot: Any, month: str) -> str:  # noqa: ANN401 - as above
    """Return the month that counts of a recurring lot for whoever asks about one: its first one, if it begins later."""
    return max(month, month_of(lot.available_from))


def _check_promises(lot: Lot) -> None:
    if lot.status == LotStatus.WITHDRAWN:
        raise Conflict("lot_withdrawn", "The lot is withdrawn: nothing more of it is promised.", allowed=[])


def release_tonnes(lot: Stock, tonnes: Decimal) -> None:
    """Set reserved tonnes free again."""
    _move(lot, reserved_t=-tonnes, shipped_t=ZERO)


def ship_tonnes(lot: Stock, from_reserved_t: Decimal, extra_t: Decimal = ZERO) -> None:
    """Send off reserved tonnes and `extra_t` free ones; raises Conflict `insufficient_quantity` with `available_t`.

    A withdrawn lot still gives the extra of a load: withdrawing ends the offer, not the agreements made on it.
    """
    _check_available(lot, extra_t)
    _move(lot, reserved_t=-from_reserved_t, shipped_t=from_reserved_t + extra_t)


def return_tonnes(lot: Stock, tonnes_back_to_reserved: Decimal, tonnes_back_free: Decimal = ZERO) -> None:
    """Take shipped tonnes back (refused, voided): to the reservation of a live agreement, or free on the lot."""
    _move(lot, reserved_t=tonnes_back_to_reserved, shipped_t=-tonnes_back_to_reserved - tonnes_back_free)


def change_quantity(lot: Lot, quantity_t: Decimal) -> None:
    """Offer another quantity; raises Conflict `quantity_committed` below what is reserved or shipped."""
    committed_t = lot.reserved_t + lot.shipped_t
    if quantity_t < committed_t:
        raise Conflict(
            "quantity_committed",
            f"{committed_t} t of the lot are reserved or shipped; offer at least as much.",
            least_quantity_t=committed_t,
            reserved_t=lot.reserved_t,
            shipped_t=lot.shipped_t,
        )
    lot.quantity_t = quantity_t
    settle_status(lot)


def change_months(lot: Lot, months: Sequence[LotMonth], quantity_t: Decimal) -> None:
    """Offer another quantity a month, from the first of `months` on; those are all of them of which something is taken.

    Raises Conflict `quantity_committed`, with the first `month` that would be short and the least possible quantity.
    """
    committed = {month.month: month.reserved_t + month.shipped_t for month in months}
    short = [month for month in sorted(committed) if quantity_t < committed[month]]
    if short:
        first = short[0]
        least_t = max(committed.values())
        detail = f"{committed[first]} t of {first} are reserved or shipped; offer at least {least_t} t a month."
        raise Conflict("quantity_committed", detail, least_quantity_t=least_t, month=first)
    lot.quantity_t = quantity_t
    for month in months:
        month.quantity_t = quantity_t


def settle_status(lot: Lot) -> None:
    """Make the stored status follow the tonnes: exhausted when nothing is free, open again when something is.

    A recurring lot is open whatever is taken of its months: the next one offers as much again.
    """
    if lot.status != LotStatus.WITHDRAWN:
        lot.status = LotStatus.OPEN if lot.available_t > ZERO else LotStatus.EXHAUSTED


def _check_available(lot: Stock, tonnes: Decimal) -> None:
    if tonnes <= lot.available_t:
        return
    if isinstance(lot, LotMonth):
        detail = f"Only {lot.available_t} t of the lot are free in {lot.month}."
        raise Conflict("insufficient_quantity", detail, available_t=lot.available_t, month=lot.month)
    raise Conflict(
        "insufficient_quantity", f"Only {lot.available_t} t of the lot are free.", available_t=lot.available_t
    )


def _move(lot: Stock, reserved_t: Decimal, shipped_t: Decimal) -> None:
    reserved, shipped = lot.reserved_t + reserved_t, lot.shipped_t + shipped_t
    if reserved < ZERO or shipped < ZERO:
        message = f"{lot!r} would have {reserved} t reserved and {shipped} t shipped"
        raise AssertionError(message)
    lot.reserved_t, lot.shipped_t = reserved, shipped
    if isinstance(lot, Lot):
        settle_status(lot)
