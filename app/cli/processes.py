"""`swx serve --workers N`: several processes behind one socket, watched and replaced by a supervisor, uvicorn's."""

import math
import os
import signal
import socket
import time
from functools import partial
from multiprocessing import parent_process
from multiprocessing.connection import wait
from threading import Thread

import structlog
import uvicorn
from fastapi import FastAPI
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from app.cli.databases import database_file
from app.cli.logs import LogFormat, set_up_logs
from app.cli.refusals import Refusal
from app.core.memory import loading
from app.core.settings import Settings

#: A process that does not answer its supervisor for so long hangs and is replaced.
_HANGS_SECONDS = 60
#: Has a process say that it stops, and go on taking requests.
_NOTICE = signal.SIGUSR1
_STOPS = frozenset({signal.SIGTERM, signal.SIGINT})
_LOOKS_AFTER_SECONDS = 0.1
log = structlog.get_logger()


def check_processes(settings: Settings, count: int) -> None:
    """Refuse several processes on SQLite."""
    if count > 1 and database_file(settings.url) is not None:
        raise Refusal(
            "Several processes need PostgreSQL (SWX_DATABASE_URL): an SQLite file has one writer at a time, who is "
            "quickest where one process keeps the line. Serve it without --workers."
        )


def serve_in_processes(listener: socket.socket, count: int, log_format: LogFormat) -> None:
    """Serve until stopped; raises Refusal when a process cannot start.

    SIGTERM and SIGINT let each answer what is under way; SIGHUP replaces one after the other.
    """
    settings = Settings()
    config = uvicorn.Config(
        partial(_make_application, log_format),
        factory=True,
        workers=count,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=math.ceil(settings.drain_seconds),
        proxy_headers=False,  # the application does it, for the proxies of SWX_TRUSTED_PROXIES alone
        timeout_worker_healthcheck=_HANGS_SECONDS,
    )
    supervisor = Supervisor(config, [listener], settings.notice_seconds)
    supervisor.run()
    if any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes):
        raise Refusal("A process of the server did not start; its messages stand above.")


class Supervisor(Multiprocess):
    """Told to stop, it has all processes say so and keeps the time of notice for them; told again, it waits no longer.

    One that is replaced or taken away ends without notice: the others go on taking what comes to the socket they share.
    """

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket], notice_seconds: float) -> None:
        super().__init__(config, sockets)
        self._notice_seconds = notice_seconds

    def terminate_all(self) -> None:
        """End all processes, after the time of notice."""
        log.info("stopping", notice_seconds=self._notice_seconds)
        for pid in self._running():
            os.kill(pid, _NOTICE)
        end = time.monotonic() + self._notice_seconds
        while time.monotonic() < end and _STOPS.isdisjoint(self.signal_queue) and self._running():
            time.sleep(_LOOKS_AFTER_SECONDS)
        super().terminate_all()

    def _running(self) -> list[int]:
        return [process.pid for process in self.processes if process.pid is not None and process.exitcode is None]


def _make_application(log_format: LogFormat) -> FastAPI:
    """Return the application of one process; called in it, with the supervisor's environment."""
    set_up_logs(log_format)
    Thread(target=_end_with_supervisor, name="supervisor", daemon=True).start()
    with loading():
        from app.main import create_app  # noqa: PLC0415 - takes seconds, which the supervisor need not wait for

        application = create_app(Settings())
    _hear_supervisor(application)
    return application


def _hear_supervisor(application: FastAPI) -> None:
    """Say that this process stops when the supervisor has it say so; SIGTERM ends it, as uvicorn does that."""

    def say_so(_number: int, _frame: object) -> None:
        application.state.is_stopping = True

    signal.signal(_NOTICE, say_so)
    # A terminal sends it to all processes at once; this one ends when the supervisor's notice is over.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _end_with_supervisor() -> None:
    """Stop when the supervisor was killed: nobody would replace this process, and the port would stay taken."""
    supervisor = parent_process()
    if supervisor is not None:
        wait([supervisor.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)
