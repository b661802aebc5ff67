"""`swx doctor` on what it is there for: settings that lose commits, missing workers, replicas that are none."""

from pathlib import Path

import pytest
from sqlalchemy import text, update

from app.cli.databases import database_file, hold_file
from app.core.clock import now
from app.core.database import Database
from app.core.timeouts import Purpose
from app.jobs.models import Job
from tests.cli.command import run_swx
from tests.databases import owner_url, superuser_url
from tests.factories import World
from tests.imports.files import send

UNREACHABLE = "postgresql+psycopg://swx:hidden@127.0.0.1:1/none"


@pytest.mark.parametrize("engine", ["postgresql"])
def test_a_server_that_forgets_is_for_trials_alone(database_url: str, tmp_path: Path) -> None:
    """The server of the tests runs without fsync, on purpose."""
    trial = run_swx("doctor", folder=tmp_path, url=database_url)
    assert trial.exit_code == 0, trial.output
    for sentence in ("note fsync is off", "note synchronous_commit is off", "clock: ", "room for 2", "Asia/Shanghai"):
        assert sentence in trial.stdout
    production = run_swx("doctor", folder=tmp_path, url=database_url, SWX_ENVIRONMENT="production", SWX_SECRET="x" * 32)
    assert production.exit_code == 1
    assert "FIX  fsync is off" in production.stdout


@pytest.mark.parametrize("engine", ["postgresql"])
def test_a_role_that_passes_the_second_lock_by_is_named(database_url: str, tmp_path: Path) -> None:
    said = {
        database_url: "ok   role swx_app owns nothing",
        owner_url(database_url): "note role swx_owner is the tables' owner: the second lock on private rows is open",
        superuser_url(database_url): "note role postgres is a superuser: the second lock on private rows is open",
    }
    for url, sentence in said.items():
        result = run_swx("doctor", folder=tmp_path, url=url)
        assert sentence in result.stdout, result.output


@pytest.mark.parametrize("engine", ["postgresql"])
def test_replicas_are_looked_at(database_url: str, tmp_path: Path) -> None:
    result = run_swx("doctor", folder=tmp_path, url=database_url, SWX_READ_DATABASE_URL=database_url)
    assert result.exit_code == 1
    assert "not a replica of this database" in result.stdout
    assert "a process of ours opens up to 85" in result.stdout
    result = run_swx("doctor", folder=tmp_path, url=database_url, SWX_READ_DATABASE_URL=UNREACHABLE)
    assert result.exit_code == 1
    assert "replica postgresql+psycopg://swx:***@127.0.0.1:1/none: unreachable" in result.stdout
    assert "hidden" not in result.output


def test_a_missing_worker_is_noted_and_missed_once_jobs_wait(
    world: World, database: Database, database_url: str, tmp_path: Path
) -> None:
    idle = run_swx("doctor", folder=tmp_path, url=database_url)
    assert (idle.exit_code, "note worker: none runs" in idle.stdout) == (0, True), idle.output
    send(world.producer(), b"material\nx\n")
    missed = run_swx("doctor", folder=tmp_path, url=database_url)
    assert (missed.exit_code, "FIX  worker: none runs; 1 jobs wait" in missed.stdout) == (1, True), missed.output
    worker = Database(database_url, purpose=Purpose.WORKER).as_exchange()
    with hold_file(database_file(database_url), "worker"), worker.read() as session:
        session.execute(text("SELECT 1"))
        seen = run_swx("doctor", folder=tmp_path, url=database_url)
        assert (seen.exit_code, "ok   worker: at work" in seen.stdout) == (0, True), seen.output
        with database.write() as writing:
            writing.execute(update(Job).values(created_at=now().replace(year=2025)))
            writing.commit()
        late = run_swx("doctor", folder=tmp_path, url=database_url)
        assert "note worker: at work" in late.stdout
    worker.dispose()


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_newer_schema_is_noted(database: Database, database_url: str, tmp_path: Path) -> None:
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        session.commit()
    result = run_swx("doctor", folder=tmp_path, url=database_url, SWX_TIMEZONE="Mars/Olympus")
    assert result.exit_code == 1
    assert "note schema: 9999" in result.stdout
    assert "FIX  time zone" in result.stdout
