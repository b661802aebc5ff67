"""Whether one lot answers one standing wish: what `search` asks in SQL, asked of a single lot. Pure.

Tests hold the two together.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from app.core.clock import month_of
from app.core.geo import to_wgs84
from app.demands.events import is_open
from app.demands.models import Demand
from app.lots.models import Lot, LotId
from app.lots.months import Taken
from app.matching.conventions import Conventions
from app.matching.filters import read_near, read_spec, read_verdicts
from app.matching.lot_search import month_of_need
from app.matching.nearby import Position
from app.matching.ordering import to_fen, to_kg
from app.matching.ranking import Tariff, freight_fen
from app.matching.schemas import LotFilters
from app.matching.screening import Screen, make_screen, screen_lot
from app.matching.specification import demand_specification, make_specification
from app.matching.tariffs import tariff_for
from app.matching.terms import facts_of
from app.matching.verdict import NOT_FAILED, LotFacts, Verdict
from app.organisations.models import Site


@dataclass(frozen=True)
class StandingWish:
    """What is asked of a lot, as of one day; None asks nothing. The lot must be on offer on some of the `days`.

    `month` is the one whose tonnes count of recurring lots.
    """

    owner: UUID
    materials: frozenset[str] | None
    screen: Screen
    verdicts: frozenset[Verdict]
    tariff: Tariff
    month: str
    position: Position | None = None
    within_km: float | None = None
    district: str | None = None
    days: tuple[date, date] | None = None
    least_kg: int | None = None
    most_fen: int | None = None
    most_delivered_fen: int | None = None


@dataclass(frozen=True)
class Offer:
    """What a wish can ask about a lot on the market; `available_kg` tells what is free by the month asked about."""

    lot_id: LotId
    owner: UUID
    facts: LotFacts
    place: Position
    district: str
    days: tuple[date, date]
    is_recurring: bool
    available_kg: Callable[[str], int]
    price_fen: int


def offer_of(lot: Lot, site: Site, taken: Taken) -> Offer:
    """Return a lot as wishes see it."""
    return Offer(
        lot_id=lot.id,
        owner=lot.organisation_id,
        facts=facts_of(lot),
        place=Position(site.latitude, site.longitude),
        district=site.district_code or "",
        days=(lot.available_from, lot.available_to),
        is_recurring=lot.is_recurring,
        available_kg=lambda month: to_kg(taken.available_t(lot, month)),
        price_fen=to_fen(lot.price_cny_per_t),
    )


def wish_of_filters(owner: UUID, filters: LotFilters, day: date, conventions: Conventions) -> StandingWish:
    """Return what the filters of a search ask on a day."""
    on = filters.available_on
    specification = make_specification(
        map(read_spec, filters.spec),
        materials=filters.material,
        grade_key=filters.grade,
        use_key=filters.use,
        on=on or day,
        assays_since=conventions.assays_since,
    )
    return StandingWish(
        owner=owner,
        materials=specification.materials,
        screen=make_screen(specification),
        verdicts=read_verdicts(filters.verdict),
        tariff=conventions.tariff,
        position=None if filters.near is None else Position(*to_wgs84(*read_near(filters.near), filters.datum)),
        within_km=filters.within_km,
        district=filters.district,
        days=None if on is None else (on, on),
        month=month_of(on or day),
        least_kg=None if filters.min_quantity_t is None else to_kg(filters.min_quantity_t),
        most_fen=_in_fen(filters.max_price_cny_per_t),
        most_delivered_fen=_in_fen(filters.max_delivered_cny_per_t),
    )


def wish_of_demand(demand: Demand, site: Site, conventions: Conventions) -> StandingWish | None:
    """Return what a demand at a site asks today; None where it is withdrawn or expired."""
    if not is_open(demand):
        return None
    specification = demand_specification(demand, conventions.assays_since)
    return StandingWish(
        owner=demand.organisation_id,
        materials=specification.materials,
        screen=make_screen(specification),
        verdicts=NOT_FAILED if demand.accept_unknown else frozenset({Verdict.PASS}),
        tariff=tariff_for(demand, conventions.tariff),
        position=Position(site.latitude, site.longitude),
        within_km=demand.max_distance_km,
        days=(demand.needed_from, demand.needed_to),
        month=month_of_need(demand),
        most_delivered_fen=_in_fen(demand.max_delivered_cny_per_t),
    )


def verdict_for(wish: StandingWish, offer: Offer, km: float, distance_um: int) -> Verdict | None:
    """Return the verdict of a lot that a wish is told of, None for any other lot; one's own are never told of.

    `km`, and in whole micrometres `distance_um`, is the geodesic to the wish's place; without one it does not matter.
    """
    if not (_is_near(wish, offer, km, distance_um) and _is_on_terms(wish, offer)):
        return None
    return screen_lot(wish.screen, offer.facts, wish.verdicts)


def _is_near(wish: StandingWish, offer: Offer, km: float, distance_um: int) -> bool:
    if wish.district is not None and not offer.district.startswith(wish.district):
        return False
    if wish.position is None:
        return True
    if wish.within_km is not None and not km <= wish.within_km:
        return False
    if wish.most_delivered_fen is None:
        return True
    return offer.price_fen + freight_fen(distance_um, wish.tariff) <= wish.most_delivered_fen


def _is_on_terms(wish: StandingWish, offer: Offer) -> bool:
    return (
        offer.owner != wish.owner
        and (wish.materials is None or offer.facts.material in wish.materials)
        and (wish.days is None or (offer.days[0] <= wish.days[1] and offer.days[1] >= wish.days[0]))
        and offer.available_kg(wish.month) >= max(wish.least_kg or 0, int(offer.is_recurring))
        and (wish.most_fen is None or offer.price_fen <= wish.most_fen)
    )


def _in_fen(cny: Decimal | None) -> int | None:
    return None if cny is None else to_fen(cny)
