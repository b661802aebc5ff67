"""`swx serve`: what it refuses, in words, and that it answers and ends."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest

from app.cli.databases import hold_file
from app.core.database import Database
from app.core.revisions import migrate
from tests.cli.command import run_swx
from tests.databases import owner_url

SWX = Path(sys.executable).with_name("swx")
PATIENCE_SECONDS = 60


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def test_a_database_behind_its_program_is_refused_with_the_command(tmp_path: Path) -> None:
    result = run_swx("serve", "--port", 0, folder=tmp_path, url=f"sqlite:///{tmp_path / 'old.db'}")
    assert result.exit_code == 1
    assert "swx migrate" in result.stderr


def test_a_second_server_on_one_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "exchange.db"
    with hold_file(file):
        result = run_swx("serve", "--port", 0, folder=tmp_path)
    assert result.exit_code == 1
    assert f"Another server runs on {file}" in result.stderr


def test_a_taken_port_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        result = run_swx("serve", "--port", port, folder=tmp_path)
    assert result.exit_code == 1
    assert f"Port {port} of 127.0.0.1 is taken" in result.stderr


def test_production_wants_a_secret_of_its_own(tmp_path: Path) -> None:
    result = run_swx("serve", "--port", 0, folder=tmp_path, SWX_ENVIRONMENT="production")
    assert result.exit_code == 1
    assert "SWX_SECRET" in result.stderr


@pytest.mark.parametrize("engine", ["postgresql"])
def test_postgresql_behind_its_program_is_refused(database_url: str, tmp_path: Path) -> None:
    database = Database(owner_url(database_url))
    migrate(database.engine, "base")
    database.dispose()
    result = run_swx("serve", "--port", 0, folder=tmp_path, url=database_url)
    assert result.exit_code == 1
    assert "swx migrate" in result.stderr
    assert "127.0.0.1" in result.stderr or "host=" in result.stderr


def test_the_default_database_migrates_itself_and_the_server_ends_cleanly(tmp_path: Path) -> None:
    port = _free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SWX_")}
    environment["SWX_DATA_DIR"] = str(tmp_path)
    with subprocess.Popen(  # noqa: S603 - our own program
        [SWX, "serve", "--port", str(port), "--log-format", "json"], env=environment, stderr=subprocess.PIPE, text=True
    ) as server:
        try:
            _wait_until_ready(port, server)
            second = run_swx("serve", "--port", 0, folder=tmp_path)
            assert (second.exit_code, "Another server runs" in second.stderr) == (1, True)
        finally:
            server.send_signal(signal.SIGINT)
            _, messages = server.communicate(timeout=PATIENCE_SECONDS)
    assert server.returncode == 0, messages
    assert '"route": "/ready"' in messages
    assert "HTTP/1.1" not in messages
    assert "Traceback" not in messages


def _wait_until_ready(port: int, server: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    with httpx2.Client(trust_env=False) as client:
        while True:
            try:
                if client.get(f"http://127.0.0.1:{port}/ready", timeout=10).status_code == 200:
                    return
            except httpx2.TransportError:
                assert server.poll() is None, server.communicate()
                assert time.monotonic() < deadline
                time.sleep(0.05)
