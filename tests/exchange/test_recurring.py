"""Recurring lots: each month stands for itself, from the offer to the correction of a load."""

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from app.core.clock import at_business_time, last_day, month_of, months_from, today
from app.core.database import Database
from app.exchange.models import Agreement
from app.exchange.sweeping import sweep
from app.ledger.verification import find_differences
from tests.factories import FULING, Body, Deal, World

YEAR = today().year - 1
MARCH, APRIL = f"{YEAR}-03", f"{YEAR}-04"
#: The last of March in UTC and the first of April in Chongqing.
IN_BOTH = f"{YEAR}-03-31T17:00:00Z"
NOW = month_of(today())
NEXT, AFTER_NEXT = months_from(NOW, 3)[1:]


def _monthly(quantity_t: float) -> Body:
    return {"quantity_t": None, "recurring": {"per": "month", "quantity_t": quantity_t}}


def _stream(world: World, quantity_t: float = 100, **changes: Any) -> Deal:  # noqa: ANN401 - JSON
    """Return a producer and a recycler with a recurring lot, last year to next year."""
    producer, recycler = world.producer(), world.recycler()
    deal = Deal(producer, recycler, world.site(producer)["id"], world.site(recycler, **FULING)["id"], {}, {})
    return deal.offer(0, **_monthly(quantity_t), **changes)


def _over(first: str, last: str) -> Body:
    return {"starts_on": f"{first}-01", "ends_on": str(last_day(last))}


def _lot(deal: Deal) -> Body:
    lot: Body = deal.producer.get(f"/lots/{deal.lot['id']}")
    return lot


def _free(deal: Deal) -> dict[str, float]:
    """Return what is free by month, from the current one on."""
    return {item["month"]: item["available_t"] for item in _lot(deal)["available_by_month"]}


def _months(deal: Deal) -> dict[str, tuple[float, float]]:
    """Return what the agreement shipped and still holds by month."""
    agreement = deal.recycler.get(f"/agreements/{deal.agreement['id']}")
    return {item["month"]: (item["shipped_t"], item["reserved_t"]) for item in agreement["by_month"]}


def test_it_reads_back_by_month(world: World) -> None:
    deal = _stream(world, 4000, available_to=str(last_day(AFTER_NEXT) - timedelta(5)))
    lot = _lot(deal)
    assert (lot["quantity_t"], lot["recurring"]) == (None, {"per": "month", "quantity_t": 4000})
    assert (lot["available_t"], lot["reserved_t"], lot["shipped_t"], lot["status"]) == (4000, 0, 0, "open")
    months = months_from(NOW, 12)
    assert [item["month"] for item in lot["available_by_month"]] == months
    assert [item["available_t"] for item in lot["available_by_month"]] == [4000] * 3 + [0] * 9
    once = deal.offer(50).lot
    assert (once["quantity_t"], once["recurring"], once["available_by_month"]) == (50, None, None)


def test_one_that_begins_later_tells_of_its_first_month(world: World) -> None:
    deal = _stream(world, 70, available_from=f"{NEXT}-15")
    assert _lot(deal)["available_t"] == 70
    assert (_free(deal)[NOW], _free(deal)[NEXT]) == (0, 70)


def test_a_lot_is_there_once_or_every_month_and_not_both(world: World) -> None:
    producer = world.producer()
    site = world.site(producer)["id"]
    body = {
        "site_id": site,
        "material": "phosphogypsum",
        "available_from": str(today()),
        "available_to": str(today()),
        "price_cny_per_t": 1,
    }
    for wrong in ({}, _monthly(5) | {"quantity_t": 5}):
        problem = producer.post("/lots", body | wrong, status=422)
        assert [(fault["pointer"], fault["code"]) for fault in problem["errors"]] == [("/quantity_t", "one_quantity")]
        assert "recurring" in problem["detail"]
    for recurring, pointer in (
        ({"per": "week", "quantity_t": 5}, "/recurring/per"),
        ({"per": "month", "quantity_t": 0}, "/recurring/quantity_t"),
        ({"per": "month"}, "/recurring/quantity_t"),
    ):
        problem = producer.post("/lots", body | {"recurring": recurring}, status=422)
        assert [fault["pointer"] for fault in problem["errors"]] == [pointer]
    high = producer.post("/lots", body | _monthly(5) | {"min_order_t": 6}, status=422)
    assert high["errors"][0]["code"] == "min_order_above_quantity"
    assert producer.get("/lots", mine=True)["items"] == []


def test_the_kind_of_the_lot_decides_what_an_agreement_carries(world: World) -> None:
    stream = _stream(world)
    terms = {"destination_site_id": stream.destination, "price_cny_per_t": 1, **_over(NOW, NOW)}
    once = stream.recycler.post("/agreements", terms | {"lot_id": stream.lot["id"], "quantity_t": 5}, status=422)
    assert (once["errors"][0]["pointer"], once["code"]) == ("/quantity_t", "lot_is_recurring")
    other = stream.offer(50)
    monthly = stream.recycler.post("/agreements", terms | {"lot_id": other.lot["id"]} | _monthly(5), status=422)
    assert (monthly["errors"][0]["pointer"], monthly["code"]) == ("/recurring", "lot_is_not_recurring")
    neither = stream.recycler.post("/agreements", terms | {"lot_id": other.lot["id"]}, status=422)
    assert (neither["errors"][0]["pointer"], neither["code"]) == ("/quantity_t", "one_quantity")
    ages = {"starts_on": "2000-01-01", "ends_on": "2100-01-01"}
    long = stream.recycler.post("/agreements", terms | {"lot_id": stream.lot["id"]} | _monthly(5) | ages, status=422)
    assert [(fault["pointer"], fault["code"]) for fault in long["errors"]] == [("/ends_on", "too_many_months")]


def test_accepting_reserves_every_month_or_names_the_first_that_is_short(world: World) -> None:
    stream = _stream(world, 100)
    deal = stream.agree(0, **_monthly(60), **_over(NOW, NEXT))
    assert deal.agreement["recurring"] == {"per": "month", "quantity_t": 60}
    assert (deal.agreement["quantity_t"], deal.agreement["shipped_t"]) == (None, 0)
    assert _months(deal) == {NOW: (0, 60), NEXT: (0, 60)}
    free = _free(deal)
    assert (free[NOW], free[NEXT], free[AFTER_NEXT]) == (40, 40, 100)
    second = stream.propose(0, **_monthly(50), **_over(NEXT, AFTER_NEXT))
    short = stream.producer.post(f"/agreements/{second.agreement['id']}/accept", status=409)
    assert (short["code"], short["available_t"], short["month"]) == ("insufficient_quantity", 40, NEXT)
    assert _free(deal) == free
    third = stream.agree(0, **_monthly(40), **_over(NOW, NOW))
    assert (_lot(deal)["available_t"], _lot(deal)["status"]) == (0, "open")
    stream.producer.post(f"/agreements/{third.agreement['id']}/cancel", status=200)
    stream.producer.post(f"/agreements/{deal.agreement['id']}/complete", status=200)
    assert set(_free(deal).values()) == {100.0} | ({0.0} if 0.0 in free.values() else set())
    assert _months(deal) == {NOW: (0, 0), NEXT: (0, 0)}


def test_months_beyond_the_lots_days_are_short(world: World) -> None:
    stream = _stream(world, 100, available_to=str(last_day(NEXT)))
    deal = stream.propose(0, **_monthly(1), **_over(NOW, AFTER_NEXT))
    short = stream.producer.post(f"/agreements/{deal.agreement['id']}/accept", status=409)
    assert (short["code"], short["available_t"], short["month"]) == ("insufficient_quantity", 0, AFTER_NEXT)
    stream.producer.patch(f"/lots/{stream.lot['id']}", {"available_to": str(last_day(AFTER_NEXT))})
    stream.producer.post(f"/agreements/{deal.agreement['id']}/accept", status=200)


def test_least_order_of_a_month(world: World) -> None:
    stream = _stream(world, 100, min_order_t=20)
    stream.agree(0, **_monthly(90), **_over(NEXT, NEXT))
    small = {"lot_id": stream.lot["id"], "destination_site_id": stream.destination, "price_cny_per_t": 1}
    refused = stream.recycler.post("/agreements", small | _monthly(10) | _over(NOW, NOW), status=422)
    assert (refused["errors"][0]["pointer"], refused["code"]) == ("/recurring/quantity_t", "below_min_order")
    # Less than the least order is left of the next month: that may be bought.
    stream.agree(0, **_monthly(10), **_over(NOW, NEXT))


def test_a_load_counts_in_its_business_month(world: World) -> None:
    deal = _stream(world, 100).agree(0, **_monthly(50), **_over(MARCH, APRIL))
    deal.dispatch(20, "", dispatched_at=IN_BOTH)
    assert _months(deal) == {MARCH: (0, 50), APRIL: (20, 30)}
    deal.dispatch(50, f"{MARCH}-31")
    assert _months(deal) == {MARCH: (50, 0), APRIL: (20, 30)}
    assert deal.recycler.get(f"/agreements/{deal.agreement['id']}")["shipped_t"] == 70
    assert deal.declare(APRIL, 20)["generated_t"] == 20


def test_a_month_may_be_exceeded_by_five_percent_and_lends_nothing_to_another(world: World) -> None:
    deal = _stream(world, 103).agree(0, **_monthly(100), **_over(MARCH, APRIL))
    over = deal.dispatch(103.001, f"{MARCH}-05", status=409)
    assert (over["code"], over["remaining_t"], over["available_t"], over["month"]) == (
        "agreement_exceeded",
        100,
        3,
        MARCH,
    )
    deal.dispatch(103, f"{MARCH}-05")
    empty = deal.dispatch(1, f"{MARCH}-06", status=409)
    assert (empty["remaining_t"], empty["available_t"], empty["month"]) == (0, 0, MARCH)
    assert MARCH in empty["detail"]
    deal.dispatch(100, f"{APRIL}-06")


def test_what_comes_back_is_free_in_its_month(world: World, database: Database) -> None:
    deal = _stream(world, 100).agree(0, **_monthly(60), **_over(MARCH, APRIL))
    march, april, third = (deal.dispatch(30, f"{month}-05") for month in (MARCH, APRIL, APRIL))
    deal.producer.post(f"/shipments/{march['id']}/void", status=200)
    assert _months(deal) == {MARCH: (0, 60), APRIL: (60, 0)}
    deal.receive(april, f"{APRIL}-07", net_t=30, refused_t=10, reason="wet")
    assert _months(deal) == {MARCH: (0, 60), APRIL: (50, 10)}
    other = deal.agree(0, **_monthly(40), **_over(MARCH, APRIL))
    deal.producer.post(f"/agreements/{deal.agreement['id']}/cancel", status=200)
    deal.receive(third, f"{APRIL}-07", net_t=30, refused_t=30, reason="wet")
    # Of April 20 t have left for good and 40 are the other's: 40 t of it are free, and 60 of March.
    for month, free in ((MARCH, 60), (APRIL, 40)):
        more = other.propose(0, **_monthly(free + 0.001), **_over(month, month))
        short = deal.producer.post(f"/agreements/{more.agreement['id']}/accept", status=409)
        assert (short["available_t"], short["month"]) == (free, month)
    with database.snapshot() as session:
        assert list(find_differences(session)) == []


def _correct(deal: Deal, load: Body, status: int = 200, **changes: Any) -> Body:  # noqa: ANN401 - JSON
    correction = deal.producer.post(f"/shipments/{load['id']}/corrections", {"comment": "wrong"} | changes)
    approved: Body = deal.recycler.post(f"/corrections/{correction['id']}/approve", status=status)
    return approved


def test_a_correction_moves_a_load_into_another_month(world: World, database: Database) -> None:
    deal = _stream(world, 100).agree(0, **_monthly(60), **_over(MARCH, APRIL))
    load = deal.dispatch(30, f"{MARCH}-31")
    _correct(deal, load, net_t=35)
    assert _months(deal) == {MARCH: (35, 25), APRIL: (0, 60)}
    _correct(deal, load, dispatched_at=IN_BOTH, net_t=40)
    assert _months(deal) == {MARCH: (0, 60), APRIL: (40, 20)}
    deal.receive(load, f"{APRIL}-02", net_t=40, refused_t=5, reason="wet")
    assert _months(deal) == {MARCH: (0, 60), APRIL: (35, 25)}
    _correct(deal, load, dispatched_at=f"{MARCH}-31T12:00:00+08:00")
    assert _months(deal) == {MARCH: (35, 25), APRIL: (0, 60)}
    deal.agree(0, **_monthly(40), **_over(APRIL, APRIL))
    deal.dispatch(60, f"{APRIL}-05")
    refused = _correct(deal, load, status=409, dispatched_at=IN_BOTH)
    assert (refused["code"], refused["available_t"], refused["month"]) == ("insufficient_quantity", 0, APRIL)
    assert _months(deal) == {MARCH: (35, 25), APRIL: (60, 0)}
    with database.snapshot() as session:
        assert list(find_differences(session)) == []


def test_its_quantity_follows_from_the_current_month_on(world: World) -> None:
    stream = _stream(world, 100)
    past = stream.agree(0, **_monthly(100), **_over(MARCH, MARCH))
    stream.agree(0, **_monthly(30), **_over(NOW, NOW))
    stream.agree(0, **_monthly(45), **_over(NEXT, NEXT))
    path = f"/lots/{stream.lot['id']}"
    low = stream.producer.patch(path, _only(44), status=409)
    assert (low["code"], low["month"], low["least_quantity_t"]) == ("quantity_committed", NEXT, 45)
    changed = stream.producer.patch(path, _only(45))
    assert changed["version"] > stream.lot["version"]
    assert changed["recurring"]["quantity_t"] == 45
    free = _free(stream)
    assert (free[NOW], free[NEXT], free[AFTER_NEXT]) == (15, 0, 45)
    assert _months(past) == {MARCH: (0, 100)}
    once = stream.producer.patch(path, {"quantity_t": 45}, status=422)
    assert (once["errors"][0]["pointer"], once["code"]) == ("/quantity_t", "lot_is_recurring")
    other = stream.offer(50)
    monthly = stream.producer.patch(f"/lots/{other.lot['id']}", _only(45), status=422)
    assert (monthly["errors"][0]["pointer"], monthly["code"]) == ("/recurring", "lot_is_not_recurring")


def _only(quantity_t: float) -> Body:
    return {"recurring": {"per": "month", "quantity_t": quantity_t}}


def test_a_withdrawn_one_promises_nothing_more(world: World) -> None:
    deal = _stream(world, 100).agree(0, **_monthly(60), **_over(MARCH, APRIL))
    second = deal.propose(0, **_monthly(1), **_over(NOW, NOW))
    deal.producer.post(f"/lots/{deal.lot['id']}/withdraw", status=200)
    assert deal.producer.post(f"/agreements/{second.agreement['id']}/accept", status=409)["code"] == "lot_withdrawn"
    deal.dispatch(60, f"{APRIL}-05")
    assert _lot(deal)["status"] == "withdrawn"


def _age(database: Database, deal: Deal) -> None:
    """Let the agreement be one that was accepted in its last month."""
    accepted_at = at_business_time(datetime.combine(date.fromisoformat(f"{APRIL}-02"), time()))
    with database.write() as session:
        session.execute(update(Agreement).where(Agreement.ends_on == last_day(APRIL)).values(accepted_at=accepted_at))
        session.commit()
    assert deal.producer.get(f"/agreements/{deal.agreement['id']}")["status"] == "expired"


@pytest.mark.parametrize("is_swept", [True, False])
def test_one_that_is_over_holds_no_month(world: World, database: Database, *, is_swept: bool) -> None:
    deal = _stream(world, 100).agree(0, **_monthly(60), **_over(MARCH, APRIL))
    load = deal.dispatch(20, f"{APRIL}-05")
    _age(database, deal)
    assert _months(deal) == {MARCH: (0, 0), APRIL: (20, 0)}
    if is_swept:
        assert sweep(database) == 1
    other = deal.agree(0, **_monthly(75), **_over(APRIL, APRIL))
    assert other.agreement["status"] == "accepted"
    late = deal.dispatch(6, f"{APRIL}-06", status=409)
    assert (late["code"], late["available_t"], late["month"]) == ("agreement_exceeded", 5, APRIL)
    deal.dispatch(5, f"{APRIL}-06")
    deal.dispatch(60, f"{MARCH}-06")
    deal.receive(load, f"{APRIL}-07", net_t=20, refused_t=20, reason="wet")
    deal.dispatch(20, f"{APRIL}-08")


def test_both_kinds_of_demands_take_both_kinds_of_lots(world: World) -> None:
    stream = _stream(world, 100)
    until = {"needed_to": str(last_day(AFTER_NEXT)), "site_id": stream.destination}
    monthly = world.demand(stream.recycler, **_monthly(50), **until)
    once = world.demand(stream.recycler, quantity_t=100, **until)
    assert (monthly["quantity_t"], monthly["recurring"]["quantity_t"]) == (None, 50)
    assert (monthly["agreed_t"], monthly["open_t"]) == (0, 50)
    assert (once["quantity_t"], once["recurring"], once["agreed_t"], once["open_t"]) == (100, None, 0, 100)

    def read(demand: Body) -> tuple[float, float]:
        found = stream.recycler.get(f"/demands/{demand['id']}")
        return found["agreed_t"], found["open_t"]

    def agree(deal: Deal, demand: Body, **changes: Any) -> Deal:  # noqa: ANN401 - JSON
        return deal.agree(0, demand_id=demand["id"], destination_site_id=None, **changes)

    of_stream = agree(stream, monthly, **_monthly(20), **_over(NOW, NEXT))
    assert read(monthly) == (20, 30)
    agree(stream, once, **_monthly(20), **_over(NOW, AFTER_NEXT))
    assert read(once) == (60, 40)
    pile = agree(stream.offer(600), monthly, quantity_t=60, **_over(NOW, NOW))
    assert read(monthly) == (80, 0)
    agree(pile, once, quantity_t=30, starts_on=f"{YEAR}-01-01", ends_on=str(last_day(NEXT)))
    assert read(once) == (90, 10)
    stream.producer.post(f"/agreements/{pile.agreement['id']}/cancel", status=200)
    stream.producer.post(f"/agreements/{of_stream.agreement['id']}/complete", status=200)
    assert read(monthly) == (0, 50)
    changed = stream.recycler.patch(f"/demands/{monthly['id']}", {"quantity_t": 70})
    assert (changed["quantity_t"], changed["recurring"], changed["open_t"]) == (70, None, 70)
    both = stream.recycler.patch(f"/demands/{monthly['id']}", {"quantity_t": 70, **_only(5)}, status=422)
    assert both["errors"][0]["code"] == "one_quantity"


def test_an_ended_agreement_counts_for_a_demand_what_it_shipped(world: World) -> None:
    deal = world.deal(1000)
    demand = world.demand(deal.recycler, quantity_t=100, site_id=deal.destination)
    to_demand = {"demand_id": demand["id"], "destination_site_id": None}
    named = deal.offer(300).agree(80, **to_demand)
    named.dispatch(30, f"{MARCH}-05")
    path = f"/demands/{demand['id']}"
    assert deal.recycler.get(path)["agreed_t"] == 80
    named.producer.post(f"/agreements/{named.agreement['id']}/cancel", status=200)
    assert (deal.recycler.get(path)["agreed_t"], deal.recycler.get("/demands")["items"][0]["open_t"]) == (30, 70)


def test_a_search_asks_about_a_month(world: World) -> None:
    stream = _stream(world, 100)
    stream.agree(0, **_monthly(100), **_over(NOW, NOW))
    stream.agree(0, **_monthly(70), **_over(NEXT, NEXT))
    seeker = world.recycler()
    demand = world.demand(seeker, needed_to=str(last_day(AFTER_NEXT)))
    later = world.demand(seeker, needed_from=f"{NEXT}-01", needed_to=str(last_day(AFTER_NEXT)))

    def found(**filters: Any) -> list[float]:  # noqa: ANN401 - filters
        return [item["lot"]["available_t"] for item in seeker.get("/lots", **filters)["items"]]

    assert found() == []
    assert seeker.get("/lots/facets")["total"] == 0
    assert [item["lot"]["available_t"] for item in stream.producer.get("/lots", mine=True)["items"]] == [0]
    next_month = {"available_on": f"{NEXT}-10"}
    assert found(**next_month) == [30]
    assert found(**next_month, min_quantity_t=30.001) == []
    assert found(available_on=f"{AFTER_NEXT}-10", min_quantity_t=100) == [100]
    assert seeker.get("/lots/facets", **next_month)["total"] == 1
    assert seeker.get(f"/demands/{demand['id']}/matches")["items"] == []
    assert [item["lot"]["available_t"] for item in seeker.get(f"/demands/{later['id']}/matches")["items"]] == [30]
    takers = stream.producer.get(f"/lots/{stream.lot['id']}/matches")["items"]
    assert [item["demand"]["id"] for item in takers] == [later["id"]]
    assert seeker.get(f"/lots/{stream.lot['id']}")["status"] == "open"
    blend = {"quantity_t": 30}
    mixed = seeker.request("POST", f"/demands/{later['id']}/blends", json=blend).json()
    assert [part["lot"]["available_t"] for part in mixed["mix"]] == [30], mixed
