"""`swx backup` and `swx restore`: the whole database in one file, and back."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from app.backups.manifest import Manifest
from app.backups.service import make_backup, restore_backup
from app.cli.databases import database_file, describe_url, hold_file
from app.cli.refusals import Refusal, notes
from app.core.revisions import head_revision
from app.core.settings import Settings


def back_up(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="The archive to write; it must not exist.")],
) -> None:
    """Write the whole database to one file, while others go on writing; the secret is not in it."""
    settings = Settings()
    source = database_file(settings.url)
    if source is not None and not source.exists():
        raise Refusal(f"There is no database at {source}.")
    if not file.absolute().parent.is_dir():
        raise Refusal(f"There is no folder {file.absolute().parent}.")
    manifest = make_backup(settings.url, source, file, settings.postgresql_bin)
    typer.echo(f"{file}: {file.stat().st_size:,} bytes. {_describe(manifest)}")
    notes.print("Keep SWX_SECRET with it, elsewhere: without it no key of this backup works.")


def restore(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="An archive of swx backup.")],
    *,
    replace: Annotated[bool, typer.Option("--replace", help="Give up what the database holds now.")] = False,
) -> None:
    """Restore a backup into an empty database; servers and workers must be stopped."""
    settings = Settings()
    target = database_file(settings.url)
    with ExitStack() as held:
        for what in ("server", "worker"):
            held.enter_context(hold_file(target, what))
        manifest = restore_backup(settings.url, target, file, settings.postgresql_bin, may_replace=replace)
    typer.echo(f"Restored into {describe_url(settings.url)}. {_describe(manifest)}")
    if manifest.revision != head_revision():
        notes.print(f"This program needs revision {head_revision()}; run: swx migrate")
    notes.print("Check it with: swx verify-ledger")


def _describe(manifest: Manifest) -> str:
    totals = manifest.totals
    return (
        f"Revision {manifest.revision}, of {manifest.created_at:%Y-%m-%d %H:%M:%S} UTC: "
        f"{sum(totals.rows.values()):,} rows, {totals.rows.get('ledger_entries', 0):,} of them entries of the ledger; "
        f"last event {totals.last_event:,}; SHA-256 {manifest.sha256}."
    )
