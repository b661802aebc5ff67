"""`swx doctor`: what this installation runs on, and what of it must be fixed."""

import shutil
from collections.abc import Iterator
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
from rich.console import Console
from sqlalchemy.exc import DBAPIError

from app.catalogue.reference import reference
from app.cli.databases import database_file, describe_url
from app.cli.findings import Finding, Urgency, of_production
from app.cli.findings_of_servers import examine_replica, examine_server
from app.cli.findings_of_work import examine_work
from app.core import clock
from app.core.database import Database
from app.core.engines import sqlite_module
from app.core.revisions import Standing, current_revision, head_revision, standing_of
from app.core.secrets import find_fault
from app.core.settings import Settings

#: SQLite versions that can lose commits when several connections checkpoint the write-ahead log.
_FAULTY_WAL = ((3, 7, 0), (3, 51, 2))
_LEAST_FREE_BYTES = 500_000_000
_STYLES = {Urgency.OK: "green", Urgency.NOTE: "yellow", Urgency.FIX: "bold red"}


def examine() -> None:
    """Say what this installation runs on; exit code 1 when something must be fixed."""
    settings = Settings()
    findings = list(_examine(settings))
    console = Console(highlight=False, soft_wrap=True)
    for urgency, sentence in findings:
        console.print(f"{urgency.value:<5}", style=_STYLES[urgency], end="")
        console.print(sentence, markup=False)
    if any(urgency is Urgency.FIX for urgency, _ in findings):
        raise typer.Exit(1)


def _examine(settings: Settings) -> Iterator[Finding]:
    yield Finding(Urgency.OK, f"database {describe_url(settings.url)}")
    file = database_file(settings.url)
    if file is not None:
        module = sqlite_module()
        yield examine_sqlite(module.sqlite_version, module.__name__)
    if file is not None and not file.exists():
        yield Finding(Urgency.NOTE, "schema: there is no database yet; swx migrate or the first swx serve makes it")
    else:
        yield from _examine_database(settings)
    if settings.read_database_url is not None:
        yield from examine_replica(settings.url, settings.read_database_url)
    yield _count_catalogue()
    yield _examine_disk(settings)
    yield _examine_secret(settings)
    yield _examine_zone(settings)


def examine_sqlite(version: str, module: str) -> Finding:
    """Tell whether a version of SQLite can be trusted with commits."""
    runs = f"SQLite {version} ({module})"
    first, last = _FAULTY_WAL
    if first <= tuple(int(part) for part in version.split(".")) <= last:
        advice = "install pysqlite3 (SQLite 3.51.3 or newer) or use PostgreSQL"
        return Finding(Urgency.FIX, f"{runs}: carries the WAL-reset fault, which can lose commits; {advice}")
    return Finding(Urgency.OK, f"{runs}: free of the WAL-reset fault of 3.7.0 to 3.51.2")


def _examine_database(settings: Settings) -> Iterator[Finding]:
    database = Database(settings.url).as_exchange()
    try:
        if database.engine.dialect.name == "postgresql":
            yield from examine_server(database.engine, settings)
        found = current_revision(database.engine)
        yield _examine_schema(found)
        if standing_of(found).is_fit:
            yield from examine_work(database, database_file(settings.url))
    except DBAPIError as error:
        yield Finding(Urgency.FIX, f"the database does not answer: {str(error.orig).strip()}")
    finally:
        database.dispose()


def _examine_schema(found: str | None) -> Finding:
    standing, head = standing_of(found), head_revision()
    if standing is Standing.CURRENT:
        return Finding(Urgency.OK, f"schema: at head, {head}")
    if standing is Standing.NEWER:
        return Finding(Urgency.NOTE, f"schema: {found}, of a newer program than this one ({head}); update this one")
    return Finding(Urgency.FIX, f"schema: {found or 'empty'}, but {head} is needed; run swx migrate")


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
    return Finding(Urgency.OK, f"catalogue {known.digest[:12]}: {counts}")


def _examine_disk(settings: Settings) -> Finding:
    folder = database_file(settings.url) or settings.data_dir
    while not folder.is_dir():
        folder = folder.absolute().parent
    free = shutil.disk_usage(folder).free
    sentence = f"disk: {free / 1e9:.1f} GB free in {folder.absolute()}"
    if free < _LEAST_FREE_BYTES:
        return Finding(Urgency.FIX, f"{sentence}; make room, a full disk refuses writes")
    return Finding(Urgency.OK, sentence)


def _examine_secret(settings: Settings) -> Finding:
    fault = find_fault(settings)
    if fault is None:
        return Finding(Urgency.OK, "secret: set")
    sentence = f"secret: {fault} Set one of your own before others use this installation"
    return Finding(of_production(settings), sentence)


def _examine_zone(settings: Settings) -> Finding:
    try:
        zone = ZoneInfo(settings.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        return Finding(
            Urgency.FIX, f"time zone: {settings.timezone} is not known; SWX_TIMEZONE takes Asia/Shanghai, say"
        )
    return Finding(
        Urgency.OK, f"time zone: {settings.timezone}, where it is {clock.now().astimezone(zone):%Y-%m-%d %H:%M}"
    )
