"""What `swx doctor` looks at of background work: whether a worker lives, and what waits for it."""

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.cli.databases import hold_file
from app.cli.findings import Finding, Urgency
from app.cli.refusals import Refusal
from app.core.database import Database
from app.core.timeouts import Purpose
from app.events.cursors import read_positions
from app.jobs.queries import read_backlog

#: A worker takes up a job within a second, unless it has others.
_MOST_WAITING_SECONDS = 60
_MOST_LAG = 10_000


def examine_work(database: Database, file: Path | None) -> Iterator[Finding]:
    """Yield what is found; `file` is that of an SQLite database."""
    with database.read() as session:
        seen = _describe_worker(session) if file is None else _describe_holder(file)
        backlog = read_backlog(session)
        position, consumers = read_positions(session)
    waits = f"{backlog.queued} jobs wait, {backlog.running} run"
    if backlog.queued:
        waits += f"; the oldest waits for {backlog.oldest_queued_seconds:.0f} s"
    if seen is not None:
        is_late = backlog.oldest_queued_seconds > _MOST_WAITING_SECONDS
        yield Finding(Urgency.NOTE if is_late else Urgency.OK, f"worker: {seen}; {waits}")
    else:
        is_missed = backlog.queued > 0
        advice = "start swx worker, or swx serve without SWX_WORKER=off"
        yield Finding(Urgency.FIX if is_missed else Urgency.NOTE, f"worker: none runs; {waits}; {advice}")
    for consumer, read in consumers.items():
        is_behind = position - read > _MOST_LAG
        sentence = f"events: {consumer} has {position - read:,} of {position:,} to read"
        yield Finding(Urgency.NOTE if is_behind else Urgency.OK, sentence)


def _describe_worker(session: Session) -> str | None:
    """Return when a worker last asked the database for something; None without one. Idle ones ask every second."""
    workers, seconds = session.execute(
        text(
            "SELECT count(*), "
            "extract(epoch FROM clock_timestamp() - max(state_change)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name = :name"
        ),
        {"name": Purpose.WORKER.value},
    ).one()
    return f"at work, last seen {max(0.0, float(seconds or 0)):.1f} s ago" if workers else None


def _describe_holder(file: Path) -> str | None:
    """Tell whether somebody holds the lock of the file's worker."""
    if not Path(f"{file}.worker.lock").exists():
        return None
    try:
        with hold_file(file, "worker"):
            return None
    except Refusal:
        return "at work"
