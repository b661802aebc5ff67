"""`swx serve --workers`: several processes on PostgreSQL, replaced when one dies, gone when their supervisor is."""

import contextlib
import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.command import run_swx
from tests.programs import PATIENCE_SECONDS, Swx
from tests.served import Served, serving

WORKERS = 2


def test_sqlite_has_one_process(tmp_path: Path) -> None:
    result = run_swx("serve", "--port", 0, "--workers", 2, folder=tmp_path)
    assert result.exit_code == 1
    assert "Several processes need PostgreSQL" in result.stderr


def test_sqlite_has_no_replica(tmp_path: Path) -> None:
    replica = "postgresql+psycopg://replica/exchange"
    result = run_swx("serve", "--port", 0, folder=tmp_path, SWX_READ_DATABASE_URL=replica)
    assert result.exit_code == 1
    assert "SWX_READ_DATABASE_URL: Value error, names a streaming replica" in result.stderr


@pytest.mark.parametrize("engine", ["postgresql"])
def test_a_process_that_dies_is_replaced_and_all_end_in_order(database_url: str, tmp_path: Path) -> None:
    with serving(_served(database_url, tmp_path)) as served:
        supervisor = served.running
        before = _wait_for_processes(supervisor)
        os.kill(before[0], signal.SIGKILL)
        _until(lambda: before[0] not in _processes_of(supervisor))
        after = _wait_for_processes(supervisor)
        assert before[1] in after
        served.wait_until_ready()
        assert served.end(signal.SIGTERM) == 0, supervisor.messages
    assert "Traceback" not in supervisor.messages
    assert not any(Path(f"/proc/{process}").exists() for process in after)


@pytest.mark.parametrize("engine", ["postgresql"])
def test_processes_do_not_outlive_their_supervisor(database_url: str, tmp_path: Path) -> None:
    with serving(_served(database_url, tmp_path)) as served:
        processes = _wait_for_processes(served.running)
        served.end(signal.SIGKILL)
        _until(lambda: not any(_is_running(process) for process in processes))
        socket.create_server(("127.0.0.1", served.port)).close()


def _served(url: str, folder: Path) -> Served:
    return Served(url, folder, ("--workers", WORKERS, "--log-format", "json"), {"SWX_WORKER": "on"})


def _wait_for_processes(supervisor: Swx) -> list[int]:
    _until(lambda: len(_processes_of(supervisor)) == WORKERS)
    return _processes_of(supervisor)


def _processes_of(supervisor: Swx) -> list[int]:
    """Return those that serve: neither the reader of imports nor what multiprocessing keeps for itself."""
    pid = supervisor.pid
    children = [
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]
    return [child for child in children if "spawn_main" in _command_of(child) and _is_running(child)]


def _command_of(process: int) -> str:
    with contextlib.suppress(FileNotFoundError):
        return Path(f"/proc/{process}/cmdline").read_text()
    return ""


def _is_running(process: int) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)
