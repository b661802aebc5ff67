"""A generated market, written straight into the database, and a search of it in loops, with geopy and Decimal."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any
from uuid import UUID

from geopy.distance import geodesic
from sqlalchemy import delete

from app.catalogue.reference import reference
from app.catalogue.schemas import FigureStatus, Grade, Limit, PreconditionRule, Rounding
from app.core.clock import today
from app.core.database import Database
from app.lots.models import Lot
from app.matching.schemas import LotFilters
from app.organisations.models import Organisation, Site

SUSPENDED, OWN = "suspended", "own"


@dataclass(frozen=True)
class SiteMade:
    """A site of a generated market."""

    place: tuple[float, float]
    district: str | None
    owner: str


@dataclass(frozen=True)
class LotMade:
    """A lot of a generated market; `site` is the index of its site."""

    site: int
    material: str
    price: Decimal
    quantity: Decimal
    reserved: Decimal
    days: tuple[date, date]
    status: str
    origin: str | None
    assay: dict[str, Any] | None


@dataclass
class Market:
    """Sites and lots in a database; `ids` are those of the lots, in the order of the lots."""

    database: Database
    owners: dict[str, UUID]
    sites: Sequence[SiteMade] = ()
    lots: Sequence[LotMade] = ()
    ids: list[UUID] = field(default_factory=list)

    def fill(self, sites: Sequence[SiteMade], lots: Sequence[LotMade]) -> None:
        """Replace what is in the database."""
        self.sites, self.lots = sites, lots
        with self.database.write() as session:
            session.execute(delete(Lot))
            session.execute(delete(Site))
            rows = [make_site(self.owners[site.owner], site) for site in sites]
            session.add_all(rows)
            session.flush()
            offers = [make_lot(self.owners[sites[lot.site].owner], rows[lot.site].id, lot) for lot in lots]
            session.add_all(offers)
            session.flush()
            self.ids = [offer.id for offer in offers]
            session.commit()


def make_owners(database: Database) -> dict[str, UUID]:
    """Store three organisations: two that trade and a suspended one."""
    statuses = {"other": "active", OWN: "active", SUSPENDED: "suspended"}
    with database.write() as session:
        rows = {name: Organisation(name=name, roles=["producer"], status=status) for name, status in statuses.items()}
        session.add_all(rows.values())
        session.commit()
        return {name: row.id for name, row in rows.items()}


def make_site(owner: UUID, site: SiteMade) -> Site:
    """Return the row of a site."""
    latitude, longitude = site.place
    return Site(
        organisation_id=owner,
        name="site",
        latitude=latitude,
        longitude=longitude,
        given_latitude=latitude,
        given_longitude=longitude,
        district_code=site.district,
    )


def make_lot(owner: UUID, site_id: UUID, lot: LotMade) -> Lot:
    """Return the row of a lot."""
    return Lot(
        organisation_id=owner,
        site_id=site_id,
        material=lot.material,
        quantity_t=lot.quantity,
        reserved_t=lot.reserved,
        available_from=lot.days[0],
        available_to=lot.days[1],
        price_cny_per_t=lot.price,
        origin_process=lot.origin,
        status=lot.status,
        current_assay=lot.assay,
        current_assay_on=None if lot.assay is None else today(),
    )


@dataclass(frozen=True)
class Expected:
    """What the search must answer of one lot."""

    lot_id: UUID
    verdict: str
    rests_on_drafts: bool
    is_closed: bool
    criteria: tuple[tuple[str | None, str, Decimal | None], ...]
    money: tuple[Decimal | None, ...]
    km: float | None


def expect(market: Market, filters: LotFilters) -> list[Expected]:
    """Return what a search must find, in its order."""
    found = []
    for lot_id, lot in zip(market.ids, market.lots, strict=True):
        site = market.sites[lot.site]
        km = None if filters.near is None else _km(tuple(map(float, filters.near.split(","))), site.place)
        expected = _expect_one(lot_id, lot, km, filters)
        if _is_wanted(lot, site, expected, filters):
            found.append(expected)
    sort = filters.sort or ("newest" if filters.near is None else "distance")
    if sort == "newest":
        return sorted(found, key=lambda item: item.lot_id, reverse=True)
    return sorted(found, key=lambda item: (item.km if sort == "distance" else item.money[1], item.lot_id))


@cache
def _km(a: tuple[float, float], b: tuple[float, float]) -> float:
    return float(geodesic(a, b).kilometers)


def _is_wanted(lot: LotMade, site: SiteMade, expected: Expected, filters: LotFilters) -> bool:
    on = filters.available_on
    delivered = expected.money[1]
    wanted = [
        site.owner == OWN if filters.mine else lot.status == "open" and lot.days[1] >= today(),
        site.owner != SUSPENDED,
        not filters.material or lot.material in filters.material,
        filters.grade is None or lot.material in reference().grades[filters.grade].materials,
        filters.use is None or lot.material in reference().uses[filters.use].materials,
        filters.within_km is None or (expected.km is not None and expected.km <= filters.within_km),
        filters.min_quantity_t is None or lot.quantity - lot.reserved >= filters.min_quantity_t,
        on is None or lot.days[0] <= on <= lot.days[1],
        filters.max_price_cny_per_t is None or lot.price <= filters.max_price_cny_per_t,
        filters.max_delivered_cny_per_t is None
        or (delivered is not None and delivered <= filters.max_delivered_cny_per_t),
        filters.district is None or (site.district or "").startswith(filters.district),
        expected.verdict in filters.verdict.split(","),
    ]
    return all(wanted)


def _expect_one(lot_id: UUID, lot: LotMade, km: float | None, filters: LotFilters) -> Expected:
    rows = [*_spec_rows(filters.spec, lot), *_grade_rows(filters.grade, lot)]
    closures, unstated = _closures(filters, lot)
    rows += [(None, "unknown", None, True)] * unstated
    if closures or any(verdict == "fail" and firm for _, verdict, _, firm in rows):
        verdict = "fail"
    elif any(row[1] != "pass" for row in rows):
        verdict = "unknown"
    else:
        verdict = "pass"
    return Expected(
        lot_id=lot_id,
        verdict=verdict,
        rests_on_drafts=verdict == "pass" and not all(row[3] for row in rows),
        is_closed=bool(closures),
        criteria=tuple(row[:3] for row in rows),
        money=_money(lot, km),
        km=km,
    )


_CriterionRow = tuple[str | None, str, Decimal | None, bool]


def _spec_rows(specs: Sequence[str], lot: LotMade) -> Iterator[_CriterionRow]:
    for spec in specs:
        name = next(name for name in sorted(reference().parameters, key=len, reverse=True) if spec.startswith(name))
        asked = spec.removeprefix(name)
        sign = asked[: 1 if asked.startswith("=") else 2]
        wanted = asked.removeprefix(sign)
        stored = (lot.assay or {}).get(name)
        if stored is None:
            yield name, "unknown", None, True
        elif isinstance(stored, (str, bool)):
            yield name, "pass" if str(stored).lower() == wanted.lower() else "fail", None, True
        else:
            low, _, high = wanted.partition("..")
            value = Decimal(str(stored))
            distances = []
            if sign != "<=":
                distances.append(value - Decimal(low))
            if sign != ">=":
                distances.append(Decimal(high or low) - value)
            yield name, "pass" if min(distances) >= 0 else "fail", min(distances), True


def _grade_rows(key: str | None, lot: LotMade) -> Iterator[_CriterionRow]:
    if key is None:
        return
    grade = reference().grades[key]
    for limit in grade.limits:
        yield _limit_row(grade, limit, lot, firm=True)
    for rule in grade.preconditions:
        if rule.rule is PreconditionRule.RADIONUCLIDES and rule.limits_of is not None:
            other = reference().grades[rule.limits_of]
            for limit in other.limits:
                yield _limit_row(other, limit, lot, firm=rule.status is FigureStatus.CONFIRMED)
    for rule in grade.preconditions:
        if rule.rule is PreconditionRule.EXCLUDE_ORIGIN:
            verdict = "unknown" if lot.origin is None else "fail" if lot.origin in rule.values else "pass"
            yield None, verdict, None, rule.status is FigureStatus.CONFIRMED
    if not grade.limits:
        yield None, "unknown", None, True


def _limit_row(grade: Grade, limit: Limit, lot: LotMade, *, firm: bool) -> _CriterionRow:
    firm = firm and limit.status is FigureStatus.CONFIRMED
    stored = (lot.assay or {}).get(limit.parameter)
    if stored is None:
        return limit.parameter, "unknown", None, firm
    if limit.equals is not None:
        return limit.parameter, "pass" if stored == limit.equals else "fail", None, firm
    distances = []
    for bound, side in ((limit.min, 1), (limit.max, -1)):
        if bound is not None:
            value = Decimal(str(stored))
            if grade.rounding is Rounding.GBT8170:
                places = len(str(bound).partition(".")[2])
                value = value.quantize(Decimal(10) ** -places, rounding=ROUND_HALF_EVEN)
            distances.append((value - bound) * side)
    margin = min(distances)
    return limit.parameter, "pass" if margin >= 0 else "fail", margin, firm


def _closures(filters: LotFilters, lot: LotMade) -> tuple[int, int]:
    """Return how many laws close the use to the lot, and how many cannot tell without its origin."""
    closed = unstated = 0
    grade = None if filters.grade is None else reference().grades[filters.grade]
    for law in () if filters.use is None else reference().closures:
        if law.use != filters.use or law.material != lot.material or law.when_end_product:
            continue
        if law.valid_from is not None and law.valid_from > (filters.available_on or today()):
            continue
        if law.applies_to_standard is not None and (grade is None or grade.standard != law.applies_to_standard):
            continue
        if not law.when_origin or lot.origin in law.when_origin:
            closed += 1
        elif lot.origin is None:
            unstated += 1
    if grade is not None:
        forbidden = {PreconditionRule.END_USE_EXCLUSION}
        closed += sum(rule.rule in forbidden and filters.use in rule.values for rule in grade.preconditions)
    return closed, unstated


def _money(lot: LotMade, km: float | None) -> tuple[Decimal | None, ...]:
    """Return freight, delivered price and delivered price per dry tonne."""
    if km is None:
        return None, None, None
    fen = Decimal("0.01")
    freight = (Decimal(km) * Decimal("1.3") * Decimal("0.5")).quantize(fen, rounding=ROUND_HALF_UP)
    delivered = lot.price + freight
    moisture = (lot.assay or {}).get("moisture")
    if moisture is None:
        return freight, delivered, None
    dry = delivered / (1 - Decimal(str(moisture)) / 100)
    return freight, delivered, dry.quantize(fen, rounding=ROUND_HALF_UP)
