"""A server in a process of its own, as its users run it, that a drill can kill and start again."""

import contextlib
import os
import resource
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from app.cli import main
from tests.drills import IS_LONG
from tests.programs import PATIENCE_SECONDS, Swx

_PAUSE_SECONDS = 0.02
_LIMITS = httpx2.Limits()


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def connect(address: str, limits: httpx2.Limits = _LIMITS) -> httpx2.Client:
    """Return a client with connections of its own."""
    # No certificates: to load those of the system takes 60 ms, and nothing is encrypted here.
    return httpx2.Client(base_url=address, limits=limits, trust_env=False, verify=False, timeout=PATIENCE_SECONDS)


def wait_until_ready(server: Swx, address: str) -> None:
    """Return once the server at an address answers 200 to `/ready`; fails with its messages."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    with connect(address) as client:
        while server.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(httpx2.TransportError):
                if client.get("/ready").status_code == httpx2.codes.OK:
                    return
            time.sleep(_PAUSE_SECONDS)
    raise AssertionError(f"the server did not become ready:\n{server.messages}")


@dataclass
class Served:
    """A server on a database; `program` stands in for `swx`, `anew` is as of `Swx`."""

    url: str
    folder: Path
    options: Sequence[object] = ()
    variables: dict[str, str] = field(default_factory=dict)
    program: Callable[[], None] = main
    anew: bool = IS_LONG
    port: int = field(default_factory=free_port)
    process: Swx | None = None

    @property
    def address(self) -> str:
        """Return the address that the server answers at."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def running(self) -> Swx:
        """Return the process; AssertionError when it was not started."""
        assert self.process is not None, "the server was not started"
        return self.process

    def connect(self) -> httpx2.Client:
        """Return a client with a connection of its own."""
        return connect(self.address)

    def start(self) -> float:
        """Start the server and return after how many seconds it was ready."""
        begun = time.monotonic()
        self.process = Swx(
            *("serve", "--port", self.port, *self.options),
            folder=self.folder,
            url=self.url,
            program=self.program,
            anew=self.anew,
            **{"SWX_RATE_LIMIT": "0", "SWX_WORKER": "off", **self.variables},
        )
        self.wait_until_ready()
        return time.monotonic() - begun

    def wait_until_ready(self) -> None:
        """Return once `/ready` answers 200; fails with the server's messages."""
        wait_until_ready(self.running, self.address)

    def end(self, number: int = signal.SIGINT) -> int:
        """Send the server a signal and return its exit code; SIGKILL leaves it no time for anything."""
        return self.running.end(number)

    def processor_seconds(self) -> float:
        """Return how long the process has computed so far, whatever else the machine did meanwhile."""
        fields = Path(f"/proc/{self.running.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_mb(self) -> float:
        """Return the memory that the process holds now."""
        pages = int(Path(f"/proc/{self.running.pid}/statm").read_text().split()[1])
        return pages * resource.getpagesize() / 1e6


@contextmanager
def serving(served: Served) -> Iterator[Served]:
    """Start a server and kill it afterwards if it runs still, whatever a drill has done to it."""
    try:
        served.start()
        yield served
    finally:
        if served.process is not None:
            served.end(signal.SIGKILL)
