"""Offering lots over HTTP: what is stored, and everything that is refused, all at once."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from app.core.clock import today
from app.lots.models import Assay, Lot
from tests.factories import Body, Member, World

EXAMPLE_ASSAY = {
    "sampled_on": "2026-07-20",
    "laboratory": "重庆市建材检测中心",
    "report_no": "R-1",
    "results": [
        {"parameter": "caso4_2h2o", "value": 91.2, "unit": "%", "basis": "dry"},
        {"parameter": "soluble_p2o5", "value": 2400, "unit": "mg/kg"},
    ],
}


def _example(world: World, producer: Member, **changes: Any) -> Body:  # noqa: ANN401 - JSON
    return {
        "site_id": world.site(producer)["id"],
        "material": "phosphogypsum",
        "quantity_t": 12000,
        "min_order_t": 500,
        "available_from": "2026-08-01",
        "available_to": str(today() + timedelta(days=40)),
        "price_cny_per_t": -15,
        "origin": {"process": "dihydrate"},
        "stock_year": None,
        "assay": EXAMPLE_ASSAY,
    } | changes


def _faults(producer: Member, body: Body) -> dict[str, str]:
    problem = producer.post("/lots", body, status=422)
    return {fault["pointer"]: fault["code"] for fault in problem["errors"]}


def _count_rows(world: World) -> int:
    with world.database.read() as session:
        return sum(session.scalar(select(func.count()).select_from(table)) or 0 for table in (Lot, Assay))


def test_the_example_of_the_contract_is_stored_and_read_back(world: World) -> None:
    producer = world.producer()
    body = _example(world, producer)
    response = producer.request("POST", "/lots", json=body)
    assert response.status_code == 201, response.text
    lot = response.json()
    assert response.headers["Location"] == f"/v1/lots/{lot['id']}"
    assert response.headers["ETag"] == '"1"'
    assert lot == producer.get(f"/lots/{lot['id']}")
    expected = {
        "material": "phosphogypsum",
        "status": "open",
        "quantity_t": 12000.0,
        "available_t": 12000.0,
        "reserved_t": 0.0,
        "shipped_t": 0.0,
        "min_order_t": 500.0,
        "available_from": "2026-08-01",
        "price_cny_per_t": -15.0,
        "origin": {"process": "dihydrate"},
        "stock_year": None,
        "organisation": {"id": producer.id, "name": producer.name},
        "version": 1,
    }
    assert {name: lot[name] for name in expected} == expected
    assert lot["site"]["id"] == body["site_id"]
    assert set(lot["site"]) == {"id", "name", "latitude", "longitude", "district_code"}
    gypsum, phosphate = lot["assay"]["results"]
    assert (gypsum["value"], gypsum["unit"], gypsum["basis"]) == (91.2, "%", "dry")
    assert (phosphate["value"], phosphate["unit"], phosphate["basis"]) == (0.24, "%", "dry")
    assert phosphate["given"] == {"value": "2400", "unit": "mg/kg", "basis": None}
    assert lot["assay"]["sampled_on"] == "2026-07-20"


def test_the_current_assay_stands_on_the_lot(world: World) -> None:
    lot = world.lot(world.producer(), assay=EXAMPLE_ASSAY)
    with world.database.read() as session:
        row = session.scalars(select(Lot)).one()
    assert row.current_assay == {"caso4_2h2o": 91.2, "soluble_p2o5": 0.24}
    assert str(row.current_assay_id) == lot["assay"]["id"]
    assert str(row.current_assay_on) == "2026-07-20"


def test_a_bare_lot_needs_neither_assay_nor_origin(world: World) -> None:
    lot = world.lot(world.producer())
    assert (lot["assay"], lot["origin"], lot["min_order_t"], lot["stock_year"]) == (None, None, None, None)


@pytest.mark.parametrize(("given", "read"), [(12000.001, 12000.001), ("0.001", 0.001), (999999999.999, 999999999.999)])
def test_kilograms_are_exact(world: World, given: float | str, read: float) -> None:
    lot = world.lot(world.producer(), quantity_t=given)
    assert lot["quantity_t"] == lot["available_t"] == read


def test_prices_may_be_negative_and_are_exact_to_the_fen(world: World) -> None:
    producer = world.producer()
    assert [world.lot(producer, price_cny_per_t=price)["price_cny_per_t"] for price in (-15.25, 0, "7.01")] == [
        -15.25,
        0,
        7.01,
    ]


def test_a_lot_from_storage_names_an_earlier_year(world: World) -> None:
    producer = world.producer()
    assert world.lot(producer, stock_year=today().year - 1)["stock_year"] == today().year - 1
    assert _faults(producer, _example(world, producer, stock_year=today().year)) == {
        "/stock_year": "not_an_earlier_year"
    }


FAULTS: list[tuple[Body, dict[str, str]]] = [
    ({"material": "phosphogipsum"}, {"/material": "unknown_material"}),
    ({"quantity_t": 0}, {"/quantity_t": "greater_than"}),
    ({"quantity_t": -1}, {"/quantity_t": "greater_than"}),
    ({"quantity_t": 1.0001}, {"/quantity_t": "decimal_max_places"}),
    ({"quantity_t": "many"}, {"/quantity_t": "decimal_parsing"}),
    ({"min_order_t": 12000.001}, {"/min_order_t": "min_order_above_quantity"}),
    ({"available_to": "2026-07-31"}, {"/available_to": "in_the_past"}),
    ({"available_from": "2099-01-01"}, {"/available_to": "before_available_from"}),
    ({"price_cny_per_t": 1.001}, {"/price_cny_per_t": "decimal_max_places"}),
    ({"site_id": "01990000-0000-7000-8000-000000000009"}, {"/site_id": "unknown_site"}),
    ({"recurring": {"per": "month", "quantity_t": 500}}, {"/quantity_t": "one_quantity"}),
    ({"recuring": {"per": "month", "quantity_t": 1}}, {"/recuring": "extra_forbidden"}),
    ({"origin": {"proces": "dihydrate"}}, {"/origin/process": "missing", "/origin/proces": "extra_forbidden"}),
    ({"assay": EXAMPLE_ASSAY | {"sampled_on": "2099-01-01"}}, {"/assay/sampled_on": "in_the_future"}),
    ({"assay": EXAMPLE_ASSAY | {"results": []}}, {"/assay/results": "too_short"}),
]


def test_each_fault_has_its_pointer(world: World) -> None:
    producer = world.producer()
    body = _example(world, producer)
    for change, faults in FAULTS:
        assert _faults(producer, body | change) == faults
    assert _count_rows(world) == 0


def test_an_unknown_material_names_the_near_ones(world: World) -> None:
    producer = world.producer()
    problem = producer.post("/lots", _example(world, producer, material="phosphogipsum"), status=422)
    assert problem["code"] == "unknown_material"
    assert "did you mean phosphogypsum" in problem["errors"][0]["detail"]


def test_the_site_of_another_is_unknown(world: World) -> None:
    producer = world.producer()
    body = _example(world, producer, site_id=world.site(world.producer())["id"])
    assert _faults(producer, body) == {"/site_id": "unknown_site"}


def test_all_faults_come_at_once_and_nothing_is_stored(world: World) -> None:
    producer = world.producer()
    results = [
        {"parameter": "caso4_2h2o", "value": 120},
        {"parameter": "soluble_p2o5", "value": 2400, "unit": "mg/L"},
        {"parameter": "soluble_fluoride", "value": 1},
        {"parameter": "so3", "value": 40, "basis": "as_received"},
        {"parameter": "ph", "value": "neutral"},
        {"parameter": "caso4_2h2o", "value": 90},
        {"parameter": "mgo", "value": "wet", "unit": "stone", "basis": "moist"},
    ]
    body = _example(
        world,
        producer,
        material="gypsum",
        quantity_t=-5,
        available_to="2020-01-01",
        colour="grey",
        assay={"sampled_on": "2099-01-01", "results": results},
    )
    assert _faults(producer, body) == {
        "/material": "unknown_material",
        "/quantity_t": "greater_than",
        "/available_to": "in_the_past",
        "/colour": "extra_forbidden",
        "/assay/sampled_on": "in_the_future",
        "/assay/results/0/value": "impossible_value",
        "/assay/results/1/unit": "inconvertible_unit",
        "/assay/results/2/parameter": "unknown_parameter",
        "/assay/results/3/basis": "moisture_required",
        "/assay/results/4/value": "wrong_kind",
        "/assay/results/5/parameter": "duplicate_parameter",
        "/assay/results/6/value": "wrong_kind",
        "/assay/results/6/unit": "inconvertible_unit",
        "/assay/results/6/basis": "unknown_basis",
    }
    assert _count_rows(world) == 0


def test_only_a_producer_offers(world: World) -> None:
    recycler = world.recycler()
    problem = recycler.post("/lots", _example(world, recycler), status=403)
    assert problem["code"] == "role_required"


def test_not_a_number_is_refused_by_pointer(world: World) -> None:
    producer = world.producer()
    for literal in ("NaN", "Infinity", "-Infinity", '"nan"', "1e400", "1" + "0" * 400):
        results = [{"parameter": "soundness_le_chatelier", "value": "PLACE"}]
        body = _example(world, producer, assay={"sampled_on": "2026-07-20", "results": results})
        text = json.dumps(body).replace('"PLACE"', literal)
        response = producer.request("POST", "/lots", content=text, headers={"Content-Type": "application/json"})
        assert response.status_code == 422, (literal, response.text)
        assert [(fault["pointer"], fault["code"]) for fault in response.json()["errors"]] == [
            ("/assay/results/0/value", "impossible_value")
        ], literal
    assert _count_rows(world) == 0
