"""Two who act for others, over HTTP alone: a carrier that signs dispatches, a consultant that files declarations."""

from typing import Any

from app.core.clock import now, today
from tests.factories import Body, Deal, Member, World


def _lend(principal: Member, delegate: Member, *scopes: str) -> Body:
    made: Body = principal.post(
        "/delegations", {"delegate_id": delegate.get("/me")["organisation"]["id"], "scopes": scopes}
    )
    return made


def _ticket(deal: Deal, net_t: float, number: str) -> tuple[str, Body]:
    body = {"ticket_no": number, "vehicle_plate": "渝A12345", "dispatched_at": now().isoformat(), "net_t": net_t}
    return f"/agreements/{deal.agreement['id']}/shipments", body


def _events(member: Member) -> list[Any]:
    """Return the feed without how the members and their sites came to be there."""
    items: list[Any] = member.get("/events", limit=100)["items"]
    return [item for item in items if item["subject"]["kind"] not in {"organisation", "key", "site"}]


def test_a_carrier_signs_dispatches_until_its_contract_is_ended(world: World) -> None:
    deal = world.deal(100)
    producer, recycler = deal.producer, deal.recycler
    carrier = world.recycler()
    contract = _lend(producer, carrier, "shipments:write")
    assert [item["principal"]["id"] for item in carrier.get("/delegations", side="delegate")["items"]] == [producer.id]

    driver = carrier.act_for(producer)
    path, ticket = _ticket(deal, 30, "T-1")
    load = driver.post(path, ticket | {"carrier": carrier.name})
    assert load["status"] == "dispatched"
    assert producer.get(f"/shipments/{load['id']}")["net_t"] == 30
    # It signs, and reads no deals, neither its principal's nor the other side's.
    assert driver.request("GET", "/agreements").status_code == 403
    assert carrier.request("GET", f"/shipments/{load['id']}").status_code == 404
    # The producer signs, not the recycler: receiving stays the other side's.
    receipt = {"received_at": now().isoformat(), "net_t": 30}
    assert driver.request("POST", f"/shipments/{load['id']}/receipt", json=receipt).status_code == 403
    assert recycler.post(f"/shipments/{load['id']}/receipt", receipt, status=200)["status"] == "received"

    wrong = driver.post(*_ticket(deal, 20, "T-2"))
    assert driver.post(f"/shipments/{wrong['id']}/void", status=200)["status"] == "voided"
    producer.post(f"/delegations/{contract['id']}/revoke", status=200)
    refused = driver.request("POST", path, json=ticket | {"ticket_no": "T-3"})
    assert (refused.status_code, refused.json()["code"]) == (403, "delegation_required")
    assert len(producer.get("/shipments")["items"]) == 2
    for event in _events(producer):
        assert event["actor"] is None or event["actor"]["delegate_id"] in (None, carrier.id)


def test_a_consultant_files_declarations_and_every_event_names_both(world: World) -> None:
    plant, consultant, other = world.producer(), world.producer(), world.recycler()
    site = world.site(plant)
    _lend(plant, consultant, "ledger:write", "lots:write", "market:read", "statistics:read")
    office = consultant.act_for(plant)
    (known,) = office.get("/sites")["items"]
    assert known["id"] == site["id"]
    month = f"{today().year - 1}-05"
    declaration = {"site_id": site["id"], "material": "phosphogypsum", "month": month, "generated_t": 50}
    filed = office.post("/declarations", declaration)
    assert plant.get(f"/declarations/{filed['id']}")["generated_t"] == 50
    assert {item["site_id"] for item in office.get("/ledger/balances")["items"]} == {site["id"]}
    assert consultant.get("/ledger/balances")["items"] == []
    assert consultant.get("/declarations")["items"] == []
    for side in (plant, consultant):
        (told,) = [event for event in _events(side) if event["subject"] == {"kind": "declaration", "id": filed["id"]}]
        assert (told["actor"]["organisation_id"], told["actor"]["delegate_id"]) == (plant.id, consultant.id)

    lot = world.lot(office, site_id=site["id"])
    assert lot["organisation"]["id"] == plant.id
    office.patch(f"/lots/{lot['id']}", {"price_cny_per_t": -20})
    plant.post(f"/lots/{lot['id']}/withdraw", status=200)
    key_id = consultant.get("/keys")["items"][0]["id"]

    def authors(reader: Member) -> list[Any]:
        return [event["actor"] for event in _events(reader) if event["subject"]["kind"] == "lot"]

    plain = {"organisation_id": plant.id, "delegate_id": None, "key_id": None}
    both = plain | {"delegate_id": consultant.id}
    assert authors(other) == [plain, plain, plain]
    assert authors(consultant) == [both | {"key_id": key_id}, both | {"key_id": key_id}, plain]
    own = plain | {"key_id": plant.get("/keys")["items"][0]["id"]}
    assert authors(plant) == [both, both, own]
    assert authors(office) == [both, both, own]


def test_what_concerns_two_alone_is_told_to_who_did_it(world: World) -> None:
    """A demand is its owner's alone; the one that opened it for the owner sees that event, and no other."""
    owner, agent = world.recycler(), world.recycler()
    _lend(owner, agent, "demands:write")
    demand = world.demand(agent.act_for(owner), site_id=world.site(owner)["id"])
    owner.patch(f"/demands/{demand['id']}", {"quantity_t": 7})
    kinds = [event["type"] for event in _events(owner)]
    assert kinds == ["delegation.granted", "demand.opened", "demand.changed"]
    assert [event["type"] for event in _events(agent)] == ["delegation.granted", "demand.opened"]
    assert _events(agent)[1]["actor"]["delegate_id"] == agent.id
