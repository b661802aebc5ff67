"""Eight clients reserve, release and read one lot at once: their answers are those of one clerk."""

import random
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from threading import Barrier
from uuid import UUID

import httpx2
import pytest

from app.core.clock import today
from app.core.database import Database
from app.exchange.models import Agreement
from tests.drills import examples
from tests.factories import Deal, Member, World
from tests.programs import PATIENCE_SECONDS
from tests.reliability.linearizability import Act, Operation, find_order
from tests.served import Served, serving

CLIENTS = 8
OPERATIONS = examples(20, 100)
RUNS = examples(1, 50)
LOT_T = 30
SIZES_T = (1, 2, 3, 5, 8)


def _op(act: Act, quantity_t: int, seen_t: int | None, called: int, answered: int) -> Operation:
    return Operation(act, quantity_t, seen_t, called, answered)


GOOD = {
    "one after another": [
        [_op(Act.RESERVE, 6, None, 0, 1), _op(Act.READ, 0, 4, 2, 3), _op(Act.RELEASE, 6, None, 4, 5)],
        [_op(Act.READ, 0, 10, 6, 7)],
    ],
    "a read beside a reservation sees it or not": [
        [_op(Act.RESERVE, 6, None, 0, 9)],
        [_op(Act.READ, 0, 10, 1, 2), _op(Act.READ, 0, 4, 3, 4)],
    ],
    "one of two is refused": [[_op(Act.RESERVE, 6, None, 0, 9)], [_op(Act.RESERVE, 6, 4, 1, 8)]],
    "the later answer came first": [
        [_op(Act.RESERVE, 10, None, 0, 9)],
        [_op(Act.RESERVE, 5, 0, 1, 2)],
        [_op(Act.READ, 0, 0, 3, 4)],
    ],
}
BAD = {
    "oversold": [[_op(Act.RESERVE, 6, None, 0, 9)], [_op(Act.RESERVE, 6, None, 1, 8)]],
    "a read that is stale": [[_op(Act.RESERVE, 6, None, 0, 1)], [_op(Act.READ, 0, 10, 2, 3)]],
    "a read of what is still to come": [[_op(Act.READ, 0, 4, 0, 1)], [_op(Act.RESERVE, 6, None, 2, 3)]],
    "a reservation seen and then not": [
        [_op(Act.RESERVE, 6, None, 0, 9)],
        [_op(Act.READ, 0, 4, 1, 2), _op(Act.READ, 0, 10, 3, 4)],
    ],
    "refused though there was room": [[_op(Act.RESERVE, 6, 5, 0, 1)], [_op(Act.READ, 0, 10, 2, 3)]],
    "a release that is lost": [
        [_op(Act.RESERVE, 6, None, 0, 1), _op(Act.RELEASE, 6, None, 2, 3)],
        [_op(Act.READ, 0, 4, 4, 5)],
    ],
    "two readers who see different orders": [
        [_op(Act.RESERVE, 1, None, 0, 9)],
        [_op(Act.RESERVE, 2, None, 0, 9)],
        [_op(Act.READ, 0, 9, 1, 2), _op(Act.READ, 0, 7, 3, 4)],
        [_op(Act.READ, 0, 8, 1, 2), _op(Act.READ, 0, 7, 3, 4)],
    ],
}


@pytest.mark.parametrize("history", GOOD.values(), ids=GOOD)
def test_a_good_history_is_let_pass(history: list[list[Operation]]) -> None:
    order = find_order(history, 10)
    assert order is not None
    assert sorted(order, key=repr) == sorted((operation for client in history for operation in client), key=repr)


@pytest.mark.parametrize("history", BAD.values(), ids=BAD)
def test_a_bad_history_is_rejected(history: list[list[Operation]]) -> None:
    assert find_order(history, 10) is None


@dataclass
class Clerk:
    """One client with proposals of its own: it accepts them, cancels them, and reads the lot."""

    member: Member
    lot_id: str
    proposals: list[tuple[str, int]]
    chance: random.Random

    def work(self, start: Barrier) -> list[Operation]:
        """Return the operations that it did, in their order."""
        reserved: list[tuple[str, int]] = []
        start.wait()
        return [self._act(reserved) for _ in range(OPERATIONS)]

    def _act(self, reserved: list[tuple[str, int]]) -> Operation:
        drawn = self.chance.random()
        if drawn < 0.35 and reserved:
            agreement, quantity_t = reserved.pop(self.chance.randrange(len(reserved)))
            return self._ask(Act.RELEASE, quantity_t, "POST", f"/agreements/{agreement}/cancel")
        if drawn < 0.6:
            return self._ask(Act.READ, 0, "GET", f"/lots/{self.lot_id}")
        agreement, quantity_t = self.proposals[-1]
        operation = self._ask(Act.RESERVE, quantity_t, "POST", f"/agreements/{agreement}/accept")
        if operation.seen_t is None:
            reserved.append(self.proposals.pop())
        return operation

    def _ask(self, act: Act, quantity_t: int, method: str, path: str) -> Operation:
        called = time.monotonic_ns()
        answer = self.member.request(method, path)
        answered = time.monotonic_ns()
        body = answer.json()
        is_refused = act is Act.RESERVE and answer.status_code == httpx2.codes.CONFLICT
        assert answer.status_code == httpx2.codes.OK or body["code"] == "insufficient_quantity", answer.text
        seen_t = round(body["available_t"]) if is_refused or act is Act.READ else None
        return Operation(act, quantity_t, seen_t, called, answered)


def _propose(database: Database, deal: Deal, chance: random.Random) -> list[tuple[str, int]]:
    """Store as many proposals as one client can need, as the recycler's."""
    terms = {
        "lot_id": UUID(deal.lot["id"]),
        "material": "phosphogypsum",
        "origin_site_id": UUID(deal.origin),
        "destination_site_id": UUID(deal.destination),
        "producer_organisation_id": UUID(deal.producer.id),
        "recycler_organisation_id": UUID(deal.recycler.id),
        "proposed_by": UUID(deal.recycler.id),
        "price_cny_per_t": Decimal(-15),
        "starts_on": date(today().year, 1, 1),
        "ends_on": date(today().year, 12, 31),
        "status": "proposed",
    }
    sizes = [chance.choice(SIZES_T) for _ in range(OPERATIONS)]
    with database.write() as session:
        made = [Agreement(quantity_t=Decimal(size), **terms) for size in sizes]
        session.add_all(made)
        session.flush()
        proposals = [(str(agreement.id), size) for agreement, size in zip(made, sizes, strict=True)]
        session.commit()
    return proposals


def _record(served: Served, database: Database, chance: random.Random) -> Sequence[Sequence[Operation]]:
    """Return the history of one run on a new lot."""
    with served.connect() as client:
        world = World(client, database)  # type: ignore[arg-type]  # it has the same `request`
        deal = Deal(world.producer(), world.recycler(), "", "", {}, {})
        sites = {"origin": world.site(deal.producer)["id"], "destination": world.site(deal.recycler)["id"]}
        deal = replace(deal, **sites).offer(LOT_T)
    connections = [served.connect() for _ in range(CLIENTS)]
    clerks = [
        Clerk(
            replace(deal.producer, client=connection),  # type: ignore[arg-type]  # as above
            deal.lot["id"],
            _propose(database, deal, chance),
            random.Random(chance.random()),
        )
        for connection in connections
    ]
    start = Barrier(CLIENTS)
    with ThreadPoolExecutor(CLIENTS) as threads:
        running = [threads.submit(clerk.work, start) for clerk in clerks]
        history = [client.result(PATIENCE_SECONDS * 2) for client in running]
    for connection in connections:
        connection.close()
    return history


@pytest.mark.drill
def test_a_lot_is_as_one_clerk_would_keep_it(engine: str, database_url: str, tmp_path: Path) -> None:
    database, chance = Database(database_url).as_exchange(), random.Random(f"clerk {engine}")
    with serving(Served(database_url, tmp_path)) as served:
        for run in range(RUNS):
            history = _record(served, database, chance)
            refused = sum(op.act is Act.RESERVE and op.seen_t is not None for client in history for op in client)
            assert refused > 0, "nobody was ever refused: the lot is too large for this drill"
            assert find_order(history, LOT_T) is not None, f"run {run}: no order explains these answers: {history}"
    database.dispose()
