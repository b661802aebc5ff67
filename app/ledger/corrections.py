"""How a corrected load is posted: what it had posted is reversed and posted anew, in one act; nothing is edited."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.clock import business_date
from app.core.errors import Conflict
from app.core.quantities import ZERO
from app.ledger.accounts import Account, Kind, Posting
from app.ledger.loads import (
    Intake,
    Load,
    declaration_of,
    dispatch_posting,
    receipt_postings,
    received_load,
    undone_dispatch,
)
from app.ledger.models import ReceivedLoad
from app.ledger.posting import Posted, lock_sites, post, standing
from app.ledger.queries import storage_by_year


@dataclass(frozen=True)
class Booked:
    """A load as the ledger has it, or is to have it; `intake` is None while it is on its way."""

    load: Load
    received_at: datetime | None = None
    intake: Intake | None = None

    def is_dispatched_like(self, other: "Booked") -> bool:
        """Tell whether the dispatch of both is the same posting.

        By the stock year as it is given: a load that names this year's comes out of storage and never generates.
        """
        mine, theirs = self.load, other.load
        return (mine.net_t, mine.stock_year, mine.dispatched_on) == (
            theirs.net_t,
            theirs.stock_year,
            theirs.dispatched_on,
        )


def post_correction(
    session: Session, before: Booked, after: Booked, *, sources: Collection[UUID], correction_id: UUID
) -> Decimal | None:
    """Reverse what a load posted and post it as it is to be; return the tonnes dispatched beyond a declaration.

    None: its dispatch stays as it is. `sources` are what may have posted it: the shipment and its earlier corrections.
    Raises Conflict `already_used` where a use depends on what would change, and `insufficient_stock` where tonnes that
    would have to be in storage are not.
    """
    load = before.load
    lock_sites(session, load.origin_site_id, load.destination_site_id)
    held = session.get(ReceivedLoad, load.shipment_id, populate_existing=True)
    used_t = ZERO if before.intake is None or held is None else before.intake.taken_in_t - held.unused_t
    if used_t:
        _check_use(before, after, used_t)
    stands = standing(session, ["dispatch", "receipt", "refusal"], sources)
    storage = _Storage(storage_by_year(session, load.origin_site_id, load.material))
    storage.add(_reversals(stands, correction_id))
    beyond_t = None
    if not before.is_dispatched_like(after):
        storage.add([undone_dispatch(session, load, stands["dispatch"], "dispatch_reversal", correction_id)])
        stored_t = max(ZERO, storage.tonnes[after.load.year])
        is_declared = declaration_of(session, after.load) is not None
        dispatched, beyond_t = dispatch_posting(after.load, stored_t, correction_id, is_declared=is_declared)
        storage.add([dispatched])
    if after.intake is not None and after.received_at is not None:
        storage.add(receipt_postings(after.load, business_date(after.received_at), after.intake, correction_id))
        _hold(session, held, after, used_t)
    storage.check()
    post(session, *storage.postings)
    return beyond_t


class _Storage:
    """Postings to make, and what the producer's storage holds after them, by stock year."""

    def __init__(self, tonnes: Mapping[int, Decimal]) -> None:
        self.tonnes: dict[int, Decimal] = defaultdict(lambda: ZERO, tonnes)
        self.postings: list[Posting] = []

    def add(self, postings: Sequence[Posting]) -> None:
        self.postings += postings
        for leg in (leg for posting in postings for leg in posting.legs if leg.account is Account.STORAGE):
            self.tonnes[leg.stock_year] += leg.quantity_t

    def check(self) -> None:
        for year, tonnes in sorted(self.tonnes.items()):
            if tonnes < ZERO:
                detail = f"{-tonnes} t of stock year {year} that the load had given back have left storage since."
                raise Conflict("insufficient_stock", detail, missing_t=-tonnes)


def _check_use(before: Booked, after: Booked, used_t: Decimal) -> None:
    """Refuse what would change tonnes that are used: how many there were, of which year, since when, how verified."""
    was, becomes = before.intake, after.intake
    if was is None or becomes is None:
        raise AssertionError("what is used was received, and stays so")
    if (
        becomes.taken_in_t < used_t
        or before.load.year != after.load.year
        or (was.verified and not becomes.verified)
        or _is_later(after.received_at, before.received_at)
    ):
        detail = f"{used_t} t of the load are used already; reverse these uses first, then correct the load."
        raise Conflict("already_used", detail, used_t=used_t)


def _is_later(instant: datetime | None, other: datetime | None) -> bool:
    return instant is not None and other is not None and business_date(instant) > business_date(other)


def _reversals(stands: Mapping[str, Posted], correction_id: UUID) -> list[Posting]:
    """Return what undoes a receipt and its refusal, on the days that they were of."""
    kinds = {"receipt": Kind.RECEIPT, "refusal": Kind.REFUSAL}
    return [
        Posting(
            kind,
            stands[name].occurred_on,
            f"{name}_reversal",
            correction_id,
            tuple(leg.negated() for leg in stands[name].legs),
            stands[name].id,
        )
        for name, kind in kinds.items()
        if name in stands
    ]


def _hold(session: Session, held: ReceivedLoad | None, after: Booked, used_t: Decimal) -> None:
    """Make the recycler's stock of the load what is taken in less what is used."""
    if after.intake is None or after.received_at is None:
        return
    unused_t = after.intake.taken_in_t - used_t
    if held is None:
        if unused_t:
            session.add(ReceivedLoad(**received_load(after.load, after.received_at, after.intake, unused_t)))
        return
    held.unused_t, held.stock_year = unused_t, after.load.year
    held.received_at, held.verified = after.received_at, after.intake.verified
