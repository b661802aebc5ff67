"""Commands that look after an installation: migrate, verify-ledger, openapi."""

import json
from typing import Annotated

import typer
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from app.cli.databases import database_file, describe_url, open_database
from app.cli.refusals import Refusal, notes
from app.core.database import Database
from app.core.revisions import current_revision, let_in, migrate
from app.core.settings import Environment, Settings
from app.ledger.verification import find_differences

_AppRole = Annotated[
    str | None,
    typer.Option(metavar="ROLE", help="Let this role of PostgreSQL, which owns nothing, serve and work."),
]


def migrate_database(app_role: _AppRole = None) -> None:
    """Bring the database to the revision that this program needs."""
    settings = Settings()
    if app_role is not None and database_file(settings.url) is not None:
        raise Refusal("A file has no roles; --app-role is for PostgreSQL (SWX_DATABASE_URL).")
    database = Database(settings.url)
    try:
        before = current_revision(database.engine)
        migrate(database.engine)
        after = current_revision(database.engine)
        if app_role is not None:
            _let_in(database, app_role)
    finally:
        database.dispose()
    change = "was there already" if before == after else f"came from {before or 'an empty database'}"
    notes.print(f"{describe_url(settings.url)} is at revision {after}; it {change}.", markup=False)


def _let_in(database: Database, role: str) -> None:
    try:
        let_in(database.engine, role)
    except ProgrammingError as error:
        raise Refusal(f"{role} cannot be let in: {str(error.orig).strip()}") from None
    notes.print(f"{role} may serve and work; it sees private rows only as the exchange lets it.", markup=False)


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
