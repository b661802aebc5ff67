"""Migrations beside a working market: each stands aside for others, and later ones are read critically beforehand."""

import io
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import psycopg
import pytest
from alembic import command
from sqlalchemy import text

from app.core.database import Database
from app.core.revisions import head_revision, is_at_head, known_revisions, make_config, migrate
from tests.factories import World

#: The schema that installations begin with. Scripts up to here ran on empty tables; later ones run beside writers.
#: It moves with the newest script as long as nothing is released.
FIRST_RELEASE = "0023"
PATIENCE_SECONDS = 60
ROOT = Path(__file__).resolve().parents[1]
#: As `swx migrate` sets them.
_TIMES = "SET lock_timeout = '3s';\nSET statement_timeout = '0s';\n"
_ADDS_COLUMNS = "0003"


def render(revision: str) -> str:
    """Return the SQL of one migration on PostgreSQL."""
    config, script = make_config(), io.StringIO()
    config.output_buffer = script
    before = known_revisions()[known_revisions().index(revision) - 1]
    command.upgrade(config, f"{before}:{revision}", sql=True)
    return script.getvalue()


def complaints(script: str) -> str:
    """Return what the linter says of SQL for a live table; empty where it is content."""
    squawk = Path(sys.executable).with_name("squawk")
    settings = ["--config", str(ROOT / ".squawk.toml"), "--stdin-filepath", "migration.sql"]
    found = subprocess.run(  # noqa: S603 - the linter of our own environment
        [squawk, *settings],
        input=_TIMES + script,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    return found.stdout + found.stderr if found.returncode else ""


def test_later_migrations_block_nobody() -> None:
    later = known_revisions()[known_revisions().index(FIRST_RELEASE) + 1 :]
    faults = {revision: complaints(render(revision)) for revision in later}
    assert {revision: fault for revision, fault in faults.items() if fault} == {}


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ("ALTER TABLE lots ADD COLUMN kind int NOT NULL;", "adding-required-field"),
        ("CREATE INDEX ix_lots_kind ON lots (kind);", "require-concurrent-index-creation"),
        ("ALTER TABLE lots ADD CONSTRAINT kind CHECK (kind > 0);", "constraint-missing-not-valid"),
        ("ALTER TABLE lots DROP COLUMN kind;", "ban-drop-column"),
        ("ALTER TABLE lots RENAME COLUMN kind TO sort;", "renaming-column"),
    ],
)
def test_the_linter_finds_what_would_block_or_break(statement: str, rule: str) -> None:
    assert rule in complaints(statement)


def test_the_linter_lets_through_what_only_adds() -> None:
    assert complaints(render(_ADDS_COLUMNS)) == ""


@contextmanager
def _market_at_work(database: Database) -> Iterator[list[Future[int]]]:
    """Have one read and one write the oldest tables until the end; each says how long it waited at most."""
    end = Event()

    def work(statement: str) -> int:
        longest, count = 0.0, 0
        while not end.is_set() or not count:
            began = time.monotonic()
            with database.write() if statement.startswith("UPDATE") else database.read() as session:
                session.execute(text(statement))
                if session.in_transaction():
                    session.commit()
            longest, count = max(longest, time.monotonic() - began), count + 1
        assert longest < PATIENCE_SECONDS / 2
        return count

    statements = ("SELECT count(*) FROM lots JOIN sites ON site_id = sites.id", "UPDATE sites SET name = name")
    with ThreadPoolExecutor(len(statements)) as pool:
        working = [pool.submit(work, statement) for statement in statements]
        try:
            yield working
        finally:
            end.set()


def test_the_newest_step_is_taken_beside_readers_and_writers(world: World, database: Database, owned: Database) -> None:
    world.deal(100)
    migrate(owned.engine, known_revisions()[-2])
    with _market_at_work(database) as working:
        migrate(owned.engine)
    assert is_at_head(database.engine)
    assert all(done.result() > 0 for done in working)
    assert world.deal(100).agreement["status"] == "accepted"


@pytest.mark.parametrize("engine", ["postgresql"])
def test_a_step_that_gets_no_lock_stands_aside(owned: Database) -> None:
    """Behind a waiting ALTER TABLE everyone would wait; it gives up, lets them through and tries again."""
    before = known_revisions()[known_revisions().index(_ADDS_COLUMNS) - 1]
    migrate(owned.engine, before)
    dsn = owned.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with (
        ThreadPoolExecutor(1) as pool,
        psycopg.connect(dsn) as long_reader,
        psycopg.connect(dsn, autocommit=True) as other,
    ):
        long_reader.execute("SELECT count(*) FROM demands")  # its transaction stays open
        migrating = pool.submit(migrate, owned.engine)
        _wait_until(other, waits, 1)
        _wait_until(other, waits, 0)
        assert not migrating.done()
        assert other.execute("SELECT count(*) FROM demands").fetchone() == (0,)
        long_reader.rollback()
        migrating.result(PATIENCE_SECONDS)
    assert is_at_head(owned.engine)


def _wait_until(connection: "psycopg.Connection[tuple[int]]", query: str, wanted: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while connection.execute(query.encode()).fetchone() != (wanted,):
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("engine", ["postgresql"])
def test_two_that_migrate_at_once_do_each_step_once(database: Database, owned: Database) -> None:
    migrate(owned.engine, "base")
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(migrate, owned.engine) for _ in range(2)]:
            done.result(PATIENCE_SECONDS)
    with database.read() as session:
        assert session.execute(text("SELECT version_num FROM alembic_version")).scalars().all() == [head_revision()]
