"""The launcher of the tests' PostgreSQL: databases from a template, many clients, nothing left behind."""

import os
import pwd
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, NullPool, create_engine, text

from tests.postgres import PostgresServer, start_postgres

GONE_SECONDS = 30


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """Give one running server to all tests of this file."""
    with start_postgres() as running:
        yield running


def connect(server: PostgresServer, database: str) -> Connection:
    """Open a connection that is not pooled, so that closing it frees the database."""
    return create_engine(server.url(database), poolclass=NullPool).connect()


def test_settings_are_those_of_a_throw_away_server(server: PostgresServer) -> None:
    wanted = {
        "listen_addresses": "",
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "max_connections": "200",
        "server_encoding": "UTF8",
        "lc_collate": "C",
    }
    with connect(server, "postgres") as connection:
        rows = connection.execute(text("SELECT name, setting FROM pg_settings"))
        settings = {name: setting for name, setting in rows if name in wanted}
        settings["lc_collate"] = connection.scalar(text("SELECT datcollate FROM pg_database LIMIT 1"))
    assert settings == wanted


def test_database_from_template_is_a_copy_of_its_own(server: PostgresServer) -> None:
    server.create_database("model")
    with connect(server, "model") as connection:
        connection.execute(text("CREATE TABLE load (kg bigint)"))
        connection.execute(text("INSERT INTO load VALUES (31500)"))
        connection.commit()

    server.create_database("copy", template="model")
    with connect(server, "copy") as connection:
        connection.execute(text("UPDATE load SET kg = kg + 1"))
        connection.commit()
        assert connection.scalar(text("SELECT kg FROM load")) == 31_501
    with connect(server, "model") as connection:
        assert connection.scalar(text("SELECT kg FROM load")) == 31_500


def test_database_is_dropped_under_its_clients(server: PostgresServer) -> None:
    server.create_database("busy")
    with psycopg.connect(server.dsn("busy"), autocommit=True) as client:
        server.drop_database("busy")
        with pytest.raises(psycopg.OperationalError):
            client.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(server.dsn("busy"))


def test_clients_work_in_parallel(server: PostgresServer) -> None:
    server.create_database("shared")
    with connect(server, "shared") as connection:
        connection.execute(text("CREATE TABLE tally (n int)"))
        connection.execute(text("INSERT INTO tally VALUES (0)"))
        connection.commit()

    def add_one(_: int) -> None:
        with connect(server, "shared") as connection:
            connection.execute(text("UPDATE tally SET n = n + 1"))
            connection.commit()

    with ThreadPoolExecutor(max_workers=16) as clients:
        list(clients.map(add_one, range(64)))
    with connect(server, "shared") as connection:
        assert connection.scalar(text("SELECT n FROM tally")) == 64


def test_does_not_run_as_root_and_lets_nobody_else_in(server: PostgresServer) -> None:
    runs_as = Path(f"/proc/{server.process.pid}").stat().st_uid
    assert runs_as == (pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else os.geteuid())
    assert server.directory.stat().st_mode & 0o077 == 0


def test_nothing_is_left_after_stop() -> None:
    server = start_postgres()
    client = psycopg.connect(server.dsn("postgres"))
    server.stop()
    server.stop()
    assert server.process.poll() == 0
    with pytest.raises(psycopg.OperationalError):
        client.execute("SELECT 1")
    assert not server.directory.exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(server.dsn("postgres"))


def test_ends_with_a_killed_parent(tmp_path: Path) -> None:
    program = tmp_path / "parent.py"
    program.write_text(
        "from tests.postgres import start_postgres\n"
        "server = start_postgres()\n"
        "print(server.process.pid, server.directory, flush=True)\n"
        "input()\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])}
    with subprocess.Popen(  # noqa: S603  this interpreter and the lines above
        [sys.executable, program], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        pid, _, directory = parent.stdout.readline().strip().partition(" ")
        watch = select.poll()
        watch.register(os.pidfd_open(int(pid)), select.POLLIN)  # readable once the process has ended
        parent.send_signal(signal.SIGKILL)
    assert watch.poll(GONE_SECONDS * 1000)
    subprocess.run(["rm", "-rf", directory], check=True)  # noqa: S603, S607  what a killed process cannot do
