"""The disk of the database is full: a problem, nothing half stored, and writes again once there is room."""

import os
import pwd
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fastapi import FastAPI
from sqlalchemy import event, text
from starlette.testclient import TestClient

from app.core.database import Database
from app.core.revisions import migrate
from app.ledger.verification import find_differences
from tests.factories import Body, Deal, World
from tests.postgres import start_postgres

#: Of the small disks below; PostgreSQL's empty database takes 8 MB of it.
DISK_MB = {"sqlite": 6, "postgresql": 40}
MOST_LOADS = 3_000
_FULL = (
    (
        "CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql "
        "AS 'BEGIN RAISE EXCEPTION USING ERRCODE = ''53100'', MESSAGE = ''could not extend file''; END'"
    ),
    "CREATE TRIGGER fill BEFORE INSERT ON ledger_entries FOR EACH ROW EXECUTE FUNCTION fill()",
)


def _dispatch(deal: Deal, number: int) -> Any:  # noqa: ANN401 - a response
    ticket: Body = {
        "ticket_no": f"F-{number}",
        "vehicle_plate": "渝A12345",
        "dispatched_at": f"{deal.lot['available_from']}T04:00:00Z",
        "net_t": 0.1,
    }
    return deal.producer.request("POST", f"/agreements/{deal.agreement['id']}/shipments", json=ticket)


def _fill_up(deal: Deal) -> int:
    """Dispatch until there is no room; return how many loads were taken."""
    for number in range(MOST_LOADS):
        answer = _dispatch(deal, number)
        if answer.status_code != 201:
            assert (answer.status_code, answer.json()["code"]) == (503, "storage_full"), answer.text
            assert answer.headers["content-type"] == "application/problem+json"
            return number
    pytest.fail("the disk was never full")


def _check_sound(deal: Deal, database: Database, loads: int) -> None:
    with database.snapshot() as session:
        assert list(find_differences(session)) == []
        assert session.execute(text("SELECT count(*) FROM shipments")).scalar_one() == loads
        if database.engine.dialect.name == "sqlite":
            assert session.execute(text("PRAGMA integrity_check")).scalars().all() == ["ok"]
    moved = deal.balances()
    assert round(moved.get(("in_transit", int(deal.lot["available_from"][:4])), 0) * 10) == loads


def _play(world: World, database: Database, make_room: Any) -> None:  # noqa: ANN401 - a function
    """Fill the disk, look that reading and the ledger are sound, make room, go on."""
    deal = world.deal(1000)
    taken = _fill_up(deal)
    assert _dispatch(deal, MOST_LOADS).json()["code"] == "storage_full"
    assert deal.producer.get("/lots")["items"] is not None
    _check_sound(deal, database, taken)
    make_room()
    assert _dispatch(deal, MOST_LOADS + 1).status_code == 201
    _check_sound(deal, database, taken + 1)


@pytest.mark.parametrize("engine", ["sqlite"])
def test_sqlite_without_room_refuses_and_goes_on(world: World, database: Database) -> None:
    with database.read() as session:
        pages = session.execute(text("PRAGMA page_count")).scalar_one()
    most = pages + 40

    def limit(connection: Any, *_: object) -> None:  # noqa: ANN401 - a DB-API connection
        connection.execute(f"PRAGMA max_page_count = {most}")

    event.listen(database.engine, "checkout", limit)

    def make_room() -> None:
        nonlocal most
        most = pages * 1000

    _play(world, database, make_room)


@pytest.mark.parametrize("engine", ["postgresql"])
def test_postgresql_that_says_so_is_understood(world: World, database: Database) -> None:
    deal = world.deal(1000)
    with database.write() as session:
        for statement in _FULL:
            session.execute(text(statement))
        session.commit()
    answer = _dispatch(deal, 1)
    assert (answer.status_code, answer.json()["code"]) == (503, "storage_full")
    _check_sound(deal, database, 0)


@contextmanager
def _small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """Yield a file system of its own; skips the test where none can be mounted."""
    folder.mkdir()
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root on Linux")
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:  # noqa: S603 - of ours
        pytest.skip("no file system may be mounted here")
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
        _play(World(TestClient(application, raise_server_exceptions=False), database), database, ballast.unlink)
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
        _play(World(TestClient(application, raise_server_exceptions=False), database), database, ballast.unlink)
        database.dispose()
        server.halt()
