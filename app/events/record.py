"""Records what happened in the transaction of the write itself: events wait in the session, its commit appends them.

Positions and hashes are given under the lock of the head row by the last statements before COMMIT. So they grow in the
order of commits, a reader of what is beyond a position misses nothing, and writers wait for each other only at the end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction

from app.core.clock import now
from app.core.database import new_id
from app.events.storing import Told, store_events, tell
from app.events.types import EventType

_PENDING = "events_pending"
_DELEGATE = "events_delegate"
_MARKS = "events_at_savepoints"


@dataclass(frozen=True)
class NewEvent:
    """What happened, by whom (None: the exchange itself), to what can be read at its own address.

    Every market reader sees it where `for_market`, else the `viewers` alone. `data` is plain JSON.
    """

    type: EventType
    subject_kind: str
    subject_id: UUID
    organisation_id: UUID | None = None
    key_id: UUID | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    for_market: bool = False
    viewers: tuple[UUID, ...] = ()
    occurred_at: datetime = field(default_factory=now)


def record_event(session: Session, happened: NewEvent) -> None:
    """Append one event when the transaction commits."""
    record_events(session, [happened])


def record_events(session: Session, happened: Sequence[NewEvent]) -> None:
    """Append events, in their order, when the transaction commits; what is rolled back has not happened."""
    if not session.in_transaction():
        session.begin()  # without one a rollback would go by unnoticed
    session.info.setdefault(_PENDING, []).extend(happened)


def name_delegate(session: Session, delegate_id: UUID | None) -> None:
    """Say who acts for another organisation in this transaction: its events name both, and both see them.

    What the exchange does itself on the way, which no key did, is not the delegate's.
    """
    session.info[_DELEGATE] = delegate_id


@event.listens_for(Session, "before_commit")
def _append(session: Session) -> None:
    """Flush all else first: nothing but COMMIT follows the lock of the head."""
    pending: list[NewEvent] = session.info.get(_PENDING, [])
    if not pending or session.in_nested_transaction():  # the release of a savepoint comes here too
        return
    session.flush()
    # Written out before the head is locked, so that others wait for the hashing alone.
    delegate_id: UUID | None = session.info.get(_DELEGATE)
    told = [_tell(happened, delegate_id) for happened in pending]
    store_events(session, told)
    pending.clear()


def _tell(happened: NewEvent, delegate_id: UUID | None) -> Told:
    """Return an event ready to be stored; what no key did is not the delegate's."""
    by = None if happened.key_id is None else delegate_id
    row = dict(vars(happened)) | {"id": new_id(), "type": happened.type.value, "delegate_id": by}
    viewers = row.pop("viewers")
    return tell(row, viewers if by is None else (*viewers, by))


@event.listens_for(Session, "after_transaction_create")
def _mark_savepoint(session: Session, transaction: SessionTransaction) -> None:
    if transaction.nested:
        # Weak keys: an import opens a savepoint for every row.
        session.info.setdefault(_MARKS, WeakKeyDictionary())[transaction] = len(session.info.get(_PENDING, ()))


@event.listens_for(Session, "after_soft_rollback")
def _forget_back_to_savepoint(session: Session, rolled_back: SessionTransaction) -> None:
    if rolled_back.nested and _PENDING in session.info:
        del session.info[_PENDING][session.info[_MARKS][rolled_back] :]


@event.listens_for(Session, "after_transaction_end")
def _forget_transaction(session: Session, ended: SessionTransaction) -> None:
    if ended.parent is None:
        session.info.pop(_PENDING, None)
        session.info.pop(_DELEGATE, None)
