"""`swx worker`: background work in a process of its own, and the same work beside a server."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from threading import Event, Thread
from typing import Annotated

import typer

from app.cli.databases import database_file, hold_file, open_database
from app.cli.logs import LogFormat, set_up_logs
from app.cli.refusals import notes
from app.cli.signals import stop_with_signals
from app.core import clock
from app.core.database import Database
from app.core.guarded_connections import Guard, GuardedClient
from app.core.memory import settle_memory
from app.core.secrets import check_secret
from app.core.settings import Environment, Settings
from app.core.timeouts import Purpose
from app.exchange.sweeping import run_sweeper
from app.imports.kinds import ImportKind
from app.imports.readers import Reader
from app.imports.running import run_import
from app.jobs.running import Handler, run_jobs
from app.notifications.consumer import run_consumer
from app.plans.kinds import PlanJobKind
from app.plans.planners import Planner
from app.plans.running import run_plan
from app.requests.sweeping import run_request_sweeper
from app.webhooks.queueing import run_queueing
from app.webhooks.sender import Sender

_STOP_SECONDS = 30


def work(
    log_format: Annotated[LogFormat | None, typer.Option(help="Default: json in production, else plain.")] = None,
) -> None:
    """Do background work (imports, plans, alerts, webhooks, expiry) until stopped, for servers with SWX_WORKER=off."""
    stop_with_signals()
    settings = Settings()
    check_secret(settings)
    clock.use_zone(settings.timezone)
    is_production = settings.environment is Environment.PRODUCTION
    with open_database(settings):
        pass  # at head, or refused
    set_up_logs(log_format or (LogFormat.JSON if is_production else LogFormat.PLAIN))
    settle_memory()
    try:
        with run_worker(settings) as threads:
            notes.print("Working. Stop with Ctrl-C.")
            wait_for_end(threads)
    except KeyboardInterrupt:
        notes.print("Stopped.")


def wait_for_end(threads: Sequence[Thread]) -> None:
    """Return once one of the threads has ended; an interrupt ends the waiting alone.

    Not by Thread.join: interrupted, it takes the thread for ended (Python 3.11). Whoever joins it then to end in order
    would not wait, and the interpreter would go away under a thread that still works.
    """
    pause = Event()
    while all(thread.is_alive() for thread in threads):
        pause.wait(1)


@contextmanager
def run_worker(settings: Settings) -> Iterator[list[Thread]]:
    """Do background work in threads; at the end, stop it: what is under way goes on in the next worker.

    Raises Refusal when another worker runs on the same SQLite file.
    """
    file = database_file(settings.url)
    stop = Event()
    with ExitStack() as at_end:
        at_end.enter_context(hold_file(file, "worker"))
        database = Database(settings.url, purpose=Purpose.WORKER).as_exchange()
        at_end.callback(database.dispose)
        reader = Reader()
        at_end.callback(reader.close)
        planner = Planner()
        at_end.callback(planner.close)
        handlers: dict[str, Handler] = {kind.value: partial(run_import, reader) for kind in ImportKind}
        handlers |= {kind.value: partial(run_plan, planner, settings) for kind in PlanJobKind}
        client = GuardedClient(Guard(settings.webhook_allow_private))
        sender = Sender(database, client, settings.secret.get_secret_value().encode())
        # On a server's database other workers may live; on a file the lock above says that none does.
        targets = {
            "jobs": partial(run_jobs, database, handlers, stop, is_alone=file is not None),
            "alerts": partial(run_consumer, database, settings, stop),
            "webhooks": partial(run_queueing, database, stop),
            "deliveries": partial(sender.run, stop, is_alone=file is not None),
            "expiry": partial(run_sweeper, database, stop),
            "requests": partial(run_request_sweeper, database, stop),
        }
        threads = [Thread(target=target, name=name) for name, target in targets.items()]
        for thread in threads:
            thread.start()
        try:
            yield threads
        finally:
            stop.set()
            for thread in threads:
                thread.join(_STOP_SECONDS)
