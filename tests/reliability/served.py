"""A server in a process of its own, as its users run it, that a drill can kill and start again."""

import contextlib
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

ROOT = Path(__file__).resolve().parents[2]
SWX = Path(sys.executable).with_name("swx")
PATIENCE_SECONDS = 60
_PAUSE_SECONDS = 0.02


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@dataclass
class Served:
    """A server on a database; `command` stands in for `swx serve`."""

    url: str
    folder: Path
    command: Sequence[str | Path] = (SWX,)
    variables: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=_free_port)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def address(self) -> str:
        """Return the address that the server answers at."""
        return f"http://127.0.0.1:{self.port}"

    def connect(self) -> httpx2.Client:
        """Return a client with a connection of its own."""
        return httpx2.Client(base_url=self.address, trust_env=False, timeout=PATIENCE_SECONDS)

    def start(self) -> float:
        """Start the server and return after how many seconds it was ready."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SWX_")}
        environment |= {"SWX_DATABASE_URL": self.url, "SWX_DATA_DIR": str(self.folder), "SWX_RATE_LIMIT": "0"}
        environment |= {"SWX_WORKER": "off", **self.variables}
        begun = time.monotonic()
        with (self.folder / "messages").open("ab") as messages:
            self.process = subprocess.Popen(  # noqa: S603 - programs of ours
                [*self.command, "serve", "--port", str(self.port)],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=messages,
                stderr=messages,
            )
        self.wait_until_ready()
        return time.monotonic() - begun

    def wait_until_ready(self) -> None:
        """Return once `/ready` answers 200; fails with the server's messages."""
        assert self.process is not None
        deadline = time.monotonic() + PATIENCE_SECONDS
        with self.connect() as client:
            while self.process.poll() is None and time.monotonic() < deadline:
                with contextlib.suppress(httpx2.TransportError):
                    if client.get("/ready").status_code == httpx2.codes.OK:
                        return
                time.sleep(_PAUSE_SECONDS)
        raise AssertionError(f"the server did not become ready:\n{(self.folder / 'messages').read_text()}")

    def end(self, number: int = signal.SIGINT) -> None:
        """Send the server a signal and wait until it has ended; SIGKILL leaves it no time for anything."""
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(PATIENCE_SECONDS)

    def processor_seconds(self) -> float:
        """Return how long the process has computed so far, whatever else the machine did meanwhile."""
        assert self.process is not None
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_mb(self) -> float:
        """Return the memory that the process holds now."""
        assert self.process is not None
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * resource.getpagesize() / 1e6


@contextmanager
def serving(served: Served) -> Iterator[Served]:
    """Start a server and end it afterwards, whatever a drill has done to it."""
    try:
        served.start()
        yield served
    finally:
        if served.process is not None and served.process.poll() is None:
            served.end(signal.SIGKILL)
