"""The reading process: a fork that its limits end fails one file and no other; limits hold in the fork."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from app.imports.frames import Begin, Chunk, End, Failure, Request
from app.imports.limits import MAX_CPU_SECONDS, MAX_MEMORY_BYTES
from app.imports.readers import Reader
from tests.imports.conftest import SITE
from tests.imports.files import PATIENCE_SECONDS, lot_row, write_csv

_REQUEST = Request("lots_import", "csv", "Asia/Shanghai", [(UUID(int=1), SITE)])


@pytest.fixture
def own_reader() -> Iterator[Reader]:
    """Return a reader that nothing else uses."""
    made = Reader()
    yield made
    made.close()


def _children(pid: int) -> list[int]:
    lists = [file.read_text() for file in Path(f"/proc/{pid}/task").glob("*/children")]
    return [int(child) for text in lists for child in text.split()]


def _forks() -> list[int]:
    return [fork for child in _children(os.getpid()) if _is_reader(child) for fork in _children(child)]


def _is_reader(pid: int) -> bool:
    return b"app.imports.reader" in Path(f"/proc/{pid}/cmdline").read_bytes()


def _is_running(pid: int) -> bool:
    try:
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())  # none once it has ended
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_fork_killed_by_its_limits_fails_its_file_alone(own_reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWX_SECRET", "of the server")
    large = write_csv([lot_row(SITE, quantity_t=number) for number in range(1, 20_000)])
    answers = own_reader.read(_REQUEST, large, lambda: None)
    assert next(answers) == Begin(19_999)
    (fork,) = _forks()
    limits = Path(f"/proc/{fork}/limits").read_text()
    assert str(MAX_MEMORY_BYTES) in limits
    assert f" {MAX_CPU_SECONDS} " in limits
    written = {line[:26].strip(): line[26:].split()[1] for line in limits.splitlines()}
    assert (written["Max file size"], written["Max core file size"]) == ("0", "0")
    assert b"SWX_SECRET" not in Path(f"/proc/{fork}/environ").read_bytes()
    os.kill(fork, signal.SIGXCPU)
    *chunks, last = answers
    assert all(isinstance(chunk, Chunk) for chunk in chunks)
    assert isinstance(last, Failure)
    assert last.code == "file_too_heavy"
    again = list(own_reader.read(_REQUEST, write_csv([lot_row(SITE)]), lambda: None))
    assert [type(answer) for answer in again] == [Begin, Chunk, End]


def test_leaving_early_ends_the_fork(own_reader: Reader) -> None:
    large = write_csv([lot_row(SITE, quantity_t=number) for number in range(1, 20_000)])
    answers = own_reader.read(_REQUEST, large, lambda: None)
    next(answers)
    (fork,) = _forks()
    answers.close()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while _is_running(fork):  # killed, it goes when it is its turn on its core
        assert time.monotonic() < deadline
        time.sleep(0.01)
