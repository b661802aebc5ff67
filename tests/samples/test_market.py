"""The sample market before it is loaded: who is where, with what, and the same again."""

from collections import Counter
from datetime import date
from decimal import Decimal

import pytest

from app.catalogue.reference import reference
from app.catalogue.schemas import MaterialKind
from app.core.geo import distance_km
from app.demands.requirements import find_criteria_faults
from app.demands.schemas import Criterion
from app.exchange.weights import divide
from app.lots.assays import measure_results
from app.lots.schemas import ResultPost
from app.samples.fates import FATES
from app.samples.loading import plan_market
from app.samples.market import Consumer, Producer, make_market
from app.samples.trade import Deal, declare_stream, past_months

TODAY = date(2026, 8, 14)
MARKET = make_market()
PLAN = plan_market(TODAY, 24)
BULK = {key for key, entry in reference().materials.items() if entry.kind is MaterialKind.BULK_INDUSTRIAL}
MEMBERS: list[Producer | Consumer] = [*MARKET.producers, *MARKET.consumers]
GATES = [member.gate for member in MEMBERS]


def test_there_are_enough_members_and_every_bulk_stream() -> None:
    assert len(MARKET.producers) >= 60
    assert len(MARKET.consumers) >= 40
    assert {stream.material for producer in MARKET.producers for stream in producer.streams} == BULK
    assert set(FATES) == BULK
    assert {deal.stream.material for deal in PLAN.deals} == BULK
    names = Counter(member.name for member in MEMBERS)
    assert set(names.values()) == {1}


def test_gates_lie_near_the_seats_of_districts_that_exist() -> None:
    districts = reference().districts
    assert len({gate.district for gate in GATES}) >= 25
    for gate in GATES:
        district = districts[gate.district]
        assert district.valid_on(TODAY)
        assert distance_km((gate.latitude, gate.longitude), (district.latitude, district.longitude)) < 10


def test_generation_is_of_the_order_of_the_city() -> None:
    yearly_t = sum(stream.yearly_t for producer in MARKET.producers for stream in producer.streams)
    assert Decimal("15e6") < yearly_t < Decimal("45e6")


def test_assays_are_typical_complete_in_moisture_and_in_mixed_units() -> None:
    units, bases = Counter[str](), Counter[str | None]()
    for producer in MARKET.producers:
        for stream in producer.streams:
            measured, faults = measure_results([ResultPost(**vars(result)) for result in stream.assay])
            assert faults == []
            units.update(result.unit for result in stream.assay)
            bases.update(result.basis for result in stream.assay)
            ranges = {row.parameter: row for row in reference().materials[stream.material].typical_composition}
            assert ("moisture" in ranges) == any(item.parameter == "moisture" for item in measured)
            for item in measured:
                row = ranges[item.parameter]
                # SO3 of a gypsum follows from its gypsum; the rest is drawn from the range, and reported in 4 digits.
                if item.parameter != "so3":
                    assert item.value is not None
                    assert row.low * Decimal("0.998") <= item.value <= row.high * Decimal("1.002")
    assert {"%", "g/kg", "mg/kg", "kcal/kg", "kg/m3"} <= set(units)
    assert bases["dry"] > bases["as_received"] > 0


def test_needs_ask_for_what_their_use_takes() -> None:
    for consumer in MARKET.consumers:
        for need in consumer.needs:
            assert set(need.kind.materials) <= set(reference().uses[need.kind.use].materials)
            criteria = [
                Criterion(parameter=name, min=low and Decimal(low), max=high and Decimal(high))
                for name, low, high in need.kind.limits
            ]
            assert find_criteria_faults(criteria) == []


def test_no_deal_is_closed_by_law_and_each_lies_within_reach() -> None:
    for deal in PLAN.deals:
        closures = reference().closures_for(deal.need.kind.use, deal.stream.material, TODAY)
        assert not [law for law in closures if not law.when_origin or deal.stream.origin in law.when_origin]
        ends = [(gate.latitude, gate.longitude) for gate in (deal.producer.gate, deal.consumer.gate)]
        assert distance_km(*ends) <= deal.need.kind.max_distance_km


def test_loads_are_many_differ_a_little_and_are_sometimes_refused_or_disputed() -> None:
    loads = [load for deal in PLAN.deals for load in deal.loads]
    assert len(loads) >= 1000
    assert all(load.dispatched_at < load.received_at for load in loads)
    assert max(load.dispatched_at.date() for load in loads) < TODAY
    refused = [load for load in loads if load.refused_t]
    disputed = [load for load in loads if divide(load.net_t, load.received_t - load.refused_t, load.refused_t).disputed]
    assert 10 <= len(refused) <= 80
    assert all(load.reason for load in refused)
    assert 3 <= len(disputed) <= 40


@pytest.mark.parametrize(
    ("day", "first", "last"), [(date(2026, 1, 5), "2024-01", "2025-12"), (TODAY, "2024-08", "2026-07")]
)
def test_history_is_two_years_up_to_last_month(day: date, first: str, last: str) -> None:
    months = past_months(day, 24)
    assert (len(months), months[0], months[-1]) == (24, first, last)


def test_declared_use_never_exceeds_what_was_generated() -> None:
    for producer in MARKET.producers:
        for stream in producer.streams:
            for month in declare_stream(stream, PLAN.months, {}):
                fresh = month.self_utilised_t + month.entrusted_utilised_t - month.entrusted_utilised_from_prior_t
                assert fresh + month.disposed_t <= month.generated_t


def test_the_same_seed_and_day_make_the_same_market() -> None:
    assert make_market() == MARKET
    again = plan_market(TODAY, 24)
    assert _without_market(again.deals) == _without_market(PLAN.deals)
    assert make_market(seed=1) != MARKET


def _without_market(deals: tuple[Deal, ...]) -> list[tuple[str, str, object]]:
    return [(deal.producer.name, deal.consumer.name, deal.loads) for deal in deals]
