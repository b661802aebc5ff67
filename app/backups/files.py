"""Backup and restoring of an SQLite file: a consistent copy beside running writers, checked before it counts."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from zipfile import ZipFile

from sqlalchemy import Connection, NullPool, create_engine

from app.backups.archive import copy_hashed, put_database, read_database, sync_folder
from app.backups.manifest import Totals, count_totals, read_revision
from app.core.engines import sqlite_module
from app.core.errors import Conflict


def back_up_file(source: Path, archive: ZipFile, folder: Path) -> tuple[str, int, str, Totals]:
    """Copy a database into an archive, by way of `folder`; return SHA-256, size, revision and totals."""
    with tempfile.TemporaryDirectory(dir=folder, prefix=".swx-backup-") as room:
        copy = Path(room) / "copy.db"
        _copy(source, copy)
        revision, totals = examine_file(copy)
        with copy.open("rb") as content:
            return *put_database(archive, content, compress=True), revision, totals


def _copy(source: Path, copy: Path) -> None:
    """Copy all pages in one step: it reads one state, and writers in the write-ahead log do not wait for it."""
    driver = sqlite_module()
    with closing(driver.connect(source)) as origin, closing(driver.connect(copy)) as target:
        origin.backup(target, pages=-1)
        target.execute("PRAGMA journal_mode=DELETE").fetchone()  # one file, without a log beside it


def examine_file(file: Path) -> tuple[str, Totals]:
    """Return revision and totals of a sound database; raises Conflict for one that is not."""
    with _connected(file) as connection:
        problems = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check(10)")]
        problems += [f"lost reference in {row[0]}" for row in connection.exec_driver_sql("PRAGMA foreign_key_check")]
        if problems != ["ok"]:
            raise Conflict("database_damaged", f"The database is damaged: {'; '.join(problems[:10])}")
        return read_revision(connection), count_totals(connection)


def holds_tables(file: Path) -> bool:
    """Tell whether a file holds a database with anything in it."""
    if not file.exists() or not file.stat().st_size:
        return False
    with _connected(file) as connection:
        return bool(connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one())


def restore_file(archive: ZipFile, target: Path, totals: Totals) -> None:
    """Put the database of an archive in the place of `target`, which nobody may have open.

    Until the very end what was there stays as it is, also when the machine stops in the middle.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.restoring")
    try:
        with read_database(archive) as content, part.open("wb") as unpacked:
            copy_hashed(content, unpacked)
            unpacked.flush()
            os.fsync(unpacked.fileno())
        if examine_file(part)[1] != totals:
            raise Conflict("totals_differ", "The restored database has other totals than the backup says.")
        _empty_log(target)
        part.replace(target)
        sync_folder(target)
    finally:
        part.unlink(missing_ok=True)


def _empty_log(target: Path) -> None:
    """Bring the log of the database that is replaced into its file: left beside the new one it would spoil that."""
    if target.exists():
        with closing(sqlite_module().connect(target)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    for suffix in ("-wal", "-shm"):
        target.with_name(f"{target.name}{suffix}").unlink(missing_ok=True)


@contextmanager
def _connected(file: Path) -> Iterator[Connection]:
    engine = create_engine(f"sqlite:///{file}", module=sqlite_module(), poolclass=NullPool)
    with engine.connect() as connection:
        yield connection
