"""What the figures are taken on: durable PostgreSQL, servers as child processes on loopback, and the machine."""

import contextlib
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psycopg

from app.core.database import Database
from app.core.engines import sqlite_module
from app.core.revisions import let_in, migrate
from tests.postgres import APP, PostgresServer, start_postgres

ENGINES = ("sqlite", "postgresql")
SWX = Path(sys.executable).with_name("swx")
_PATIENCE_SECONDS = 60
#: Else the defaults of PostgreSQL: fsync, synchronous_commit and full_page_writes are on.
POSTGRES_SETTINGS = ("shared_buffers=1GB", "max_wal_size=4GB", "max_connections=100", "io_method=sync")


@dataclass(frozen=True)
class Served:
    """A running server: its address and process, and the file that its messages go to."""

    address: str
    process: "subprocess.Popen[bytes]"
    messages: Path

    def resident_mb(self) -> float:
        """Return the memory that the process holds now."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * resource.getpagesize() / 1e6


@contextmanager
def fresh_database(engine: str, kept: Path | None = None) -> Iterator[str]:
    """Yield the URL of an empty, migrated, durable database; it is gone afterwards.

    With `kept`, it is made in that folder, or found there as an earlier run left it, and stays.
    """
    with contextlib.ExitStack() as stack:
        if engine == "sqlite":
            folder = kept or Path(tempfile.mkdtemp(prefix="swx-bench-", dir="/tmp"))
            folder.mkdir(parents=True, exist_ok=True)
            if kept is None:
                stack.callback(shutil.rmtree, folder, ignore_errors=True)
            url = f"sqlite:///{folder.absolute() / 'exchange.db'}"
        else:
            is_new = kept is None or not kept.exists()
            server = stack.enter_context(durable_postgres(kept))
            if is_new:
                server.create_database("exchange")
            url = server.url("exchange")
        make_tables(url)
        yield url


def make_tables(url: str) -> None:
    """Migrate an empty database, and on PostgreSQL let in the role that `serve` connects as."""
    database = Database(url)
    migrate(database.engine)
    if database.engine.dialect.name == "postgresql":
        let_in(database.engine, APP)
    database.dispose()


def served_url(url: str) -> str:
    """Return the URL of the role that serves, which owns nothing: row-level security holds it, as in use."""
    return url.replace("//postgres@", f"//{APP}@")


@contextmanager
def durable_postgres(kept: Path | None = None) -> Iterator[PostgresServer]:
    """Yield the tests' server, started again without the haste that would lose commits, its data in `kept` if given."""
    hasty = start_postgres()
    try:
        hasty.create_roles()
        hasty.halt()
        data = hasty.directory / "data"
        if kept is not None and not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            data.rename(kept)  # within one file system: a copy would belong to somebody else
        settings = [f"--{setting}" for setting in POSTGRES_SETTINGS]
        hasty.restart(["-D", str((kept or data).absolute()), "--listen_addresses=", *settings])
        yield hasty
    finally:
        hasty.stop()


@contextmanager
def serve(url: str, *options: str, **settings: str) -> Iterator[Served]:
    """Run `swx serve` on a database, as its users do, with the defaults of all settings but the limit of requests."""
    port = _free_port()
    command = [str(SWX), "serve", "--port", str(port), *options]
    with _running(command, port, "/ready", SWX_DATABASE_URL=served_url(url), **settings) as served:
        yield served


@contextmanager
def serve_bare(url: str) -> Iterator[Served]:
    """Run the bare application of `bare` on a database."""
    port = _free_port()
    command = [sys.executable, "-m", "benchmarks.bare", url, str(port)]
    with _running(command, port, "/openapi.json") as served:
        yield served


@contextmanager
def _running(command: Sequence[str], port: int, path: str, **settings: str) -> Iterator[Served]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SWX_")}
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="swx-bench-")))
        environment |= {"SWX_DATA_DIR": str(folder), "SWX_RATE_LIMIT": "0", **settings}
        messages = folder / "messages"
        with messages.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 - programs of ours
                command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )
        stack.callback(_stop, process)
        served = Served(f"http://127.0.0.1:{port}", process, messages)
        _wait_until_ready(served, path)
        yield served


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.wait(_PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait_until_ready(served: Served, path: str) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    with httpx2.Client(trust_env=False, timeout=5) as client:
        while served.process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(httpx2.TransportError):
                if client.get(served.address + path).status_code == httpx2.codes.OK:
                    return
            time.sleep(0.05)
    raise RuntimeError(f"the server did not become ready:\n{served.messages.read_text()}")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def processor_seconds(process: int) -> float:
    """Return the time of a core that a process and those that it started have had, whether they run or have ended."""
    seconds = 0.0
    for task in Path(f"/proc/{process}/task").iterdir():
        for child in (task / "children").read_text().split():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                seconds += processor_seconds(int(child))
    spent = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:15]
    return seconds + sum(int(ticks) for ticks in spent) / os.sysconf("SC_CLK_TCK")


def load_average() -> float:
    """Return how many processes wanted a core over the last minute, our own among them."""
    return os.getloadavg()[0]


def describe_machine() -> str:
    """Return cores, processor, memory and versions in one line."""
    cpu = next(line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name"))
    memory_kb = int(Path("/proc/meminfo").read_text().split()[1])
    return (
        f"{os.cpu_count()} cores ({cpu.split(':')[1].strip()}), {memory_kb / 1e6:.0f} GB of memory, "
        f"Python {sys.version.split()[0]}, SQLite {sqlite_module().sqlite_version}, "
        f"fsync {_fsync_ms():.2f} ms"
    )


def describe_engine(url: str) -> str:
    """Return the name and version of a database."""
    if url.startswith("sqlite"):
        return f"SQLite {sqlite_module().sqlite_version}"
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        version = connection.info.server_version
    return f"PostgreSQL {version // 10_000}.{version % 10_000}"


def _fsync_ms() -> float:
    took = []
    with tempfile.TemporaryFile(buffering=0) as file:
        for _ in range(50):
            file.write(b"0" * 4096)
            begun = time.perf_counter()
            os.fsync(file.fileno())
            took.append(time.perf_counter() - begun)
    return sorted(took)[25] * 1000
