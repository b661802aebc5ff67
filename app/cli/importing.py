"""`swx import`: data from files; good rows land, bad ones are reported by line."""

from pathlib import Path
from typing import Annotated

import typer

from app.cli.databases import open_database
from app.cli.progress import show_progress
from app.cli.refusals import Refusal, notes
from app.core import clock
from app.core.settings import Settings
from app.samples.plant_files import BadRow, UnknownFile, read_plants
from app.samples.plant_loading import PLANTS_A_TRANSACTION, load_plants

_MOST_SHOWN = 50


def import_plants(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="CSV with a header.")],
) -> None:
    """Bring in coal power plants as fly-ash producers, or cement demand as consumers; the header tells which.

    Fly ash of a plant: capacity x 4 500 h a year x 0.13 t per MWh. Cement demand is synthetic. The same file sent
    twice adds nothing.
    """
    settings = Settings()
    clock.use_zone(settings.timezone)
    try:
        kind, plants, bad = read_plants(file)
    except UnknownFile as reason:
        raise Refusal(str(reason)) from None
    notes.print(f"{file.name}: {kind.title}. Assumed: {kind.assumptions}.", markup=False)
    added = 0
    with open_database(settings) as database, show_progress("Adding plants", len(plants)) as advance:
        for start in range(0, len(plants), PLANTS_A_TRANSACTION):
            batch = plants[start : start + PLANTS_A_TRANSACTION]
            with database.write() as session:
                added += load_plants(session, kind, batch, clock.today())
                session.commit()
            advance(len(batch))
    _report(bad)
    role = "Producers" if kind.is_supply else "Consumers"
    typer.echo(f"{role} added: {added}; known already: {len(plants) - added}; rows refused: {len(bad)}.")
    if bad and not plants:
        raise typer.Exit(1)


def _report(bad: list[BadRow]) -> None:
    for row in bad[:_MOST_SHOWN]:
        notes.print(f"line {row.line}: {row.reason}", style="red", markup=False)
    if len(bad) > _MOST_SHOWN:
        notes.print(f"and {len(bad) - _MOST_SHOWN} more", style="red")
