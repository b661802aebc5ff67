"""The database of a command: at the revision that the program needs, and of one server alone."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import make_url

import app.tables  # noqa: F401 - foreign keys resolve once every table is known
from app.cli.refusals import Refusal
from app.core.database import Database
from app.core.revisions import current_revision, head_revision, migrate, standing_of
from app.core.settings import Settings


@contextmanager
def open_database(settings: Settings, *, may_migrate: bool = True) -> Iterator[Database]:
    """Yield the database, at head; or beyond, where a newer program has brought it while this one is being replaced.

    The default one is brought there if `may_migrate`; for any other that is its owner's to do: raises Refusal.
    """
    database = Database(settings.url).as_exchange()  # of whoever may run commands, no rows are hidden
    try:
        found = current_revision(database.engine)
        if not standing_of(found).is_fit:
            if settings.database_url is not None or not may_migrate:
                raise Refusal(
                    f"The database {describe_url(settings.url)} is not at the revision that this program needs: "
                    f"{found or 'none'} instead of {head_revision()}.\n"
                    "Bring it there with: swx migrate"
                )
            migrate(database.engine)
        yield database
    finally:
        database.dispose()


def describe_url(url: str) -> str:
    """Return a database address without its password."""
    return make_url(url).render_as_string(hide_password=True)


def database_file(url: str) -> Path | None:
    """Return the file of an SQLite database; None for a server."""
    address = make_url(url)
    if address.get_backend_name() != "sqlite":
        return None
    if not address.database or address.database == ":memory:":
        raise Refusal("A database in memory is gone with each connection; name a file in SWX_DATABASE_URL.")
    return Path(address.database)


@contextmanager
def hold_file(file: Path | None, what: str = "server") -> Iterator[None]:
    """Hold the lock of an SQLite file for a server or a worker; raises Refusal while another of them holds it.

    Several servers on one file would check each other's locks at every write and could reset the log under each
    other. The kernel frees the lock however the holder ends; the file stays, because removing it would race.
    """
    if file is None:
        yield
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    suffix = "lock" if what == "server" else f"{what}.lock"
    with Path(f"{file}.{suffix}").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refusal(
                f"Another {what} runs on {file}; stop it first. "
                f"Several {what}s at once need PostgreSQL (SWX_DATABASE_URL)."
            ) from None
        yield
