"""`swx worker`: killed while it sends, it sends again under the same id; told to stop, it ends what is under way."""

import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from app.cli.working import run_worker
from app.core.database import Database
from app.core.settings import Settings
from tests.factories import World
from tests.programs import PATIENCE_SECONDS, Swx
from tests.webhooks.receiver import LOOPBACK, Handler, Receiver, with_status


def _wait(until: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not until():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_killed_while_it_sends_it_sends_again_under_the_same_id(
    world: World, receiver: Receiver, database: Database, database_url: str, tmp_path: Path
) -> None:
    producer = world.producer()
    webhook = producer.post("/webhooks", {"url": receiver.url, "types": ["lot"]})
    lot = world.lot(producer)
    producer.patch(f"/lots/{lot['id']}", {"price_cny_per_t": 1})
    receiver.answer = _say_nothing
    with Swx("worker", folder=tmp_path, url=database_url, SWX_WEBHOOK_ALLOW_PRIVATE="127.0.0.0/8") as worker:
        _wait(lambda: receiver.received)
        worker.end(signal.SIGKILL)
    path = f"/webhooks/{webhook['id']}/deliveries"
    second, first = producer.get(path)["items"]
    assert (first["status"], second["status"]) == ("sending", "pending")
    if database.engine.dialect.name == "postgresql":  # on a file the next worker knows itself to be the only one
        _let_lease_end(database)
    receiver.answer = with_status(200)
    with run_worker(_settings(database_url, tmp_path)):
        _wait(lambda: {item["status"] for item in producer.get(path)["items"]} == {"delivered"})
    assert receiver.ids == [first["id"], first["id"], second["id"]]
    assert receiver.received[0].body == receiver.received[1].body


def _settings(url: str, folder: Path) -> Settings:
    return Settings(database_url=url, data_dir=folder, webhook_allow_private=LOOPBACK)


def _let_lease_end(database: Database) -> None:
    with database.write() as session:
        session.execute(text("UPDATE webhook_deliveries SET next_try_at = queued_at WHERE status = 'sending'"))
        session.commit()


def _say_nothing(handler: Handler) -> None:
    handler.server.is_over.wait(PATIENCE_SECONDS)


@pytest.mark.parametrize("engine", ["sqlite"])
def test_told_to_stop_it_ends_what_is_under_way(
    world: World, receiver: Receiver, database_url: str, tmp_path: Path
) -> None:
    producer = world.producer()
    webhook = producer.post("/webhooks", {"url": receiver.url, "types": ["lot"]})
    world.lot(producer)
    is_stopping = threading.Event()

    def answer_late(handler: Handler) -> None:
        is_stopping.wait(PATIENCE_SECONDS)
        handler.server.is_over.wait(0.2)
        with_status(200)(handler)

    receiver.answer = answer_late
    with run_worker(_settings(database_url, tmp_path)):
        _wait(lambda: receiver.received)
        is_stopping.set()
    (item,) = producer.get(f"/webhooks/{webhook['id']}/deliveries")["items"]
    assert (item["status"], receiver.ids) == ("delivered", [item["id"]])
