"""A producer and a recycler who do anything they may, and much that they may not, in any order."""

from contextlib import ExitStack
from typing import Any

import hypothesis.strategies as st
from fastapi import FastAPI
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth.actor import Actor
from app.exchange.models import Correction
from app.organisations.callers import authenticate
from tests.databases import Templates
from tests.factories import PEPPER, Body, Member, World
from tests.ledger.beginning import FIRST_DAY, TEMPLATE, YEAR, Beginning
from tests.ledger.closing import QUESTIONS
from tests.ledger.soundness import assert_sound, fingerprint, published


def in_tonnes(kilograms: int) -> float:
    """Return kilograms as tonnes."""
    return kilograms / 1000


MONTHS = st.sampled_from([f"{YEAR - 1}-12", f"{YEAR}-01", f"{YEAR}-02", f"{YEAR}-03"])
TONNES = st.integers(1, 60_000).map(in_tonnes)
SHARES = st.floats(0, 1)
PICKS = st.integers(0, 1_000_000)
GAINS = st.integers(-200, 200)
STOCK_YEARS = st.sampled_from([None, None, YEAR - 1, YEAR - 2])
DONE, REFUSED = {200, 201}, {403, 409, 422}
#: Months that are closed one after the other, at any time.
CLOSED = [f"{YEAR - 1}-12", f"{YEAR}-01", f"{YEAR}-02"]


def part_of(whole: float, share: float) -> float:
    """Return a share of tonnes, whole kilograms."""
    return round(whole * share, 3)


class Exchange(RuleBasedStateMachine):
    """Several lots and agreements between one producer and one recycler, while months are closed."""

    application: FastAPI
    templates: Templates
    engine: str

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        url = self.stack.enter_context(self.templates.copy(self.engine, TEMPLATE))
        self.database = self.templates.open(url)
        self.application.state.database = self.database.as_nobody()
        begun: Beginning = self.templates.made(self.engine, TEMPLATE)
        self.deal, self.operator = begun.deal, begun.operator
        self.parties = (self.deal.producer, self.deal.recycler)
        self.lots: list[Body] = [self.deal.lot]
        self.agreements: list[Body] = [self.deal.agreement]
        self.proposals: list[Body] = []
        self.on_the_way, self.received = list(begun.on_the_way), list(begun.received)
        self.corrections: list[Body] = []
        self.uses: list[Body] = []
        #: Old and new values of every correction ever proposed.
        self.values: dict[str, tuple[Body, Body]] = {}
        self.published: dict[str, list[str]] = {}
        self.refused, self.steps = False, 0
        with self.database.snapshot() as session:
            self.authority: Actor = authenticate(session, begun.authority.key, PEPPER)
            self.before = fingerprint(session)

    def teardown(self) -> None:
        """Drop the database."""
        self.stack.close()

    def post(self, by: Member, path: str, body: Body | None = None) -> Body | None:
        """Return the answer, or None where the exchange refused."""
        answer = by.request("POST", path, json=body)
        self.refused = answer.status_code in REFUSED
        assert self.refused or answer.status_code in DONE, answer.text
        read: Body = answer.json()
        assert read.get("code") != "write_conflict", "nobody else is there to be in conflict with"
        return None if self.refused else read

    # The producer's books

    @rule(month=MONTHS, tonnes=TONNES, own=SHARES, prior=SHARES, disposed=SHARES, entrusted=SHARES)
    def declare(self, month: str, tonnes: float, own: float, prior: float, disposed: float, entrusted: float) -> None:
        used, gone = part_of(tonnes, own), part_of(tonnes, disposed)
        body = {
            "site_id": self.deal.origin,
            "material": "phosphogypsum",
            "month": month,
            "generated_t": tonnes,
            "self_utilised_t": used,
            "self_utilised_from_prior_t": part_of(used, prior),
            "disposed_t": gone,
            "disposed_from_prior_t": part_of(gone, prior),
            "entrusted_utilised_t": part_of(tonnes, entrusted),
            "discarded_t": part_of(tonnes, entrusted * own),
        }
        self.post(self.deal.producer, "/declarations", body)

    @rule(year=st.sampled_from([YEAR - 2, YEAR - 1]), tonnes=st.integers(20_000, 90_000).map(in_tonnes))
    def state_opening_stock(self, year: int, tonnes: float) -> None:
        stock = {"site_id": self.deal.origin, "material": "phosphogypsum", "stock_year": year, "stored_t": tonnes}
        self.post(self.deal.producer, "/opening-stocks", stock)

    # Lots and agreements

    @rule(tonnes=TONNES, stock_year=STOCK_YEARS)
    def list_lot(self, tonnes: float, stock_year: int | None) -> None:
        self.lots.append(self.deal.offer(tonnes, stock_year=stock_year).lot)

    @rule(pick=PICKS, tonnes=TONNES, withdraws=st.booleans())
    def change_lot(self, pick: int, tonnes: float, withdraws: bool) -> None:  # noqa: FBT001
        path = f"/lots/{self.lots[-1 - pick % len(self.lots)]['id']}"
        if withdraws and len(self.lots) > 1:
            self.post(self.deal.producer, f"{path}/withdraw")
            return
        answer = self.deal.producer.request("PATCH", path, json={"quantity_t": tonnes})
        self.refused = answer.status_code in REFUSED
        assert self.refused or answer.status_code in DONE, answer.text

    @rule(pick=PICKS, tonnes=TONNES, by_producer=st.booleans(), accepts=st.booleans())
    def reserve(self, pick: int, tonnes: float, by_producer: bool, accepts: bool) -> None:  # noqa: FBT001
        """Propose, and mostly let the other side accept at once."""
        wish = {
            "lot_id": self.lots[pick % len(self.lots)]["id"],
            "destination_site_id": self.deal.destination,
            "quantity_t": tonnes,
            "price_cny_per_t": -15,
            "starts_on": FIRST_DAY,
            "ends_on": f"{YEAR + 1}-12-31",
        }
        proposer, other = self.parties if by_producer else self.parties[::-1]
        proposed = self.post(proposer, "/agreements", wish)
        if proposed is None:
            return
        if accepts and self.post(other, f"/agreements/{proposed['id']}/accept") is not None:
            self.agreements.append(proposed)
        else:
            self.proposals.append(proposed)
            self.refused = False  # the proposal itself was taken

    @precondition(lambda self: self.proposals)
    @rule(pick=PICKS, by=st.integers(0, 1), action=st.sampled_from(["accept", "accept", "decline", "withdraw"]))
    def answer_proposal(self, pick: int, by: int, action: str) -> None:
        proposed = self.proposals[pick % len(self.proposals)]
        if self.post(self.parties[by], f"/agreements/{proposed['id']}/{action}") is not None and action == "accept":
            self.agreements.append(proposed)

    @rule(pick=PICKS, by=st.integers(0, 1), action=st.sampled_from(["cancel", "complete"]))
    def end_agreement(self, pick: int, by: int, action: str) -> None:
        agreement = self.agreements[pick % len(self.agreements)]
        self.post(self.parties[by], f"/agreements/{agreement['id']}/{action}")

    # Loads

    @rule(pick=PICKS, month=MONTHS, tonnes=TONNES, prior=STOCK_YEARS)
    def ship(self, pick: int, month: str, tonnes: float, prior: int | None) -> None:
        ticket = {
            "ticket_no": f"T-{World.next_number()}",
            "vehicle_plate": "渝A12345",
            "dispatched_at": f"{month}-15T04:00:00Z",
            "net_t": tonnes,
            "stock_year": prior,
        }
        agreement = self.agreements[pick % len(self.agreements)]
        load = self.post(self.deal.producer, f"/agreements/{agreement['id']}/shipments", ticket)
        if load is not None:
            self.on_the_way.append(load)

    def pick_load(self, pick: int, wanted: list[Body]) -> Body:
        """Return a load that is where it is wanted; now and then any, which the exchange must refuse."""
        choice = wanted if wanted and pick % 8 < 7 else [*self.on_the_way, *self.received]
        return choice[pick % len(choice)]

    @rule(pick=PICKS, gain=GAINS, refused=SHARES, wet=st.booleans(), later=st.booleans())
    def receive(self, pick: int, gain: int, refused: float, wet: bool, later: bool) -> None:  # noqa: FBT001
        """Receive a load, all of it or in part; the second weight lies inside the tolerance or outside."""
        load = self.pick_load(pick, self.on_the_way)
        net = max(0.001, round(load["net_t"] + gain / 1000, 3))
        month = f"{YEAR}-04" if later else load["dispatched_at"][:7]
        receipt = {"received_at": f"{month}-16T04:00:00Z", "net_t": net}
        if wet:
            receipt |= {"refused_t": part_of(net, refused), "reason": "wet"}
        if self.post(self.deal.recycler, f"/shipments/{load['id']}/receipt", receipt) is not None:
            self.on_the_way.remove(load)
            self.received.append(load)

    @precondition(lambda self: self.on_the_way)
    @rule(pick=PICKS)
    def void(self, pick: int) -> None:
        load = self.pick_load(pick, self.on_the_way)
        if self.post(self.deal.producer, f"/shipments/{load['id']}/void") is not None:
            self.on_the_way.remove(load)

    # Corrections

    @rule(
        pick=PICKS,
        by=st.integers(0, 1),
        gain=st.integers(-3000, 3000),
        month=MONTHS,
        what=st.sampled_from(["weight", "weight", "settle", "refusal", "date", "receipt", "year", "driver"]),
        consents=st.booleans(),
    )
    def correct(self, pick: int, by: int, gain: int, month: str, what: str, consents: bool) -> None:  # noqa: FBT001
        """Propose other values of a load wherever it is, and now and then have the other side's consent at once."""
        load = self.pick_load(pick, self.received if pick % 3 < 2 else self.on_the_way)
        load = self.parties[by].get(f"/shipments/{load['id']}")
        net = max(0.001, round(load["net_t"] + gain / 1000, 3))
        changes: Body = {
            "weight": {"net_t": net},
            "settle": {"net_t": net, "received_net_t": net, "refused_t": 0},
            "refusal": {"refused_t": part_of(net, abs(gain) / 3000), "received_net_t": net, "reason": "wet"},
            "date": {"dispatched_at": f"{month}-{10 + pick % 10}T04:00:00Z"},
            "receipt": {"received_at": f"{month}-{20 + pick % 5}T04:00:00Z"},
            "year": {"stock_year": YEAR - 1 if load["stock_year"] is None else None},
            "driver": {"driver_name": f"driver {pick}"},
        }[what]
        path = f"/shipments/{load['id']}/corrections"
        correction = self.post(self.parties[by], path, {"comment": "misread", **changes})
        if correction is None:
            return
        assert correction["before"] == {name: load[name] for name in correction["changes"]}
        assert correction["changes"].keys() <= changes.keys()
        self.values[correction["id"]] = correction["before"], correction["changes"]
        self.corrections.append(correction)
        if consents:
            self._decide(correction, 1 - by, "approve")
            self.refused = False  # the proposal itself was taken

    @precondition(lambda self: self.corrections)
    @rule(pick=PICKS, by=st.integers(0, 1), action=st.sampled_from(["approve", "approve", "reject"]))
    def decide_correction(self, pick: int, by: int, action: str) -> None:
        self._decide(self.corrections[pick % len(self.corrections)], by, action)

    def _decide(self, correction: Body, by: int, action: str) -> None:
        decided = self.post(self.parties[by], f"/corrections/{correction['id']}/{action}")
        if decided is None:
            return
        assert self.parties[by].id != correction["proposed_by"], "nobody consents to his own"
        load = self.parties[by].get(f"/shipments/{correction['shipment_id']}")
        if action == "approve":
            assert {name: load[name] for name in correction["changes"]} == correction["changes"]

    # Use

    @rule(tonnes=st.integers(1, 12_000).map(in_tonnes), month=MONTHS, pick=PICKS, names_load=st.booleans())
    def use(self, tonnes: float, month: str, pick: int, names_load: bool) -> None:  # noqa: FBT001
        body: Body = {
            "site_id": self.deal.destination,
            "material": "phosphogypsum",
            "utilised_on": f"{month}-28",
            "quantity_t": tonnes,
            "use": "cement_retarder",
            "batch_no": f"B-{World.next_number()}",
        }
        if names_load:
            body["shipment_ids"] = [self.pick_load(pick, self.received)["id"]]
        used = self.post(self.deal.recycler, "/utilisations", body)
        if used is not None:
            self.uses.append(used)

    @precondition(lambda self: self.uses)
    @rule(pick=PICKS)
    def reverse_use(self, pick: int) -> None:
        self.post(self.deal.recycler, f"/utilisations/{self.uses[pick % len(self.uses)]['id']}/reverse")

    # Closing

    @precondition(lambda self: len(self.published) < len(CLOSED))
    @rule()
    def close_month(self) -> None:
        target = CLOSED[len(self.published)]
        assert self.post(self.operator, f"/ledger/periods/{target}/close") is not None
        with self.database.snapshot() as session:
            self.published[target] = published(session, self.authority, QUESTIONS, f"{YEAR - 2}-01", target)

    @invariant()
    def all_is_sound(self) -> None:
        """Check the books, the market, the statistics and what is published, in one state of the database.

        A step that changed nothing leaves it as the step before was found.
        """
        with self.database.snapshot() as session:
            present = fingerprint(session)
            has_changed = present != self.before
            assert not (self.refused and has_changed), "what was refused changed something"
            if has_changed or self.steps == 0:
                self._check(session)
        self.before, self.refused, self.steps = present, False, self.steps + 1

    def _check(self, session: Session) -> None:
        assert_sound(session, self.authority, f"{YEAR - 1}-01", f"{YEAR}-12")
        if self.published:  # the last month says what was before it too; the questions take turns
            last, turn = max(self.published), self.steps % len(QUESTIONS)
            (answer,) = published(session, self.authority, QUESTIONS[turn : turn + 1], f"{YEAR - 2}-01", last)
            assert answer == self.published[last][turn]
        self._assert_values_are_kept(session.scalars(select(Correction)).all())

    def _assert_values_are_kept(self, corrections: Any) -> None:  # noqa: ANN401 - rows
        kept = {str(row.id): (row.before, row.changes) for row in corrections}
        assert kept == self.values
        waiting = [row.shipment_id for row in corrections if row.status == "pending"]
        assert len(waiting) == len(set(waiting)), "one pending at a time"
