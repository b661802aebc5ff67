"""What agreements hold of their lots: reserved when accepted, drawn on by loads, released at the end.

Of a recurring lot each month stands for itself: an agreement reserves as much in every month of its days, a load counts
in the month in which it left, and what a month has left over is not carried into the next.

The caller holds the locks of the lot and then of the agreement, and has settled whether its days are over.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.clock import month_of, months_touched
from app.core.errors import Conflict
from app.core.quantities import ZERO
from app.exchange.lifecycle import AgreementStatus, last_day_of
from app.exchange.models import Agreement, AgreementMonth
from app.exchange.weights import OVERSHIPMENT_SHARE
from app.lots.lifecycle import Stock
from app.lots.models import Lot
from app.lots.months import lock_months
from app.lots.service import release_tonnes, reserve_months, reserve_tonnes, return_tonnes, ship_tonnes


@dataclass(frozen=True)
class Share:
    """What of an agreement a load counts in: all of it, or the month of a recurring one.

    `stock` is what the lot has of it, `part` what the agreement has shipped of it.
    """

    agreement: Agreement
    lot: Lot
    stock: Stock
    part: Agreement | AgreementMonth

    @property
    def remaining_t(self) -> Decimal:
        """What is not shipped yet."""
        return max(ZERO, self.agreement.quantity_t - self.part.shipped_t)

    @property
    def reserved_t(self) -> Decimal:
        """What is reserved on the lot: nothing before the agreement is accepted and after it has ended."""
        return self.remaining_t if self.agreement.status == AgreementStatus.ACCEPTED else ZERO

    def count(self, tonnes: Decimal) -> None:
        """Count tonnes as shipped; less than 0 where they came back."""
        self.part.shipped_t += tonnes
        if self.part is not self.agreement:
            self.agreement.shipped_t += tonnes


def share_of(session: Session, agreement: Agreement, lot: Lot, day: date) -> Share:
    """Return what a load of a day counts in."""
    if not agreement.is_recurring:
        return Share(agreement, lot, lot, agreement)
    return _shares(session, agreement, lot, [month_of(day)])[0]


def _shares(session: Session, agreement: Agreement, lot: Lot, months: Sequence[str]) -> list[Share]:
    """Return what loads of some months of a recurring agreement count in; months not written yet are now."""
    query = select(AgreementMonth).where(AgreementMonth.agreement_id == agreement.id, AgreementMonth.month.in_(months))
    parts = {part.month: part for part in session.scalars(query.execution_options(populate_existing=True))}
    for month in months:
        if month not in parts:
            parts[month] = AgreementMonth(agreement_id=agreement.id, month=month, shipped_t=ZERO)
            session.add(parts[month])
    stocks = lock_months(session, lot, months)
    return [Share(agreement, lot, stock, parts[stock.month]) for stock in stocks]


def reserve(session: Session, agreement: Agreement, lot: Lot) -> None:
    """Promise the tonnes of an agreement, of a recurring one in every month of its days, or none of them.

    Raises Conflict `lot_withdrawn`, or `insufficient_quantity` with `available_t` and the first `month` that is short.
    """
    if not agreement.is_recurring:
        reserve_tonnes(lot, agreement.quantity_t)
        return
    months = months_touched(agreement.starts_on, agreement.ends_on)
    reserve_months(lot, lock_months(session, lot, months), agreement.quantity_t)


def release(session: Session, agreement: Agreement, lot: Lot) -> Decimal:
    """Set free what an accepted agreement still holds, and return it: of a recurring one, of all its months."""
    if agreement.is_recurring:
        shares = _shares(session, agreement, lot, months_touched(agreement.starts_on, agreement.ends_on))
    else:
        shares = [Share(agreement, lot, lot, agreement)]
    released = [(share.stock, share.reserved_t) for share in shares]
    for stock, tonnes in released:
        release_tonnes(session, lot, tonnes, stock)
    return sum((tonnes for _, tonnes in released), ZERO)


def draw_load(share: Share, net_t: Decimal) -> None:
    """Take a load from what is reserved; up to 5 % more from what the lot has free.

    Of an agreement that has ended nothing is reserved any more: a late load is taken from what the lot has free.
    Raises Conflict `agreement_exceeded` with `remaining_t` and `available_t`, and the `month` of a recurring one.
    """
    remaining, stock = share.remaining_t, share.stock
    extra = max(ZERO, net_t - share.reserved_t)
    if net_t - remaining > remaining * OVERSHIPMENT_SHARE or extra > stock.available_t:
        facts = {} if isinstance(stock, Lot) else {"month": stock.month}
        detail = _explain_excess(share, net_t, f" in {facts['month']}" if facts else "")
        raise Conflict("agreement_exceeded", detail, remaining_t=remaining, available_t=stock.available_t, **facts)
    ship_tonnes(stock, net_t - extra, extra)
    share.count(net_t)


def _explain_excess(share: Share, net_t: Decimal, in_month: str) -> str:
    agreement, remaining = share.agreement, share.remaining_t
    if agreement.status != AgreementStatus.EXPIRED:
        return f"{remaining} t of the agreement remain{in_month}; the load has {net_t} t. Agree on more or split it."
    ended_on = last_day_of(agreement.ends_on, agreement.accepted_at)
    return (
        f"The agreement ended on {ended_on} and its tonnes are free on the lot again: {share.stock.available_t} t of "
        f"the lot are free now{in_month}, {remaining} t of the agreement were not shipped{in_month}, and the load has "
        f"{net_t} t. Make a new agreement for this load."
    )


def draw_more(share: Share, tonnes: Decimal) -> None:
    """Take more tonnes for loads that have left: what the agreement has reserved first, then what the lot has free.

    Raises Conflict `insufficient_quantity` with `available_t`, and the `month` of a recurring one.
    """
    reserved = min(tonnes, share.reserved_t)
    ship_tonnes(share.stock, reserved, tonnes - reserved)
    share.count(tonnes)


def give_back(session: Session, share: Share, tonnes: Decimal) -> None:
    """Return tonnes to the producer: free in the agreement while it lives, else on the lot."""
    before = share.reserved_t
    share.count(-tonnes)
    reserved_again = share.reserved_t - before
    return_tonnes(session, share.lot, reserved_again, tonnes - reserved_again, share.stock)
