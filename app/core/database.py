"""The database: one declarative base, sessions for reading, for one snapshot and for writing, on both engines."""

import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import Connection, DateTime, Dialect, Engine, MetaData, QueuePool, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator
from uuid_utils.compat import uuid7

from app.core.deadlines import TookTooLong, keep_time, patience, stop_when_late
from app.core.replica import Replica, ReplicaSession
from app.core.timeouts import Purpose, connection_options
from app.core.turns import taking_turns

try:  # SQLite below 3.51.3 can lose commits when several connections checkpoint the WAL
    import pysqlite3
except ImportError:  # no wheel on this platform
    pysqlite3 = None

#: How long a writer waits for another one.
_PATIENCE_SECONDS = 10
_SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    f"PRAGMA busy_timeout={_PATIENCE_SECONDS * 1000}",
    "PRAGMA cache_size=-8000",
)
_POOL = {"pool_size": 10, "max_overflow": 30, "pool_timeout": 10}
_MOST_OF_POOL = _POOL["pool_size"] + _POOL["max_overflow"]
#: For the one question that the primary is asked before the replica is read.
_QUESTIONS = {"pool_size": 5, "max_overflow": 0, "pool_timeout": 1}
_SNAPSHOT = "REPEATABLE READ"
#: Seconds, and milliseconds without an acknowledgement: one that is gone must not hold up who could ask elsewhere.
_REPLICA_PATIENCE = {"connect_timeout": 2, "tcp_user_timeout": 3000}
#: A process opens no more than this many connections to the primary: readers and writers have a pool each.
MOST_CONNECTIONS = 2 * _MOST_OF_POOL
#: And so many more, to ask how far its log is, where there is a replica; to that one as many as a pool has.
MOST_QUESTIONS = _QUESTIONS["pool_size"] + _QUESTIONS["max_overflow"]
#: What a statement was given stands in no message: messages reach logs, and bodies and names do not.
_QUIET = {"hide_parameters": True}
_write_json = msgspec.json.Encoder().encode


def write_json_text(value: object) -> str:
    """Return JSON as columns keep it; the standard module takes eight times as long, for every assay there is."""
    return _write_json(value).decode()


_JSON = {"json_serializer": write_json_text, "json_deserializer": msgspec.json.decode}


class PoolUse(NamedTuple):
    """How many connections of a pool are lent at present, and how many there may be."""

    lent: int
    most: int


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC instant; SQLite keeps no offset, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Refuse naive instants; keep UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            msg = "a naive datetime has no place in the database"
            raise ValueError(msg)
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Return the instant with its UTC offset."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Base of all tables; constraint names follow one convention so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcDateTime}  # noqa: RUF012 - read by SQLAlchemy as a class attribute


def new_id() -> UUID:
    """Return a UUIDv7: sortable by time, so the newest row has the largest id."""
    return uuid7()


class Database:
    """Engines and sessions of one database; `purpose` sets the times of statements.

    `read_url` may name a streaming replica of it on PostgreSQL.
    """

    def __init__(
        self,
        url: str,
        read_url: str | None = None,
        statement_seconds: float = 0,
        *,
        purpose: Purpose = Purpose.COMMAND,
    ) -> None:
        """Name the databases; on PostgreSQL no statement runs for longer than `statement_seconds` (0: no limit)."""
        self.url = url
        connecting = (purpose, statement_seconds)
        self._writer = _make_engine(url, *connecting)
        self._reader = _make_engine(url, *connecting, isolation_level="AUTOCOMMIT")
        self.replica = _make_replica(url, read_url, *connecting) if read_url else None
        isolation = {"isolation_level": _SNAPSHOT} if self._reader.dialect.name == "postgresql" else {}
        source = self._reader if isolation else self._writer
        self._snapshots = source.execution_options(swx_begin="BEGIN", **isolation)

    @property
    def engine(self) -> Engine:
        """The writing engine, for migrations and checks."""
        return self._writer

    def pools(self) -> dict[str, PoolUse]:
        """Return how the pools stand: writers, readers, and where there is a replica, its readers and its questions."""
        pools = {"writer": (self._writer.pool, _MOST_OF_POOL), "reader": (self._reader.pool, _MOST_OF_POOL)}
        if self.replica is not None:
            questions, replica = self.replica.pools
            pools |= {"replica": (replica, _MOST_OF_POOL), "replica_position": (questions, MOST_QUESTIONS)}
        return {
            name: PoolUse(pool.checkedout(), most)
            for name, (pool, most) in pools.items()
            if isinstance(pool, QueuePool)
        }

    def read(self) -> Session:
        """Return a session whose statements each see the latest commit (AUTOCOMMIT: no BEGIN and ROLLBACK to pay)."""
        return Session(self._reader, expire_on_commit=False)

    def search(self) -> Session:
        """Return a session as `read` does, for reads of many rows: of the replica where it is as fresh as the primary.

        Of a few rows it would cost more than it spares: the primary is asked in any case, for how far its log is.
        """
        if self.replica is not None:
            return ReplicaSession(self.replica, self._reader)
        return Session(self._reader, expire_on_commit=False)

    def snapshot(self) -> Session:
        """Return a session as `search` does whose statements all see one state; for answers made of several."""
        if self.replica is not None:
            return ReplicaSession(self.replica, self._snapshots, _SNAPSHOT)
        return Session(self._snapshots, expire_on_commit=False)

    def write(self) -> Session:
        """Return a session for one transaction; on SQLite it takes the write lock at once (BEGIN IMMEDIATE)."""
        return Session(self._writer, expire_on_commit=False)

    def dispose(self) -> None:
        """Close all connections."""
        self._writer.dispose()
        self._reader.dispose()
        if self.replica is not None:
            self.replica.dispose()


def sqlite_module() -> ModuleType:
    """Return the DB-API module of SQLite in use: pysqlite3 where a wheel exists, else the standard one."""
    return pysqlite3 or sqlite3


def _make_engine(url: str, purpose: Purpose, statement_seconds: float, **options: Any) -> Engine:  # noqa: ANN401 - of create_engine
    if make_url(url).get_backend_name() == "sqlite":
        engine = _make_sqlite_engine(url, options)
    else:
        engine = _make_server_engine(url, purpose, statement_seconds, options)
    keep_time(engine)
    return engine


def _make_server_engine(url: str, purpose: Purpose, statement_seconds: float, options: Mapping[str, Any]) -> Engine:
    connecting = connection_options(url, purpose, statement_seconds) | options.get("connect_args", {})
    usual = {"pool_pre_ping": True, **_QUIET, **_JSON, **_POOL}
    return create_engine(url, **usual | dict(options) | {"connect_args": connecting})


def _make_sqlite_engine(url: str, options: Mapping[str, Any]) -> Engine:
    _make_folder(url)
    engine = create_engine(
        url,
        module=sqlite_module(),
        connect_args={
            "check_same_thread": False,
            "timeout": _PATIENCE_SECONDS,
            "factory": taking_turns(sqlite_module()),
        },
        **_QUIET,
        **_JSON,
        **_POOL,
        **options,
    )
    event.listen(engine, "connect", _prepare_sqlite)
    if "isolation_level" not in options:
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_replica(url: str, read_url: str, purpose: Purpose, statement_seconds: float) -> Replica:
    # Without pre-ping: these connections are looked at with every use.
    options = {"isolation_level": "AUTOCOMMIT", "pool_pre_ping": False, "connect_args": _REPLICA_PATIENCE}
    return Replica(
        _make_engine(url, purpose, statement_seconds, **options | _QUESTIONS),
        _make_engine(read_url, purpose, statement_seconds, **options | {"pool_timeout": 1}),
    )


def _make_folder(url: str) -> None:
    file = make_url(url).database
    if file and file != ":memory:":
        Path(file).parent.mkdir(parents=True, exist_ok=True)


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 - a DB-API connection
    connection.isolation_level = None  # the driver's own implicit BEGIN would come too late and without the lock
    stop_when_late(connection)
    cursor = connection.cursor()
    for pragma in _SQLITE_PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    begin = connection.get_execution_options().get("swx_begin")
    if begin is not None:
        connection.exec_driver_sql(begin)
        return
    raw: Any = connection.connection.driver_connection
    raw.take_turn(patience(_PATIENCE_SECONDS))
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    except (DBAPIError, TookTooLong):
        raw.leave()
        raise
