"""Files that a delegate hands in: landed for the principal, named as the delegate's, stopped by a revocation."""

from collections.abc import Iterator
from datetime import timedelta
from threading import Event
from uuid import UUID

import pytest
from sqlalchemy import event, update
from sqlalchemy.orm import Session

from app.core.clock import now, today
from app.core.database import Database
from app.delegations.models import Delegation
from app.jobs.models import Job
from tests.factories import Body, Member, World
from tests.imports.conftest import SITE
from tests.imports.files import PATIENCE_SECONDS, counts, finish, lot_row, send, write_csv

_MONTHS = ("site", "material", "month", "generated_t")
_ROWS = 250


@pytest.fixture
def delegate(world: World) -> Member:
    """Return who acts for it."""
    return world.producer()


def _grant(producer: Member, delegate: Member, *scopes: str) -> Body:
    made: Body = producer.post("/delegations", {"delegate_id": delegate.id, "scopes": scopes})
    return made


def _months(rows: int) -> bytes:
    month = f"{today().year - 1}-03"
    return write_csv([[SITE, "fly_ash", month, 10 + row] for row in range(rows)], _MONTHS)


@pytest.mark.usefixtures("worker")
def test_lots_land_as_the_principals_and_name_both(producer: Member, delegate: Member) -> None:
    _grant(producer, delegate, "lots:write", "market:read")
    acting = delegate.act_for(producer)
    job = finish(acting, send(acting, write_csv([lot_row(SITE), lot_row("elsewhere")])))
    assert (counts(job), job["delegate_id"]) == (("done", 1, 1, 0), delegate.id)
    assert producer.get(f"/jobs/{job['id']}")["delegate_id"] == delegate.id
    assert delegate.request("GET", f"/jobs/{job['id']}").status_code == 404
    (lot,) = delegate.get("/lots")["items"]
    assert lot["lot"]["organisation"]["id"] == producer.id
    for side in (producer, delegate):
        (opened,) = [item for item in side.get("/events")["items"] if item["type"] == "lot.opened"]
        assert opened["actor"]["organisation_id"] == producer.id
        assert opened["actor"]["delegate_id"] == delegate.id


def test_a_delegate_sees_its_own_jobs_alone(producer: Member, delegate: Member) -> None:
    _grant(producer, delegate, "ledger:write")
    acting = delegate.act_for(producer)
    own = send(producer, _months(1), path="/declarations/import")
    handed_in = send(acting, _months(2), path="/declarations/import")
    assert [job["id"] for job in acting.get("/jobs")["items"]] == [handed_in["id"]]
    assert [job["id"] for job in producer.get("/jobs")["items"]] == [handed_in["id"], own["id"]]
    for path in (f"/jobs/{own['id']}", f"/jobs/{own['id']}/refusals"):
        assert acting.request("GET", path).status_code == 404
    assert acting.request("POST", f"/jobs/{own['id']}/cancel").status_code == 404
    assert acting.post(f"/jobs/{handed_in['id']}/cancel", status=200)["status"] == "cancelled"


def test_one_revoked_before_its_turn_lands_nothing(
    producer: Member, delegate: Member, request: pytest.FixtureRequest
) -> None:
    made = _grant(producer, delegate, "ledger:write")
    _grant(producer, delegate, "market:read")
    job = send(delegate.act_for(producer), _months(1), path="/declarations/import")
    producer.post(f"/delegations/{made['id']}/revoke", status=200)
    request.getfixturevalue("worker")
    ended = finish(producer, job)
    assert (ended["status"], ended["error"]["code"], ended["done"]) == ("failed", "scope_required", 0)
    assert producer.get("/declarations")["items"] == []


def test_one_that_merely_ended_still_stands_for_its_files(
    producer: Member, delegate: Member, database: Database, request: pytest.FixtureRequest
) -> None:
    made = _grant(producer, delegate, "ledger:write")
    job = send(delegate.act_for(producer), _months(1), path="/declarations/import")
    with database.write() as session:
        end = update(Delegation).where(Delegation.id == UUID(made["id"]))
        session.execute(end.values(starts_at=now() - timedelta(days=1), ends_at=now()))
        session.commit()
    request.getfixturevalue("worker")
    assert counts(finish(producer, job)) == ("done", 1, 0, 0)


@pytest.fixture
def landed() -> Iterator[tuple[Event, Event]]:
    """Hold the worker after the first part that it lands: the first event says so, the second lets it go on."""
    reached, go_on = Event(), Event()

    def hold(session: Session) -> None:
        if not reached.is_set() and any(isinstance(row, Job) and row.done for row in session):
            reached.set()
            go_on.wait(PATIENCE_SECONDS)

    event.listen(Session, "after_commit", hold)
    yield reached, go_on
    event.remove(Session, "after_commit", hold)


@pytest.mark.usefixtures("worker")
def test_a_revocation_stops_a_file_in_the_middle(
    producer: Member, delegate: Member, landed: tuple[Event, Event]
) -> None:
    reached, go_on = landed
    made = _grant(producer, delegate, "ledger:write")
    job = send(delegate.act_for(producer), _months(_ROWS), path="/declarations/import")
    assert reached.wait(PATIENCE_SECONDS)
    producer.post(f"/delegations/{made['id']}/revoke", status=200)
    done = producer.get(f"/jobs/{job['id']}")["done"]
    go_on.set()
    ended = finish(producer, job)
    assert (ended["status"], ended["error"]["code"]) == ("failed", "delegation_required")
    assert 0 < ended["done"] == done < _ROWS
    last = producer.get("/declarations", limit=1)["items"][0]
    assert last["generated_t"] == 10 + done - 1
