"""`swx serve`: the service, in one process unless told otherwise."""

import asyncio
import errno
import math
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from threading import Thread
from types import FrameType
from typing import Annotated

import structlog
import typer
import uvicorn

from app.cli.databases import database_file, hold_file, open_database
from app.cli.logs import LogFormat, set_up_logs
from app.cli.processes import check_processes, serve_in_processes
from app.cli.refusals import Refusal, notes
from app.cli.signals import stop_with_signals
from app.cli.working import run_worker
from app.core.memory import loading
from app.core.secrets import check_secret
from app.core.settings import Environment, Settings, Switch

_START_SECONDS = 30
_BACKLOG = 2048
#: The event loop takes one new connection from each in a round; a flood of new ones would wait for seconds at one.
_DOORS = 8
log = structlog.get_logger()

Port = Annotated[int, typer.Option(min=0, max=65535, help="0 takes any free port.")]
Host = Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 is reachable from outside.")]


def serve(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes; more than one needs PostgreSQL.")] = 1,
    log_format: Annotated[LogFormat | None, typer.Option(help="Default: json in production, else plain.")] = None,
) -> None:
    """Serve the API until stopped; the default database brings itself up to date."""
    settings = Settings()
    check_secret(settings)
    check_processes(settings, workers)
    is_production = settings.environment is Environment.PRODUCTION
    with hold_file(database_file(settings.url)), listen(host, port) as listener:
        with open_database(settings):
            pass  # at head, or refused
        form = log_format or (LogFormat.JSON if is_production else LogFormat.PLAIN)
        set_up_logs(form)
        stop_with_signals()
        if workers > 1:
            run = partial(serve_in_processes, listener, workers, form)
        else:
            run = partial(make_server(settings).run, sockets=_doors(listener))
        address = address_of(listener)
        notes.print(f"Serving {address} (documentation: {address}/docs). Stop with Ctrl-C.")
        # An interrupt is how uvicorn ends after it has answered what was under way.
        with suppress(KeyboardInterrupt), run_worker(settings) if settings.worker is Switch.ON else nullcontext():
            run()
        notes.print("Stopped.")


class Server(uvicorn.Server):
    """Told to stop, it says at once that it is no longer ready, and takes requests for the time of notice still."""

    def __init__(self, config: uvicorn.Config, notice_seconds: float) -> None:
        super().__init__(config)
        self._notice_seconds = notice_seconds

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop; a second signal waits for nothing more."""
        self.config.app.state.is_stopping = True  # type: ignore[union-attr]  # the application, not its name
        loop = asyncio.get_running_loop()
        if not self._captured_signals:  # not written here and now: a log line may be half written
            loop.call_soon_threadsafe(partial(log.info, "stopping", notice_seconds=self._notice_seconds))
        if self._notice_seconds and not self._captured_signals:
            self._captured_signals.append(sig)
            loop.call_later(self._notice_seconds, self._end)
        else:
            super().handle_exit(sig, frame)

    def _end(self) -> None:
        self.should_exit = True


def make_server(settings: Settings) -> Server:
    """Return a server of the application, not yet running; the application writes its own line of each request."""
    with loading():
        from app.main import create_app  # noqa: PLC0415 - takes seconds, which other commands need not wait for

        app = create_app(settings)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=math.ceil(settings.drain_seconds),
        proxy_headers=False,  # the application does it, for the proxies of SWX_TRUSTED_PROXIES alone
    )
    return Server(config, settings.notice_seconds)


@contextmanager
def run_beside(server: uvicorn.Server, listener: socket.socket) -> Iterator[Thread]:
    """Run a server in a thread and yield once it answers; stop it afterwards."""
    thread = Thread(target=server.run, kwargs={"sockets": _doors(listener)}, name="server", daemon=True)
    thread.start()
    deadline = time.monotonic() + _START_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise Refusal("The server did not start; its messages stand above.")
        time.sleep(0.01)
    try:
        yield thread
    finally:
        server.should_exit = True
        thread.join(_START_SECONDS)


@contextmanager
def listen(host: str, port: int) -> Iterator[socket.socket]:
    """Yield a listening socket; raises Refusal when the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise Refusal(_why_not(error, host, port)) from None
    with listener:
        # Accepted connections inherit it; without, every answer waits for the client's delayed acknowledgement.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield listener


def _doors(listener: socket.socket) -> list[socket.socket]:
    """Return a listening socket several times over; the server closes them."""
    return [listener, *(listener.dup() for _ in range(_DOORS - 1))]


def _why_not(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} of {host} is taken by another program; stop it or choose another with --port."
    if error.errno == errno.EACCES:
        return f"Port {port} is not yours to open; choose one above 1023 with --port."
    return f"Cannot listen on {host}, port {port}: {error.strerror or error}."


def address_of(listener: socket.socket) -> str:
    """Return the address of a listening socket as one types it into a browser."""
    host, port = listener.getsockname()[:2]
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not listened on
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
