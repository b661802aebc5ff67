"""A page walk never repeats or drops a lot, or a demand, while others are added."""

from decimal import Decimal
from random import Random
from typing import Any, get_args
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from app.core.clock import today
from app.core.database import Database
from app.demands.models import Demand
from app.matching.ranking import Sort
from app.matching.schemas import TakerFilters
from app.organisations.models import Site
from tests.factories import Member, World
from tests.matching.market import LotMade, SiteMade, make_lot, make_site

PLACES = [(29.83615, 107.07041), (29.70613, 107.39028), (29.99365, 106.26176), (29.83615, 107.07041)]
WALKS: list[dict[str, Any]] = [
    {"near": "29.56,106.55", "sort": "distance"},
    {"near": "29.56,106.55", "within_km": 90, "sort": "delivered_price", "spec": "caso4_2h2o>=85"},
    {"near": "29.56,106.55", "sort": "newest"},
    {"sort": "newest", "verdict": "pass,fail", "spec": "caso4_2h2o>=85"},
    {"sort": "nearest_miss", "verdict": "pass,unknown,fail", "spec": "caso4_2h2o>=85"},
    {"near": "29.56,106.55", "sort": "delivered_price_dry"},
    {"near": "29.56,106.55", "sort": "delivered_price_active", "use": "cement_retarder"},
]
RANKS = {
    "distance": "distance_km",
    "delivered_price": "delivered_cny_per_t",
    "delivered_price_dry": "delivered_cny_per_dry_t",
    "delivered_price_active": "delivered_cny_per_active_t",
}
#: The sorts of `GET /lots/{id}/matches`, which judges each demand by itself.
SORTS_OF_DEMANDS = ["distance", "delivered_price", "newest"]


class Adder:
    """Adds lots and demands at a few sites, with few prices, so that most of them tie."""

    def __init__(self, database: Database, producer: Member, recycler: Member) -> None:
        self.database, self.producer, self.recycler = database, producer, recycler
        self.random = Random(5)
        with database.write() as session:
            self.sites = [self._site(session, producer, place) for place in PLACES]
            self.gates = [self._site(session, recycler, place) for place in PLACES]
            session.commit()

    @staticmethod
    def _site(session: Session, owner: Member, place: tuple[float, float]) -> Site:
        site = make_site(UUID(owner.id), SiteMade(place, None, ""))
        session.add(site)
        session.flush()
        return site

    def add(self, count: int) -> None:
        """Add lots and demands."""
        with self.database.write() as session:
            session.add_all(self._lot() for _ in range(count))
            session.add_all(self._demand() for _ in range(count))
            session.commit()

    def _lot(self) -> Any:  # noqa: ANN401 - a row
        price = Decimal(self.random.choice([-15, 0, 12]))
        assay = self.random.choice([None, {"caso4_2h2o": 91.2, "moisture": 16.3}, {"caso4_2h2o": 80}])
        made = LotMade(0, "phosphogypsum", price, Decimal(9), Decimal(0), (today(), today()), "open", None, assay)
        return make_lot(UUID(self.producer.id), self.random.choice(self.sites).id, made)

    def _demand(self) -> Demand:
        return Demand(
            organisation_id=UUID(self.recycler.id),
            site_id=self.random.choice(self.gates).id,
            use="cement_retarder",
            materials=self.random.choice([["phosphogypsum"], ["fgd_gypsum"], ["titanium_gypsum"]]),
            criteria=self.random.choice([[], [{"parameter": "caso4_2h2o", "min": 85, "max": None, "equals": None}]]),
            quantity_t=Decimal(9),
            needed_from=today(),
            needed_to=today(),
        )


def test_every_sort_is_walked() -> None:
    assert {walk["sort"] for walk in WALKS} == set(Sort)
    assert set(SORTS_OF_DEMANDS) == set(get_args(TakerFilters.model_fields["sort"].annotation))


@pytest.mark.parametrize("params", WALKS)
def test_walk_over_lots_while_lots_are_added(world: World, database: Database, params: dict[str, Any]) -> None:
    producer, recycler = world.producer(), world.recycler()
    adder = Adder(database, producer, recycler)
    adder.add(25)
    check_walk(recycler, "/lots", "lot", {"limit": 3} | params, adder)


@pytest.mark.parametrize("sort", list(Sort))
def test_walk_over_the_lots_for_a_demand_while_lots_are_added(world: World, database: Database, sort: Sort) -> None:
    producer, recycler = world.producer(), world.recycler()
    demand = world.demand(recycler, criteria=[{"parameter": "caso4_2h2o", "min": 85}])
    adder = Adder(database, producer, recycler)
    adder.add(25)
    params = {"limit": 3, "sort": sort.value, "verdict": "pass,unknown,fail"}
    check_walk(recycler, f"/demands/{demand['id']}/matches", "lot", params, adder)


@pytest.mark.parametrize("sort", SORTS_OF_DEMANDS)
def test_walk_over_demands_while_demands_are_added(world: World, database: Database, sort: str) -> None:
    producer, recycler = world.producer(), world.recycler()
    lot = world.lot(producer)
    adder = Adder(database, producer, recycler)
    adder.add(270)  # more than are judged at a time, and a third of them of the lot's material
    check_walk(producer, f"/lots/{lot['id']}/matches", "demand", {"limit": 9, "sort": sort}, adder)


def check_walk(member: Member, path: str, name: str, params: dict[str, Any], adder: Adder) -> None:
    """Walk over a list in pages, adding rows on the way; what was there at the start must come once, in its order."""
    items = member.get(path, **params | {"limit": 100})["items"]
    at_start = [item[name]["id"] for item in items]
    if (rank := RANKS.get(params["sort"])) is not None:
        assert len({item[rank] for item in items}) < len(items)  # some tie
    seen: list[str] = []
    cursor = None
    while True:
        page = member.get(path, **params | ({} if cursor is None else {"cursor": cursor}))
        seen += [item[name]["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        if len(seen) < 20:
            adder.add(2)
    assert len(at_start) > 6
    assert len(seen) == len(set(seen))
    assert [identifier for identifier in seen if identifier in set(at_start)] == at_start
