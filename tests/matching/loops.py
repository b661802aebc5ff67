"""A search of a generated market in loops, with geopy and Decimal: what the search in SQL must find."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any
from uuid import UUID

from geopy.distance import geodesic

from app.catalogue.reference import reference
from app.catalogue.schemas import Change, Direction, Effect, FigureStatus, Grade, Limit, PreconditionRule, Rounding
from app.core.clock import today
from app.matching.schemas import LotFilters
from tests.matching.market import OWN, SUSPENDED, LotMade, Market, SiteMade

FARTHEST = Decimal(10**18)


def a_year_ago() -> date:
    """Return the oldest day on which an assay of today's market may be sampled."""
    day = today()
    return day.replace(year=day.year - 1) if (day.month, day.day) != (2, 29) else date(day.year - 1, 2, 28)


ASSAY_DAYS = [today(), a_year_ago(), a_year_ago() - timedelta(1)]


@dataclass(frozen=True)
class Row:
    """One criterion held against a lot; `share` is |margin| / |limit| in parts of 10**9 where it fails."""

    parameter: str | None
    verdict: str
    margin: Decimal | None = None
    firm: bool = True
    share: Decimal = Decimal(0)
    bounds: tuple[Decimal | None, Decimal | None] = (None, None)


@dataclass(frozen=True)
class Expected:
    """What the search must answer of one lot; `order` is what it is sorted by, for every sort."""

    lot_id: UUID
    verdict: str
    rests_on_drafts: bool
    is_closed: bool
    criteria: tuple[tuple[str | None, str, Decimal | None], ...]
    money: tuple[Decimal | None, ...]
    remedies: tuple[tuple[str, tuple[str, ...]], ...]
    km: float | None = None
    is_shown: bool = True
    miss: Decimal | None = None
    available: Decimal = Decimal(0)


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
    return sorted(found, key=lambda item: (_rank(item, sort), item.lot_id))


def _rank(item: Expected, sort: str) -> Any:  # noqa: ANN401 - numbers of one kind
    if sort == "distance":
        return item.km
    if sort == "nearest_miss":
        return item.miss
    cost = item.money[["", "delivered_price", "delivered_price_dry", "delivered_price_active"].index(sort)]
    return Decimal("Infinity") if cost is None else cost


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
        filters.mine or lot.taken is None or expected.available > 0,
        filters.min_quantity_t is None or expected.available >= filters.min_quantity_t,
        on is None or lot.days[0] <= on <= lot.days[1],
        filters.max_price_cny_per_t is None or lot.price <= filters.max_price_cny_per_t,
        filters.max_delivered_cny_per_t is None
        or (delivered is not None and delivered <= filters.max_delivered_cny_per_t),
        filters.district is None or (site.district or "").startswith(filters.district),
        expected.verdict in filters.verdict.split(","),
        expected.is_shown,
    ]
    return all(wanted)


def _available(lot: LotMade, filters: LotFilters) -> Decimal:
    """Return what is free of a lot: of a recurring one in the month asked about, or its first if that is later."""
    if lot.taken is None:
        return lot.quantity - lot.reserved
    asked, first, last = (day.isoformat()[:7] for day in (filters.available_on or today(), *lot.days))
    month = max(asked, first)
    return Decimal(0) if month > last else lot.quantity - lot.taken.get(month, Decimal(0))


def _expect_one(lot_id: UUID, lot: LotMade, km: float | None, filters: LotFilters) -> Expected:
    rows = [*_spec_rows(filters.spec, lot), *_grade_rows(filters.grade, lot)]
    closures, unstated = _closures(filters, lot)
    rows += [Row(None, "unknown")] * unstated
    misses = [row for row in rows if row.verdict == "fail" and row.firm]
    verdict = "pass" if all(row.verdict == "pass" for row in rows) else "unknown"
    if closures or misses:
        verdict = "fail"
    is_excluded = bool(closures) or any(row.verdict == "fail" and row.parameter is None for row in rows)
    return Expected(
        lot_id=lot_id,
        verdict=verdict,
        rests_on_drafts=verdict == "pass" and not all(row.firm for row in rows),
        is_closed=bool(closures),
        criteria=tuple((row.parameter, row.verdict, row.margin) for row in rows),
        money=_money(lot, km, None if filters.use is None else reference().uses[filters.use].active_component),
        remedies=() if is_excluded else _remedies(lot, rows),
        km=km,
        is_shown=verdict != "fail" or (not is_excluded and len(misses) <= 2),
        miss=max((row.share for row in misses), default=Decimal(0)),
        available=_available(lot, filters),
    )


def _spec_rows(specs: Sequence[str], lot: LotMade) -> Iterator[Row]:
    for spec in specs:
        name = next(name for name in sorted(reference().parameters, key=len, reverse=True) if spec.startswith(name))
        asked = spec.removeprefix(name)
        sign = asked[: 1 if asked.startswith("=") else 2]
        wanted = asked.removeprefix(sign)
        low, _, high = wanted.partition("..")
        if wanted in {"I", "true"}:
            yield _category_row(name, lot, wanted=wanted == "true" or wanted, firm=True)
        else:
            bounds = None if sign == "<=" else Decimal(low), None if sign == ">=" else Decimal(high or low)
            yield _number_row(name, lot, bounds, firm=True, rounds=False)


def _grade_rows(key: str | None, lot: LotMade) -> Iterator[Row]:
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
            yield Row(None, verdict, None, rule.status is FigureStatus.CONFIRMED)
    if not grade.limits:
        yield Row(None, "unknown")


def _limit_row(grade: Grade, limit: Limit, lot: LotMade, *, firm: bool) -> Row:
    firm = firm and limit.status is FigureStatus.CONFIRMED
    if limit.equals is not None:
        return _category_row(limit.parameter, lot, wanted=limit.equals, firm=firm)
    rounds = grade.rounding is Rounding.GBT8170
    return _number_row(limit.parameter, lot, (limit.min, limit.max), firm=firm, rounds=rounds)


def _stored(name: str, lot: LotMade) -> Any:  # noqa: ANN401 - a value of an assay
    return None if lot.assayed_on < a_year_ago() else (lot.assay or {}).get(name)


def _category_row(name: str, lot: LotMade, *, wanted: bool | str, firm: bool) -> Row:
    stored = _stored(name, lot)
    if stored is None:
        return Row(name, "unknown", None, firm)
    return Row(name, "pass", None, firm) if stored == wanted else Row(name, "fail", None, firm, FARTHEST)


def _number_row(
    name: str, lot: LotMade, bounds: tuple[Decimal | None, Decimal | None], *, firm: bool, rounds: bool
) -> Row:
    stored = _stored(name, lot)
    if stored is None:
        return Row(name, "unknown", None, firm, bounds=bounds)
    distances = []
    for bound, side in zip(bounds, (1, -1), strict=True):
        if bound is not None:
            value = Decimal(str(stored))
            if rounds:
                places = len(str(bound).partition(".")[2])
                value = value.quantize(Decimal(10) ** -places, rounding=ROUND_HALF_EVEN)
            distances.append(((value - bound) * side, bound))
    margin, bound = min(distances)
    if margin >= 0:
        return Row(name, "pass", margin, firm, bounds=bounds)
    share = (-margin * 10**9 / (abs(bound) or 1)).quantize(Decimal(1), rounding=ROUND_HALF_UP)
    return Row(name, "fail", margin, firm, share, bounds)


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


def _money(lot: LotMade, km: float | None, component: str | None) -> tuple[Decimal | None, ...]:
    """Return freight, and the delivered price per tonne, dry tonne and tonne of active component."""
    if km is None:
        return None, None, None, None
    fen = Decimal("0.01")
    freight = (Decimal(km) * Decimal("1.3") * Decimal("0.5")).quantize(fen, rounding=ROUND_HALF_UP)
    delivered = lot.price + freight
    moisture = (lot.assay or {}).get("moisture")
    content = None if component is None else (lot.assay or {}).get(component)
    if moisture is None:
        return freight, delivered, None, None
    dry = delivered * 100 / (100 - Decimal(str(moisture)))
    active = None if content is None else delivered * 10_000 / (100 - Decimal(str(moisture))) / Decimal(str(content))
    return freight, delivered, _to_fen(dry), None if active is None else _to_fen(active)


def _to_fen(cost: Decimal) -> Decimal:
    return cost.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def _remedies(lot: LotMade, rows: Sequence[Row]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the treatments with what they fix."""
    failing = list(dict.fromkeys(row.parameter for row in rows if row.verdict == "fail" and row.margin is not None))
    found = []
    for treatment in reference().treatments.values():
        fixes = tuple(
            key
            for key in failing
            if key is not None
            and lot.material in treatment.materials
            and any(effect.parameter == key and _fixes(effect, lot, rows) for effect in treatment.effects)
        )
        if fixes:
            found.append((treatment.key, fixes))
    return tuple(sorted(found, key=lambda item: (-len(item[1]), item[0])))


def _fixes(effect: Effect, lot: LotMade, rows: Sequence[Row]) -> bool:
    """Try the ends of what an effect may lead to, and the limits where they lie between."""
    value = Decimal(str((lot.assay or {})[effect.parameter]))
    bounds = [row.bounds for row in rows if row.parameter == effect.parameter]
    too_low = any(low is not None and value < low for low, _ in bounds)
    too_high = any(high is not None and value > high for _, high in bounds)
    if effect.change is Change.DIRECTION:
        return (effect.direction is Direction.UP and too_low) or (effect.direction is Direction.DOWN and too_high)
    if (effect.change is Change.TO_MAX and not too_high) or (effect.change is Change.TO_MIN and not too_low):
        return False
    if effect.value is not None:
        outcomes = [effect.value]
    else:
        assert effect.low is not None
        assert effect.high is not None
        times = value if effect.change is Change.FACTOR else Decimal(1)
        ends = [effect.low * times, effect.high * times]
        limits = [bound for pair in bounds for bound in pair if bound is not None]
        outcomes = ends + [bound for bound in limits if min(ends) <= bound <= max(ends)]
    return any(
        all((low is None or outcome >= low) and (high is None or outcome <= high) for low, high in bounds)
        for outcome in outcomes
    )
