"""Making a backup and restoring it, on either engine."""

from pathlib import Path

from app.backups.archive import new_archive, open_archive, put_manifest
from app.backups.dumps import back_up_server, restore_server
from app.backups.files import back_up_file, holds_tables, restore_file
from app.backups.manifest import FORMAT, Manifest
from app.core.clock import now
from app.core.errors import Conflict
from app.core.revisions import head_revision, known_revisions


def make_backup(url: str, database_file: Path | None, file: Path, programs: Path | None) -> Manifest:
    """Write a backup of a database to `file` and read it through once; raises Conflict.

    One state of it, while others go on writing. `database_file` is None for a server's.
    """
    created_at = now()
    with new_archive(file) as archive:
        if database_file is None:
            digest, size, revision, totals = back_up_server(url, archive, programs)
        else:
            digest, size, revision, totals = back_up_file(database_file, archive, file.parent.resolve())
        manifest = Manifest(
            format=FORMAT,
            engine=_engine_of(database_file),
            revision=revision,
            created_at=created_at,
            sha256=digest,
            size=size,
            totals=totals,
        )
        put_manifest(archive, manifest)
    with open_archive(file) as (found, _):
        return found


def restore_backup(
    url: str, database_file: Path | None, file: Path, programs: Path | None, *, may_replace: bool
) -> Manifest:
    """Restore a backup into a database that is empty, or `may_replace` what it holds; raises Conflict.

    Nothing is touched unless the archive is whole and its schema one that this program knows.
    """
    with open_archive(file) as (manifest, archive):
        if manifest.engine != _engine_of(database_file):
            raise Conflict(
                "other_engine", f"The backup is one of {manifest.engine}; SWX_DATABASE_URL names another kind."
            )
        if manifest.revision not in known_revisions():
            detail = f"The backup is at revision {manifest.revision}, this program knows up to {head_revision()}"
            raise Conflict("newer_backup", f"{detail}; restore it with the program that made it or a newer one.")
        if database_file is None:
            restore_server(url, archive, manifest.totals, programs, may_replace=may_replace)
        elif not may_replace and holds_tables(database_file):
            raise Conflict("not_empty", f"{database_file} holds a database; --replace puts the backup in its place.")
        else:
            restore_file(archive, database_file, manifest.totals)
        return manifest


def _engine_of(database_file: Path | None) -> str:
    return "postgresql" if database_file is None else "sqlite"
