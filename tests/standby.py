"""A streaming replica of a throw-away PostgreSQL server: a base backup that follows its primary's log."""

import contextlib
import shutil
from collections.abc import Sequence
from pathlib import Path

from tests.postgres import PATIENCE_SECONDS, SERVER_OPTIONS, PostgresServer, make_directory, spawn

#: One that found no more of the log asks again at once, not after five seconds.
_OPTIONS = (*SERVER_OPTIONS, "--wal_retrieve_retry_interval=100ms")


def start_standby(primary: PostgresServer, options: Sequence[str] = _OPTIONS) -> PostgresServer:
    """Start a replica of a running server in a folder of its own; it ends with the calling thread.

    Stop it before the primary, whose folder may hold the programs of both.
    """
    with contextlib.ExitStack() as on_failure:
        directory = make_directory()
        on_failure.callback(shutil.rmtree, directory, ignore_errors=True)
        take_base_backup(primary, directory)
        standby = PostgresServer(directory, primary.binaries, options)
        on_failure.callback(standby.stop)
        standby.wait_until_ready()
        on_failure.pop_all()
    return standby


def take_base_backup(primary: PostgresServer, directory: Path) -> None:
    """Copy the data of a running server to `data` in a folder, in place of what is there, to follow it from now on."""
    shutil.rmtree(directory / "data", ignore_errors=True)
    command = [f"{primary.binaries}/pg_basebackup", "-D", "data", "-h", str(primary.directory), "-U", "postgres"]
    if spawn([*command, "-R", "-X", "stream", "-c", "fast", "--no-sync"], directory).wait(PATIENCE_SECONDS) != 0:
        raise RuntimeError("pg_basebackup failed:\n" + (directory / "log").read_text())
