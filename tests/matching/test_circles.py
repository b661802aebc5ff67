"""Searching the nearest sites first finds what searching all of them finds, though the best lots may lie far away."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest

from app.core.clock import today
from app.core.database import Database
from app.matching import circles
from app.matching.schemas import LotFilters
from tests.matching.loops import expect
from tests.matching.market import LotMade, Market, SiteMade, make_owners
from tests.matching.test_search_against_loops import walk

_DAYS = today(), today() + timedelta(days=30)
_LOT = LotMade(
    site=0,
    material="phosphogypsum",
    price=Decimal(0),
    quantity=Decimal(100),
    reserved=Decimal(0),
    days=_DAYS,
    status="open",
    origin=None,
    assay=None,
)


def _fill(market: Market, random: Random) -> None:
    """Make 60 sites up to 300 km away; prices differ by about as much as freights, and many are equal."""
    sites = [SiteMade((29.0 + random.randrange(0, 27) / 10, 107.0), None, "other") for _ in range(60)]
    prices = [Decimal(random.choice([-40, 0, 40, 80, 120])) for _ in range(90)]
    market.fill(sites, [replace(_LOT, site=random.randrange(60), price=price) for price in prices])


@pytest.mark.parametrize("sort", ["distance", "delivered_price"])
@pytest.mark.parametrize("limit", [1, 7])
def test_every_page_is_that_of_all_sites(
    database: Database, monkeypatch: pytest.MonkeyPatch, sort: str, limit: int
) -> None:
    market, random = Market(database, make_owners(database)), Random(f"{sort}/{limit}")
    monkeypatch.setattr(circles, "FIRST_SITES", 3)
    filters = LotFilters.model_validate(
        {"near": "29.0,107.0", "within_km": 250, "sort": sort, "material": ["phosphogypsum"]}
    )
    for _ in range(4):
        _fill(market, random)
        found = [item.lot.id for item in walk(market, filters, limit)]
        assert found == [item.lot_id for item in expect(market, filters)]
