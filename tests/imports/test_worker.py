"""`swx worker` and the worker of `swx serve`: killed in the middle of a job, every row lands once all the same."""

import signal
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.core.database import Database
from app.imports.models import ImportedRow
from app.lots.models import Lot
from tests.cli.command import run_swx
from tests.factories import Member
from tests.imports.conftest import SITE
from tests.imports.files import PATIENCE_SECONDS, counts, finish, lot_row, refusals, send, write_csv
from tests.programs import Swx

#: More than two chunks.
_ROWS = 5_000
_BAD = _ROWS // 1000


def _wait_for_rows(producer: Member, job_id: str) -> int:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (done := producer.get(f"/jobs/{job_id}")["done"]):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return int(done)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_worker_ended_in_mid_job_leaves_no_row_out_and_none_twice(
    number: signal.Signals, producer: Member, database: Database, database_url: str, tmp_path: Path
) -> None:
    rows = [lot_row(SITE, quantity_t="x" if row % 1000 == 500 else 1 + row // 2) for row in range(_ROWS)]
    job = send(producer, write_csv(rows))
    with Swx("worker", folder=tmp_path, url=database_url) as worker:
        done = _wait_for_rows(producer, job["id"])
        code = worker.end(number)
    assert code == (-signal.SIGKILL if number is signal.SIGKILL else 0), worker.messages
    assert "Traceback" not in worker.messages
    standing = producer.get(f"/jobs/{job['id']}")
    assert standing["status"] == "running", (standing["error"], worker.messages)
    assert 0 < done < _ROWS
    with Swx("worker", folder=tmp_path, url=database_url) as worker:
        ended = finish(producer, job)
        assert worker.end(signal.SIGINT) == 0, worker.messages
    assert counts(ended) == ("done", _ROWS - _BAD, _BAD, 0)
    assert [line for line, _, _ in refusals(ended)] == [502 + 1000 * part for part in range(_BAD)]
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Lot)) == _ROWS - _BAD
        assert session.scalar(select(func.count()).select_from(ImportedRow)) == _ROWS - _BAD


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_second_worker_on_one_file_is_refused(database_url: str, tmp_path: Path) -> None:
    with Swx("worker", folder=tmp_path, url=database_url) as worker:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while "Working" not in worker.messages:
            assert time.monotonic() < deadline, worker.messages
            time.sleep(0.05)
        result = run_swx("worker", folder=tmp_path, url=database_url)
        assert worker.end() == 0, worker.messages
    assert (result.exit_code, "Another worker runs" in result.stderr) == (1, True)


@pytest.mark.parametrize("engine", ["postgresql"])
def test_two_workers_share_a_database(producer: Member, database_url: str, tmp_path: Path) -> None:
    jobs = [send(producer, write_csv([lot_row(SITE, quantity_t=row)] * 3)) for row in range(1, 5)]
    with (
        Swx("worker", folder=tmp_path, url=database_url) as first,
        Swx("worker", folder=tmp_path, url=database_url) as second,
    ):
        assert [counts(finish(producer, job)) for job in jobs] == [("done", 3, 0, 0)] * 4
        assert [worker.end() for worker in (first, second)] == [0, 0]
