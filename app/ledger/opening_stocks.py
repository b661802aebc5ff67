"""Opening stocks: what a site held of an earlier year's waste; absolute, a later one replaces it."""

from datetime import date

from sqlalchemy.orm import Session

from app.auth.actor import Actor
from app.auth.events import event_by
from app.core.database import new_id
from app.core.errors import Conflict
from app.core.quantities import ZERO
from app.events.record import record_event
from app.events.types import EventType
from app.ledger.accounts import Account, Kind, Leg, Posting, move
from app.ledger.models import OpeningStock, OpeningStockId
from app.ledger.posting import lock_sites, post, transaction_of
from app.ledger.queries import current_opening_stock, storage_by_year
from app.ledger.schemas import OpeningStockPost
from app.organisations.service import check_own_site


def record_opening_stock(session: Session, actor: Actor, wish: OpeningStockPost) -> OpeningStock:
    """Store an opening stock and post it on 1 January after its stock year; an earlier one is reversed.

    Raises Conflict `opening_less_than_used` with `least_stored_t` when more of it has already left storage.
    """
    check_own_site(session, actor, wish.site_id)
    lock_sites(session, wish.site_id)
    earlier = current_opening_stock(session, wish.site_id, wish.material, wish.stock_year)
    stored = storage_by_year(session, wish.site_id, wish.material).get(wish.stock_year, ZERO)
    left = (earlier.stored_t if earlier else ZERO) - stored
    if wish.stored_t < left:
        detail = f"{left} t of it have already left storage; state at least that much."
        raise Conflict("opening_less_than_used", detail, least_stored_t=left)
    opening = OpeningStock(id=OpeningStockId(new_id()), organisation_id=actor.organisation_id, **wish.model_dump())
    postings = [_posting(opening)]
    if earlier is not None:
        transaction_id, legs = transaction_of(session, "opening_stock", earlier.id)
        undone = tuple(leg.negated() for leg in legs)
        day = _posted_on(earlier)
        postings.insert(0, Posting(Kind.OPENING, day, "opening_replaced", opening.id, undone, transaction_id))
        earlier.replaced_by = opening.id
        session.flush()
    session.add(opening)
    session.flush()
    post(session, *postings)
    data = {"site_id": str(opening.site_id), "material": opening.material, "stock_year": opening.stock_year}
    subject = ("opening_stock", opening.id)
    record_event(session, event_by(actor, EventType.OPENING_STOCK_RECORDED, subject, [opening.organisation_id], data))
    return opening


def _posted_on(opening: OpeningStock) -> date:
    """Return 1 January after the stock year: the day on which its waste became stock of an earlier year."""
    return date(opening.stock_year + 1, 1, 1)


def _posting(opening: OpeningStock) -> Posting:
    site, material = opening.site_id, opening.material
    source = Leg(Account.OPENING, site, material, site, opening.stock_year, -opening.stored_t)
    legs = (source, move(source, Account.STORAGE))
    return Posting(Kind.OPENING, _posted_on(opening), "opening_stock", opening.id, legs)
