"""What the database knows of work that waits, asked for at most once in some seconds, however often it is read."""

import time
from collections.abc import Mapping
from threading import Lock
from typing import NamedTuple

from sqlalchemy.exc import SQLAlchemyError

from app.core.clock import now
from app.core.database import Database
from app.events.cursors import read_positions
from app.jobs.queries import Backlog, read_backlog
from app.webhooks.queries import WebhookFigures, read_figures

_KEPT_SECONDS = 5.0


class Figures(NamedTuple):
    """Unfinished jobs, webhooks, the position of the last event, and that of each consumer."""

    backlog: Backlog
    webhooks: WebhookFigures
    position: int
    consumers: Mapping[str, int]


class FigureCache:
    """The last figures; None of them while the database does not answer."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: tuple[Database, float, Figures | None] | None = None

    def read(self, database: Database) -> Figures | None:
        """Return figures that are some seconds old at most."""
        with self._lock:
            if self._kept is None or self._kept[0] is not database or self._kept[1] <= time.monotonic():
                self._kept = (database, time.monotonic() + _KEPT_SECONDS, _ask(database))
            return self._kept[2]


def _ask(database: Database) -> Figures | None:
    try:
        with database.as_exchange().read() as session:
            return Figures(read_backlog(session), read_figures(session, now()), *read_positions(session))
    except SQLAlchemyError:
        return None
