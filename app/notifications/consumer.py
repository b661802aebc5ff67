"""Reads the events as they come and tells saved searches of the lots that they look for."""

import threading
from collections.abc import Sequence

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from app.core.database import Database
from app.core.failures import name_failure
from app.core.settings import Settings
from app.events.cursors import Occurrence, has_news, lock_cursor, read_beyond, subjects_between
from app.events.record import record_events
from app.matching.conventions import Conventions, conventions_of
from app.matching.saved_searches import follow_demands
from app.notifications.alerts import find_alerts, keep_new, match_found

CONSUMER = "saved_searches"
_BATCH = 1000
_POLL_SECONDS = 0.5
_AFTER_FAILURE_SECONDS = 2.0
_OF_LOTS = frozenset({"lot.opened", "assay.added"})
_OF_DEMANDS = frozenset({"demand.opened", "demand.changed", "demand.withdrawn"})
_OF_SITES = frozenset({"site.changed"})
log = structlog.get_logger()


def run_consumer(database: Database, settings: Settings, stop: threading.Event) -> None:
    """Work until `stop` is set; a database that does not answer is asked again."""
    while not stop.is_set():
        pause = _POLL_SECONDS
        try:
            if consume_batch(database, settings):
                pause = 0.0
        except (DBAPIError, PoolTimeout) as error:
            log.warning("consumer_failed", consumer=CONSUMER, error=name_failure(error))
            pause = _AFTER_FAILURE_SECONDS
        stop.wait(pause)


def consume_batch(database: Database, settings: Settings) -> int:
    """Work off the next events and return how many there were; 0 also while another consumer is at work.

    What is found, the events of it and the cursor are stored in one transaction: killed anywhere, it is done
    again, once. Nothing is locked where there is nothing new.
    """
    with database.read() as session:
        if not has_news(session, CONSUMER):
            return 0
    with database.write() as session:
        cursor = lock_cursor(session, CONSUMER)
        events = [] if cursor is None else read_beyond(session, cursor, _BATCH)
        if cursor is None or not events:
            return 0
        _work_off(session, events, conventions_of(settings, None))
        cursor.position = events[-1].position
        session.commit()
    return len(events)


def _work_off(session: Session, events: Sequence[Occurrence], conventions: Conventions) -> None:
    """Let searches follow their demands first: what they then say of a lot is never older than its event."""
    demand_ids = {event.subject_id for event in events if event.type in _OF_DEMANDS}
    site_ids = {event.subject_id for event in events if event.type in _OF_SITES}
    if demand_ids or site_ids:
        follow_demands(session, demand_ids, site_ids, conventions)
    if any(event.type in _OF_LOTS for event in events):
        # Selected, not listed: an import opens a thousand at once.
        lot_ids = subjects_between(events[0].position, events[-1].position, _OF_LOTS)
        new = keep_new(session, find_alerts(session, lot_ids, conventions))
        record_events(session, [match_found(item) for item in new])
