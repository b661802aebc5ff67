"""What must hold of an exchange whatever was done to it, recomputed from its loads and agreements by plain rules."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.auth.actor import Actor
from app.core.clock import business_date
from app.core.quantities import ZERO
from app.exchange.models import Agreement, Correction, Shipment
from app.ledger.models import Balance, LedgerHead, LedgerTransaction
from app.ledger.verification import find_differences
from app.lots.models import Lot
from app.statistics.queries import read_utilisation
from app.statistics.schemas import UtilisationQuery, UtilisationRow

Tonnes = Decimal
_BY_MONTH = {"from": "", "to": "", "group_by": "month"}


@dataclass(frozen=True)
class Weighed:
    """Where the tonnes of a load are by its two weights, worked out from section 6 of the contract alone."""

    taken_in_t: Tonnes
    given_back_t: Tonnes
    difference_t: Tonnes
    on_the_way_t: Tonnes
    disputed: bool

    @property
    def left_t(self) -> Tonnes:
        """What has left the producer and not come back."""
        return self.taken_in_t + self.difference_t + self.on_the_way_t


def weigh(load: Shipment) -> Weighed:
    """Return where the tonnes of a load are."""
    if load.status == "voided":
        return Weighed(ZERO, ZERO, ZERO, ZERO, disputed=False)
    if load.accepted_t is None or load.refused_t is None:
        return Weighed(ZERO, ZERO, ZERO, load.net_t, disputed=False)
    difference = load.net_t - load.accepted_t - load.refused_t
    if abs(difference) <= max(load.net_t / 200, Decimal("0.1")):
        return Weighed(load.accepted_t, load.refused_t, difference, ZERO, disputed=False)
    back = min(load.refused_t, load.net_t)
    taken = min(load.accepted_t, load.net_t - back)
    return Weighed(taken, back, ZERO, load.net_t - back - taken, disputed=True)


def assert_sound(session: Session, authority: Actor, first: str, last: str) -> None:
    """Assert all that must hold in one state of an exchange: ledger, market and the statistics from month to month."""
    assert list(find_differences(session)) == []
    loads = session.scalars(select(Shipment)).all()
    _assert_loads_stand_in_the_ledger(session, loads)
    _assert_lots_add_up(session, loads)
    _assert_months_continue(statistics(session, authority, **_BY_MONTH | {"from": first, "to": last}))


def _assert_loads_stand_in_the_ledger(session: Session, loads: Iterable[Shipment]) -> None:
    """Assert that what is on the road, with recyclers, used and between two bridges is what the loads say."""
    due: dict[Any, Tonnes] = defaultdict(Decimal)
    for load in loads:
        where = weigh(load)
        assert load.disputed == where.disputed
        year = load.stock_year if load.stock_year is not None else business_date(load.dispatched_at).year
        due[load.origin_site_id, "in_transit", year] += where.on_the_way_t
        due[load.origin_site_id, "weighing_difference", year] += where.difference_t
        due[load.origin_site_id, "taken_in", year] += where.taken_in_t
    there: dict[Any, Tonnes] = defaultdict(Decimal)
    names = {"received": "taken_in", "utilised": "taken_in"}
    for balance in session.scalars(select(Balance)):
        assert balance.quantity_t >= ZERO or balance.account not in {"storage", "in_transit", "received"}
        name = names.get(balance.account, balance.account)
        if name in {"in_transit", "weighing_difference", "taken_in"}:
            there[balance.origin_site_id, name, balance.stock_year] += balance.quantity_t
    for key in due.keys() | there.keys():
        assert due[key] == there[key], key


def _assert_lots_add_up(session: Session, loads: Iterable[Shipment]) -> None:
    """Assert that available is the quantity less what agreements reserve and loads have taken away."""
    shipped: dict[Any, Tonnes] = defaultdict(Decimal)
    for load in loads:
        shipped[load.agreement_id] += weigh(load).left_t
    reserved_of: dict[Any, Tonnes] = defaultdict(Decimal)
    shipped_of: dict[Any, Tonnes] = defaultdict(Decimal)
    for agreement in session.scalars(select(Agreement)):
        assert agreement.shipped_t == shipped[agreement.id]
        shipped_of[agreement.lot_id] += agreement.shipped_t
        if agreement.status == "accepted":
            reserved_of[agreement.lot_id] += max(ZERO, agreement.quantity_t - agreement.shipped_t)
    for lot in session.scalars(select(Lot)):
        available_t = lot.quantity_t - reserved_of[lot.id] - shipped_of[lot.id]
        assert (lot.reserved_t, lot.shipped_t) == (reserved_of[lot.id], shipped_of[lot.id])
        assert lot.available_t == available_t >= ZERO
        assert (lot.status == "exhausted") == (available_t == ZERO and lot.status != "withdrawn")


def _assert_months_continue(rows: Iterable[UtilisationRow]) -> None:
    """G = (U - Up) + S + (D - Dp) + W and closing = opening + adjustment + S - Up - Dp on every row.

    The stock is never below zero at the end of all (the total, which comes last). At the end of a month it can be: what
    is posted late draws on the storage of its year as it is now, of which a part may have been stated for later months.
    """
    row = None
    for row in rows:
        figures = {name: value for name, value in row if isinstance(value, Decimal)}
        used = figures["utilised_t"] - figures["utilised_from_prior_t"]
        disposed = figures["disposed_t"] - figures["disposed_from_prior_t"]
        assert figures["generated_t"] == used + figures["stored_t"] + disposed + figures["discarded_t"], row
        gone = figures["utilised_from_prior_t"] + figures["disposed_from_prior_t"]
        opening = figures["opening_t"] + figures["prior_stock_adjustment_t"]
        assert figures["closing_t"] == opening + figures["stored_t"] - gone, row
    assert row is not None
    assert (row.closing_t or ZERO) >= ZERO, row


def statistics(session: Session, actor: Actor, **question: str) -> Iterator[UtilisationRow]:
    """Yield the rows of an answer and its total."""
    answer = read_utilisation(session, actor, UtilisationQuery.model_validate(question))
    yield from answer.items
    yield answer.total


def published(session: Session, actor: Actor, questions: Iterable[dict[str, str]], first: str, last: str) -> list[str]:
    """Return the answers of the statistics about some months as text, but for the time of reading."""
    asked = (UtilisationQuery.model_validate(question | {"from": first, "to": last}) for question in questions)
    return [read_utilisation(session, actor, query).model_dump_json(exclude={"as_of"}) for query in asked]


def fingerprint(session: Session) -> tuple[Any, ...]:
    """Return what changes with every write: the states of what is traded, and how much is posted."""
    states = [
        [tuple(row) for row in session.execute(select(table.id, table.version, table.status).order_by(table.id))]
        for table in (Lot, Agreement, Shipment, Correction)
    ]
    posted = session.scalar(select(func.count()).select_from(LedgerTransaction))
    return (*states, posted, session.scalars(select(LedgerHead.closed_to)).all())
