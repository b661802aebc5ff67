"""Engines: how connections are made, pooled and prepared, and how transactions begin, on both databases."""

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError

from app.core.deadlines import TookTooLong, keep_time, patience, stop_when_late
from app.core.replica import Replica
from app.core.row_security import BEGIN, begin_transaction, end_reading
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
#: A pool lends no more.
MOST_OF_POOL = _POOL["pool_size"] + _POOL["max_overflow"]
#: For the one question that the primary is asked before the replica is read.
_QUESTIONS = {"pool_size": 5, "max_overflow": 0, "pool_timeout": 1}
#: Seconds, and milliseconds without an acknowledgement: one that is gone must not hold up who could ask elsewhere.
_REPLICA_PATIENCE = {"connect_timeout": 2, "tcp_user_timeout": 3000}
#: A process opens no more than this many connections to the primary: readers and writers have a pool each.
MOST_CONNECTIONS = 2 * MOST_OF_POOL
#: And so many more, to ask how far its log is, where there is a replica; to that one as many as a pool has.
MOST_QUESTIONS = _QUESTIONS["pool_size"] + _QUESTIONS["max_overflow"]
#: What a statement was given stands in no message: messages reach logs, and bodies and names do not.
_QUIET = {"hide_parameters": True}
_write_json = msgspec.json.Encoder().encode


def write_json_text(value: object) -> str:
    """Return JSON as columns keep it; the standard module takes eight times as long, for every assay there is."""
    return _write_json(value).decode()


_JSON = {"json_serializer": write_json_text, "json_deserializer": msgspec.json.decode}


def sqlite_module() -> ModuleType:
    """Return the DB-API module of SQLite in use: pysqlite3 where a wheel exists, else the standard one."""
    return pysqlite3 or sqlite3


def make_engine(url: str, purpose: Purpose, statement_seconds: float, **options: Any) -> Engine:  # noqa: ANN401 - of create_engine
    """Return an engine whose transactions begin at once; with an `isolation_level`, it is in AUTOCOMMIT."""
    if make_url(url).get_backend_name() == "sqlite":
        engine = _make_sqlite_engine(url, options)
    else:
        engine = _make_server_engine(url, purpose, statement_seconds, options)
    keep_time(engine)
    return engine


def _make_server_engine(url: str, purpose: Purpose, statement_seconds: float, options: Mapping[str, Any]) -> Engine:
    connecting = connection_options(url, purpose, statement_seconds) | options.get("connect_args", {})
    # The driver begins nothing: what a transaction begins with says who calls, see begin_transaction.
    begin = {} if "isolation_level" in options else {BEGIN: "BEGIN"}
    usual = {
        "pool_pre_ping": True,
        "isolation_level": "AUTOCOMMIT",
        "execution_options": begin,
        **_QUIET,
        **_JSON,
        **_POOL,
    }
    engine = create_engine(url, **usual | dict(options) | {"connect_args": connecting})
    event.listen(engine, "begin", begin_transaction)
    event.listen(engine, "rollback", end_reading)
    return engine


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


def make_replica(url: str, read_url: str, purpose: Purpose, statement_seconds: float) -> Replica:
    """Return the replica of a database, with engines of its own."""
    # Without pre-ping: these connections are looked at with every use.
    options = {"isolation_level": "AUTOCOMMIT", "pool_pre_ping": False, "connect_args": _REPLICA_PATIENCE}
    return Replica(
        make_engine(url, purpose, statement_seconds, **options | _QUESTIONS),
        make_engine(read_url, purpose, statement_seconds, **options | {"pool_timeout": 1}),
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
    begin = connection.get_execution_options().get(BEGIN)
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
