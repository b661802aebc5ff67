"""The disk of the database is full: as in `test_disk_full.py`, on small disks that are filled."""

import os
import pwd
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from app.core.database import Database
from app.core.revisions import migrate
from tests.factories import World
from tests.postgres import start_postgres
from tests.reliability.filling import play

pytestmark = pytest.mark.drill
#: PostgreSQL's empty database takes 8 MB of it.
DISK_MB = {"sqlite": 6, "postgresql": 40}


@contextmanager
def _small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """Yield a file system of its own; only root may mount one, and only on Linux."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    subprocess.run(mount, check=True)  # noqa: S603 - of ours
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)  # noqa: S603, S607 - the system's


def _fill(disk: Path, leave_bytes: int) -> Path:
    """Fill a disk but for some bytes; return the file that does."""
    ballast = disk / "ballast"
    free = os.statvfs(disk)
    ballast.write_bytes(bytes(max(0, free.f_bavail * free.f_frsize - leave_bytes)))
    return ballast


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_full_disk_under_sqlite(engine: str, application: FastAPI, tmp_path: Path) -> None:
    with _small_disk(tmp_path / "disk", DISK_MB[engine]) as disk:
        database = Database(f"sqlite:///{disk / 'exchange.db'}")
        migrate(database.engine)
        application.state.database = database
        ballast = _fill(disk, 1_500_000)
        play(World(TestClient(application, raise_server_exceptions=False), database), database, ballast.unlink)
        database.dispose()


@pytest.mark.parametrize("engine", ["postgresql"])
def test_a_full_disk_under_postgresql(engine: str, application: FastAPI) -> None:
    """Of the data; the log of the server lies elsewhere, as it should."""
    with start_postgres() as server, _small_disk(server.directory / "disk", DISK_MB[engine]) as disk:
        account = pwd.getpwnam("nobody")
        os.chown(disk, account.pw_uid, account.pw_gid)
        with psycopg.connect(server.dsn("postgres"), autocommit=True) as operator:
            operator.execute(f"CREATE TABLESPACE small LOCATION '{disk}'".encode())
            operator.execute("CREATE DATABASE market TABLESPACE small")
        database = Database(server.url("market"))
        migrate(database.engine)
        application.state.database = database
        ballast = _fill(disk, 500_000)
        play(World(TestClient(application, raise_server_exceptions=False), database), database, ballast.unlink)
        database.dispose()
        server.halt()
