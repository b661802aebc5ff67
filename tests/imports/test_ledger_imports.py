"""Shipments and declarations from files: row by row as when posted, with the refusals of the present state."""

import pytest

from app.core.clock import today
from tests.factories import World
from tests.imports.files import NDJSON, counts, refusals, run, write_csv, write_ndjson

pytestmark = pytest.mark.usefixtures("worker")
_TICKETS = ("agreement_id", "磅单号", "vehicle_plate", "dispatched_at", "毛重", "tare_t", "net_t")
_MONTHS = ("site", "material", "month", "generated_t", "self_utilised_t")


def test_loads_land_where_the_agreement_has_room(world: World) -> None:
    deal = world.deal(100)
    agreement = deal.agreement["id"]
    day = f"{today().year - 1}-05-04"
    rows = [
        [agreement, "T1", "渝A1", f"{day} 8:30", 50, 10, ""],
        [agreement, "T1", "渝A1", f"{day}T09:30:00+08:00", "", "", 20],
        [agreement, "T2", "渝A1", f"{day}T01:30:00Z", "", "", 90],
        ["01990000-0000-7000-8000-000000000000", "T3", "渝A1", f"{day} 08:30", "", "", 5],
        [agreement, "T4", "渝A1", "2019-01-01 08:30", "", "", 5],
        [agreement, "T5", "渝A1", "30 February", "", "", 5],
        [agreement, "T6", "渝A1", f"{day.replace('-', '/')} 08:30:15", "", "", 60],
    ]
    content = write_csv(rows, _TICKETS)
    tried = run(deal.producer, content, path="/shipments/import", dry_run=True)
    assert counts(tried) == ("done", 2, 5, 0)
    assert deal.producer.get("/shipments")["items"] == []
    job = run(deal.producer, content, path="/shipments/import")
    assert counts(job) == ("done", 2, 5, 0)
    assert refusals(job) == [
        (3, "", "ticket_exists"),
        (4, "", "agreement_exceeded"),
        (5, "/agreement_id", "not_found"),
        (6, "/dispatched_at", "outside_agreement"),
        (7, "/dispatched_at", "datetime_parsing"),
    ]
    loads = deal.producer.get("/shipments")["items"]
    assert sorted((load["ticket_no"], load["net_t"], load["dispatched_at"]) for load in loads) == [
        ("T1", 40, f"{day}T00:30:00Z"),
        ("T6", 60, f"{day}T00:30:15Z"),
    ]
    assert counts(run(deal.producer, content, path="/shipments/import")) == ("done", 0, 5, 2)
    assert deal.producer.get(f"/agreements/{agreement}")["shipped_t"] == 100


def test_months_land_in_their_order(world: World) -> None:
    deal = world.deal(100)
    site = world.site(deal.producer, name="东门")
    year = today().year - 1
    rows = [
        ["东门", "磷石膏", f"{year}-01", 100, 30],
        ["东门", "phosphogypsum", f"{year}/2", 50, 200],
        ["东门", "phosphogypsum", f"{year}年3月", 70.5, 70.5],
    ]
    content = write_csv(rows, _MONTHS)
    job = run(deal.producer, content, path="/declarations/import")
    assert counts(job) == ("done", 2, 1, 0)
    assert refusals(job) == [(3, "", "declared_less_than_dispatched")]
    declared = deal.producer.get("/declarations", site_id=site["id"])["items"]
    assert {item["month"]: item["generated_t"] for item in declared} == {f"{year}-01": 100, f"{year}-03": 70.5}
    assert counts(run(deal.producer, content, path="/declarations/import")) == ("done", 0, 1, 2)


def test_lines_of_json_are_the_bodies_of_posting(world: World) -> None:
    deal = world.deal(100)
    body = {"site_id": deal.origin, "material": "phosphogypsum", "month": f"{today().year - 1}-02", "generated_t": 7}
    foreign = body | {"site_id": deal.destination}
    job = run(deal.producer, write_ndjson([body, foreign]), NDJSON, "/declarations/import")
    assert counts(job) == ("done", 1, 1, 0)
    assert refusals(job) == [(2, "/site_id", "unknown_site")]
