"""Which saved searches are told of which lots: those in reach, judged one by one, each lot once."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from sqlalchemy import Select, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.core.clock import now
from app.core.database import new_id
from app.core.geo import distances_to_km
from app.events.record import NewEvent
from app.events.types import EventType
from app.lots.models import Lot, LotId
from app.lots.months import load_taken
from app.lots.queries import is_on_market
from app.matching.conventions import Conventions
from app.matching.models import SavedSearch, SavedSearchMatch
from app.matching.ranking import whole_micrometres
from app.matching.reach import cell_of
from app.matching.saved_searches import prepare, reaching
from app.matching.standing import Offer, StandingWish, offer_of, verdict_for
from app.matching.verdict import Verdict
from app.organisations.models import Organisation, Site


class Found(NamedTuple):
    """A search with a lot that it is to be told of."""

    search: SavedSearch
    lot_id: LotId
    verdict: Verdict


class _Asked(NamedTuple):
    search: SavedSearch
    wish: StandingWish


#: Lots by their ids, or by a statement that selects these.
LotIds = Collection[UUID] | Select[Any]


def find_alerts(session: Session, lot_ids: LotIds, conventions: Conventions) -> list[Found]:
    """Return what is to be told of those lots that are on the market now, whether it has been told before or not."""
    found: list[Found] = []
    for (material, cell), sites in sorted(_by_reach(session, lot_ids).items(), key=lambda entry: entry[0]):
        if asked := list(_ask(session, material, cell, conventions)):
            for offer in _load_offers(session, lot_ids, material, sites, asked):
                found += judge_offer(offer, asked)
    return found


def _by_reach(session: Session, lot_ids: LotIds) -> dict[tuple[str, int], list[UUID]]:
    """Return material and cell → sites with such lots; most lots of an import lie in nobody's reach."""
    query = (
        select(Lot.material, Site.id, Site.latitude, Site.longitude)
        .join(Site, Site.id == Lot.site_id)
        .where(Lot.id.in_(lot_ids))
        .distinct()
    )
    sites: dict[tuple[str, int], list[UUID]] = defaultdict(list)
    for material, site_id, latitude, longitude in session.execute(query):
        sites[material, cell_of(latitude, longitude)].append(site_id)
    return sites


def judge_offer(offer: Offer, asked: Sequence[_Asked]) -> Iterator[Found]:
    """Yield the searches that are told of one lot; the ways to all their places are measured at once."""
    positions = [wish.position for _, wish in asked]
    places = np.array(
        [(0.0, 0.0) if place is None else (place.latitude, place.longitude) for place in positions], dtype=np.float64
    ).reshape(-1, 2)
    km = distances_to_km(places[:, 0], places[:, 1], offer.place.latitude, offer.place.longitude)
    for (search, wish), way_km, distance_um in zip(asked, km.tolist(), whole_micrometres(km).tolist(), strict=True):
        if (verdict := verdict_for(wish, offer, way_km, distance_um)) is not None:
            yield Found(search, offer.lot_id, verdict)


def keep_new(session: Session, found: Sequence[Found]) -> list[Found]:
    """Store what was found and return what had not been found before."""
    if not found:
        return []
    is_postgresql = session.get_bind().dialect.name == "postgresql"
    insert: Any = postgresql.insert if is_postgresql else sqlite.insert
    keys = SavedSearchMatch.saved_search_id, SavedSearchMatch.lot_id
    statement = insert(SavedSearchMatch).on_conflict_do_nothing().returning(*keys)
    rows = [
        {
            "saved_search_id": item.search.id,
            "lot_id": item.lot_id,
            "id": new_id(),
            "verdict": item.verdict.value,
            "found_at": now(),
        }
        for item in found
    ]
    stored = {tuple(row) for row in session.execute(statement, rows)}
    return [item for item in found if (item.search.id, item.lot_id) in stored]


def match_found(item: Found) -> NewEvent:
    """Tell the owner of a saved search that it found a lot."""
    return NewEvent(
        type=EventType.MATCH_FOUND,
        subject_kind="saved_search",
        subject_id=item.search.id,
        data={"lot_id": str(item.lot_id), "verdict": item.verdict.value},
        viewers=(item.search.organisation_id,),
    )


def _load_offers(
    session: Session, lot_ids: LotIds, material: str, sites: Collection[UUID], asked: Sequence[_Asked]
) -> list[Offer]:
    query = (
        select(Lot, Site)
        .join(Site, Site.id == Lot.site_id)
        .join(Organisation, Organisation.id == Lot.organisation_id)
        .where(Lot.id.in_(lot_ids), Lot.material == material, Lot.site_id.in_(sites), is_on_market())
        .order_by(Lot.id)
    )
    rows = session.execute(query).all()
    taken = load_taken(session, [lot for lot, _ in rows], min((wish.month for _, wish in asked), default=None))
    return [offer_of(lot, site, taken) for lot, site in rows]


def _ask(session: Session, material: str, cell: int, conventions: Conventions) -> Iterator[_Asked]:
    for search, demand, site in session.execute(reaching(material, cell)).all():
        if (wish := prepare(search, demand, site, conventions)) is not None:
            yield _Asked(search, wish)
