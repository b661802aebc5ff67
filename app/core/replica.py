"""A streaming replica that answers in place of the primary, and never from before what the primary has acknowledged.

Before a session reads here, the primary is asked how far its log is durable: every write that anybody was told of lies
before that. The replica is read once it has replayed as much; else the primary is. So a caller sees its own last write,
whichever process took it, and that of a counterparty whose message it has just read. Nothing is kept for it in the
database, and no kind of write can be forgotten.
"""

import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import structlog
from sqlalchemy import Connection, Engine, Pool, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.core.row_security import CallerSession, NamesCaller

#: How far the log is durable, and of which timeline, cluster and database; a commit is acknowledged once it is flushed,
#: without synchronous_commit as soon as it is inserted.
_ASK_PRIMARY = """
SELECT CAST(lsn AS text), CAST('x' || left(pg_walfile_name(lsn), 8) AS bit(32))::int, system_identifier,
       current_database()
FROM pg_control_system(), LATERAL (SELECT CASE current_setting('synchronous_commit')
    WHEN 'off' THEN pg_current_wal_insert_lsn() ELSE pg_current_wal_flush_lsn() END) AS log (lsn)
"""
#: Whether it has replayed as much, and whether it follows at all: a position in the log means nothing on another
#: timeline or in another cluster.
_ASK_REPLICA = """
SELECT pg_last_wal_replay_lsn() >= CAST(%s AS pg_lsn),
       pg_is_in_recovery() AND timeline_id = %s AND system_identifier = %s AND current_database() = %s
FROM pg_control_system(), pg_control_checkpoint()
"""
#: How long a session waits for the replica to catch up, look by look; a healthy one is a millisecond or two behind.
_LOOKS_AFTER_SECONDS = (0.0, 0.001, 0.002, 0.005, 0.01)
_SERIALIZATION_FAILURE = "40001"
log = structlog.get_logger()


class Fault(NamedTuple):
    """Why the primary is read instead, for how many seconds before the replica is looked at again, and is it said."""

    name: str
    rest_seconds: float
    is_told: bool = True


_BEHIND = Fault("behind", 0.25, is_told=False)  # as it often is for a moment while much is written
_CONFLICT = Fault("conflict_with_recovery", 0.25)
_UNREACHABLE = Fault("unreachable", 2.0)
_NOT_OURS = Fault("not_a_replica_of_this_database", 2.0)
#: The names of all faults.
FAULTS = tuple(fault.name for fault in (_BEHIND, _CONFLICT, _UNREACHABLE, _NOT_OURS))


class ReplicaLost(OperationalError):
    """A statement failed as none on the primary would have: asked again as a whole, the request reads the primary."""


class Counts(NamedTuple):
    """Sessions that read the replica, and those that read the primary in its place."""

    replica: int
    primary: int


class Replica:
    """One replica, or several behind one address; for use by many threads."""

    def __init__(self, primary: Engine, engine: Engine, clock: Callable[[], float] = time.monotonic) -> None:
        """Take engines of its own, in AUTOCOMMIT and without pre-ping: every session begins with a look at both."""
        self._primary = primary
        self._engine = engine
        self._clock = clock
        self._lock = threading.Lock()
        self._rests_until: float | None = None
        self._told: Fault | None = None
        #: Why the replica was passed over last, in words and by name; None: it was read.
        self.fault: str | None = None
        self.fault_name: str | None = None
        self._counts = {"replica": 0, "primary": 0}
        event.listen(engine, "handle_error", self._note_error)

    @property
    def counts(self) -> Counts:
        """How often each was read since the process began."""
        return Counts(**self._counts)

    @property
    def pools(self) -> tuple[Pool, Pool]:
        """The pools of connections to the primary, for questions, and to the replica."""
        return self._primary.pool, self._engine.pool

    def connect(self) -> Connection | None:
        """Return a connection whose statements see all that was acknowledged before; None: read the primary."""
        connection = self._connect() if self._may_try() else None
        with self._lock:
            self._counts["primary" if connection is None else "replica"] += 1
        return connection

    def dispose(self) -> None:
        """Close all connections."""
        self._primary.dispose()
        self._engine.dispose()

    def _may_try(self) -> bool:
        """Tell whether to look at the replica; while it rests, one session at a time looks and the others pass on."""
        with self._lock:
            if self._rests_until is None:
                return True
            if self._clock() < self._rests_until:
                return False
            self._rests_until = self._clock() + _UNREACHABLE.rest_seconds
            return True

    def _connect(self) -> Connection | None:
        try:
            with self._primary.connect() as primary:
                wanted = tuple(primary.exec_driver_sql(_ASK_PRIMARY).one())
        except (DBAPIError, PoolTimeout):
            return None  # who reads the primary will say what ails it
        try:
            connection = self._engine.connect()
        except (DBAPIError, PoolTimeout) as error:
            self._rest(_UNREACHABLE, str(error))
            return None
        is_fresh = False
        try:
            is_fresh = self._is_fresh(connection, wanted)
        except DBAPIError as error:
            self._rest(_UNREACHABLE, str(error))
        finally:
            if not is_fresh:
                connection.close()
        return connection if is_fresh else None

    def _is_fresh(self, connection: Connection, wanted: tuple[Any, ...]) -> bool:
        for pause in _LOOKS_AFTER_SECONDS:
            time.sleep(pause)
            is_fresh, follows = connection.exec_driver_sql(_ASK_REPLICA, wanted).one()
            if not follows:
                self._rest(_NOT_OURS, "promoted, of another cluster or timeline, or another database")
                return False
            if is_fresh:
                self._resume()
                return True
        self._rest(_BEHIND)
        return False

    def _rest(self, fault: Fault, detail: str = "") -> None:
        """Pass the replica over for some time; say so when that begins."""
        with self._lock:
            self._rests_until = self._clock() + fault.rest_seconds
            self.fault_name = fault.name
            self.fault = f"{fault.name.replace('_', ' ')}{detail and ': '}{detail}"
            was_told, self._told = self._told, fault if fault.is_told else self._told
        if fault.is_told and fault is not was_told:
            log.error("replica_passed_over", reason=fault.name, detail=detail)

    def _resume(self) -> None:
        with self._lock:
            self._rests_until = self.fault = self.fault_name = None
            told, self._told = self._told, None
        if told is not None:
            log.warning("replica_read_again", reason=told.name)

    def _note_error(self, context: ExceptionContext) -> None:
        """Rest after what a replica alone fails at; raises ReplicaLost in place of it."""
        error = context.original_exception
        is_conflict = getattr(error, "sqlstate", None) == _SERIALIZATION_FAILURE  # with what was replayed meanwhile
        if is_conflict or context.is_disconnect:
            self._rest(_CONFLICT if is_conflict else _UNREACHABLE, str(error))
            raise ReplicaLost(context.statement, None, error, connection_invalidated=context.is_disconnect) from error


class ReplicaSession(CallerSession):
    """Reads the replica where that is fresh, else the primary: it chooses with its first statement, in its thread."""

    def __init__(self, replica: Replica, primary: Engine, name_caller: NamesCaller) -> None:
        """Take the engine to read otherwise, whose options say how a transaction begins, and what names the caller."""
        super().__init__(primary, name_caller)
        self._replica = replica
        self._chosen: Connection | None = None
        self._has_chosen = False

    def get_bind(self, *_: object, **__: object) -> Engine | Connection:
        """Return the connection to the replica, or the primary's engine."""
        if not self._has_chosen:
            self._chosen, self._has_chosen = self._choose(), True
        return self._named() if self._chosen is None else self._chosen

    def close(self) -> None:
        """Give the connection back."""
        super().close()
        if self._chosen is not None:
            self._chosen.close()
        self._chosen, self._has_chosen = None, False

    def _choose(self) -> Connection | None:
        connection = self._replica.connect()
        if connection is None:
            return None
        connection.rollback()  # of nothing: the look at it was in AUTOCOMMIT
        return connection.execution_options(**self._named().get_execution_options())
