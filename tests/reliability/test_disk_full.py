"""The database has no room: a problem, nothing half stored, and writes again once there is some.

Databases that say so without a full disk; `drill_disk_full.py` fills real ones, for which it must be root.
"""

from typing import Any

import pytest
from sqlalchemy import text

from app.core.database import Database
from tests.databases import Listen, as_owner
from tests.factories import World
from tests.reliability.filling import check_sound, dispatch, play

_FULL = (
    (
        "CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql "
        "AS 'BEGIN RAISE EXCEPTION USING ERRCODE = ''53100'', MESSAGE = ''could not extend file''; END'"
    ),
    "CREATE TRIGGER fill BEFORE INSERT ON ledger_entries FOR EACH ROW EXECUTE FUNCTION fill()",
)


@pytest.mark.parametrize("engine", ["sqlite"])
def test_sqlite_without_room_refuses_and_goes_on(world: World, database: Database, listen: Listen) -> None:
    with database.read() as session:
        pages = session.execute(text("PRAGMA page_count")).scalar_one()
    most = pages + 40

    def limit(connection: Any, *_: object) -> None:  # noqa: ANN401 - a DB-API connection
        connection.execute(f"PRAGMA max_page_count = {most}")

    listen(database.engine, "checkout", limit)

    def make_room() -> None:
        nonlocal most
        most = pages * 1000

    play(world, database, make_room)


@pytest.mark.parametrize("engine", ["postgresql"])
def test_postgresql_that_says_so_is_understood(world: World, database: Database) -> None:
    deal = world.deal(1000)
    with as_owner(database) as session:
        for statement in _FULL:
            session.execute(text(statement))
    answer = dispatch(deal, 1)
    assert (answer.status_code, answer.json()["code"]) == (503, "storage_full")
    check_sound(deal, database, 0)
