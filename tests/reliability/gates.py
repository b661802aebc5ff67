"""Weighbridges that dispatch loads while servers die under them, and keep what was acknowledged to them."""

import time
from dataclasses import dataclass, field, replace
from threading import Event, Thread

import httpx2
from sqlalchemy import text

from app.core.clock import today
from app.core.database import Database
from tests.factories import Deal, World
from tests.programs import PATIENCE_SECONDS
from tests.served import Served

NET_T = 1
_LOT_T = 1_000_000


@dataclass
class Gate:
    """One weighbridge with an agreement of its own; every load has an Idempotency-Key."""

    served: Served
    deal: Deal
    name: str
    acknowledged: dict[str, str] = field(default_factory=dict)
    doubtful: list[str] = field(default_factory=list)
    surprises: list[str] = field(default_factory=list)
    sent: int = 0

    def work(self, stop: Event) -> None:
        """Dispatch loads one after another until told to stop; a server that is gone is asked again and again."""
        with self.served.connect() as client:
            while not stop.is_set():
                if not self.send_next(client):
                    stop.wait(0.01)

    def send_next(self, client: httpx2.Client) -> bool:
        """Dispatch one load more and tell whether it was acknowledged."""
        self.sent += 1
        return self._dispatch(client, f"{self.name}-{self.sent}")

    def send_doubtful_again(self) -> None:
        """Send every load again of which it is not known whether it was stored, with the key of the first time."""
        doubtful, self.doubtful = self.doubtful, []
        with self.served.connect() as client:
            for ticket in doubtful:
                self._dispatch(client, ticket)

    def _dispatch(self, client: httpx2.Client, ticket: str) -> bool:
        load = {"ticket_no": ticket, "vehicle_plate": "渝A12345", "net_t": NET_T}
        load["dispatched_at"] = f"{today().year - 1}-06-01T12:00:00+08:00"
        member = replace(self.deal.producer, client=client)  # type: ignore[arg-type]  # it has the same `request`
        path = f"/agreements/{self.deal.agreement['id']}/shipments"
        try:
            answer = member.request("POST", path, json=load, headers={"Idempotency-Key": ticket})
        except httpx2.TransportError:
            self.doubtful.append(ticket)
            return False
        if answer.status_code == httpx2.codes.CREATED:
            self.acknowledged[ticket] = answer.json()["id"]
            return True
        self.doubtful.append(ticket)
        if answer.status_code != httpx2.codes.SERVICE_UNAVAILABLE:
            self.surprises.append(f"{answer.status_code} {answer.text}")
        return False


class Crew:
    """Gates at work side by side."""

    def __init__(self, served: Served, number: int) -> None:
        """Make their deals over HTTP; the server must run."""
        database = Database(served.url).as_exchange()
        with served.connect() as client:
            world = World(client, database)  # type: ignore[arg-type]  # it has the same `request`
            self.gates = [Gate(served, world.deal(_LOT_T), f"gate-{gate}") for gate in range(number)]
        database.dispose()

    def acknowledged(self) -> int:
        """Return how many loads were acknowledged so far."""
        return sum(len(gate.acknowledged) for gate in self.gates)

    def start(self) -> None:
        """Let all of them work."""
        self._stop = Event()
        self._threads = [Thread(target=gate.work, args=(self._stop,)) for gate in self.gates]
        for thread in self._threads:
            thread.start()

    def wait_for(self, more: int) -> None:
        """Return once so many more loads were acknowledged."""
        wanted, deadline = self.acknowledged() + more, time.monotonic() + PATIENCE_SECONDS
        while self.acknowledged() < wanted:
            assert time.monotonic() < deadline, "nothing is acknowledged any more"
            time.sleep(0.002)

    def stop(self) -> None:
        """Let all of them finish the load that they have begun."""
        self._stop.set()
        for thread in self._threads:
            thread.join(PATIENCE_SECONDS)

    def count_stored(self) -> int:
        """Return how many loads are in the database."""
        database = Database(self.gates[0].served.url).as_exchange()
        with database.read() as session:
            stored: int = session.execute(text("SELECT count(*) FROM shipments")).scalar_one()
        database.dispose()
        return stored

    def find_faults(self) -> list[str]:
        """Return what was acknowledged and is lost, is there twice, or was answered as it never should be."""
        database = Database(self.gates[0].served.url).as_exchange()
        with database.read() as session:
            rows = session.execute(text("SELECT ticket_no, count(*) FROM shipments GROUP BY ticket_no")).all()
            shipped = session.execute(text("SELECT sum(net_kg) FROM shipments")).scalar_one()
            posted = session.execute(text("SELECT count(*) FROM ledger_transactions WHERE kind = 'dispatch'")).scalar()
        database.dispose()
        there = {ticket: int(number) for ticket, number in rows}
        known = {ticket for gate in self.gates for ticket in gate.acknowledged}
        doubtful = {ticket for gate in self.gates for ticket in gate.doubtful}
        lost = [f"lost: {ticket}" for ticket in sorted(known - there.keys())]
        twice = [f"twice: {ticket}" for ticket, number in there.items() if number > 1]
        strange = [f"nobody's: {ticket}" for ticket in there.keys() - known - doubtful]
        unequal = [] if shipped == 1000 * NET_T * len(there) and posted == len(there) else [f"{shipped=} {posted=}"]
        return [*lost, *twice, *strange, *unequal, *(fault for gate in self.gates for fault in gate.surprises)]
