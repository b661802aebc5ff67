"""Steps of the tests of saved searches: saving, working events off, reading what was told."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import update

from app.core.clock import today
from app.core.database import Database
from app.core.settings import Settings
from app.demands.models import Demand
from app.lots.models import Lot
from app.notifications.consumer import consume_batch
from tests.factories import Body, Member

PASSING = {"sampled_on": str(today()), "results": [{"parameter": "caso4_2h2o", "value": 90}]}
FAILING = {"sampled_on": str(today()), "results": [{"parameter": "caso4_2h2o", "value": 40}]}
NEAR_FULING = {"near": "29.70613,107.39028", "within_km": 100}


def save(member: Member, **filters: Any) -> str:  # noqa: ANN401 - JSON
    """Save a search and return its id."""
    identifier: str = member.post("/saved-searches", {"name": "search", "filters": filters})["id"]
    return identifier


def follow(member: Member, demand: Body) -> str:
    """Save a demand as a search and return its id."""
    identifier: str = member.post("/saved-searches", {"name": "demand", "demand_id": demand["id"]})["id"]
    return identifier


def work_off(database: Database) -> None:
    """Let the consumer work until there is nothing new."""
    while consume_batch(database, Settings()):
        pass


def told(member: Member, search_id: str) -> list[str]:
    """Return the lots that a search was told of, in order, as the feed and the list of matches both say."""
    lots: list[str] = []
    after: str | None = None
    while True:
        feed = member.get("/events", limit=100, **({} if after is None else {"after": after}))
        lots += [
            item["data"]["lot_id"]
            for item in feed["items"]
            if item["type"] == "match.found" and item["subject"] == {"kind": "saved_search", "id": search_id}
        ]
        after = feed["next_cursor"]
        if not feed["items"]:
            break
    listed = member.get(f"/saved-searches/{search_id}/matches", limit=100)["items"]
    assert [item["lot_id"] for item in reversed(listed)] == lots
    return lots


def let_expire(database: Database, table: type[Lot | Demand], identifier: str) -> None:
    """Put the last day of a lot or demand into the past."""
    first, last = today() - timedelta(9), today() - timedelta(1)
    names = ("available_from", "available_to") if table is Lot else ("needed_from", "needed_to")
    days = dict(zip(names, (first, last), strict=True))
    with database.write() as session:
        session.execute(update(table).where(table.id == UUID(identifier)).values(**days, version=table.version + 1))
        session.commit()
