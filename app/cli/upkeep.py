"""Commands that look after an installation: migrate, doctor, verify-ledger, openapi."""

import json
import shutil
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

import typer
from rich.console import Console
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.catalogue.reference import reference
from app.cli.databases import database_file, describe_url, open_database
from app.cli.refusals import Refusal, notes
from app.core.database import Database, sqlite_module
from app.core.revisions import current_revision, head_revision, migrate
from app.core.secrets import find_fault
from app.core.settings import Environment, Settings
from app.ledger.verification import find_differences

#: SQLite versions that can lose commits when several connections checkpoint the write-ahead log.
_FAULTY_WAL = ((3, 7, 0), (3, 51, 2))
_LEAST_POSTGRESQL = 150000
_LEAST_FREE_BYTES = 500_000_000


def migrate_database() -> None:
    """Bring the database to the revision that this program needs."""
    settings = Settings()
    database = Database(settings.url)
    before = current_revision(database.engine)
    migrate(database.engine)
    after = current_revision(database.engine)
    database.dispose()
    change = "was there already" if before == after else f"came from {before or 'an empty database'}"
    notes.print(f"{describe_url(settings.url)} is at revision {after}; it {change}.", markup=False)


def verify_ledger() -> None:
    """Recompute what is derived from the ledger's entries; exit code 1 and a list when anything differs."""
    settings = Settings()
    file = database_file(settings.url)
    if file is not None and not file.exists():
        raise Refusal(f"There is no database at {file}; make one with: swx migrate")
    with open_database(settings, may_migrate=False) as database, database.snapshot() as session:
        differences = list(find_differences(session))
        transactions, entries = session.execute(
            text("SELECT (SELECT count(*) FROM ledger_transactions), (SELECT count(*) FROM ledger_entries)")
        ).one()
    if differences:
        typer.echo("\n".join(differences))
        notes.print(f"Differences in the ledger: {len(differences)}", style="red")
        raise typer.Exit(1)
    typer.echo(
        f"The ledger is sound: {transactions:,} transactions with {entries:,} entries; tonnes are conserved, "
        "balances, monthly flows and unused loads equal what the entries say, the identity of the rate holds for each "
        "site and month, and closed months are as they were closed."
    )


def print_openapi() -> None:
    """Print the OpenAPI document of the API."""
    from app.main import create_app  # noqa: PLC0415 - takes seconds, which other commands need not wait for

    # No database is asked and nobody served; naming a server keeps the default one's folder from being made.
    settings = Settings(
        database_url="postgresql+psycopg://", read_database_url=None, environment=Environment.DEVELOPMENT
    )
    document = create_app(settings).openapi()
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False))


class Standing(StrEnum):
    """What a finding asks for."""

    OK = "ok"
    NOTE = "note"
    FIX = "FIX"


class Finding(NamedTuple):
    """One thing that was looked at."""

    standing: Standing
    sentence: str


def examine() -> None:
    """Say what this installation runs on; exit code 1 when something must be fixed."""
    settings = Settings()
    findings = list(_examine(settings))
    console = Console(highlight=False, soft_wrap=True)
    styles = {Standing.OK: "green", Standing.NOTE: "yellow", Standing.FIX: "bold red"}
    for standing, sentence in findings:
        console.print(f"{standing.value:<5}", style=styles[standing], end="")
        console.print(sentence, markup=False)
    if any(standing is Standing.FIX for standing, _ in findings):
        raise typer.Exit(1)


def _examine(settings: Settings) -> Iterator[Finding]:
    yield Finding(Standing.OK, f"database {describe_url(settings.url)}")
    file = database_file(settings.url)
    if file is not None:
        module = sqlite_module()
        yield examine_sqlite(module.sqlite_version, module.__name__)
    if file is not None and not file.exists():
        yield Finding(Standing.NOTE, "schema: there is no database yet; swx migrate or the first swx serve makes it")
    else:
        yield from _examine_database(settings)
        yield from _examine_replica(settings)
    yield _count_catalogue()
    yield _examine_disk(settings)
    yield _examine_secret(settings)


def examine_sqlite(version: str, module: str) -> Finding:
    """Tell whether a version of SQLite can be trusted with commits."""
    runs = f"SQLite {version} ({module})"
    first, last = _FAULTY_WAL
    if first <= tuple(int(part) for part in version.split(".")) <= last:
        advice = "install pysqlite3 (SQLite 3.51.3 or newer) or use PostgreSQL"
        return Finding(Standing.FIX, f"{runs}: carries the WAL-reset fault, which can lose commits; {advice}")
    return Finding(Standing.OK, f"{runs}: free of the WAL-reset fault of 3.7.0 to 3.51.2")


def _examine_database(settings: Settings) -> Iterator[Finding]:
    database = Database(settings.url)
    try:
        if database.engine.dialect.name == "postgresql":
            with database.engine.connect() as connection:
                number, version = connection.execute(
                    text("SELECT current_setting('server_version_num')::int, current_setting('server_version')")
                ).one()
            standing = Standing.OK if number >= _LEAST_POSTGRESQL else Standing.FIX
            yield Finding(standing, f"PostgreSQL {version} (15 or newer is needed)")
        found, head = current_revision(database.engine), head_revision()
    except DBAPIError as error:
        yield Finding(Standing.FIX, f"the database does not answer: {str(error.orig).strip()}")
        return
    finally:
        database.dispose()
    if found == head:
        yield Finding(Standing.OK, f"schema: at head, {head}")
    else:
        yield Finding(Standing.FIX, f"schema: {found or 'empty'}, but {head} is needed; run swx migrate")


def _examine_replica(settings: Settings) -> Iterator[Finding]:
    database = Database(settings.url, settings.read_database_url)
    if settings.read_database_url is None or database.replica is None:
        return
    address = describe_url(settings.read_database_url)
    connection = database.replica.connect()
    if connection is not None:
        connection.close()
        yield Finding(Standing.OK, f"replica {address}: follows, and has all that the primary acknowledged")
    else:
        fault = database.replica.fault or "the primary does not answer"
        standing = Standing.NOTE if fault == "behind" else Standing.FIX
        yield Finding(standing, f"replica {address}: {fault}; the primary is read in its place")
    database.dispose()


def _count_catalogue() -> Finding:
    known = reference()
    counts = ", ".join(
        f"{len(entries)} {name}"
        for name, entries in (
            ("materials", known.materials),
            ("parameters", known.parameters),
            ("grades", known.grades),
            ("uses", known.uses),
            ("treatments", known.treatments),
            ("districts", known.districts),
            ("targets", known.targets),
        )
    )
    return Finding(Standing.OK, f"catalogue {known.digest[:12]}: {counts}")


def _examine_disk(settings: Settings) -> Finding:
    folder = database_file(settings.url) or settings.data_dir
    while not folder.is_dir():
        folder = folder.absolute().parent
    free = shutil.disk_usage(folder).free
    sentence = f"disk: {free / 1e9:.1f} GB free in {folder.absolute()}"
    if free < _LEAST_FREE_BYTES:
        return Finding(Standing.FIX, f"{sentence}; make room, a full disk refuses writes")
    return Finding(Standing.OK, sentence)


def _examine_secret(settings: Settings) -> Finding:
    fault = find_fault(settings)
    if fault is None:
        return Finding(Standing.OK, "secret: set")
    standing = Standing.NOTE if settings.environment is Environment.DEVELOPMENT else Standing.FIX
    return Finding(standing, f"secret: {fault} Set one of your own before others use this installation")
