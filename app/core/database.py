"""The database: one declarative base, sessions for reading, for one snapshot and for writing, on both engines."""

from copy import copy
from datetime import UTC, datetime
from typing import NamedTuple, Self
from uuid import UUID

from sqlalchemy import DateTime, Dialect, Engine, MetaData, QueuePool
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator
from uuid_utils.compat import uuid7

from app.core.engines import MOST_OF_POOL, MOST_QUESTIONS, make_engine, make_replica
from app.core.replica import ReplicaSession
from app.core.row_security import BEGIN, EXCHANGE, NOBODY, READING, SNAPSHOT, Caller, CallerSession, NamesCaller
from app.core.timeouts import Purpose


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

    `read_url` may name a streaming replica of it on PostgreSQL. Sessions that are not told who calls are nobody's: they
    see no row of a private table, see `row_security`.
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
        self._writer = make_engine(url, *connecting)
        self._reader = make_engine(url, *connecting, isolation_level="AUTOCOMMIT")
        self._transactions, self._snapshots = self._reader, self._writer.execution_options(**{BEGIN: "BEGIN"})
        if self._reader.dialect.name == "postgresql":
            self._transactions = self._reader.execution_options(**{BEGIN: READING})
            self._snapshots = self._reader.execution_options(**{BEGIN: SNAPSHOT})
        self.replica = make_replica(url, read_url, *connecting) if read_url else None
        self._caller = NOBODY

    def as_exchange(self) -> Self:
        """Return the same database for work of the exchange itself: who is not named reaches every row."""
        view = copy(self)
        view._caller = EXCHANGE  # noqa: SLF001 - its own
        return view

    def as_nobody(self) -> Self:
        """Return the same database as it is at first: who is not named sees no private row."""
        view = copy(self)
        view._caller = NOBODY  # noqa: SLF001 - its own
        return view

    @property
    def engine(self) -> Engine:
        """The writing engine, for migrations and checks; nobody calls on it."""
        return self._writer

    def pools(self) -> dict[str, PoolUse]:
        """Return how the pools stand: writers, readers, and where there is a replica, its readers and its questions."""
        pools = {"writer": (self._writer.pool, MOST_OF_POOL), "reader": (self._reader.pool, MOST_OF_POOL)}
        if self.replica is not None:
            questions, replica = self.replica.pools
            pools |= {"replica": (replica, MOST_OF_POOL), "replica_position": (questions, MOST_QUESTIONS)}
        return {
            name: PoolUse(pool.checkedout(), most)
            for name, (pool, most) in pools.items()
            if isinstance(pool, QueuePool)
        }

    def read(self, name_caller: NamesCaller | None = None) -> CallerSession:
        """Return a session whose statements each see the latest commit, to read what the caller may see."""
        return CallerSession(self._transactions, name_caller or self._name_caller)

    def market(self) -> Session:
        """Return a session as `read` does for what everybody may see (AUTOCOMMIT: no BEGIN and ROLLBACK to pay)."""
        return Session(self._reader, expire_on_commit=False)

    def search(self) -> Session:
        """Return a session as `market` does, for reads of many rows: of the replica if it is as fresh as the primary.

        Of a few rows it would cost more than it spares: the primary is asked in any case, for how far its log is.
        """
        if self.replica is not None:
            return ReplicaSession(self.replica, self._reader, _nobody)
        return self.market()

    def snapshot(self, name_caller: NamesCaller | None = None) -> Session:
        """Return a session of the caller whose statements all see one state; for answers made of several.

        It reads the replica as `search` does.
        """
        name_caller = name_caller or self._name_caller
        if self.replica is not None:
            return ReplicaSession(self.replica, self._snapshots, name_caller)
        return CallerSession(self._snapshots, name_caller)

    def write(self, name_caller: NamesCaller | None = None) -> CallerSession:
        """Return a session for one transaction; on SQLite it takes the write lock at once (BEGIN IMMEDIATE)."""
        return CallerSession(self._writer, name_caller or self._name_caller)

    def dispose(self) -> None:
        """Close all connections."""
        self._writer.dispose()
        self._reader.dispose()
        if self.replica is not None:
            self.replica.dispose()

    def _name_caller(self) -> Caller:
        return self._caller


def _nobody() -> Caller:
    return NOBODY
