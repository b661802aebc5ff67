"""What operators see of the service: readiness, figures, one log line a request, and nothing private in them."""

import io
import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from sqlalchemy import text
from starlette.testclient import TestClient

from app.cli.logs import LogFormat, set_up_logs
from app.core.clock import now
from app.core.database import Database, new_id
from app.core.revisions import head_revision, migrate
from app.core.settings import Metrics, Settings
from app.webhooks.models import DeliveryStatus, WebhookDelivery
from tests.databases import as_owner
from tests.factories import CHANGSHOU, Body, World

LOCAL = ("127.0.0.1", 50_000)
UNREACHABLE = "postgresql+psycopg://swx@127.0.0.1:1/none"


@pytest.fixture
def logged() -> Iterator[Any]:
    """Return a function that gives the lines logged since it was last asked, as production writes them."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()  # or they would be closed
    set_up_logs(LogFormat.JSON)
    handler, written = root.handlers[0], io.StringIO()
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(written)

    def take() -> list[Body]:
        lines = [json.loads(line) for line in written.getvalue().splitlines()]
        written.seek(0)
        written.truncate()
        return lines

    yield take
    root.handlers[:] = handlers
    root.setLevel(level)


def _set_revision(database: Database, revision: str) -> None:
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
        session.commit()


def test_ready_names_the_revision(client: TestClient) -> None:
    answer = client.get("/ready")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "revision": head_revision(), "note": None})


def test_a_database_of_a_newer_program_serves_the_older_one(client: TestClient, database: Database) -> None:
    """While machines are replaced one by one, the first new one has migrated: migrations only add."""
    _set_revision(database, "9999")
    answer = client.get("/ready")
    assert (answer.status_code, answer.json()["revision"]) == (200, "9999")
    assert head_revision() in answer.json()["note"]


@pytest.mark.parametrize(("revision", "code"), [("0003", "schema_behind"), ("branch", "schema_unknown")])
def test_a_database_that_is_behind_is_not_ready(
    revision: str, code: str, client: TestClient, database: Database
) -> None:
    _set_revision(database, revision)
    answer = client.get("/ready")
    assert (answer.status_code, answer.json()["code"]) == (503, code)
    assert "swx migrate" in answer.json()["detail"]
    assert int(answer.headers["retry-after"]) > 0
    assert client.get("/health").status_code == 200


def test_an_empty_database_is_not_ready(client: TestClient, owned: Database) -> None:
    migrate(owned.engine, "base")
    answer = client.get("/ready")
    assert (answer.status_code, answer.json()["code"]) == (503, "schema_empty")


def test_a_server_that_stops_is_not_ready(client: TestClient, application: FastAPI) -> None:
    application.state.is_stopping = True
    try:
        assert client.get("/ready").json()["code"] == "stopping"
        assert client.get("/health").status_code == 200
    finally:
        application.state.is_stopping = False


def _read_metrics(application: FastAPI) -> dict[str, float]:
    answer = TestClient(application, client=LOCAL).get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    lines = [line.rpartition(" ") for line in answer.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


def test_metrics_count_by_template_and_name_no_object(world: World, application: FastAPI) -> None:
    lot = world.lot(world.producer())
    request = 'swx_requests_total{method="GET",route="/v1/lots/{lot_id}",status="200"}'
    timed = 'swx_request_seconds_count{method="GET",route="/v1/lots/{lot_id}"}'
    before = _read_metrics(application)
    world.recycler().get(f"/lots/{lot['id']}")
    world.client.get("/v1/nothing/of/the/kind")
    figures = _read_metrics(application)
    assert figures[request] == before.get(request, 0) + 1
    assert figures['swx_requests_total{method="GET",route="unknown",status="404"}'] >= 1
    assert figures[timed] == before.get(timed, 0) + 1  # of whatever status
    assert lot["id"] not in str(figures)
    assert figures["swx_database_up"] == 1
    assert {name: figures[name] for name in figures if name.startswith("swx_pool_connections_most")} == {
        'swx_pool_connections_most{pool="writer"}': 40,
        'swx_pool_connections_most{pool="reader"}': 40,
    }
    assert not any("replica" in name for name in figures)
    assert figures["swx_requests_under_way"] == 1
    assert any(name.startswith("swx_build_info{revision=") for name in figures)


def test_metrics_tell_what_waits(world: World, application: FastAPI) -> None:
    producer = world.producer()
    headers = {"Content-Type": "text/csv"}
    assert producer.request("POST", "/lots/import", content=b"material\nx\n", headers=headers).status_code == 202
    world.lot(producer)
    world.lot(producer)
    with world.database.write() as session:
        session.execute(text("INSERT INTO event_cursors (consumer, position) VALUES ('saved_searches', 1)"))
        session.commit()
    figures = _read_metrics(application)
    assert figures['swx_jobs{status="queued"}'] == 1
    assert figures["swx_jobs_oldest_queued_seconds"] >= 0
    assert figures["swx_events_position"] > 1
    assert figures['swx_events_lag{consumer="saved_searches"}'] == figures["swx_events_position"] - 1


def test_metrics_tell_how_webhooks_stand(world: World, application: FastAPI) -> None:
    producer = world.producer()
    wish = {"url": "https://receiver.example.com/", "types": ["lot"]}
    told, paused = (producer.post("/webhooks", wish)["id"] for _ in range(2))
    producer.request("PATCH", f"/webhooks/{paused}", json={"active": False})
    with world.database.write() as session:
        session.add_all(
            [_delivery(told, DeliveryStatus.PENDING, tried_hours_ago=1) for _ in range(2)]
            + [_delivery(told, DeliveryStatus.PENDING, tried_hours_ago=-1)]
            + [_delivery(paused, DeliveryStatus.PENDING, tried_hours_ago=100)]  # waits for its owner, not for us
            + [_delivery(told, DeliveryStatus.FAILED)]
        )
        session.commit()
    figures = _read_metrics(application)
    assert figures['swx_webhooks{status="active"}'] == figures['swx_webhooks{status="paused"}'] == 1
    assert figures['swx_webhooks{status="failing"}'] == 0
    assert figures['swx_webhook_deliveries{status="pending"}'] == 4
    assert figures['swx_webhook_deliveries{status="failed"}'] == 1
    assert figures["swx_webhook_deliveries_overdue_seconds"] == pytest.approx(3600, abs=60)


def _delivery(webhook: str, status: DeliveryStatus, tried_hours_ago: float | None = None) -> WebhookDelivery:
    at = None if tried_hours_ago is None else now() - timedelta(hours=tried_hours_ago)
    return WebhookDelivery(
        webhook_id=UUID(webhook),
        id=new_id(),
        type="lot.opened",
        subject_id=new_id(),
        status=status,
        queued_at=now(),
        next_try_at=at,
        ended_at=now() if at is None else None,
    )


@pytest.mark.parametrize("engine", ["postgresql"])
def test_metrics_tell_of_the_replica(application: FastAPI, database_url: str) -> None:
    """One that is none: the test's own database, and then one that nobody can reach."""
    before = application.state.database
    for url, fault in ((database_url, "not_a_replica_of_this_database"), (UNREACHABLE, "unreachable")):
        application.state.database = database = Database(database_url, url)
        with database.search() as session:
            session.execute(text("SELECT 1"))
        figures = _read_metrics(application)
        database.dispose()
        assert figures['swx_replica_sessions_total{read="primary"}'] == 1
        assert figures['swx_replica_sessions_total{read="replica"}'] == 0
        assert {name for name in figures if "passed_over" in name and figures[name]} == {
            f'swx_replica_passed_over{{reason="{fault}"}}'
        }
        assert figures['swx_pool_connections_most{pool="replica"}'] == 40
        assert figures['swx_pool_connections_most{pool="replica_position"}'] == 5
    application.state.database = before


@pytest.mark.parametrize("engine", ["sqlite"])
def test_who_may_read_metrics(client: TestClient, application: FastAPI) -> None:
    local = TestClient(application, client=LOCAL)
    settings: Settings = application.state.settings
    assert Settings().metrics is Metrics.LOCAL
    try:
        application.state.settings = settings.model_copy(update={"metrics": Metrics.LOCAL})
        assert client.get("/metrics").json()["code"] == "local_only"  # its address is a name
        assert local.get("/metrics").status_code == 200
        assert local.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 403
        assert TestClient(application, client=("::1", 50_000)).get("/metrics").status_code == 200
        assert TestClient(application, client=("10.0.0.9", 50_000)).get("/metrics").status_code == 403
        for access, status in ((Metrics.ON, 200), (Metrics.OFF, 404)):
            application.state.settings = settings.model_copy(update={"metrics": access})
            assert client.get("/metrics").status_code == status
            assert local.get("/metrics").status_code == status
    finally:
        application.state.settings = settings


def test_a_request_is_one_line(world: World, logged: Any) -> None:  # noqa: ANN401 - the function of the fixture
    producer = world.producer()
    key_id = producer.key.split("_")[1]
    producer.request("GET", "/lots", params={"near": "29.83615,107.07041"}, headers={"X-Request-Id": "of-mine"})
    (line,) = logged()
    assert line.pop("milliseconds") > 0
    assert line.pop("timestamp")
    assert line.pop("key_id").replace("-", "") == key_id
    assert line == {
        "event": "request",
        "level": "info",
        "request_id": "of-mine",
        "organisation_id": producer.id,
        "method": "GET",
        "route": "/v1/lots",
        "status": 200,
    }
    world.client.get("/v1/materials")
    (line,) = logged()
    assert "organisation_id" not in line


CANARY = "canary-9b1f"
_TELLTALES = {
    "sqlite": ("CREATE TRIGGER tell BEFORE INSERT ON sites BEGIN SELECT RAISE(ABORT, NEW.name); END",),
    "postgresql": (
        "CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''%'', NEW.name; END'",
        "CREATE TRIGGER tell BEFORE INSERT ON sites FOR EACH ROW EXECUTE FUNCTION tell()",
    ),
}


def test_nothing_private_is_logged_even_when_a_request_fails(
    world: World,
    logged: Any,  # noqa: ANN401 - the function of the fixture
    database: Database,
) -> None:
    """Keys, bodies, names and queries: refused, unknown, and in the very message of the failing database."""
    producer = world.producer()
    secret = producer.key.split("_", 2)[2]
    body = {"name": CANARY, **CHANGSHOU}
    assert producer.request("POST", "/sites", json=body | {CANARY: 1}).status_code == 422
    assert producer.request("GET", "/lots", params={"grade": CANARY}).status_code == 422
    assert producer.request("GET", f"/lots/{CANARY}").status_code == 404
    forged = {"Authorization": f"Bearer {producer.key}x"}
    assert world.client.get(f"/{CANARY}", headers=forged).status_code == 404
    assert world.client.get("/v1/me", headers=forged).status_code == 401
    with as_owner(database) as session:
        for statement in _TELLTALES[database.engine.dialect.name]:
            session.execute(text(statement))
    failed = producer.request("POST", "/sites", json=body)
    assert failed.status_code == {"sqlite": 409, "postgresql": 500}[database.engine.dialect.name]
    lines = logged()
    assert [line["status"] for line in lines if line["event"] == "request"] == [
        422,
        422,
        404,
        404,
        401,
        failed.status_code,
    ]
    assert failed.headers["x-request-id"] == lines[-1]["request_id"]
    assert CANARY not in json.dumps(lines)
    assert secret not in json.dumps(lines)


def test_a_failure_of_the_program_says_where_and_carries_the_request_id(
    world: World,
    logged: Any,  # noqa: ANN401 - the function of the fixture
    application: FastAPI,
) -> None:
    producer = world.producer()
    kept = application.state.recent_actors
    try:
        application.state.recent_actors = {CANARY: producer.key}  # no such thing: AttributeError
        answer = producer.request("GET", "/me")
    finally:
        application.state.recent_actors = kept
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    request, failure = logged()
    assert (request["event"], request["status"], failure["event"]) == ("request", 500, "request_failed")
    assert answer.headers["x-request-id"] == request["request_id"] == failure["request_id"]
    assert failure["exception"][0] == "builtins.AttributeError"
    assert any("app/dependencies/callers.py:" in line for line in failure["exception"])
    assert CANARY not in json.dumps(failure)
