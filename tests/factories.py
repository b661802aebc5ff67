"""A small market made over HTTP: members with keys, sites, lots, demands, agreements, loads."""

import itertools
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from starlette.testclient import TestClient

from app.auth.actor import Role
from app.core.clock import today
from app.core.database import Database
from app.core.settings import Settings
from app.organisations.models import OrganisationStatus
from app.organisations.service import enrol

PEPPER = Settings().secret.get_secret_value().encode()
Body = dict[str, Any]
_numbers = itertools.count(1)

#: Places to trade between, WGS-84.
CHANGSHOU = {"latitude": 29.83615, "longitude": 107.07041, "district_code": "500115"}
FULING = {"latitude": 29.70613, "longitude": 107.39028, "district_code": "500102"}
HECHUAN = {"latitude": 29.99365, "longitude": 106.26176, "district_code": "500117"}


@dataclass(frozen=True)
class Member:
    """An organisation with its key; calls the API as that organisation, or for `acting_for` as its delegate."""

    client: TestClient
    id: str
    name: str
    key: str
    acting_for: str | None = None

    def act_for(self, principal: "Member") -> "Member":
        """Return this member as it acts for another one."""
        return replace(self, acting_for=principal.id)

    def request(self, method: str, path: str, **options: Any) -> Any:  # noqa: ANN401 - a response
        """Send a request with the member's key."""
        headers = {"Authorization": f"Bearer {self.key}"} | options.pop("headers", {})
        if self.acting_for is not None:
            headers["Acting-For"] = self.acting_for
        return self.client.request(method, f"/v1{path}", headers=headers, **options)

    def get(self, path: str, **params: Any) -> Any:  # noqa: ANN401 - JSON
        """Return the JSON of a 200."""
        return self._json(self.request("GET", path, params=params), 200)

    def post(self, path: str, body: Body | None = None, status: int = 201) -> Any:  # noqa: ANN401 - JSON
        """Return the JSON of a POST that answers `status`."""
        return self._json(self.request("POST", path, json=body), status)

    def patch(self, path: str, body: Body, status: int = 200) -> Any:  # noqa: ANN401 - JSON
        """Return the JSON of a PATCH that answers `status`."""
        return self._json(self.request("PATCH", path, json=body), status)

    @staticmethod
    def _json(response: Any, status: int) -> Any:  # noqa: ANN401 - JSON
        assert response.status_code == status, (response.status_code, response.text)
        return response.json() if response.content else None


class World:
    """Makes members and what they trade; every call over HTTP but the enrolling of members."""

    def __init__(self, client: TestClient, database: Database) -> None:
        self.client = client
        self.database = database

    def member(self, *roles: Role, name: str = "", jurisdiction: str | None = None) -> Member:
        """Enrol an active organisation and return it with its key."""
        name = name or f"{' '.join(roles)} {next(_numbers)}"
        with self.database.write() as session:
            organisation, key = enrol(
                session, list(roles), PEPPER, name=name, status=OrganisationStatus.ACTIVE, jurisdiction=jurisdiction
            )
            session.commit()
        return Member(self.client, str(organisation.id), name, key)

    @staticmethod
    def next_number() -> int:
        """Return a number that nothing else has."""
        return next(_numbers)

    def producer(self) -> Member:
        """Return a producer."""
        return self.member(Role.PRODUCER)

    def recycler(self) -> Member:
        """Return a recycler."""
        return self.member(Role.RECYCLER)

    def government(self, jurisdiction: str | None = None) -> Member:
        """Return an authority's client."""
        return self.member(Role.GOVERNMENT, jurisdiction=jurisdiction)

    def operator(self) -> Member:
        """Return the operator."""
        return self.member(Role.OPERATOR)

    @staticmethod
    def site(member: Member, **changes: Any) -> Body:  # noqa: ANN401 - JSON
        """Register a site of a member, in Changshou unless said otherwise."""
        site: Body = member.post("/sites", {"name": f"site {next(_numbers)}", **CHANGSHOU, **changes})
        return site

    def lot(self, producer: Member, **changes: Any) -> Body:  # noqa: ANN401 - JSON
        """Offer 12 000 t of phosphogypsum, not assayed, for half a year; at a new site unless `site_id` is given."""
        body: Body = {
            "material": "phosphogypsum",
            "quantity_t": 12000,
            "available_from": str(today()),
            "available_to": str(today() + timedelta(days=180)),
            "price_cny_per_t": -15,
            **changes,
        }
        body["site_id"] = body.get("site_id") or self.site(producer)["id"]
        lot: Body = producer.post("/lots", body)
        return lot

    def demand(self, recycler: Member, **changes: Any) -> Body:  # noqa: ANN401 - JSON
        """Ask for 30 000 t for cement retarder during half a year; at a new site unless `site_id` is given."""
        body: Body = {
            "use": "cement_retarder",
            "quantity_t": 30000,
            "needed_from": str(today()),
            "needed_to": str(today() + timedelta(days=180)),
            **changes,
        }
        body["site_id"] = body.get("site_id") or self.site(recycler, **FULING)["id"]
        demand: Body = recycler.post("/demands", body)
        return demand

    def deal(self, quantity_t: float = 1000, **lot: Any) -> "Deal":  # noqa: ANN401 - JSON
        """Make a producer and a recycler with sites, a lot and an accepted agreement of `quantity_t`."""
        producer, recycler = self.producer(), self.recycler()
        origin, destination = self.site(producer), self.site(recycler, **FULING)
        deal = Deal(producer, recycler, origin["id"], destination["id"], {}, {})
        return deal.offer(quantity_t, **lot).agree(quantity_t)


@dataclass(frozen=True)
class Deal:
    """A producer, a recycler and what is between them."""

    producer: Member
    recycler: Member
    origin: str
    destination: str
    lot: Body
    agreement: Body

    def offer(self, quantity_t: float, /, **changes: Any) -> "Deal":  # noqa: ANN401 - JSON
        """Post a lot of phosphogypsum that is available all of last year to the end of next year."""
        year = today().year
        body = {
            "site_id": self.origin,
            "material": "phosphogypsum",
            "quantity_t": quantity_t,
            "available_from": f"{year - 1}-01-01",
            "available_to": f"{year + 1}-12-31",
            "price_cny_per_t": -15,
        }
        return replace(self, lot=self.producer.post("/lots", body | changes))

    def propose(self, quantity_t: float, /, **changes: Any) -> "Deal":  # noqa: ANN401 - JSON
        """Propose an agreement from the recycler's side, over last year, this one and the next."""
        year = today().year
        body = {
            "lot_id": self.lot["id"],
            "destination_site_id": self.destination,
            "quantity_t": quantity_t,
            "price_cny_per_t": -15,
            "starts_on": f"{year - 1}-01-01",
            "ends_on": f"{year + 1}-12-31",
        }
        return replace(self, agreement=self.recycler.post("/agreements", body | changes))

    def agree(self, quantity_t: float, /, **changes: Any) -> "Deal":  # noqa: ANN401 - JSON
        """Propose and accept."""
        proposed = self.propose(quantity_t, **changes)
        accepted = self.producer.post(f"/agreements/{proposed.agreement['id']}/accept", status=200)
        return replace(proposed, agreement=accepted)

    def dispatch(self, net_t: float, at: str, status: int = 201, **changes: Any) -> Body:  # noqa: ANN401 - JSON
        """Dispatch a load on a day (`YYYY-MM-DD`, noon in Chongqing)."""
        ticket = {
            "ticket_no": f"T-{next(_numbers)}",
            "vehicle_plate": "渝A12345",
            "dispatched_at": f"{at}T12:00:00+08:00",
            "net_t": net_t,
        }
        path = f"/agreements/{self.agreement['id']}/shipments"
        shipment: Body = self.producer.post(path, ticket | changes, status=status)
        return shipment

    def receive(self, shipment: Body, at: str, status: int = 200, **weights: Any) -> Body:  # noqa: ANN401 - JSON
        """Receive a load on a day, all of its dispatched weight unless said otherwise."""
        receipt = {"received_at": f"{at}T15:00:00+08:00"} | (weights or {"net_t": shipment["net_t"]})
        received: Body = self.recycler.post(f"/shipments/{shipment['id']}/receipt", receipt, status=status)
        return received

    def use(self, quantity_t: float, on: str, status: int = 201, **changes: Any) -> Body:  # noqa: ANN401 - JSON
        """Record a use at the recycler's site."""
        body = {
            "site_id": self.destination,
            "material": "phosphogypsum",
            "utilised_on": on,
            "quantity_t": quantity_t,
            "use": "cement_retarder",
            "batch_no": f"B-{next(_numbers)}",
        }
        used: Body = self.recycler.post("/utilisations", body | changes, status=status)
        return used

    def declare(self, month: str, generated_t: float, status: int = 201, **totals: Any) -> Body:  # noqa: ANN401 - JSON
        """Declare a month of the producer's site."""
        body = {"site_id": self.origin, "material": "phosphogypsum", "month": month, "generated_t": generated_t}
        declared: Body = self.producer.post("/declarations", body | totals, status=status)
        return declared

    def opening(self, stored_t: float, stock_year: int, status: int = 201) -> Body:
        """State the opening stock of the producer's site."""
        body = {
            "site_id": self.origin,
            "material": "phosphogypsum",
            "stock_year": stock_year,
            "stored_t": stored_t,
        }
        opening: Body = self.producer.post("/opening-stocks", body, status=status)
        return opening

    def balances(self) -> dict[tuple[str, int], float]:
        """Return the producer's view of its balances: (account, stock year) → tonnes over all sites."""
        totals: dict[tuple[str, int], float] = {}
        for item in self.producer.get("/ledger/balances")["items"]:
            key = (item["account"], item["stock_year"])
            totals[key] = round(totals.get(key, 0) + item["quantity_t"], 3)
        return totals
