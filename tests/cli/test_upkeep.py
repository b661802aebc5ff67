"""migrate, doctor, verify-ledger and openapi, as their exit codes and sentences say."""

import json
import sqlite3
from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlalchemy import update

from app.cli import doctor
from app.core.clock import today
from app.core.database import Database
from app.ledger.models import Balance, OriginMonth, OriginYear
from tests.cli.command import run_swx
from tests.factories import World


def test_migrate_makes_a_database_and_doctor_finds_it_sound(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'exchange.db'}"
    assert run_swx("migrate", folder=tmp_path, url=url).exit_code == 0
    again = run_swx("migrate", folder=tmp_path, url=url)
    assert (again.exit_code, "was there already" in again.stderr) == (0, True)
    result = run_swx("doctor", folder=tmp_path, url=url)
    assert result.exit_code == 0, result.output
    for sentence in (
        "schema: at head",
        "18 materials",
        "free of the WAL-reset fault",
        "GB free",
        "development default",
    ):
        assert sentence in result.stdout


def test_doctor_asks_for_what_must_be_fixed(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'empty.db'}"
    sqlite3.connect(tmp_path / "empty.db").close()
    (tmp_path / "empty.db").touch()
    result = run_swx("doctor", folder=tmp_path, url=url, SWX_ENVIRONMENT="production")
    assert result.exit_code == 1
    assert "run swx migrate" in result.stdout
    assert "FIX  secret" in result.stdout


def test_doctor_hides_the_password_and_reports_a_dead_server(tmp_path: Path) -> None:
    url = "postgresql+psycopg://swx:hidden@127.0.0.1:1/none"
    result = run_swx("doctor", folder=tmp_path, url=url)
    assert result.exit_code == 1
    assert "hidden" not in result.output
    assert "swx:***@127.0.0.1" in result.stdout
    assert "does not answer" in result.stdout


def test_doctor_examines_both_engines(database_url: str, tmp_path: Path) -> None:
    result = run_swx("doctor", folder=tmp_path, url=database_url)
    assert result.exit_code == 0, result.output
    engine = "PostgreSQL" if database_url.startswith("postgresql") else "SQLite"
    assert engine in result.stdout


@pytest.mark.parametrize(
    ("version", "urgency"), [("3.51.2", "FIX"), ("3.7.0", "FIX"), ("3.51.3", "ok"), ("3.53.0", "ok")]
)
def test_versions_of_sqlite_with_the_wal_fault_must_go(version: str, urgency: str) -> None:
    assert doctor.examine_sqlite(version, "sqlite3").urgency == urgency


def test_verify_ledger_says_what_differs(world: World, database: Database, database_url: str, tmp_path: Path) -> None:
    world.deal(100).dispatch(40, f"{today().year - 1}-05-04")
    sound = run_swx("verify-ledger", folder=tmp_path, url=database_url)
    assert (sound.exit_code, "The ledger is sound" in sound.stdout) == (0, True)
    with database.write() as session:
        session.execute(update(Balance).where(Balance.account == "in_transit").values(quantity_t=39))
        session.commit()
    broken = run_swx("verify-ledger", folder=tmp_path, url=database_url)
    assert broken.exit_code == 1
    assert "39" in broken.stdout
    assert "Differences in the ledger: 1" in broken.stderr


def test_verify_ledger_checks_the_months_that_statistics_read(
    world: World, database: Database, database_url: str, tmp_path: Path
) -> None:
    world.deal(100).dispatch(40, f"{today().year - 1}-05-04")
    with database.write() as session:
        session.execute(update(OriginMonth).values(generated_t=41, disposed_t=1))
        session.commit()
    broken = run_swx("verify-ledger", folder=tmp_path, url=database_url)
    assert broken.exit_code == 1
    assert "figure generated_t: 41.000 t stand, the entries make 40.000 t" in broken.stdout.replace("\n", " ")
    assert "figure disposed_t: 1.000 t stand, the entries make 0 t" in broken.stdout.replace("\n", " ")
    assert "Differences in the ledger: 2" in broken.stderr


def test_verify_ledger_checks_the_years_that_periods_open_with(
    world: World, database: Database, database_url: str, tmp_path: Path
) -> None:
    deal = world.deal(100)
    year = today().year - 1
    deal.receive(deal.dispatch(40, f"{year}-05-04"), f"{year}-05-05")
    deal.use(15, f"{year}-06-01")
    with database.write() as session:
        session.execute(update(OriginYear).values(closing_t=24))
        session.commit()
    broken = run_swx("verify-ledger", folder=tmp_path, url=database_url)
    assert broken.exit_code == 1
    assert f"year {year}" in broken.stdout.replace("\n", " ")
    assert "figure closing_t: 24.000 t stand, the entries make 25.000 t" in broken.stdout.replace("\n", " ")
    assert "Differences in the ledger: 1" in broken.stderr


def test_verify_ledger_makes_no_database(tmp_path: Path) -> None:
    result = run_swx("verify-ledger", folder=tmp_path / "none")
    assert result.exit_code == 1
    assert "swx migrate" in result.stderr
    assert not (tmp_path / "none").exists()


def test_openapi_prints_the_document(application: FastAPI, tmp_path: Path) -> None:
    result = run_swx("openapi", folder=tmp_path / "none")
    assert result.exit_code == 0
    assert result.stdout == json.dumps(application.openapi(), indent=2, ensure_ascii=False) + "\n"
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"SWX_DETOUR_FACTOR": "far"}, "SWX_DETOUR_FACTOR"),
        ({"SWX_DATABASE_URL": "nonsense"}, "SWX_DATABASE_URL is not a database address"),
        ({"SWX_DATABASE_URL": "sqlite://"}, "in memory"),
        ({"SWX_DATABASE_URL": "postgresql+psycopg://swx@127.0.0.1:1/none"}, "does not answer"),
    ],
)
def test_wrong_settings_are_refused_in_words(variables: dict[str, str], sentence: str, tmp_path: Path) -> None:
    result = run_swx("verify-ledger", folder=tmp_path, url=variables.pop("SWX_DATABASE_URL", None), **variables)
    assert result.exit_code == 1
    assert sentence in result.stderr
    assert "Traceback" not in result.output
