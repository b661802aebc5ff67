"""A market in which every operation's example can be sent, made once on each engine and copied per test."""

import json
from pathlib import Path
from typing import Any

from app.api import example_ids
from app.api.examples import EXAMPLES, Example
from app.auth.actor import Role
from app.core.database import Database
from tests.factories import FULING, Body, Deal, Member, World
from tests.plans.planned import compute_plan

_ASSAY = {"sampled_on": "2026-01-01", "results": [{"parameter": "caso4_2h2o", "value": 90}]}
_NEED = {
    "use": "cement_retarder",
    "materials": ["phosphogypsum"],
    "quantity_t": 5000,
    "needed_from": "2026-01-01",
    "needed_to": "2035-12-31",
}
_OFFER = {
    "material": "phosphogypsum",
    "quantity_t": 9000,
    "available_from": "2026-01-01",
    "available_to": "2035-12-31",
    "price_cny_per_t": 5,
}
_TERMS = {"price_cny_per_t": 5, "starts_on": "2025-01-01", "ends_on": "2035-12-31"}


#: The API document on file, which `test_examples` compares with the code; making it anew takes seconds.
DOCUMENT: Body = json.loads((Path(__file__).parents[2] / "openapi" / "openapi.json").read_text("utf-8"))
#: Method, path and description of each operation, by its id.
OPERATIONS: dict[str, tuple[str, str, Body]] = {
    operation["operationId"]: (method.upper(), path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}


class Market:
    """A caller that is producer and recycler, another member, and one object of each kind; example id → real id."""

    def __init__(self, world: World) -> None:
        self.caller = world.member(Role.PRODUCER, Role.RECYCLER)
        self.other = world.member(Role.PRODUCER, Role.RECYCLER)
        self.operator = world.operator()
        self.authority = world.government("50")
        self.site = world.site(self.caller)["id"]
        self.other_site = world.site(self.other, **FULING)["id"]
        self.ids = {example_ids.OWN_SITE: self.site, example_ids.OTHER_SITE: self.other_site}
        self._make_trade()
        self._make_rest(world)

    def _make_trade(self) -> None:
        lot = self.caller.post("/lots", {"site_id": self.site, "assay": _ASSAY, **_OFFER})
        demand = self.caller.post("/demands", {"site_id": self.site, **_NEED})
        other_lot = self.other.post("/lots", {"site_id": self.other_site, **_OFFER})
        other_demand = self.other.post("/demands", {"site_id": self.other_site, **_NEED})
        sale = {"lot_id": lot["id"], "demand_id": other_demand["id"], "quantity_t": 500, **_TERMS}
        purchase = {"lot_id": other_lot["id"], "demand_id": demand["id"], "quantity_t": 500, **_TERMS}
        outgoing = Deal(self.caller, self.other, self.site, self.other_site, lot, self._agree(self.caller, sale))
        incoming = Deal(
            self.other, self.caller, self.other_site, self.site, other_lot, self._agree(self.other, purchase)
        )
        used = incoming.receive(incoming.dispatch(100, "2026-01-02"), "2026-01-03")
        assert used["status"] == "received"
        weighed_anew = {"net_t": 100.05, "comment": "bridge recalibrated"}
        correction = self.other.post(f"/shipments/{used['id']}/corrections", weighed_anew)
        empty = self._agree(self.caller, sale)
        self.ids |= {
            example_ids.OWN_LOT: lot["id"],
            example_ids.OWN_ASSAY: lot["assay"]["id"],
            example_ids.OWN_DEMAND: demand["id"],
            example_ids.OTHER_LOT: other_lot["id"],
            example_ids.OTHER_DEMAND: other_demand["id"],
            example_ids.PROPOSAL: self.other.post("/agreements", sale)["id"],
            example_ids.OWN_PROPOSAL: self.caller.post("/agreements", sale)["id"],
            example_ids.AGREEMENT: empty["id"],
            example_ids.OUTGOING_LOAD: outgoing.dispatch(40, "2026-01-05")["id"],
            example_ids.INCOMING_LOAD: incoming.dispatch(33.22, "2026-01-04")["id"],
            example_ids.CORRECTION: correction["id"],
            example_ids.UTILISATION: incoming.use(10, "2026-01-06")["id"],
        }

    def _agree(self, proposer: Member, terms: Body) -> Body:
        agreement = proposer.post("/agreements", terms)
        answerer = self.other if proposer is self.caller else self.caller
        accepted: Body = answerer.post(f"/agreements/{agreement['id']}/accept", status=200)
        return accepted

    def _make_rest(self, world: World) -> None:
        stream = f"/sites/{self.site}/streams/phosphogypsum"
        assert self.caller.request("PUT", stream, json={"waste_class": "II"}).status_code == 200
        capacity = f"/sites/{self.site}/capacities/cement_retarder"
        assert self.caller.request("PUT", capacity, json={"capacity_t_per_year": 50_000}).status_code == 200
        month = {"site_id": self.site, "material": "phosphogypsum", "month": "2025-12", "generated_t": 10}
        stock = {"site_id": self.site, "material": "phosphogypsum", "stock_year": 2023, "stored_t": 10}
        self.authority.post("/statistics/snapshots", dict(EXAMPLES["post_snapshot"].body or {}))
        target = {"name": "any", "district": "500102", "rate_pct": 70, "target_year": 2035}
        value = {"value": 280, "holds_on": "2025-03-31", "source": "any"}
        webhook = self.caller.post("/webhooks", {"url": "https://receiver.example.com/"})["id"]
        self.ids |= {
            example_ids.WEBHOOK: webhook,
            example_ids.WEBHOOK_DELIVERY: self.caller.post(f"/webhooks/{webhook}/ping", status=202)["id"],
            example_ids.ORGANISATION: world.recycler().id,
            example_ids.SAVED_SEARCH: self.caller.post("/saved-searches", {"name": "any", "filters": {}})["id"],
            example_ids.DELEGATION: self.caller.post(
                "/delegations", {"delegate_id": self.other.id, "scopes": ["market:read"]}
            )["id"],
            example_ids.KEY: self.caller.get("/keys")["items"][0]["id"],
            example_ids.SECRET: self.caller.key,
            example_ids.DECLARATION: self.caller.post("/declarations", month)["id"],
            example_ids.OPENING_STOCK: self.caller.post("/opening-stocks", stock)["id"],
            example_ids.JOB: self._hand_in_job(),
            **self._plan(world.database),
            example_ids.TARGET: self.authority.post("/statistics/targets", target)["key"],
            example_ids.TARGET_VALUE: self.authority.post("/statistics/targets/cq_green_factories/values", value)["id"],
        }

    def _hand_in_job(self) -> Any:  # noqa: ANN401 - JSON
        """Hand in an import, which stays queued because no worker runs here."""
        headers = {"Content-Type": "text/csv"}
        answer = self.caller.request("POST", "/lots/import", content=b"material\nfly_ash\n", headers=headers)
        assert answer.status_code == 202, answer.text
        return answer.json()["id"]

    def _plan(self, database: Database) -> Body:
        """Ask for three plans: one waits because no worker runs here, two are computed, of which one is published."""
        asked = [self.authority.post("/plans", {"district": "50"}, status=202)["id"] for _ in range(3)]
        for plan in asked[1:]:
            compute_plan(database, plan)
        self.authority.post(f"/plans/{asked[2]}/publish", status=200)
        return dict(
            zip((example_ids.WAITING_PLAN, example_ids.DONE_PLAN, example_ids.PUBLISHED_PLAN), asked, strict=True)
        )

    def who(self, operation: Body) -> Member:
        """Return a member that may call an operation."""
        roles = operation.get("x-roles", [])
        if roles == ["operator"]:
            return self.operator
        is_of_authorities = "government" in roles and not {"producer", "recycler"} & set(roles)
        return self.authority if is_of_authorities or "statistics" in operation.get("tags", []) else self.caller

    def real(self, example: Any) -> Any:  # noqa: ANN401 - JSON
        """Return an example with the market's ids in it."""
        text = json.dumps(example)
        for placeholder, identifier in self.ids.items():
            text = text.replace(placeholder, identifier)
        return json.loads(text)

    def example(self, name: str) -> Example:
        """Return the example of an operation, with the market's ids in it."""
        made = EXAMPLES[name]
        text = None if made.text is None else self.real(made.text)
        return Example(self.real(made.path), self.real(made.query), self.real(made.body), text, made.media_type)

    def send(self, name: str, **changes: Any) -> Any:  # noqa: ANN401 - a response
        """Send the example of an operation as one who may.

        `query`, `body` or `content` replace the example's, `headers` are added.
        """
        method, template, operation = OPERATIONS[name]
        example = self.example(name)
        caller = self.who(operation)
        headers = {"Authorization": f"Bearer {caller.key}"} if operation["security"] else {}
        body = {"content": changes["content"]} if "content" in changes else {"json": changes.get("body", example.body)}
        if "content" in changes:
            headers["Content-Type"] = "application/json"
        elif example.text is not None:
            body, headers["Content-Type"] = {"content": example.text.encode()}, example.media_type
        headers |= changes.get("headers", {})
        path = template.format(**example.path)
        return caller.client.request(method, path, params=changes.get("query", example.query), headers=headers, **body)
