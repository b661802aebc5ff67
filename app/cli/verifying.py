"""`swx verify-events` tells whether anything in the record of what happened was changed, removed or put in."""

import re
from typing import Annotated

import typer

from app.cli.databases import database_file, open_database
from app.cli.progress import show_progress
from app.cli.refusals import Refusal, notes
from app.core.settings import Settings
from app.events.tracing import START, Link
from app.events.verification import find_tampering, read_anchor

_ANCHOR = re.compile(r"([1-9][0-9]{0,17}):([0-9a-f]{64})")


def verify_events(
    anchor: Annotated[
        list[str] | None,
        typer.Option(help="POSITION:HASH as an earlier run printed it: what came before must be the same. Repeatable."),
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="POSITION:HASH as an earlier run printed it: check only what came after.")
    ] = None,
) -> None:
    """Follow the chain of hashes through all events; exit code 1 and a list when anything was tampered with."""
    anchors = dict(_read_anchor(given) for given in anchor or [])
    start = START if since is None else _read_anchor(since)
    settings = Settings()
    file = database_file(settings.url)
    if file is not None and not file.exists():
        raise Refusal(f"There is no database at {file}; make one with: swx migrate")
    found = 0
    with open_database(settings, may_migrate=False) as database, database.read() as session:
        last = read_anchor(session)
        with show_progress("Events", max(0, last.position - start.position)) as advance:
            for finding in find_tampering(session, start, anchors, advance):
                typer.echo(finding.sentence)
                found += 1
    if found:
        notes.print(f"Findings in the events: {found}", style="red")
        raise typer.Exit(1)
    checked = "All events are" if since is None else f"All events after position {start.position} are"
    typer.echo(f"{checked} as they were recorded, up to position {last.position:,}. Note this where nobody changes it;")
    typer.echo("a later run with it as --anchor proves that nothing up to here was rewritten or cut off:")
    typer.echo(f"{last.position}:{last.hash}")


def _read_anchor(given: str) -> Link:
    match = _ANCHOR.fullmatch(given.strip())
    if match is None:
        raise Refusal(f"{given}: give POSITION:HASH, with 64 hexadecimal digits, as swx verify-events prints it.")
    return Link(int(match[1]), match[2])
