"""The second lock on private tables: on PostgreSQL each transaction says who calls, and the policies let no more pass.

Queries filter by who calls; what one forgets, row-level security still keeps back. The policies are those of migration
0024, the tables those of `app/tables.py`. SQLite has no such thing.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast
from uuid import UUID

import psycopg
from sqlalchemy import ColumnElement, Connection, Engine, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session


class Reach(StrEnum):
    """Whose rows a transaction reaches."""

    #: Those of its own organisation.
    OWN = "own"
    #: To read, also those that statistics and anomalies are made of.
    AUTHORITY = "authority"
    OPERATOR = "operator"
    #: All: work of the exchange itself, which nobody asks for.
    EXCHANGE = "exchange"


@dataclass(frozen=True)
class Caller:
    """Who calls; never made of text of users: ids and members of an enumeration alone."""

    organisation: UUID | None
    reach: Reach | None


NOBODY = Caller(None, None)
EXCHANGE = Caller(None, Reach.EXCHANGE)
#: Asked with the first statement of a transaction: a request's session is opened before its key is looked up.
NamesCaller = Callable[[], Caller]
#: Execution options: the statement that begins a transaction (none: AUTOCOMMIT), and who calls in it.
BEGIN, CALLER = "swx_begin", "swx_caller"
READING, SNAPSHOT = "BEGIN READ ONLY", "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"


class CallerSession(Session):
    """A session whose transactions begin as whoever calls when its first statement runs."""

    def __init__(self, engine: Engine, name_caller: NamesCaller) -> None:
        """Take the engine, and what names the caller."""
        super().__init__(expire_on_commit=False)
        self._engine = engine
        self._name_caller = name_caller
        self._bound: Engine | None = None

    def get_bind(self, *_: object, **__: object) -> Engine | Connection:
        """Return the engine, told who calls."""
        return self._named()

    def _named(self) -> Engine:
        if self._bound is None:
            self._bound = self._engine.execution_options(**{CALLER: self._name_caller()})
        return self._bound

    @property
    def holds_transaction(self) -> bool:
        """Tell whether the server waits for the end of a transaction."""
        return self.in_transaction() and BEGIN in self._engine.get_execution_options()


def begin_transaction(connection: Connection) -> None:
    """Begin what the options of a connection say, as whom they say, in one message to the server.

    The driver is in AUTOCOMMIT, else it would send a BEGIN of its own. Without the option nothing begins, and nobody
    calls: public tables are so read without the cost of a transaction.
    """
    options = connection.get_execution_options()
    caller: Caller = options.get(CALLER, NOBODY)
    level = options.get("isolation_level")
    if level is None and BEGIN in options:
        _send(connection, "; ".join([options[BEGIN], *_settings(caller)]))
    elif level not in {None, "AUTOCOMMIT"} and caller.reach is not None:  # migrations, whose driver begins
        _send(connection, "; ".join(_settings(caller)))


def end_reading(connection: Connection) -> None:
    """Commit where a transaction that can only read is rolled back: there is nothing to undo.

    After a ROLLBACK the driver gives up all statements that it has prepared on the connection.
    """
    reads = connection.get_execution_options().get(BEGIN) in {READING, SNAPSHOT}
    if reads and not (connection.closed or connection.invalidated):
        raw: Any = connection.connection.dbapi_connection
        with suppress(psycopg.Error):  # a lost connection is the pool's to find
            raw.commit()


def _settings(caller: Caller) -> list[str]:
    """Return the statements that say who calls until the transaction ends."""
    settings = {"organisation": caller.organisation, "reach": caller.reach}
    return [f"SET LOCAL swx.{name} = '{value}'" for name, value in settings.items() if value is not None]


def _send(connection: Connection, message: str) -> None:
    """Send statements as one message; the driver's errors become SQLAlchemy's, as those of any other statement."""
    raw: Any = connection.connection.dbapi_connection
    try:
        raw.execute(message.encode(), prepare=False)
    except psycopg.Error as error:
        dialect = connection.dialect
        is_lost = dialect.is_disconnect(cast("Any", error), raw, None)
        if is_lost:
            connection.invalidate(error)
        raise DBAPIError.instance(
            message, None, error, psycopg.Error, connection_invalidated=is_lost, dialect=dialect
        ) from error


def _act_as(session: Session, caller: Caller) -> None:
    if session.get_bind().dialect.name != "postgresql":
        return
    session.execute(
        select(
            func.set_config("swx.organisation", "" if caller.organisation is None else str(caller.organisation), True),  # noqa: FBT003 - PostgreSQL's
            func.set_config("swx.reach", caller.reach or "", True),  # noqa: FBT003 - as above
        )
    )


@contextmanager
def reaching_all(session: Session) -> Iterator[None]:
    """Let part of a caller's transaction reach every row: work of the exchange that the caller has only set off."""
    caller: Caller = session.get_bind().get_execution_options().get(CALLER, NOBODY)
    if caller != EXCHANGE:
        _act_as(session, EXCHANGE)
    yield  # what fails ends the transaction, and with it what was set
    if caller != EXCHANGE:
        _act_as(session, caller)


def naming_sites(sites: ColumnElement[str]) -> ColumnElement[str]:
    """Return a column that opens the ledger of some sites until the transaction ends, in place of those before.

    For PostgreSQL. What both sides of an agreement post touches accounts of the other one.
    """
    return select(func.set_config("swx.sites", sites, True)).scalar_subquery()  # noqa: FBT003 - PostgreSQL's


def list_sites(site_ids: Collection[UUID]) -> str:
    """Return sites as `naming_sites` takes them."""
    return ",".join(sorted(map(str, site_ids)))
