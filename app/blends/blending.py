"""The cheapest mix for a demand, put together: lots in reach, the mix or what stands in its way. Stores nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from sqlalchemy.orm import Session

from app.blends.candidates import Candidate, Candidates, find_candidates
from app.blends.findings import judge_mix, list_values
from app.blends.mixtures import Mix, MixLot, Problem, cost_of
from app.blends.obstacles import find_obstacles
from app.blends.optimum import find_mix
from app.blends.requirements import Requirement, list_requirements, make_rows
from app.blends.schemas import MOST_TONNES, BlendPart, BlendPost, BlendRead, Blocker, Cause, LotBrief
from app.blends.words import advise_on_mix, explain_blockers
from app.core.clock import today
from app.core.errors import invalid
from app.core.quantities import FEN, KILOGRAM, half_up
from app.demands.lifecycle import effective_status
from app.demands.models import Demand, DemandStatus
from app.matching.conventions import Conventions
from app.matching.lot_search import LotSearch, demand_search
from app.matching.ordering import to_kg
from app.matching.ranking import make_haul
from app.matching.schemas import FindingRead, MatchFilters
from app.matching.tariffs import conventions_for
from app.matching.terms import facts_of
from app.matching.verdict import LotFacts
from app.organisations.briefs import Place, load_places
from app.organisations.models import Site

_TEN_THOUSANDTH = Decimal("0.0001")
_KG_PER_T, _PCT = 1000, 100


@dataclass(frozen=True)
class _Attempt:
    """One set of requirements with the lots in reach, and the problem that they make."""

    requirements: Sequence[Requirement]
    candidates: Candidates
    facts: Sequence[LotFacts]
    problem: Problem


def blend_lots(session: Session, demand: Demand, site: Site, wish: BlendPost, conventions: Conventions) -> BlendRead:
    """Return the cheapest mix of lots of others that meets all that a demand at `site` asks, or why there is none.

    First everything must be shown to hold, limits that are drafts too. Only where no such mix exists, and the demand
    accepts unknown, drafts no longer reject and what is unknown of origin and of limits not on file no longer does;
    such a mix is `unknown`. Confirmed limits always hold. Each lot keeps within the demand's distance and price.

    Raises Invalid `quantity_too_large`.
    """
    quantity_t = demand.quantity_t if wish.quantity_t is None else wish.quantity_t
    if quantity_t > MOST_TONNES:
        detail = f"a mix is of at most {MOST_TONNES} t: name a part of the demand's {quantity_t} t"
        raise invalid("quantity_t", "quantity_too_large", detail)
    conventions = conventions_for(demand, conventions)
    search = demand_search(demand, site, MatchFilters(), conventions)
    wish = wish.model_copy(update={"quantity_t": quantity_t})
    attempt = _attempt(session, search, wish, conventions, takes_unknown=False)
    found = find_mix(attempt.problem)
    is_sure = found.proven and attempt.candidates.all_that_may_enter
    if found.mix is None and demand.accept_unknown:
        attempt = _attempt(session, search, wish, conventions, takes_unknown=True)
        found = find_mix(attempt.problem)
        is_sure = is_sure and found.proven and attempt.candidates.all_that_may_enter
    if found.mix is None:
        return _describe_absence(demand, attempt, conventions, is_sure=is_sure)
    return _describe_mix(session, attempt, found.mix, conventions, is_sure=is_sure)


def _attempt(
    session: Session, search: LotSearch, wish: BlendPost, conventions: Conventions, *, takes_unknown: bool
) -> _Attempt:
    assert wish.quantity_t is not None  # noqa: S101 - filled in from the demand
    quantity_kg = to_kg(wish.quantity_t)
    requirements = list_requirements(search.specification, takes_unknown=takes_unknown)
    candidates = find_candidates(session, search, requirements, -(-quantity_kg // wish.max_lots), conventions.tariff)
    facts = [facts_of(candidate.lot) for candidate in candidates.lots]
    problem = Problem(
        quantity_kg,
        wish.max_lots,
        tuple(map(_as_mix_lot, candidates.lots)),
        tuple(make_rows(requirement, facts) for requirement in requirements),
    )
    return _Attempt(requirements, candidates, facts, problem)


def _as_mix_lot(candidate: Candidate) -> MixLot:
    """Return a lot with its cost in fen per kilogram."""
    lot = candidate.lot
    least_kg = 0 if lot.min_order_t is None else to_kg(lot.min_order_t)
    return MixLot(Fraction(candidate.delivered_fen, _KG_PER_T), least_kg, candidate.available_kg)


def _describe_mix(
    session: Session, attempt: _Attempt, mix: Mix, conventions: Conventions, *, is_sure: bool
) -> BlendRead:
    judgement = judge_mix(attempt.requirements, attempt.facts, mix)
    chosen = sorted(mix, key=lambda lot: (-mix[lot], lot))
    lots = [attempt.candidates.lots[lot] for lot in chosen]
    places = load_places(session, {candidate.lot.site_id for candidate in lots})
    parts = [
        _describe_part(candidate, mix[lot], attempt.problem.quantity_kg, places[candidate.lot.site_id], conventions)
        for lot, candidate in zip(chosen, lots, strict=True)
    ]
    fen = cost_of(attempt.problem, mix)
    cost_cny = Decimal(fen.numerator) / Decimal(fen.denominator) * FEN
    empty = _describe_frame(attempt, is_sure=is_sure)
    return empty.model_copy(
        update={
            "mix": parts,
            "delivered_cny_per_t": half_up(cost_cny / (attempt.problem.quantity_kg * KILOGRAM)),
            "cost_cny": half_up(cost_cny),
            "verdict": judgement.verdict,
            "rests_on_drafts": judgement.rests_on_drafts,
            "assay": list_values(attempt.facts, mix, conventions.assays_since),
            "criteria": [FindingRead.model_validate(finding) for finding in judgement.criteria],
            "advice": advise_on_mix(judgement, conventions.language),
        }
    )


def _describe_part(
    candidate: Candidate, kg: int, quantity_kg: int, place: Place, conventions: Conventions
) -> BlendPart:
    lot, haul = candidate.lot, make_haul(candidate.distance_um, conventions.tariff, None)
    return BlendPart(
        lot=LotBrief(
            id=lot.id,
            material=lot.material,
            available_t=candidate.available_kg * KILOGRAM,
            min_order_t=lot.min_order_t,
            price_cny_per_t=lot.price_cny_per_t,
            site=place.site,
            organisation=place.organisation,
        ),
        share_pct=half_up(Decimal(_PCT * kg) / quantity_kg, _TEN_THOUSANDTH),
        quantity_t=kg * KILOGRAM,
        distance_km=haul.distance_km,
        freight_cny_per_t=haul.freight_cny_per_t,
        delivered_cny_per_t=candidate.delivered_fen * FEN,
    )


def _describe_absence(demand: Demand, attempt: _Attempt, conventions: Conventions, *, is_sure: bool) -> BlendRead:
    if effective_status(demand, today()) is not DemandStatus.OPEN:
        blocked_by = [Blocker(cause=Cause.DEMAND_NOT_OPEN)]
    elif not attempt.candidates.lots:
        blocked_by = [Blocker(cause=Cause.NO_LOTS_IN_REACH)]
    else:
        blocked_by = find_obstacles(attempt.problem, attempt.requirements, attempt.facts)
    advice = explain_blockers(blocked_by, attempt.problem, conventions.language)
    return _describe_frame(attempt, is_sure=is_sure).model_copy(update={"blocked_by": blocked_by, "advice": advice})


def _describe_frame(attempt: _Attempt, *, is_sure: bool) -> BlendRead:
    """Return the answer without a mix."""
    return BlendRead(
        mix=[],
        quantity_t=attempt.problem.quantity_kg * KILOGRAM,
        delivered_cny_per_t=None,
        cost_cny=None,
        optimal=is_sure,
        lots_considered=len(attempt.candidates.lots),
        lots_in_reach=attempt.candidates.in_reach,
        verdict=None,
        rests_on_drafts=False,
        assay=[],
        criteria=[],
        blocked_by=[],
        advice="",
    )
