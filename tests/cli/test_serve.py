"""`swx serve`: what it refuses, in words, and that it answers and ends."""

import signal
import socket
from pathlib import Path

import pytest

from app.cli.databases import hold_file
from app.core.database import Database
from app.core.revisions import migrate
from tests.cli.command import run_swx
from tests.databases import owner_url
from tests.programs import Swx
from tests.served import free_port, wait_until_ready


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
    port = free_port()
    with Swx("serve", "--port", port, "--log-format", "json", folder=tmp_path, anew=True) as server:
        wait_until_ready(server, f"http://127.0.0.1:{port}")
        second = run_swx("serve", "--port", 0, folder=tmp_path)
        assert (second.exit_code, "Another server runs" in second.stderr) == (1, True)
        assert server.end(signal.SIGINT) == 0, server.messages
    assert '"route": "/ready"' in server.messages
    assert "HTTP/1.1" not in server.messages
    assert "Traceback" not in server.messages
