"""Requests that are sent again: the first one's transaction claims the key and keeps the answer.

A key without an answer is so never seen, nor is an answer kept whose write was not stored.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import Connection, Insert, bindparam, event, null, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, SessionTransaction

from app.core.bulk import table_of
from app.core.clock import now
from app.core.deadlines import patience
from app.core.errors import Conflict, invalid
from app.requests.models import IdempotencyKey
from app.requests.twins import Twins

KEPT = timedelta(days=7)
#: How long one waits for a twin that is still running.
PATIENCE_SECONDS = 5
_CLAIM, _ENTERED = "idempotency_claim", "idempotency_entered"
_LOCK_TIMED_OUT = "55P03"
_TABLE = table_of(IdempotencyKey)
_twins = Twins()


@dataclass(frozen=True)
class Answer:
    """What a request was answered, as far as it is given again."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Claim:
    """A key as it came: whose it is, where it was sent, and what with."""

    owner: str
    method: str
    path: str
    key: str
    #: Content type, query and body: all that makes one request to a path differ from another.
    content: tuple[bytes, ...] = field(repr=False)
    holds_secret: bool = False

    def digest(self) -> bytes:
        """Return what the key is found by."""
        return _hash(part.encode() for part in (self.owner, self.method, self.path, self.key))

    def fingerprint(self) -> bytes:
        """Return what tells this request from another one with the same key."""
        return _hash(self.content)


class Replay(Exception):
    """The request was answered before; nothing is done again."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"answered before with {answer.status}")
        self.answer = answer


def _hash(parts: Iterable[bytes]) -> bytes:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8))  # else "ab" + "c" would be "a" + "bc"
        digest.update(part)
    return digest.digest()


def claim_at_begin(session: Session, claim: Claim) -> None:
    """Claim a key as soon as the transaction of `session` begins.

    Whatever begins it then raises Replay where the request was answered before, Invalid where another one had the key,
    Conflict where a twin is still running or the answer held a secret. So all that is checked without the database
    (who calls, what was sent) is checked before anything is answered again.
    """
    session.info[_CLAIM] = claim
    event.listen(session, "after_begin", _claim)
    if session.get_bind().dialect.name == "sqlite":  # whose transaction begins in the line of all writers
        event.listen(session, "after_transaction_create", _wait_for_twin)
        event.listen(session, "after_transaction_end", _let_twin_in)


def _wait_for_twin(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is not None:
        return
    digest = session.info[_CLAIM].digest()
    if not _twins.enter(digest, patience(PATIENCE_SECONDS)):
        raise _still_running()
    session.info[_ENTERED] = digest


def _let_twin_in(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None and _ENTERED in session.info:
        _twins.leave(session.info.pop(_ENTERED))


def _still_running() -> Conflict:
    detail = "The same request is still running. Send it again, with the same key, for its answer."
    return Conflict("request_in_progress", detail)


def _claim(session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    if transaction.parent is not None:  # a savepoint
        return
    claim: Claim = session.info[_CLAIM]
    digest, fingerprint, instant = claim.digest(), claim.fingerprint(), now()
    row = {"digest": digest, "fingerprint": fingerprint, "created_at": instant}
    if _is_new(connection, row, instant - KEPT):
        return
    stored = connection.execute(
        select(_TABLE.c.fingerprint, _TABLE.c.status, _TABLE.c.headers, _TABLE.c.body).where(_TABLE.c.digest == digest)
    ).one()
    if stored.fingerprint != fingerprint:
        raise invalid("Idempotency-Key", "idempotency_key_reused", "came with another request before; send a new one")
    if stored.body is None:
        raise Conflict(
            "secret_already_shown",
            "This request was answered before, with a secret that is shown once and not kept. Make a new one.",
        )
    raise Replay(Answer(stored.status, stored.headers, stored.body))


def _is_new(connection: Connection, row: Mapping[str, object], expired_before: datetime) -> bool:
    """Insert a key, and tell whether it was new or had expired.

    A twin that is still running is waited for: by PostgreSQL at the unique index, for SQLite before the transaction.
    """
    is_postgresql = connection.dialect.name == "postgresql"
    if is_postgresql:
        connection.execute(text(f"SET LOCAL lock_timeout = '{PATIENCE_SECONDS}s'"))
    try:
        claimed = connection.execute(_claiming(connection.dialect.name), {**row, "expired_before": expired_before})
        is_new = claimed.scalar() is not None
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) != _LOCK_TIMED_OUT:
            raise
        raise _still_running() from error
    if is_postgresql:  # the row locks of the write itself are waited for as ever
        connection.execute(text("SET LOCAL lock_timeout TO DEFAULT"))
    return is_new


@cache
def _claiming(dialect_name: str) -> Insert:
    """Return the statement that takes a key nobody has, or one whose time is over; it returns a row if it did."""
    dialect = postgresql if dialect_name == "postgresql" else sqlite
    names = ("digest", "fingerprint", "created_at")
    adding = dialect.insert(_TABLE).values({name: bindparam(name, type_=_TABLE.c[name].type) for name in names})
    emptied = {name: null() for name in ("status", "headers", "body")}
    statement: Insert = adding.on_conflict_do_update(
        index_elements=[_TABLE.c.digest],
        set_={name: adding.excluded[name] for name in ("fingerprint", "created_at")} | emptied,
        where=_TABLE.c.created_at < bindparam("expired_before", type_=_TABLE.c.created_at.type),
    ).returning(_TABLE.c.digest)
    return statement


def keep_answer(session: Session, answer: Answer | None) -> None:
    """Store what a claimed request is about to be answered, right before the commit; without a claim nothing."""
    claim: Claim | None = session.info.get(_CLAIM)
    if claim is None:
        return
    assert answer is not None  # noqa: S101 - every route of ours tells its answer before its session ends
    kept = {
        "status": answer.status,
        "headers": dict(answer.headers),
        "body": None if claim.holds_secret else answer.body,
    }
    session.flush()
    session.connection().execute(update(_TABLE).where(_TABLE.c.digest == claim.digest()).values(kept))
