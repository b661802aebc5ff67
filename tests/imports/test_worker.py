"""`swx worker` and the worker of `swx serve`: killed in the middle of a job, every row lands once all the same."""

import os
import signal
import subprocess
import sys
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

SWX = Path(sys.executable).with_name("swx")
#: More than two chunks.
_ROWS = 5_000
_BAD = _ROWS // 1000


def _start(url: str, folder: Path) -> "subprocess.Popen[str]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SWX_")}
    environment |= {"SWX_DATABASE_URL": url, "SWX_DATA_DIR": str(folder)}
    return subprocess.Popen([SWX, "worker"], env=environment, stderr=subprocess.PIPE, text=True)  # noqa: S603 - our own program


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
    with _start(database_url, tmp_path) as worker:
        done = _wait_for_rows(producer, job["id"])
        worker.send_signal(number)
        _, messages = worker.communicate(timeout=PATIENCE_SECONDS)
    assert worker.returncode == (-signal.SIGKILL if number is signal.SIGKILL else 0), messages
    assert "Traceback" not in messages
    standing = producer.get(f"/jobs/{job['id']}")
    assert standing["status"] == "running", (standing["error"], messages)
    assert 0 < done < _ROWS
    with _start(database_url, tmp_path) as worker:
        ended = finish(producer, job)
        worker.send_signal(signal.SIGINT)
        worker.communicate(timeout=PATIENCE_SECONDS)
    assert counts(ended) == ("done", _ROWS - _BAD, _BAD, 0)
    assert [line for line, _, _ in refusals(ended)] == [502 + 1000 * part for part in range(_BAD)]
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Lot)) == _ROWS - _BAD
        assert session.scalar(select(func.count()).select_from(ImportedRow)) == _ROWS - _BAD


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_second_worker_on_one_file_is_refused(database_url: str, tmp_path: Path) -> None:
    with _start(database_url, tmp_path) as worker:
        assert worker.stderr is not None
        assert "Working" in worker.stderr.readline()
        result = run_swx("worker", folder=tmp_path, url=database_url)
        worker.send_signal(signal.SIGTERM)
        worker.communicate(timeout=PATIENCE_SECONDS)
    assert (result.exit_code, "Another worker runs" in result.stderr) == (1, True)


@pytest.mark.parametrize("engine", ["postgresql"])
def test_two_workers_share_a_database(producer: Member, database_url: str, tmp_path: Path) -> None:
    jobs = [send(producer, write_csv([lot_row(SITE, quantity_t=row)] * 3)) for row in range(1, 5)]
    with _start(database_url, tmp_path) as first, _start(database_url, tmp_path) as second:
        assert [counts(finish(producer, job)) for job in jobs] == [("done", 3, 0, 0)] * 4
        for worker in (first, second):
            worker.send_signal(signal.SIGTERM)
            worker.communicate(timeout=PATIENCE_SECONDS)
