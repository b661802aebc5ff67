"""`swx serve --workers`: several processes on PostgreSQL, replaced when one dies, gone when their supervisor is."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from tests.cli.command import run_swx

SWX = Path(sys.executable).with_name("swx")
PATIENCE_SECONDS = 120
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
    with _serving(database_url, tmp_path) as (supervisor, port):
        before = _wait_for_processes(supervisor)
        os.kill(before[0], signal.SIGKILL)
        _until(lambda: before[0] not in _processes_of(supervisor))
        after = _wait_for_processes(supervisor)
        assert before[1] in after
        assert _is_ready(port)
        supervisor.send_signal(signal.SIGTERM)
        _, messages = supervisor.communicate(timeout=PATIENCE_SECONDS)
    assert supervisor.returncode == 0, messages
    assert "Traceback" not in messages
    assert not any(Path(f"/proc/{process}").exists() for process in after)


@pytest.mark.parametrize("engine", ["postgresql"])
def test_processes_do_not_outlive_their_supervisor(database_url: str, tmp_path: Path) -> None:
    with _serving(database_url, tmp_path) as (supervisor, port):
        processes = _wait_for_processes(supervisor)
        supervisor.kill()
        _until(lambda: not any(_is_running(process) for process in processes))
        socket.create_server(("127.0.0.1", port)).close()


@contextlib.contextmanager
def _serving(url: str, folder: Path) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SWX_")}
    environment |= {"SWX_DATABASE_URL": url, "SWX_DATA_DIR": str(folder)}
    command = [str(SWX), "serve", "--port", str(port), "--workers", str(WORKERS), "--log-format", "json"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as supervisor:  # noqa: S603 - ours
        try:
            _until(lambda: _is_ready(port))
            yield supervisor, port
        finally:
            if supervisor.poll() is None:
                supervisor.terminate()


def _wait_for_processes(supervisor: "subprocess.Popen[str]") -> list[int]:
    _until(lambda: len(_processes_of(supervisor)) == WORKERS)
    return _processes_of(supervisor)


def _processes_of(supervisor: "subprocess.Popen[str]") -> list[int]:
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


def _is_ready(port: int) -> bool:
    with contextlib.suppress(httpx2.TransportError), httpx2.Client(trust_env=False) as client:
        return client.get(f"http://127.0.0.1:{port}/ready", timeout=10).status_code == 200
    return False


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)
