"""Times that PostgreSQL keeps for us: set on every connection by what the process is for, and kept."""

import pytest
from psycopg.errors import QueryCanceled
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app.core.database import Database
from app.core.timeouts import Purpose

pytestmark = pytest.mark.parametrize("engine", ["postgresql"])


@pytest.mark.parametrize(
    ("purpose", "statement"), [(Purpose.SERVER, "10s"), (Purpose.WORKER, "0"), (Purpose.COMMAND, "0")]
)
def test_every_connection_has_its_times(purpose: Purpose, statement: str, database_url: str) -> None:
    database = Database(database_url, purpose=purpose)
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "application_name")
    for session in (database.read(), database.write(), database.snapshot()):
        with session:
            found = [session.execute(text(f"SELECT current_setting('{name}')")).scalar_one() for name in names]
        assert found == [statement, "8s", "1min", purpose.value]
    database.dispose()


def test_what_the_address_says_comes_first(database_url: str) -> None:
    database = Database(f"{database_url}&options=-c%20statement_timeout%3D50&application_name=mine")
    with database.read() as session:
        assert session.execute(text("SELECT current_setting('application_name')")).scalar_one() == "mine"
        with pytest.raises(OperationalError) as stopped:
            session.execute(text("SELECT pg_sleep(30)"))
    assert isinstance(stopped.value.orig, QueryCanceled)
    database.dispose()
