"""What is over is swept in batches; what is in use stays."""

import threading
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.core.bulk import insert_rows
from app.core.clock import now
from app.core.database import Database
from app.requests.models import IdempotencyKey, RateBucket
from app.requests.sweeping import run_request_sweeper, sweep_requests


def _store(database: Database, ages: list[timedelta], at: datetime) -> None:
    answered = {"fingerprint": b"x", "status": 201, "headers": {}, "body": b"{}"}
    keys = [{"digest": number.to_bytes(32), "created_at": at - age, **answered} for number, age in enumerate(ages)]
    buckets = [{"bucket": f"key:{number}", "full_at": (at - age).timestamp()} for number, age in enumerate(ages)]
    with database.write() as session:
        insert_rows(session, IdempotencyKey, keys)
        insert_rows(session, RateBucket, buckets)
        session.commit()


def _count(database: Database) -> tuple[int, int]:
    with database.read() as session:
        counts = [
            session.scalar(select(func.count()).select_from(entity)) or 0 for entity in (IdempotencyKey, RateBucket)
        ]
    return counts[0], counts[1]


def test_only_what_is_over_goes(database: Database) -> None:
    at = now()
    _store(database, [timedelta(days=8), timedelta(days=6), timedelta(hours=2), timedelta(minutes=1)], at)
    assert sweep_requests(database, at) == 1 + 3
    assert _count(database) == (3, 1)
    assert sweep_requests(database, at) == 0


def test_many_go_in_batches(database: Database) -> None:
    at = now()
    _store(database, [timedelta(days=8)] * 2500, at)
    assert [sweep_requests(database, at) for _ in range(4)] == [2000, 2000, 1000, 0]


def test_the_sweeper_survives_a_database_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.requests.sweeping._AFTER_FAILURE_SECONDS", 0.01)
    empty, stop = Database(f"sqlite:///{tmp_path / 'empty.db'}"), threading.Event()
    thread = threading.Thread(target=run_request_sweeper, args=(empty, stop))
    thread.start()
    thread.join(0.1)
    assert thread.is_alive()
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
    empty.dispose()
