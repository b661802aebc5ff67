"""`swx serve --workers N`: several processes behind one socket, watched and replaced by uvicorn's supervisor."""

import math
import os
import signal
import socket
from functools import partial
from multiprocessing import parent_process
from multiprocessing.connection import wait
from threading import Thread

import uvicorn
from fastapi import FastAPI
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from app.cli.databases import database_file
from app.cli.logs import LogFormat, set_up_logs
from app.cli.refusals import Refusal
from app.core.memory import settle_memory
from app.core.settings import Settings

#: A process that does not answer its supervisor for so long hangs and is replaced.
_HANGS_SECONDS = 60


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
    config = uvicorn.Config(
        partial(_make_application, log_format),
        factory=True,
        workers=count,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=math.ceil(Settings().drain_seconds),
        proxy_headers=False,  # the application does it, for the proxies of SWX_TRUSTED_PROXIES alone
        timeout_worker_healthcheck=_HANGS_SECONDS,
    )
    supervisor = Multiprocess(config, sockets=[listener])
    supervisor.run()
    if any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes):
        raise Refusal("A process of the server did not start; its messages stand above.")


def _make_application(log_format: LogFormat) -> FastAPI:
    """Return the application of one process; called in it, with the supervisor's environment."""
    from app.main import create_app  # noqa: PLC0415 - takes seconds, which the supervisor need not wait for

    set_up_logs(log_format)
    Thread(target=_end_with_supervisor, name="supervisor", daemon=True).start()
    application = create_app(Settings())
    settle_memory()
    return application


def _end_with_supervisor() -> None:
    """Stop when the supervisor was killed: nobody would replace this process, and the port would stay taken."""
    supervisor = parent_process()
    if supervisor is not None:
        wait([supervisor.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)
