"""What `swx doctor` looks at on PostgreSQL: what could lose commits, what could run out, clocks, and a replica."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Engine, Row, make_url, text

from app.cli.databases import describe_url
from app.cli.findings import Finding, Urgency, of_production
from app.core import clock
from app.core.database import Database
from app.core.engines import MOST_CONNECTIONS, MOST_QUESTIONS
from app.core.settings import Settings

_LEAST_POSTGRESQL = 150_000
#: A server and a worker.
_USUAL_PROCESSES = 2
#: Leases of jobs last ten seconds by the clocks of those who hold them.
_MOST_SKEW_SECONDS = 2.0
#: What `off` means for what was acknowledged.
_KEEPERS = {
    "fsync": "a crash of the machine can destroy the database",
    "full_page_writes": "a crash of the machine can tear pages of the database",
    "synchronous_commit": "a crash of the server can lose writes that were acknowledged",
}
_SETTINGS = (*_KEEPERS, "server_version", "server_version_num", "server_encoding", "max_connections")
_RESERVED = ("superuser_reserved_connections", "reserved_connections")
#: Whether the role that connects passes row-level security by, or could switch it off.
_ASK_ROLE = """
SELECT rolname AS name, rolsuper AS is_superuser, rolbypassrls AS bypasses, EXISTS (
    SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
    AND pg_has_role(relowner, 'USAGE')
) AS owns FROM pg_roles WHERE rolname = current_user
"""


def examine_server(engine: Engine, settings: Settings) -> Iterator[Finding]:
    """Yield what is found on the server of the primary database."""
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT name, setting FROM pg_settings WHERE name = ANY(:names)"), {"names": [*_SETTINGS, *_RESERVED]}
        )
        found: dict[str, str] = {row.name: row.setting for row in rows}
        is_standby = connection.execute(text("SELECT pg_is_in_recovery()")).scalar_one()
        role = connection.execute(text(_ASK_ROLE)).one()
        asked_at = clock.now()
        theirs = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        took = clock.now() - asked_at
    is_recent = int(found["server_version_num"]) >= _LEAST_POSTGRESQL
    version = f"PostgreSQL {found['server_version']} (15 or newer is needed)"
    yield Finding(Urgency.OK if is_recent else Urgency.FIX, version)
    if is_standby:
        yield Finding(Urgency.FIX, "SWX_DATABASE_URL names a replica, which takes no writes; name the primary")
    if found["server_encoding"] != "UTF8":
        yield Finding(Urgency.FIX, f"encoding {found['server_encoding']}: Chinese names need a database in UTF8")
    yield _examine_role(role)
    yield from _examine_keepers(found, settings)
    yield _examine_connections(found, settings)
    skew = (theirs - asked_at - took / 2).total_seconds()
    sentence = f"clock: the database's is {abs(skew):.1f} s {'ahead of' if skew > 0 else 'behind'} ours"
    is_off = abs(skew) > _MOST_SKEW_SECONDS + took.total_seconds() / 2
    yield Finding(Urgency.FIX if is_off else Urgency.OK, f"{sentence}; set both by NTP" if is_off else sentence)


def _examine_role(role: Row[Any]) -> Finding:
    """Tell whether row-level security holds the role that connects."""
    if role.is_superuser or role.bypasses or role.owns:
        what = "a superuser" if role.is_superuser else "one with BYPASSRLS" if role.bypasses else "the tables' owner"
        advice = "servers and workers need one that owns nothing (docs/row-security.md)"
        return Finding(Urgency.NOTE, f"role {role.name} is {what}: the second lock on private rows is open; {advice}")
    return Finding(Urgency.OK, f"role {role.name} owns nothing: row-level security holds it")


def _examine_keepers(found: Mapping[str, str], settings: Settings) -> Iterator[Finding]:
    lost = [name for name in _KEEPERS if found[name] == "off"]
    for name in lost:
        yield Finding(of_production(settings), f"{name} is off: {_KEEPERS[name]}")
    if not lost:
        yield Finding(Urgency.OK, f"what is acknowledged is kept: {', '.join(_KEEPERS)} are on")


def _examine_connections(found: Mapping[str, str], settings: Settings) -> Finding:
    free = int(found["max_connections"]) - sum(int(found.get(name, 0)) for name in _RESERVED)
    most = MOST_CONNECTIONS + (MOST_QUESTIONS if settings.read_database_url else 0)
    processes = free // most
    sentence = f"connections: the server takes {free}, a process of ours opens up to {most}: room for {processes}"
    if processes >= _USUAL_PROCESSES:
        return Finding(Urgency.OK, sentence)
    return Finding(Urgency.NOTE, f"{sentence}; with more processes raise max_connections or put a pooler between")


def examine_replica(url: str, replica_url: str) -> Iterator[Finding]:
    """Yield what is found on the replica of a database, asked as those who read it ask."""
    named = f"replica {describe_url(replica_url)}"
    if {make_url(each).get_backend_name() for each in (url, replica_url)} != {"postgresql"}:
        yield Finding(Urgency.FIX, f"{named}: only PostgreSQL has replicas; unset SWX_READ_DATABASE_URL")
        return
    database = Database(url, replica_url)
    assert database.replica is not None  # noqa: S101 - its address was given
    connection = database.replica.connect()
    if connection is not None:
        connection.close()
        yield Finding(Urgency.OK, f"{named}: follows, and has all that the primary acknowledged")
    else:
        fault = database.replica.fault or "the primary does not answer"
        urgency = Urgency.NOTE if fault == "behind" else Urgency.FIX
        yield Finding(urgency, f"{named}: {fault}; the primary is read in its place")
    database.dispose()
