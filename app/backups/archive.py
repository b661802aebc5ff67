"""The file of a backup: a zip of the database and its manifest, whole or not there at all."""

import hashlib
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from pydantic import ValidationError

from app.backups.manifest import FORMAT, Manifest
from app.core.errors import Conflict

_DATABASE, _MANIFEST = "database", "manifest.json"
_CHUNK = 1 << 20
_LARGEST_MANIFEST = 1_000_000


@contextmanager
def new_archive(file: Path) -> Iterator[zipfile.ZipFile]:
    """Yield an archive to fill, readable for its owner alone; it gets its name when it is whole and on the disk."""
    if file.exists():
        raise Conflict("file_exists", f"There is a file {file} already; name another.")
    part = file.with_name(f"{file.name}.part")
    try:
        with open(os.open(part, os.O_CREAT | os.O_TRUNC | os.O_RDWR, 0o600), "wb") as raw:  # noqa: PTH123 - of a number
            with zipfile.ZipFile(raw, "w") as archive:
                yield archive
            raw.flush()
            os.fsync(raw.fileno())
        part.rename(file)
        sync_folder(file)
    finally:
        part.unlink(missing_ok=True)


def sync_folder(file: Path) -> None:
    """Have the name of a file on the disk, as its content is."""
    folder = os.open(file.parent.resolve(), os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def put_database(archive: zipfile.ZipFile, source: IO[bytes], *, compress: bool) -> tuple[str, int]:
    """Copy a database into an archive; return its SHA-256 (hex) and size."""
    entry = zipfile.ZipInfo(_DATABASE)
    entry.compress_type = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
    with archive.open(entry, "w", force_zip64=True) as target:
        return copy_hashed(source, target)


def put_manifest(archive: zipfile.ZipFile, manifest: Manifest) -> None:
    """Write the manifest, last: it knows what was written before it."""
    archive.writestr(_MANIFEST, manifest.model_dump_json(indent=2))


def copy_hashed(source: IO[bytes], target: IO[bytes] | None) -> tuple[str, int]:
    """Copy a stream to its end, or read it only; return its SHA-256 (hex) and size."""
    digest, size = hashlib.sha256(), 0
    while chunk := source.read(_CHUNK):
        digest.update(chunk)
        size += len(chunk)
        if target is not None:
            target.write(chunk)
    return digest.hexdigest(), size


@contextmanager
def open_archive(file: Path) -> Iterator[tuple[Manifest, zipfile.ZipFile]]:
    """Yield the manifest and the archive, once all of the database in it is what the manifest says; else Conflict."""
    try:
        with zipfile.ZipFile(file) as archive:
            if archive.getinfo(_MANIFEST).file_size > _LARGEST_MANIFEST:
                raise _not_whole(file, "its manifest is too large")
            manifest = Manifest.model_validate_json(archive.read(_MANIFEST))
            if manifest.format != FORMAT:
                raise _not_whole(file, f"its format {manifest.format} is not known to this program")
            with read_database(archive) as content:
                found = copy_hashed(content, None)
            if found != (manifest.sha256, manifest.size):
                raise _not_whole(file, "the database in it is not the one that its manifest is of")
            yield manifest, archive
    except (zipfile.BadZipFile, KeyError, ValidationError, EOFError) as error:
        raise _not_whole(file, str(error).split("\n", maxsplit=1)[0]) from None


def read_database(archive: zipfile.ZipFile) -> IO[bytes]:
    """Return the database in an archive as a stream."""
    return archive.open(_DATABASE)


def _not_whole(file: Path, why: str) -> Conflict:
    return Conflict("archive_unreadable", f"{file} is no whole backup: {why}.")
