"""Times that PostgreSQL keeps for us: set on every connection by what the process is for, and kept."""

import pytest
from fastapi import FastAPI
from psycopg.errors import QueryCanceled
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app.core.database import Database
from app.core.timeouts import Purpose
from tests.factories import World

pytestmark = pytest.mark.parametrize("engine", ["postgresql"])


@pytest.mark.parametrize(("purpose", "seconds", "told"), [(Purpose.SERVER, 10, "10s"), (Purpose.WORKER, 0, "0")])
def test_every_connection_has_its_times(purpose: Purpose, seconds: int, told: str, database_url: str) -> None:
    database = Database(database_url, None, seconds, purpose=purpose)
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "application_name")
    for session in (database.read(), database.write(), database.snapshot()):
        with session:
            found = [session.execute(text(f"SELECT current_setting('{name}')")).scalar_one() for name in names]
        assert found == [told, "8s", "1min", purpose.value]
    database.dispose()


def test_a_row_that_stays_locked_is_told_as_time_that_was_over(world: World, application: FastAPI) -> None:
    """The address gives locks a tenth of a second, so that the test need not wait for eight."""
    site = world.site(producer := world.producer())
    database = Database(f"{world.database.url}&options=-c%20lock_timeout%3D100", purpose=Purpose.SERVER)
    with world.database.write() as holder:
        holder.execute(text("SELECT 1 FROM sites FOR UPDATE"))
        application.state.database = database
        answer = producer.request("PATCH", f"/sites/{site['id']}", json={"name": "other"})
    assert (answer.status_code, answer.json()["code"]) == (503, "took_too_long")
    assert int(answer.headers["retry-after"]) > 0
    database.dispose()


def test_what_the_address_says_comes_first(database_url: str) -> None:
    database = Database(f"{database_url}&options=-c%20statement_timeout%3D50&application_name=mine")
    with database.read() as session:
        assert session.execute(text("SELECT current_setting('application_name')")).scalar_one() == "mine"
        with pytest.raises(OperationalError) as stopped:
            session.execute(text("SELECT pg_sleep(30)"))
    assert isinstance(stopped.value.orig, QueryCanceled)
    database.dispose()
