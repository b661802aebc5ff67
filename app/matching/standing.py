"""Whether one lot answers one standing wish: what `search` asks in SQL, asked of a single lot. Pure.

Tests hold the two together.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from app.core.geo import to_wgs84
from app.demands.events import is_open
from app.demands.models import Demand
from app.lots.models import Lot
from app.matching.filters import read_near, read_spec, read_verdicts
from app.matching.nearby import Position
from app.matching.ordering import to_fen
from app.matching.schemas import LotFilters
from app.matching.specification import demand_specification, make_specification
from app.matching.terms import facts_of
from app.matching.verdict import NOT_FAILED, LotFacts, Specification, Verdict, judge
from app.organisations.models import Site


@dataclass(frozen=True)
class StandingWish:
    """What is asked of a lot, as of one day; None asks nothing. The lot must be on offer on some of the `days`."""

    owner: UUID
    specification: Specification
    verdicts: frozenset[Verdict]
    position: Position | None = None
    within_km: float | None = None
    district: str | None = None
    days: tuple[date, date] | None = None
    min_quantity_t: Decimal | None = None
    max_price_cny_per_t: Decimal | None = None
    max_delivered_cny_per_t: Decimal | None = None


@dataclass(frozen=True)
class Offer:
    """What a wish can ask about a lot on the market."""

    lot: Lot
    site: Site
    facts: LotFacts


def offer_of(lot: Lot, site: Site) -> Offer:
    """Return a lot as wishes see it."""
    return Offer(lot, site, facts_of(lot))


def wish_of_filters(owner: UUID, filters: LotFilters, day: date, assays_since: date) -> StandingWish:
    """Return what the filters of a search ask on a day."""
    on = filters.available_on
    return StandingWish(
        owner=owner,
        specification=make_specification(
            map(read_spec, filters.spec),
            materials=filters.material,
            grade_key=filters.grade,
            use_key=filters.use,
            on=on or day,
            assays_since=assays_since,
        ),
        verdicts=read_verdicts(filters.verdict),
        position=None if filters.near is None else Position(*to_wgs84(*read_near(filters.near), filters.datum)),
        within_km=filters.within_km,
        district=filters.district,
        days=None if on is None else (on, on),
        min_quantity_t=filters.min_quantity_t,
        max_price_cny_per_t=filters.max_price_cny_per_t,
        max_delivered_cny_per_t=filters.max_delivered_cny_per_t,
    )


def wish_of_demand(demand: Demand, site: Site, assays_since: date) -> StandingWish | None:
    """Return what a demand at a site asks today; None where it is withdrawn or expired."""
    if not is_open(demand):
        return None
    return StandingWish(
        owner=demand.organisation_id,
        specification=demand_specification(demand, assays_since),
        verdicts=NOT_FAILED if demand.accept_unknown else frozenset({Verdict.PASS}),
        position=Position(site.latitude, site.longitude),
        within_km=demand.max_distance_km,
        days=(demand.needed_from, demand.needed_to),
        max_delivered_cny_per_t=demand.max_delivered_cny_per_t,
    )


def verdict_for(wish: StandingWish, offer: Offer, km: float, freight_fen: int) -> Verdict | None:
    """Return the verdict of a lot that a wish is told of, None for any other lot; one's own are never told of.

    `km` and `freight_fen` are those of the way to the wish's place; without a place they do not matter.
    """
    if not (_is_near(wish, offer, km, freight_fen) and _is_on_terms(wish, offer)):
        return None
    judgement = judge(wish.specification, offer.facts)
    return judgement.verdict if judgement.is_among(wish.verdicts) else None


def _is_near(wish: StandingWish, offer: Offer, km: float, freight_fen: int) -> bool:
    if wish.district is not None and not (offer.site.district_code or "").startswith(wish.district):
        return False
    if wish.position is None:
        return True
    if wish.within_km is not None and not km <= wish.within_km:
        return False
    most = wish.max_delivered_cny_per_t
    return most is None or to_fen(offer.lot.price_cny_per_t) + freight_fen <= to_fen(most)


def _is_on_terms(wish: StandingWish, offer: Offer) -> bool:
    lot, materials = offer.lot, wish.specification.materials
    return (
        lot.organisation_id != wish.owner
        and (materials is None or lot.material in materials)
        and (wish.days is None or (lot.available_from <= wish.days[1] and lot.available_to >= wish.days[0]))
        and (wish.min_quantity_t is None or lot.available_t >= wish.min_quantity_t)
        and (wish.max_price_cny_per_t is None or lot.price_cny_per_t <= wish.max_price_cny_per_t)
    )
