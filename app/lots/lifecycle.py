"""What happens to a lot's tonnes and where it stands: arithmetic on one locked row, without a database."""

from datetime import date
from decimal import Decimal

from app.core.errors import Conflict
from app.core.lifecycles import Lifecycle, Step, Who, is_owner
from app.core.quantities import ZERO
from app.lots.models import Lot, LotStatus

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
        (LotStatus.OPEN, "exhaust"): Step(Who.EXCHANGE, LotStatus.EXHAUSTED, "nothing is free any more"),
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
    if lot.status == LotStatus.WITHDRAWN:
        raise Conflict("lot_withdrawn", "The lot is withdrawn: nothing more of it is promised.", allowed=[])
    _check_available(lot, tonnes)
    lot.reserved_t += tonnes
    settle_status(lot)


def release_tonnes(lot: Lot, tonnes: Decimal) -> None:
    """Set reserved tonnes free again."""
    _move(lot, reserved_t=-tonnes, shipped_t=ZERO)


def ship_tonnes(lot: Lot, from_reserved_t: Decimal, extra_t: Decimal = ZERO) -> None:
    """Send off reserved tonnes and `extra_t` free ones; raises Conflict `insufficient_quantity` with `available_t`.

    A withdrawn lot still gives the extra of a load: withdrawing ends the offer, not the agreements made on it.
    """
    _check_available(lot, extra_t)
    _move(lot, reserved_t=-from_reserved_t, shipped_t=from_reserved_t + extra_t)


def return_tonnes(lot: Lot, tonnes_back_to_reserved: Decimal, tonnes_back_free: Decimal = ZERO) -> None:
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


def settle_status(lot: Lot) -> None:
    """Make the stored status follow the tonnes: exhausted when nothing is free, open again when something is."""
    if lot.status != LotStatus.WITHDRAWN:
        lot.status = LotStatus.OPEN if lot.available_t > ZERO else LotStatus.EXHAUSTED


def _check_available(lot: Lot, tonnes: Decimal) -> None:
    if tonnes > lot.available_t:
        raise Conflict(
            "insufficient_quantity", f"Only {lot.available_t} t of the lot are free.", available_t=lot.available_t
        )


def _move(lot: Lot, reserved_t: Decimal, shipped_t: Decimal) -> None:
    reserved, shipped = lot.reserved_t + reserved_t, lot.shipped_t + shipped_t
    if reserved < ZERO or shipped < ZERO:
        message = f"lot {lot.id} would have {reserved} t reserved and {shipped} t shipped"
        raise AssertionError(message)
    lot.reserved_t, lot.shipped_t = reserved, shipped
    settle_status(lot)
