"""A primary with its streaming replica, and two applications over both, as two processes would be."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
from starlette.testclient import TestClient

from app.core.database import Database
from app.core.replica import Replica
from app.core.settings import Settings
from app.main import create_app
from tests.databases import make_current
from tests.postgres import APP, OWNER, PostgresServer, start_postgres
from tests.standby import start_standby

DATABASE = "exchange"


@dataclass(frozen=True)
class Cluster:
    """Both servers, and clients of two applications that write to the one and may read the other."""

    primary: PostgresServer
    standby: PostgresServer
    clients: tuple[TestClient, TestClient]
    databases: tuple[Database, Database]

    @property
    def replicas(self) -> tuple[Replica, ...]:
        """What the applications know of the replica."""
        return tuple(database.replica for database in self.databases if database.replica is not None)

    def reads_of_replica(self) -> int:
        """Return how many sessions of both have read the replica."""
        return sum(replica.counts.replica for replica in self.replicas)

    def on_standby(self, statement: str) -> None:
        """Run a statement on the replica's server."""
        with psycopg.connect(self.standby.dsn(DATABASE), autocommit=True) as connection:
            connection.execute(statement.encode())


@contextlib.contextmanager
def start_cluster() -> Iterator[Cluster]:
    """Yield an empty, migrated exchange with its replica; both servers are gone afterwards."""
    with contextlib.ExitStack() as stack:
        primary = stack.enter_context(start_postgres())
        primary.create_roles()
        primary.create_database(DATABASE, owner=OWNER)
        make_current(primary.url(DATABASE, APP))
        standby = stack.enter_context(start_standby(primary))
        settings = Settings(
            database_url=primary.url(DATABASE, APP), read_database_url=standby.url(DATABASE, APP), rate_limit=0
        )
        applications = (create_app(settings), create_app(settings))
        first, second = (application.state.database for application in applications)
        ours, theirs = (
            stack.enter_context(TestClient(application, raise_server_exceptions=False)) for application in applications
        )
        yield Cluster(primary, standby, (ours, theirs), (first, second))
