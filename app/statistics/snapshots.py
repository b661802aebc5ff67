"""Publications of statistics: numbered, never changed, compared with what the ledger says today."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Engine, func, select, text
from sqlalchemy.orm import Session, undefer

from app.auth.actor import Actor
from app.auth.events import event_by
from app.core.clock import now
from app.core.errors import Fault, Invalid, NotFound
from app.core.paging import Page, Slice, page_by_id
from app.core.row_security import BEGIN, SNAPSHOT
from app.events.record import record_event
from app.events.tracing import START
from app.events.types import EventType
from app.events.verification import read_anchor
from app.ledger.models import LedgerEntry, LedgerTransaction
from app.organisations.models import Site
from app.organisations.queries import visible_sites
from app.statistics.comparison import compare_figures, compare_rows
from app.statistics.models import Snapshot
from app.statistics.queries import read_utilisation
from app.statistics.schemas import UtilisationQuery, UtilisationStatistics
from app.statistics.snapshot_schemas import CauseCount, EventsHead, Posting, SnapshotDiff, SnapshotPost, SnapshotRead

_LATEST = 100


def publish(session: Session, actor: Actor, wish: SnapshotPost) -> Snapshot:
    """Store figures as they are now under the next number; raises what the question itself raises.

    Numbers follow each other without a gap: publishing waits for the one before and for the postings under way to be
    committed, and then sees one state of the ledger.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE snapshots IN SHARE ROW EXCLUSIVE MODE"))
        # Whoever posts holds its row in share mode: what is posted is in the figures, or recorded after them.
        session.execute(text("LOCK TABLE ledger_head IN EXCLUSIVE MODE"))
    number = (session.scalar(select(func.max(Snapshot.number))) or 0) + 1
    with _one_state(session) as state:
        statistics = _ask(state, actor, wish.question)
        events_head = _read_events_head(state)
    question = wish.question.model_dump(mode="json", by_alias=True, exclude={"format"})
    published_at = statistics.as_of
    read = SnapshotRead(
        number=number,
        title=wish.title,
        question=question,
        published_at=published_at,
        statistics=statistics,
        events_head=events_head,
    )
    content = read.model_dump_json(by_alias=True, exclude_unset=True).encode()
    snapshot = Snapshot(
        number=number,
        organisation_id=actor.organisation_id,
        title=wish.title,
        question=question,
        published_at=published_at,
        content=content,
        sha256=hashlib.sha256(content).hexdigest(),
    )
    session.add(snapshot)
    session.flush()
    subject = ("snapshot", snapshot.id)
    data = {"number": number, "sha256": snapshot.sha256}
    record_event(session, event_by(actor, EventType.SNAPSHOT_PUBLISHED, subject, [actor.organisation_id], data))
    return snapshot


@contextmanager
def _one_state(session: Session) -> Iterator[Session]:
    """Yield a session that sees one state, as it is under the locks of a writing one; on SQLite that is this one.

    On PostgreSQL it is a transaction of its own: one that has seen a state can no longer append to the events, whose
    head others have moved since.
    """
    engine = session.get_bind()
    if not isinstance(engine, Engine) or engine.dialect.name != "postgresql":
        yield session
        return
    with Session(engine.execution_options(**{BEGIN: SNAPSHOT}), expire_on_commit=False) as state:
        yield state


def _ask(session: Session, actor: Actor, question: UtilisationQuery) -> UtilisationStatistics:
    try:
        return read_utilisation(session, actor, question)
    except Invalid as refusal:  # its pointers are those of a query
        faults = [Fault(f"/question/{fault.pointer}", fault.code, fault.detail) for fault in refusal.faults]
        raise Invalid(faults, code=refusal.code) from None


def _read_events_head(session: Session) -> EventsHead | None:
    """Return the last event that the figures can rest on: what is posted and its event are committed together."""
    last = read_anchor(session)
    return EventsHead(position=last.position, hash=last.hash) if last != START else None


def list_snapshots(session: Session, actor: Actor, page: Page) -> Slice[Snapshot]:
    """Return one page of an authority's publications, newest first."""
    query = select(Snapshot).where(Snapshot.organisation_id == actor.organisation_id)
    return page_by_id(session, query, Snapshot.id, page)


def find_snapshot(session: Session, actor: Actor, number: int) -> Snapshot:
    """Return a publication of the caller with its content, or raise NotFound."""
    query = select(Snapshot).where(Snapshot.number == number, Snapshot.organisation_id == actor.organisation_id)
    found = session.scalar(query.options(undefer(Snapshot.content)))
    if found is None:
        raise NotFound("snapshot", "GET /v1/statistics/snapshots lists yours")
    return found


def compare_with_now(session: Session, actor: Actor, snapshot: Snapshot) -> SnapshotDiff:
    """Return what its question would be answered otherwise today, and why; `session` must be a snapshot."""
    question = UtilisationQuery.model_validate(snapshot.question)
    present = read_utilisation(session, actor, question)
    was = msgspec.json.decode(snapshot.content)["statistics"]
    is_now = msgspec.json.decode(_as_answered(present))
    total = compare_figures(was["total"], is_now["total"])
    items = list(compare_rows(was["items"], is_now["items"])) if question.columns else []
    since = _postings_since(actor, snapshot.published_at, question, present.materials)
    return SnapshotDiff(
        number=snapshot.number,
        published_at=snapshot.published_at,
        as_of=now(),
        changed=bool(total or items),
        total=total,
        items=items,
        causes=_count_causes(session, since),
        latest=_list_causes(session, since),
    )


def _as_answered(statistics: UtilisationStatistics) -> bytes:
    return statistics.model_dump_json(by_alias=True, exclude_unset=True).encode()


def _postings_since(
    actor: Actor, published_at: datetime, question: UtilisationQuery, materials: Sequence[str]
) -> list[ColumnElement[bool]]:
    """Return the conditions on transactions, entries and sites of origin; a later month changes nothing."""
    return [
        LedgerTransaction.recorded_at > published_at,
        LedgerTransaction.month <= question.to_month,
        LedgerEntry.material.in_(materials),
        LedgerEntry.quantity_t > 0,
        visible_sites(actor),
    ]


def _joined(*columns: Any) -> Any:  # noqa: ANN401 - a SELECT of these columns
    return (
        select(*columns)
        .join(LedgerEntry, LedgerEntry.transaction_id == LedgerTransaction.id)
        .join(Site, Site.id == LedgerEntry.origin_site_id)
    )


def _count_causes(session: Session, since: Sequence[ColumnElement[bool]]) -> list[CauseCount]:
    tonnes = func.sum(LedgerEntry.quantity_t)
    query = _joined(LedgerTransaction.source_type, func.count(LedgerTransaction.id.distinct()), tonnes)
    query = query.where(*since).group_by(LedgerTransaction.source_type).order_by(LedgerTransaction.source_type)
    return [
        CauseCount(source_type=source_type, transactions=count, quantity_t=quantity_t)
        for source_type, count, quantity_t in session.execute(query)
    ]


def _list_causes(session: Session, since: Sequence[ColumnElement[bool]]) -> list[Posting]:
    grouped = (LedgerTransaction.id, LedgerEntry.origin_site_id, LedgerEntry.material)
    columns = (
        LedgerTransaction.recorded_at,
        LedgerTransaction.kind,
        LedgerTransaction.source_type,
        LedgerTransaction.source_id,
        LedgerTransaction.occurred_on,
        LedgerTransaction.month,
    )
    query = _joined(*grouped, *columns, func.sum(LedgerEntry.quantity_t).label("quantity_t")).where(*since)
    newest = query.group_by(*grouped, *columns).order_by(LedgerTransaction.id.desc()).limit(_LATEST)
    return [
        Posting(
            transaction_id=row.id,
            recorded_at=row.recorded_at,
            kind=row.kind,
            source_type=row.source_type,
            source_id=row.source_id,
            occurred_on=row.occurred_on,
            month=row.month,
            site_id=row.origin_site_id,
            material=row.material,
            quantity_t=row.quantity_t,
        )
        for row in session.execute(newest)
    ]
