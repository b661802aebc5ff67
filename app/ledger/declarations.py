"""Monthly declarations: absolute totals, of which the ledger posts what is not yet posted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from app.auth.actor import Actor
from app.auth.events import event_by
from app.core.clock import last_day, year_of
from app.core.database import new_id
from app.core.errors import Conflict, NotFound
from app.core.quantities import ZERO
from app.events.record import NewEvent, record_event, record_events
from app.events.types import EventType
from app.ledger.accounts import Account, Kind, Leg, Posting, move, posting_month
from app.ledger.models import Declaration, DeclarationId
from app.ledger.posting import hold_open_months, lock_sites, post, transaction_of
from app.ledger.queries import current_declaration, generated_t, read_books, storage_by_year
from app.ledger.schemas import DeclarationPost
from app.organisations.service import check_own_site

#: Declared total, its of-which prior part (None: only this year's waste), and the sink that both go to.
_SINKS = (
    ("self_utilised_t", "self_utilised_from_prior_t", Account.SELF_UTILISED),
    ("entrusted_utilised_t", "entrusted_utilised_from_prior_t", Account.ENTRUSTED_UTILISED),
    ("disposed_t", "disposed_from_prior_t", Account.DISPOSED),
    ("entrusted_disposed_t", "entrusted_disposed_from_prior_t", Account.ENTRUSTED_DISPOSED),
    ("discarded_t", None, Account.DISCARDED),
)


@dataclass(frozen=True)
class Stream:
    """One material at one producer's site: the legs of its storage."""

    site_id: UUID
    material: str

    def leg(self, account: Account, stock_year: int, quantity_t: Decimal) -> Leg:
        """Return a leg at the site, of waste generated there."""
        return Leg(account, self.site_id, self.material, self.site_id, stock_year, quantity_t)


def declare(session: Session, actor: Actor, wish: DeclarationPost) -> Declaration:
    """Store a month's totals and post the difference to what is posted; an earlier declaration is reversed.

    Of a closed month, both count in the earliest open one: together they are the difference to what is published.
    Raises Conflict `declared_less_than_dispatched` with `least_generated_t` when storage would go below zero, and
    `insufficient_stock` with `in_stock_t` when the prior parts exceed the stock of earlier years.
    """
    check_own_site(session, actor, wish.site_id)
    lock_sites(session, wish.site_id)
    stream = Stream(wish.site_id, wish.material)
    earlier = current_declaration(session, wish.site_id, wish.material, wish.month)
    declaration = _declaration(actor, wish, hold_open_months(session))
    reversals = [] if earlier is None else [_reversal(session, earlier, declaration.id)]
    given_back = [leg for reversal in reversals for leg in reversal.legs]
    stored, posted = _state(session, wish, given_back)
    legs = _legs(stream, wish, stored, posted)
    if earlier is not None:
        earlier.replaced_by = declaration.id
        session.flush()
    session.add(declaration)
    session.flush()
    posting = Posting(Kind.DECLARATION, last_day(wish.month), "declaration", declaration.id, tuple(legs))
    post(session, *reversals, posting)
    record_event(session, _declared(actor, declaration))
    return declaration


def declare_first(session: Session, wishes: Sequence[tuple[Actor, DeclarationPost]]) -> None:
    """Store declarations of months that have none yet, of any streams, in few statements however many they are.

    The months of a stream stand in their order. Raises what `declare` raises, and Conflict `already_declared`.
    """
    if not wishes:
        return
    lock_sites(session, *{wish.site_id for _, wish in wishes})
    books = read_books(session, {wish.site_id for _, wish in wishes})
    closed_to = hold_open_months(session)
    declarations, postings = [], []
    for actor, wish in wishes:
        if books.owners.get(wish.site_id) != actor.organisation_id:
            raise NotFound("site")
        month = (wish.site_id, wish.material, wish.month)
        if month in books.declared:
            raise Conflict("already_declared", f"{wish.material} of {wish.month} is declared already.")
        books.declared.add(month)
        stored = books.stored.setdefault(month[:2], {})
        legs = _legs(Stream(wish.site_id, wish.material), wish, stored, books.generated.get(month, ZERO))
        declaration = _declaration(actor, wish, closed_to)
        declarations.append(declaration)
        postings.append(Posting(Kind.DECLARATION, last_day(wish.month), "declaration", declaration.id, tuple(legs)))
    session.add_all(declarations)
    session.flush()
    post(session, *postings)
    told = zip(wishes, declarations, strict=True)
    record_events(session, [_declared(actor, declaration) for (actor, _), declaration in told])


def _declaration(actor: Actor, wish: DeclarationPost, closed_to: str) -> Declaration:
    return Declaration(
        id=DeclarationId(new_id()),
        organisation_id=actor.organisation_id,
        posted_in=posting_month(last_day(wish.month), closed_to),
        **wish.model_dump(),
    )


def _declared(actor: Actor, declaration: Declaration) -> NewEvent:
    data = {"site_id": str(declaration.site_id), "material": declaration.material, "month": declaration.month}
    subject = ("declaration", declaration.id)
    return event_by(actor, EventType.DECLARATION_RECORDED, subject, [declaration.organisation_id], data)


def _reversal(session: Session, earlier: Declaration, by: DeclarationId) -> Posting:
    transaction_id, legs = transaction_of(session, "declaration", earlier.id)
    undone = tuple(leg.negated() for leg in legs)
    return Posting(
        Kind.DECLARATION, last_day(earlier.month), "declaration_replaced", by, undone, reversal_of=transaction_id
    )


def _state(session: Session, wish: DeclarationPost, given_back: list[Leg]) -> tuple[dict[int, Decimal], Decimal]:
    """Return storage by stock year and what the month has generated, as they are once `given_back` is posted."""
    stored = storage_by_year(session, wish.site_id, wish.material)
    posted = generated_t(session, wish.site_id, wish.material, wish.month)
    for leg in given_back:
        if leg.account is Account.STORAGE:
            stored[leg.stock_year] = stored.get(leg.stock_year, ZERO) + leg.quantity_t
        if leg.is_generation:
            posted -= leg.quantity_t
    return stored, posted


def _legs(stream: Stream, wish: DeclarationPost, stored: dict[int, Decimal], posted: Decimal) -> list[Leg]:
    """Return the legs of a declaration of a month that has generated `posted`; `stored` is drawn on in place."""
    year = year_of(wish.month)
    missing = wish.generated_t - posted
    legs = [stream.leg(Account.GENERATION, year, -missing), stream.leg(Account.STORAGE, year, missing)]
    stored[year] = stored.get(year, ZERO) + missing
    for total, prior, sink in _amounts(wish):
        if not total:
            continue
        for stock_year, taken in [*_oldest_first(stored, year, prior), (year, total - prior)]:
            stored[stock_year] -= taken
            out = stream.leg(Account.STORAGE, stock_year, -taken)
            legs += [out, move(out, sink)]
    if stored[year] < ZERO:
        least = wish.generated_t - stored[year]
        detail = f"what was dispatched, used and disposed of needs at least {least} t generated in {wish.month}."
        raise Conflict("declared_less_than_dispatched", detail, least_generated_t=least)
    return legs


def _amounts(wish: DeclarationPost) -> Iterator[tuple[Decimal, Decimal, Account]]:
    for total, prior, sink in _SINKS:
        yield getattr(wish, total), ZERO if prior is None else getattr(wish, prior), sink


def _oldest_first(stored: dict[int, Decimal], year: int, wanted: Decimal) -> list[tuple[int, Decimal]]:
    """Return how `wanted` tonnes are drawn on stock years before `year`, oldest first; raises Conflict."""
    draws = []
    remaining = wanted
    for stock_year in sorted(y for y in stored if y < year):
        taken = min(remaining, max(ZERO, stored[stock_year]))
        if taken:
            draws.append((stock_year, taken))
            remaining -= taken
    if remaining:
        there = wanted - remaining
        detail = f"{there} t of earlier years are in storage; post the opening stock first, or declare less from it."
        raise Conflict("insufficient_stock", detail, in_stock_t=there)
    return draws
