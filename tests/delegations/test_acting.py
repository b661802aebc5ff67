"""Acting for another organisation: as far as it was lent, while it is in force, and never beyond."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from sqlalchemy import update
from starlette.testclient import TestClient

from app.auth.actor import Scope
from app.auth.recent import KEPT_SECONDS, RecentActors
from app.core.clock import now, today
from app.core.database import Database
from app.core.settings import Settings
from app.delegations.models import Delegation
from app.main import create_app
from tests.api.market import OPERATIONS
from tests.databases import Listen
from tests.factories import Body, Member, World

ALL = ["agreements:write", "ledger:write", "lots:write", "market:read", "shipments:write", "statistics:read"]


def _grant(principal: Member, delegate: Member, *scopes: str, **changes: Any) -> Body:  # noqa: ANN401 - JSON
    wish = {"delegate_id": delegate.id, "scopes": scopes, **changes}
    made: Body = principal.post("/delegations", wish)
    return made


def _refusal(member: Member, method: str = "GET", path: str = "/me", **options: Any) -> tuple[int, str]:  # noqa: ANN401
    answer = member.request(method, path, **options)
    return answer.status_code, answer.json().get("code", "")


def _move(database: Database, application: FastAPI, delegation: Body, **times: Any) -> None:  # noqa: ANN401 - instants
    """Let time pass: the delegation's own times are put back, and nobody is known from before."""
    with database.write() as session:
        session.execute(update(Delegation).where(Delegation.id == UUID(delegation["id"])).values(**times))
        session.commit()
    application.state.recent_actors.forget()


def test_the_caller_is_the_principal_with_what_was_lent(world: World) -> None:
    principal, delegate = world.producer(), world.recycler()
    _grant(principal, delegate, "market:read", "lots:write", "shipments:write")
    me = delegate.act_for(principal).get("/me")
    assert (me["organisation"]["id"], me["roles"], me["delegate_id"]) == (principal.id, ["producer"], delegate.id)
    # A recycler's key never had lots:write.
    assert me["scopes"] == ["market:read", "shipments:write"]
    own = delegate.get("/me")
    assert (own["organisation"]["id"], own["delegate_id"]) == (delegate.id, None)


def test_several_delegations_add_up_until_the_first_ends(world: World) -> None:
    principal, delegate = world.producer(), world.producer()
    _grant(principal, delegate, "market:read")
    first = _grant(principal, delegate, "ledger:write", ends_at=str(now() + timedelta(hours=1)))
    _grant(principal, delegate, "lots:write", starts_at=str(now() + timedelta(days=1)))
    me = delegate.act_for(principal).get("/me")
    assert (me["scopes"], me["key_expires_at"]) == (["ledger:write", "market:read"], first["ends_at"])
    principal.post(f"/delegations/{first['id']}/revoke", status=200)
    assert delegate.act_for(principal).get("/me")["scopes"] == ["market:read"]


def test_without_a_delegation_everybody_hears_the_same(world: World) -> None:
    principal, delegate, other = world.producer(), world.producer(), world.producer()
    _grant(principal, delegate, "market:read")
    nobody = Member(world.client, "01990000-0000-7000-8000-000000000000", "", "")
    refused = [
        other.act_for(principal).request("GET", "/me"),
        other.act_for(nobody).request("GET", "/me"),
        delegate.act_for(delegate).request("GET", "/me"),
        principal.act_for(delegate).request("GET", "/me"),
    ]
    assert {(answer.status_code, answer.json()["code"]) for answer in refused} == {(403, "delegation_required")}
    assert len({answer.text for answer in refused}) == 1
    assert _refusal(other, headers={"Acting-For": "carrier"}) == (422, "invalid_principal")
    unknown = Member(world.client, other.id, "", "swx_nothing").act_for(principal)
    assert _refusal(unknown) == (401, "invalid_key")


def test_expired_upcoming_and_revoked_ones_do_not_count(world: World, database: Database, application: FastAPI) -> None:
    principal, delegate = world.producer(), world.producer()
    acting = delegate.act_for(principal)
    made = _grant(principal, delegate, "market:read")
    acting.get("/lots")
    at = now()
    _move(database, application, made, starts_at=at - timedelta(days=9), ends_at=at)
    assert delegate.get(f"/delegations/{made['id']}")["status"] == "ended"
    assert _refusal(acting, path="/lots") == (403, "delegation_required")
    _move(database, application, made, starts_at=at + timedelta(days=1), ends_at=at + timedelta(days=2))
    assert _refusal(acting, path="/lots") == (403, "delegation_required")
    _move(database, application, made, starts_at=at - timedelta(days=1))
    acting.get("/lots")
    principal.post(f"/delegations/{made['id']}/revoke", status=200)
    assert _refusal(acting, path="/lots") == (403, "delegation_required")


def test_one_that_ends_while_its_delegate_is_known_ends_on_time(world: World, application: FastAPI) -> None:
    principal, delegate = world.producer(), world.producer()
    end = now() + timedelta(milliseconds=400)
    _grant(principal, delegate, "market:read", ends_at=str(end))
    application.state.recent_actors = RecentActors(lambda: 0.0)  # whose second never passes
    try:
        delegate.act_for(principal).get("/lots")
        while now() < end:
            delegate.get("/lots")
        assert _refusal(delegate.act_for(principal), path="/lots") == (403, "delegation_required")
    finally:
        application.state.recent_actors = RecentActors()


def test_a_revocation_reaches_other_processes_within_a_second(
    world: World, database_url: str, application: FastAPI
) -> None:
    principal, delegate = world.producer(), world.producer()
    made = _grant(principal, delegate, "market:read")
    seconds = [0.0]
    other = create_app(Settings(database_url=database_url))
    other.state.recent_actors = RecentActors(lambda: seconds[0])
    acting = Member(TestClient(other), delegate.id, "", delegate.key, principal.id)
    acting.get("/lots")
    principal.post(f"/delegations/{made['id']}/revoke", status=200)
    seconds[0] = KEPT_SECONDS
    assert _refusal(acting, path="/lots") == (403, "delegation_required")
    assert other is not application
    other.state.database.dispose()


@pytest.mark.parametrize("is_principal", [True, False])
def test_who_is_suspended_neither_acts_nor_is_acted_for(world: World, *, is_principal: bool) -> None:
    principal, delegate = world.producer(), world.producer()
    _grant(principal, delegate, "market:read")
    acting = delegate.act_for(principal)
    acting.get("/lots")
    suspended = principal if is_principal else delegate
    world.operator().post(f"/organisations/{suspended.id}/suspend", status=200)
    code = "delegation_required" if is_principal else "organisation_suspended"
    assert _refusal(acting, path="/lots") == (403, code)
    assert _refusal(acting) == (403, code)


def test_what_nobody_does_for_another(world: World) -> None:
    """No keys, no delegations, so no chains; no sites; and what the operator does is not a company's to lend."""
    principal, delegate, third = world.producer(), world.producer(), world.producer()
    made = _grant(principal, delegate, *ALL)
    acting = delegate.act_for(principal)
    key_id = principal.get("/keys")["items"][0]["id"]
    site = world.site(principal)
    for method, path in (
        ("GET", "/keys"),
        ("GET", f"/keys/{key_id}"),
        ("POST", "/keys"),
        ("DELETE", f"/keys/{key_id}"),
        ("GET", "/delegations"),
        ("POST", f"/delegations/{made['id']}/revoke"),
        ("GET", "/organisations"),
        ("POST", f"/organisations/{third.id}/approve"),
        ("DELETE", f"/saved-searches/{made['id']}"),
        ("PATCH", f"/sites/{site['id']}"),
    ):
        assert _refusal(acting, method, path, json={} if method in ("POST", "PATCH") else None)[0] == 403, path
    onwards = {"delegate_id": third.id, "scopes": ["market:read"]}
    assert _refusal(acting, "POST", "/delegations", json=onwards) == (403, "not_delegable")
    assert _refusal(third.act_for(principal)) == (403, "delegation_required")
    assert acting.get("/sites")["items"] == [site]
    assert _refusal(acting, "POST", "/sites", json={"name": "gate", "latitude": 29, "longitude": 107}) == (
        403,
        "not_delegable",
    )


def test_only_what_names_a_scope_that_can_be_lent_or_says_so_takes_the_header() -> None:
    taking = {
        name
        for name, (_, _, operation) in OPERATIONS.items()
        if any(parameter["name"] == "Acting-For" for parameter in operation.get("parameters", []))
    }
    scoped = {name for name in taking if "x-scope" in OPERATIONS[name][2]}
    assert {OPERATIONS[name][2]["x-scope"] for name in scoped}.isdisjoint({Scope.KEYS_WRITE, Scope.WEBHOOKS_WRITE})
    assert taking - scoped == {
        "get_me", "get_sites", "get_site", "get_streams", "get_stream", "get_capacities", "get_capacity",
        "get_jobs", "get_job", "get_job_refusals", "cancel_job",
        "get_lots_template", "get_shipments_template", "get_declarations_template",
    }  # fmt: skip
    assert not {name for name in taking if "delegation" in name or "key" in name or "organisation" in name}


def test_a_scope_that_was_not_lent_is_refused(world: World) -> None:
    deal = world.deal(100)
    delegate = world.producer()
    _grant(deal.producer, delegate, "shipments:write")
    acting = delegate.act_for(deal.producer)
    assert _refusal(acting, path="/lots") == (403, "scope_required")
    body = {"site_id": deal.origin, "material": "phosphogypsum", "month": "2026-01", "generated_t": 5}
    assert _refusal(acting, "POST", "/declarations", json=body) == (403, "scope_required")
    weak = delegate.post("/keys", {"name": "reader", "scopes": ["market:read"]})["key"]
    reader = Member(world.client, delegate.id, "", weak, deal.producer.id)
    assert _refusal(reader, "POST", f"/agreements/{deal.agreement['id']}/shipments", json={}) == (403, "scope_required")


def test_nobody_is_on_both_sides_of_a_deal(world: World) -> None:
    """A recycler whom the producer lets act neither signs the other weighing nor answers its own proposal."""
    deal = world.deal(1000).offer(2000).agree(1000)
    proposed = deal.propose(1)
    _grant(deal.producer, deal.recycler, *ALL)
    acting = deal.recycler.act_for(deal.producer)
    ticket = {"ticket_no": "T", "vehicle_plate": "渝A1", "dispatched_at": str(now()), "net_t": 10}
    assert _refusal(acting, "POST", f"/agreements/{deal.agreement['id']}/shipments", json=ticket) == (403, "both_sides")
    assert _refusal(acting, "POST", f"/agreements/{proposed.agreement['id']}/accept") == (403, "both_sides")
    load = deal.dispatch(10, str(today()), dispatched_at=str(now()))
    assert _refusal(acting, "POST", f"/shipments/{load['id']}/void") == (403, "both_sides")
    demand = world.demand(deal.recycler)
    terms = {"lot_id": deal.lot["id"], "demand_id": demand["id"], "quantity_t": 5, "price_cny_per_t": 0}
    terms |= {"starts_on": str(today()), "ends_on": str(today())}
    assert _refusal(acting, "POST", "/agreements", json=terms) == (403, "both_sides")


def test_who_calls_for_itself_pays_for_no_delegation(
    world: World, database: Database, application: FastAPI, listen: Listen
) -> None:
    principal, delegate = world.producer(), world.producer()
    _grant(principal, delegate, "market:read")
    asked: list[str] = []

    def note(*call: Any) -> None:  # noqa: ANN401 - SQLAlchemy's own arguments
        asked.append(call[2])

    engines = {database.engine, database.market().get_bind()}
    for engine in engines:
        listen(engine, "before_cursor_execute", note)
    application.state.recent_actors.forget()
    principal.get("/sites")
    assert [text for text in asked if "delegations" in text] == []
    asked.clear()
    delegate.act_for(principal).get("/sites")
    delegate.act_for(principal).get("/sites")
    assert len([text for text in asked if "delegations" in text]) == 1


def test_a_delegate_and_its_principal_have_idempotency_keys_of_their_own(world: World) -> None:
    principal, delegate = world.producer(), world.producer()
    _grant(principal, delegate, "ledger:write")
    stock = {"site_id": world.site(principal)["id"], "material": "fly_ash", "stock_year": 2024, "stored_t": 10}
    key = {"Idempotency-Key": "1"}
    acting, own = (
        member.request("POST", "/opening-stocks", json=stock, headers=key)
        for member in (delegate.act_for(principal), principal)
    )
    assert [acting.status_code, own.status_code] == [201, 201]
    assert "idempotency-replayed" not in own.headers
