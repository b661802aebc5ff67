"""Whatever is done in whatever order: tonnes are conserved, no stock is negative, the identity of the rate holds."""

from contextlib import ExitStack

import hypothesis.strategies as st
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from starlette.testclient import TestClient

from app.core.clock import today
from app.core.database import Database
from app.ledger.accounts import next_month
from app.ledger.verification import find_differences
from tests.databases import Templates
from tests.factories import Body, Deal, World
from tests.ledger.closing import published

YEAR = today().year - 1
MONTHS = st.sampled_from([f"{YEAR - 1}-12", f"{YEAR}-01", f"{YEAR}-02", f"{YEAR}-03"])
TONNES = st.integers(1, 60_000).map(lambda kilograms: kilograms / 1000)
SHARES = st.floats(0, 1)
REFUSED = {409, 422}
#: Months that are closed one after the other, at any time.
CLOSED = [f"{YEAR - 1}-12", f"{YEAR}-01", f"{YEAR}-02"]


def _part(whole: float, share: float) -> float:
    return round(whole * share, 3)


class Exchange(RuleBasedStateMachine):
    """One producer and one recycler doing anything they may, and much that they may not, while months are closed."""

    application: FastAPI
    templates: Templates
    engine: str

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.database = Database(self.stack.enter_context(self.templates.copy(self.engine)))
        self.application.state.database = self.database
        self.world = World(TestClient(self.application), self.database)
        self.deal: Deal = self.world.deal(100_000)
        self.authority = self.world.government("50")
        self.on_the_way: list[Body] = []
        self.uses: list[Body] = []
        self.operator = self.world.operator()
        self.published: dict[str, list[str]] = {}

    def teardown(self) -> None:
        """Drop the database."""
        self.database.dispose()
        self.stack.close()

    def _post(self, path: str, body: Body | None = None, *, by_recycler: bool = False) -> Body | None:
        member = self.deal.recycler if by_recycler else self.deal.producer
        answer = member.request("POST", path, json=body)
        assert answer.status_code in {200, 201} | REFUSED, answer.text
        return None if answer.status_code in REFUSED else answer.json()

    @rule(month=MONTHS, tonnes=TONNES, own=SHARES, prior=SHARES, disposed=SHARES, entrusted=SHARES)
    def declare(self, month: str, tonnes: float, own: float, prior: float, disposed: float, entrusted: float) -> None:
        used, gone = _part(tonnes, own), _part(tonnes, disposed)
        body = {
            "site_id": self.deal.origin,
            "material": "phosphogypsum",
            "month": month,
            "generated_t": tonnes,
            "self_utilised_t": used,
            "self_utilised_from_prior_t": _part(used, prior),
            "disposed_t": gone,
            "disposed_from_prior_t": _part(gone, prior),
            "entrusted_utilised_t": _part(tonnes, entrusted),
            "discarded_t": _part(tonnes, entrusted * own),
        }
        self._post("/declarations", body)

    @rule(year=st.sampled_from([YEAR - 2, YEAR - 1]), tonnes=TONNES)
    def state_opening_stock(self, year: int, tonnes: float) -> None:
        stock = {"site_id": self.deal.origin, "material": "phosphogypsum", "stock_year": year, "stored_t": tonnes}
        self._post("/opening-stocks", stock)

    @rule(month=MONTHS, tonnes=TONNES, prior=st.sampled_from([None, None, YEAR - 1, YEAR - 2]))
    def dispatch(self, month: str, tonnes: float, prior: int | None) -> None:
        number = f"T-{len(self.on_the_way)}-{self.world.next_number()}"
        ticket = {
            "ticket_no": number,
            "vehicle_plate": "渝A12345",
            "dispatched_at": f"{month}-15T04:00:00Z",
            "net_t": tonnes,
            "stock_year": prior,
        }
        load = self._post(f"/agreements/{self.deal.agreement['id']}/shipments", ticket)
        if load is not None:
            self.on_the_way.append(load)

    @precondition(lambda self: self.on_the_way)
    @rule(data=st.data(), gain=st.integers(-200, 200), refused=SHARES, later=st.booleans())
    def receive(self, data: st.DataObject, gain: int, refused: float, later: bool) -> None:  # noqa: FBT001
        load = self.on_the_way.pop(data.draw(st.integers(0, len(self.on_the_way) - 1)))
        net = max(0.001, round(load["net_t"] + gain / 1000, 3))
        month = f"{YEAR}-04" if later else load["dispatched_at"][:7]
        receipt = {
            "received_at": f"{month}-16T04:00:00Z",
            "net_t": net,
            "refused_t": _part(net, refused),
            "reason": "wet",
        }
        assert self._post(f"/shipments/{load['id']}/receipt", receipt, by_recycler=True) is not None

    @precondition(lambda self: self.on_the_way)
    @rule(data=st.data())
    def void(self, data: st.DataObject) -> None:
        load = self.on_the_way.pop(data.draw(st.integers(0, len(self.on_the_way) - 1)))
        assert self._post(f"/shipments/{load['id']}/void") is not None

    @rule(tonnes=TONNES, month=MONTHS)
    def use(self, tonnes: float, month: str) -> None:
        body = {
            "site_id": self.deal.destination,
            "material": "phosphogypsum",
            "utilised_on": f"{month}-28",
            "quantity_t": tonnes,
            "use": "cement_retarder",
            "batch_no": f"B-{self.world.next_number()}",
        }
        used = self._post("/utilisations", body, by_recycler=True)
        if used is not None:
            self.uses.append(used)

    @precondition(lambda self: self.uses)
    @rule()
    def reverse_use(self) -> None:
        used = self.uses.pop()
        assert self._post(f"/utilisations/{used['id']}/reverse", by_recycler=True) is not None

    @precondition(lambda self: len(self.published) < len(CLOSED))
    @rule()
    def close_month(self) -> None:
        """Close the next month, with all months that must be closed before it."""
        target = CLOSED[len(self.published)]
        month = target
        while month <= target:
            answer = self.operator.request("POST", f"/ledger/periods/{month}/close")
            if answer.status_code == 200:
                month = next_month(month)
                continue
            assert answer.status_code == 409, answer.text
            month = answer.json()["earliest_open_month"]
        self.published[target] = published(self.authority, f"{YEAR - 2}-01", target)

    @invariant()
    def closed_months_stay_as_published(self) -> None:
        if self.published:  # the last month says what was before it too
            last = max(self.published)
            assert published(self.authority, f"{YEAR - 2}-01", last) == self.published[last]

    @invariant()
    def the_books_are_sound(self) -> None:
        with self.database.snapshot() as session:
            assert list(find_differences(session)) == []
        period = {"from": f"{YEAR - 1}-01", "to": f"{YEAR}-12", "group_by": "month"}
        answer = self.authority.get("/statistics/utilisation", **period)
        for row in [*answer["items"], answer["total"]]:
            fresh_use = row["utilised_t"] - row["utilised_from_prior_t"]
            fresh_disposal = row["disposed_t"] - row["disposed_from_prior_t"]
            accounted = fresh_use + row["stored_t"] + fresh_disposal + row["discarded_t"]
            assert row["generated_t"] == pytest.approx(accounted, abs=1e-6)
            left = row["stored_t"] - row["utilised_from_prior_t"] - row["disposed_from_prior_t"]
            closing = row["opening_t"] + row["prior_stock_adjustment_t"] + left
            assert row["closing_t"] == pytest.approx(closing, abs=1e-6)


@pytest.mark.parametrize(("engine", "runs"), [("sqlite", 6), ("postgresql", 3)])
def test_tonnes_are_conserved(engine: str, runs: int, application: FastAPI, templates: Templates) -> None:
    bound = type("BoundExchange", (Exchange,), {"engine": engine, "application": application, "templates": templates})
    checks = list(HealthCheck)
    run_state_machine_as_test(
        bound, settings=settings(max_examples=runs, stateful_step_count=15, deadline=None, suppress_health_check=checks)
    )
