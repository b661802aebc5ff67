"""Databases for tests: templates are filled once for a worker and copied per test, on both engines.

On PostgreSQL one role owns them and another one, which owns nothing, is who tests and application connect as: row-level
security holds it. What needs the owner or the server's superuser asks for it by `owner_url`, `superuser_url`.
"""

import contextlib
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from app.core.database import Database
from app.core.revisions import let_in, migrate
from tests.postgres import APP, OWNER, PostgresServer, start_postgres
from tests.restored import Restored

ENGINES = ("sqlite", "postgresql")
EMPTY = "empty"
#: Target, name of the event, and what hears it.
Listen = Callable[[object, str, Callable[..., object]], None]
#: Files in memory, and how much must be free there: a copy on PostgreSQL takes a tenth of the time.
_MEMORY = Path("/dev/shm")  # noqa: S108 - a new folder of ours in it
_ROOM_BYTES = 2_000_000_000
#: Databases that somebody may have changed as their owner: no later test may have them.
_changed: set[str] = set()


def _make_folder() -> Path:
    """Return a new folder in memory where there is room, else on the disk."""
    with contextlib.suppress(OSError):
        room = os.statvfs(_MEMORY)
        if room.f_bavail * room.f_frsize > _ROOM_BYTES:
            return Path(tempfile.mkdtemp(prefix="swx-tests-", dir=_MEMORY))
    return Path(tempfile.mkdtemp(prefix="swx-tests-"))


def owner_url(url: str) -> str:
    """Return the URL of whoever owns the tables of a test's database; of a file its own."""
    _changed.add(url)
    return url.replace(f"//{APP}@", f"//{OWNER}@")


def superuser_url(url: str) -> str:
    """Return the URL of the superuser of the server of a test's database; of a file its own."""
    _changed.add(url)
    return url.replace(f"//{APP}@", "//postgres@").replace(f"//{OWNER}@", "//postgres@")


@contextmanager
def as_owner(database: Database, url: Callable[[str], str] = owner_url) -> Iterator[Session]:
    """Yield a session of whoever owns the tables of a test's database, and may change them; it commits at the end."""
    owner = Database(url(database.url)).as_exchange()
    with owner.write() as session:
        yield session
        session.commit()
    owner.dispose()


def as_superuser(database: Database) -> AbstractContextManager[Session]:
    """Return a session as of `as_owner`, of one who may do anything in the database."""
    return as_owner(database, superuser_url)


def make_current(url: str) -> None:
    """Bring a database to head as its owner, and let in who serves."""
    database = Database(owner_url(url))
    migrate(database.engine)
    if database.engine.dialect.name == "postgresql":
        let_in(database.engine, APP)
    database.dispose()


def _idle_connections(database: Database) -> int:
    engines = database._writer, database._reader  # noqa: SLF001 - whose pools nobody else counts
    return sum(engine.pool.checkedin() for engine in engines)  # type: ignore[attr-defined]  # of a QueuePool


class Templates:
    """Named templates on each engine; what their filling returned is kept beside them."""

    def __init__(self) -> None:
        """Make their folder; `stop` removes it."""
        self._folder = _make_folder()
        self._folder.chmod(0o711)  # PostgreSQL, who may not run as root, reaches its own folder in it
        self._server: PostgresServer | None = None
        self._made: dict[tuple[str, str], Any] = {}
        self._lent: set[str] = set()
        self._opened: dict[str, Database] = {}
        self._restored: dict[str, Restored] = {}

    def open(self, url: str) -> Database:
        """Return the database at a URL with the engines that tests before had, and what these have compiled.

        Copies come under few URLs, one after the other. Compiling each statement anew took a third of a test.
        """
        if url not in self._opened:
            self._opened[url] = Database(url)
        return self._opened[url].as_exchange()

    def stop(self) -> None:
        """Stop PostgreSQL if it was ever needed, and remove all databases."""
        for restored in self._restored.values():
            restored.close()
        for opened in self._opened.values():
            opened.dispose()
        if self._server is not None:
            self._server.stop()
        shutil.rmtree(self._folder)

    @contextmanager
    def blank(self, engine: str) -> Iterator[str]:
        """Yield the URL, its owner's, of a database with nothing in it, gone afterwards."""
        name = f"blank_{uuid.uuid4().hex}"
        if engine == "sqlite":
            yield f"sqlite:///{self._folder / name}.db"
            for part in self._folder.glob(f"{name}.db*"):
                part.unlink()
            return
        server = self._postgres()
        server.create_database(name, owner=OWNER)
        yield server.url(name, OWNER)
        server.drop_database(name)

    @contextmanager
    def copy(self, engine: str, name: str = EMPTY) -> Iterator[str]:
        """Yield the URL of a fresh copy of a template, gone afterwards."""
        if name == EMPTY:
            self.fill(engine, EMPTY, lambda database: make_current(database.url))
        with self._copy_of_file(name) if engine == "sqlite" else self._copy_on_server(name) as url:
            yield url

    @contextmanager
    def _copy_of_file(self, template: str) -> Iterator[str]:
        with self._lend("test") as name:
            file = self._folder / f"{name}.db"
            shutil.copy(self._folder / f"{template}.db", file)
            url = f"sqlite:///{file}"
            try:
                yield url
            finally:
                self._close(url)
                for part in self._folder.glob(f"{file.name}*"):
                    part.unlink()

    @contextmanager
    def _copy_on_server(self, template: str) -> Iterator[str]:
        server = self._postgres()
        with self._lend(template) as name:
            if name not in self._restored:
                server.create_database(name, template=f"template_{template}", owner=OWNER)
                self._restored[name] = Restored(server.dsn(name))
            url = server.url(name, APP)
            try:
                yield url
            finally:
                if not self._restore(name, url):
                    self._drop(name)

    def _restore(self, name: str, url: str) -> bool:
        """Put a database as it was before the test; say whether the next test may have it."""
        if url in _changed:
            _changed.remove(url)
            return False
        kept = self._opened.get(url)
        return self._restored[name].restore(0 if kept is None else _idle_connections(kept))

    def _drop(self, name: str) -> None:
        server = self._postgres()
        self._restored.pop(name).close()
        self._close(server.url(name, APP))
        server.drop_database(name)

    def _close(self, url: str) -> None:
        if url in self._opened:
            self._opened[url].dispose()

    @contextmanager
    def _lend(self, kind: str) -> Iterator[str]:
        """Yield the first name of a kind that no copy has at present."""
        name = next(name for number in count() if (name := f"{kind}_{number}") not in self._lent)
        self._lent.add(name)
        try:
            yield name
        finally:
            self._lent.remove(name)

    def fill(self, engine: str, name: str, filling: Callable[[Database], Any]) -> None:
        """Make a template from the empty one unless it is there; what `filling` returns is kept."""
        if name != EMPTY:
            self.fill(engine, EMPTY, lambda database: make_current(database.url))
        if (engine, name) not in self._made:
            database = Database(self._new(engine, name)).as_exchange()
            self._made[engine, name] = filling(database)
            database.dispose()

    def made(self, engine: str, name: str) -> Any:  # noqa: ANN401 - whatever its filling returned
        """Return what filling a template returned."""
        return self._made[engine, name]

    def _new(self, engine: str, name: str) -> str:
        if engine == "sqlite":
            if name != EMPTY:
                shutil.copy(self._folder / f"{EMPTY}.db", self._folder / f"{name}.db")
            return f"sqlite:///{self._folder / name}.db"
        server = self._postgres()
        template = None if name == EMPTY else f"template_{EMPTY}"
        server.create_database(f"template_{name}", template, OWNER)
        return server.url(f"template_{name}", APP)

    def _postgres(self) -> PostgresServer:
        if self._server is None:
            data = self._folder / "postgresql"
            data.mkdir()
            self._server = start_postgres(data)
            self._server.create_roles()
        return self._server
