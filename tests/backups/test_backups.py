"""Backup and restoring, on both engines: what was one state of a busy market is that state again."""

import json
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from app.backups.manifest import count_totals
from app.cli.databases import database_file, hold_file
from app.core.clock import today
from app.core.database import Database
from app.core.timeouts import Purpose
from tests.cli.command import run_swx
from tests.databases import Templates, owner_url
from tests.factories import Deal, World
from tests.postgres import programs

YEAR = today().year - 1


@pytest.fixture
def blank_url(engine: str, templates: Templates) -> Iterator[str]:
    """Return the URL of a database with nothing in it."""
    with templates.blank(engine) as url:
        yield url


def swx(*arguments: object, folder: Path, url: str) -> Any:  # noqa: ANN401 - typer's result
    """Run a command with PostgreSQL's programs at hand."""
    return run_swx(*arguments, folder=folder, url=url, SWX_POSTGRESQL_BIN=str(programs()))


@contextmanager
def closing_database(url: str, purpose: Purpose = Purpose.COMMAND) -> Iterator[Database]:
    """Yield a database whose connections are closed afterwards."""
    database = Database(url, purpose=purpose).as_exchange()
    try:
        yield database
    finally:
        database.dispose()


def totals_of(url: str) -> Any:  # noqa: ANN401 - the totals
    """Return the totals of a database as it stands."""
    with closing_database(url) as database, database.read() as session:
        return count_totals(session.connection())


def trade(world: World) -> Deal:
    """Make a market in which tonnes are in storage, on the road, received and used."""
    deal = world.deal(1000)
    deal.opening(100, YEAR - 1)
    deal.declare(f"{YEAR}-03", 90, self_utilised_t=25)
    deal.receive(deal.dispatch(30.5, f"{YEAR}-03-04"), f"{YEAR}-03-05", net_t=30.45)
    deal.dispatch(12, f"{YEAR}-03-06")
    deal.use(20, f"{YEAR}-03-07")
    return deal


@contextmanager
def _writers(deal: Deal) -> Iterator[Event]:
    """Have two writers dispatch loads until the end; the event is set once each has."""
    end, wrote = Event(), Event()

    def write() -> int:
        count = 0
        while not end.is_set():
            deal.dispatch(0.1, f"{YEAR}-04-01")
            count += 1
            wrote.set()
        return count

    with ThreadPoolExecutor(2) as pool:
        writing = [pool.submit(write) for _ in range(2)]
        try:
            yield wrote
        finally:
            end.set()
    assert sum(done.result() for done in writing) > 0


def test_a_busy_market_comes_back_as_it_was_at_one_moment(
    world: World, application: FastAPI, database_url: str, blank_url: str, tmp_path: Path
) -> None:
    deal = trade(world)
    file = tmp_path / "market.swx"
    with _writers(deal) as wrote:
        assert wrote.wait(60)
        before = totals_of(database_url)
        made = swx("backup", file, folder=tmp_path, url=database_url)
        assert made.exit_code == 0, made.output
        after = totals_of(database_url)
    stated = json.loads(zipfile.ZipFile(file).read("manifest.json"))["totals"]
    for name in ("shipments", "ledger_entries", "events"):
        assert before.rows[name] <= stated["rows"][name] <= after.rows[name]
    assert sum(stated["kg_by_account"].values()) == 0
    assert file.stat().st_mode & 0o077 == 0

    restored = swx("restore", file, folder=tmp_path, url=blank_url)
    assert restored.exit_code == 0, restored.output
    assert totals_of(blank_url).model_dump() == stated
    for what in ("verify-ledger", "verify-events"):
        verified = swx(what, folder=tmp_path, url=blank_url)
        assert verified.exit_code == 0, verified.output
    with closing_database(blank_url) as copy:
        application.state.database = copy
        assert deal.producer.get("/me")["organisation"]["name"] == deal.producer.name  # by its key, as before
        deal.dispatch(1, f"{YEAR}-05-01")


def test_what_is_there_is_replaced_only_when_told_to(
    world: World, database: Database, database_url: str, tmp_path: Path
) -> None:
    deal = trade(world)
    file = tmp_path / "market.swx"
    assert swx("backup", file, folder=tmp_path, url=database_url).exit_code == 0
    again = swx("backup", file, folder=tmp_path, url=database_url)
    assert (again.exit_code, "There is a file" in again.stderr) == (1, True)
    stated = totals_of(database_url)
    deal.dispatch(7, f"{YEAR}-05-01")
    refused = swx("restore", file, folder=tmp_path, url=owner_url(database_url))
    assert (refused.exit_code, "--replace" in refused.stderr) == (1, True)
    assert totals_of(database_url) != stated
    database.dispose()
    replaced = swx("restore", file, "--replace", folder=tmp_path, url=owner_url(database_url))
    assert replaced.exit_code == 0, replaced.output
    assert totals_of(database_url) == stated
    with database.engine.begin() as connection:
        if database.engine.dialect.name == "postgresql":
            schemas = connection.execute(text("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'swx%'"))
            assert schemas.all() == []
    # And a backup of what was restored is as good.
    assert swx("backup", tmp_path / "second.swx", folder=tmp_path, url=database_url).exit_code == 0


def _spoil(file: Path, **changes: Any) -> Path:  # noqa: ANN401 - fields of the manifest
    """Return a copy of an archive whose manifest says something else."""
    spoilt = file.with_name("spoilt.swx")
    with zipfile.ZipFile(file) as good, zipfile.ZipFile(spoilt, "w") as bad:
        bad.writestr("database", good.read("database"))
        bad.writestr("manifest.json", json.dumps(json.loads(good.read("manifest.json")) | changes))
    return spoilt


def test_nothing_is_touched_by_an_archive_that_cannot_be_trusted(
    world: World, database: Database, database_url: str, tmp_path: Path
) -> None:
    trade(world)
    file = tmp_path / "market.swx"
    assert swx("backup", file, folder=tmp_path, url=database_url).exit_code == 0
    stated = totals_of(database_url)
    database.dispose()
    other = {"sqlite": "postgresql", "postgresql": "sqlite"}[database.engine.dialect.name]
    wrong_totals = stated.model_dump() | {"last_event": 99}
    for changes, words in (
        ({"revision": "9999"}, "9999"),
        ({"sha256": "0" * 64}, "no whole backup"),
        ({"engine": other}, other),
        ({"format": 2}, "format 2"),
        ({"totals": wrong_totals}, "other totals"),
    ):
        refused = swx("restore", _spoil(file, **changes), "--replace", folder=tmp_path, url=owner_url(database_url))
        assert (refused.exit_code, words in refused.stderr) == (1, True), refused.output
        assert totals_of(database_url) == stated
    for content in (file.read_bytes()[:-200], b"", b"PK"):
        (tmp_path / "cut.swx").write_bytes(content)
        refused = swx("restore", tmp_path / "cut.swx", "--replace", folder=tmp_path, url=owner_url(database_url))
        assert (refused.exit_code, "no whole backup" in refused.stderr) == (1, True), refused.output
    assert totals_of(database_url) == stated
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix != ".lock") == [
        "cut.swx",
        "market.swx",
        "spoilt.swx",
    ]


def test_nobody_may_use_what_is_restored(world: World, engine: str, database_url: str, tmp_path: Path) -> None:
    trade(world)
    file = tmp_path / "market.swx"
    assert swx("backup", file, folder=tmp_path, url=database_url).exit_code == 0
    with ExitStack() as used:
        if engine == "sqlite":
            used.enter_context(hold_file(database_file(database_url), "worker"))
        else:
            server = used.enter_context(closing_database(database_url, Purpose.SERVER))
            used.enter_context(server.read()).execute(text("SELECT 1"))
        refused = swx("restore", file, "--replace", folder=tmp_path, url=owner_url(database_url))
    words = {"sqlite": "Another worker runs", "postgresql": "swx serve run on this database"}[engine]
    assert (refused.exit_code, words in refused.stderr) == (1, True), refused.output


@pytest.mark.parametrize("engine", ["postgresql"])
def test_missing_programs_are_named(database_url: str, tmp_path: Path) -> None:
    result = run_swx("backup", tmp_path / "x.swx", folder=tmp_path, url=database_url, SWX_POSTGRESQL_BIN=str(tmp_path))
    assert (result.exit_code, "SWX_POSTGRESQL_BIN" in result.stderr) == (1, True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_damaged_database_makes_no_backup(world: World, database: Database, tmp_path: Path) -> None:
    world.site(world.producer())
    with database.write() as session:
        session.execute(text("PRAGMA foreign_keys = OFF"))
        session.commit()
    with database.engine.connect() as connection:
        raw: Any = connection.connection.driver_connection
        raw.execute("PRAGMA foreign_keys = OFF")
        raw.execute("DELETE FROM organisations")
    refused = swx("backup", tmp_path / "x.swx", folder=tmp_path, url=database.url)
    assert (refused.exit_code, "lost reference" in refused.stderr) == (1, True), refused.output
    assert list(tmp_path.iterdir()) == []
