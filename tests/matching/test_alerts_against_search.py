"""Saved searches, asked lot by lot through their reach, find what the search in SQL finds of the same market."""

from collections.abc import Sequence
from random import Random
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.auth.actor import Actor, KeyId, OrganisationId
from app.catalogue.reference import reference
from app.core.database import Database
from app.core.paging import Page
from app.matching.lot_search import market_search
from app.matching.models import SavedSearch
from app.matching.saved_schemas import SavedFilters, SavedSearchPost
from app.matching.saved_searches import MOST_SEARCHES, save_search
from app.matching.schemas import LotFilters
from app.matching.search import search_lots
from app.notifications.alerts import find_alerts
from tests.drills import examples
from tests.matching.market import OWN, Market, make_owners
from tests.matching.test_search_against_loops import (
    CONVENTIONS,
    GRADES,
    SECRET,
    make_random_filters,
    make_random_market,
)

SEARCHES = 8


@pytest.fixture
def market(database: Database) -> Market:
    """Return a market without sites and lots."""
    return Market(database, make_owners(database))


def _searcher(market: Market) -> Actor:
    own = OrganisationId(market.owners[OWN])
    return Actor(KeyId(own), own, OWN, frozenset(), frozenset(), None, "active")


def _save(session: Session, actor: Actor, asked: Sequence[LotFilters]) -> dict[UUID, LotFilters]:
    """Save filters as a caller sends them: as JSON."""
    session.execute(delete(SavedSearch))
    saved: dict[UUID, LotFilters] = {}
    for filters in asked:
        body = {"name": "search", "filters": filters.model_dump(mode="json", exclude_unset=True)}
        saved[save_search(session, actor, SavedSearchPost.model_validate(body), CONVENTIONS).id] = filters
    return saved


def _found_in_sql(session: Session, actor: Actor, filters: LotFilters) -> set[tuple[UUID, str]]:
    page = Page(MOST_SEARCHES, None, SECRET, "test")
    found = search_lots(session, market_search(filters, actor, CONVENTIONS), CONVENTIONS, page)
    assert found.next_cursor is None
    return {
        (item["lot"]["id"], item["verdict"].value)
        for item in found.items
        if item["lot"]["organisation"]["id"] != actor.organisation_id
    }


@pytest.mark.drill
@settings(max_examples=examples(40, 300), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(random=st.randoms(use_true_random=True))
def test_alerts_are_what_the_search_finds(market: Market, random: Random) -> None:
    grade = reference().grades[random.choice(GRADES)]
    market.fill(*make_random_market(random, grade))
    asked = [make_random_filters(random, grade) for _ in range(SEARCHES)]
    asked = [SavedFilters.model_validate(filters.model_dump(exclude_unset=True) | {"mine": False}) for filters in asked]
    actor = _searcher(market)
    with market.database.write() as session:
        saved = _save(session, actor, asked)
        alerts = find_alerts(session, market.ids, CONVENTIONS)
        session.commit()
    assert len({(alert.search.id, alert.lot_id) for alert in alerts}) == len(alerts)
    with market.database.read() as session:
        for search_id, filters in saved.items():
            told = {(alert.lot_id, alert.verdict.value) for alert in alerts if alert.search.id == search_id}
            assert told == _found_in_sql(session, actor, filters), filters
