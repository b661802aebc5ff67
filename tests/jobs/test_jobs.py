"""Jobs as their owners see them, and who works on them: leases, takeover, giving up."""

from datetime import timedelta
from threading import Event

import pytest
from sqlalchemy import update

from app.core.clock import now
from app.core.database import Database, new_id
from app.jobs.leases import MAX_ATTEMPTS, Lease, LeaseLost, Stopping, claim_job, release_job, void_leases
from app.jobs.models import Job, RunnerId
from app.jobs.running import run_jobs
from tests.factories import Member, World
from tests.imports.files import CSV, finish, send

_FILE = b"material\nfly_ash\n"


def _claim(database: Database, stop: Event | None = None) -> Lease | None:
    return claim_job(database, RunnerId(new_id()), stop or Event())


def _lapse(database: Database) -> None:
    with database.write() as session:
        session.execute(update(Job).values(leased_until=now() - timedelta(seconds=1)))
        session.commit()


def test_jobs_are_their_owners_alone(world: World) -> None:
    producer, other = world.producer(), world.producer()
    jobs = [send(producer, _FILE)["id"] for _ in range(3)]
    assert [job["id"] for job in producer.get("/jobs")["items"]] == jobs[::-1]
    assert other.get("/jobs")["items"] == []
    for method, path in (("GET", ""), ("GET", "/refusals"), ("POST", "/cancel")):
        assert other.request(method, f"/jobs/{jobs[0]}{path}").status_code == 404
    assert producer.get(f"/jobs/{jobs[0]}")["status"] == "queued"


@pytest.mark.parametrize("path", ["/lots/import", "/shipments/import", "/declarations/import"])
def test_others_than_producers_import_nothing(path: str, world: World) -> None:
    for member in (world.recycler(), world.government(), world.operator()):
        answer = member.request("POST", path, content=_FILE, headers={"Content-Type": CSV})
        assert (answer.status_code, answer.json()["code"]) == (403, "role_required")


def test_a_key_cancels_what_it_could_have_handed_in(world: World) -> None:
    producer = world.producer()
    made = producer.post("/keys", {"name": "reader", "scopes": ["market:read"]})
    reader = Member(world.client, producer.id, producer.name, made["key"])
    job = send(producer, _FILE)
    refused = reader.request("POST", f"/jobs/{job['id']}/cancel")
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_required")
    assert producer.post(f"/jobs/{job['id']}/cancel", status=200)["status"] == "cancelled"
    again = producer.request("POST", f"/jobs/{job['id']}/cancel")
    assert (again.status_code, again.json()["code"]) == (409, "invalid_state")


def test_a_cancelled_job_lands_nothing_more(world: World, database: Database) -> None:
    producer = world.producer()
    job = send(producer, _FILE)
    lease = _claim(database)
    assert lease is not None
    producer.post(f"/jobs/{job['id']}/cancel", status=200)
    with pytest.raises(LeaseLost):
        lease.extend()
    assert _claim(database) is None


def test_one_runner_has_a_job_until_its_lease_ends(world: World, database: Database) -> None:
    send(world.producer(), _FILE)
    first = _claim(database)
    assert first is not None
    assert _claim(database) is None
    _lapse(database)
    second = _claim(database)
    assert second is not None
    with pytest.raises(LeaseLost):
        first.extend()
    second.extend()
    void_leases(database)
    assert _claim(database) is not None


def test_stopping_gives_the_job_back_at_once(world: World, database: Database) -> None:
    send(world.producer(), _FILE)
    stop = Event()
    lease = _claim(database, stop)
    assert lease is not None
    stop.set()
    with pytest.raises(Stopping):
        lease.extend()
    release_job(lease, counts=False)
    assert _claim(database) is not None


def test_a_job_that_ends_every_runner_is_given_up(world: World, database: Database) -> None:
    producer = world.producer()
    job = send(producer, _FILE)
    for _ in range(MAX_ATTEMPTS):
        assert _claim(database) is not None
        _lapse(database)
    assert _claim(database) is None
    read = producer.get(f"/jobs/{job['id']}")
    assert (read["status"], read["error"]["code"]) == ("failed", "given_up")


def test_the_runner_outlives_a_fault_of_ours(world: World, database: Database) -> None:
    producer = world.producer()
    first, second = send(producer, _FILE), send(producer, _FILE, path="/declarations/import")
    stop = Event()

    def end(lease: Lease) -> None:
        stop.set()
        lease.fail("ended", "for the test")

    def crash(_: Lease) -> None:
        raise ZeroDivisionError

    run_jobs(database, {"lots_import": crash, "declarations_import": end}, stop, is_alone=True)
    assert finish(producer, first)["error"]["code"] == "internal_error"
    assert finish(producer, second)["error"]["code"] == "ended"
