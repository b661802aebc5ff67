"""What stands in the seven tables: the worked case of the contract, and what each table makes of what is on record."""

from typing import Any

import pytest

from app.core.clock import today
from tests.factories import FULING, Body, Deal, Member, World

YEAR = today().year - 1
JANUARY, FEBRUARY, MARCH = f"{YEAR}-01", f"{YEAR}-02", f"{YEAR}-03"


def table(member: Member, number: int, site_id: str, **when: Any) -> Body:  # noqa: ANN401 - query values
    """Return a table as JSON."""
    answer: Body = member.get(f"/ledger/tables/{number}", site_id=site_id, **when)
    return answer


def month_table(deal: Deal, number: int, month: str) -> Body:
    """Return a table of the producer's site."""
    return table(deal.producer, number, deal.origin, month=month)


def only_row(answer: Body) -> Body:
    """Return the single row of a table."""
    (row,) = answer["items"]
    return dict(row)


def filled(row: Body) -> Body:
    """Return the cells of a row that are not empty, but those that name the waste."""
    named = {"material", "waste_code", "waste_name", "waste_class"}
    return {key: value for key, value in row.items() if value is not None and key not in named}


@pytest.fixture
def lived(world: World) -> Deal:
    """Return the worked case of the contract, with an agreement that a demand is behind."""
    deal = world.deal()
    demand = world.demand(deal.recycler, site_id=deal.destination)
    deal = deal.offer(500).agree(500, destination_site_id=None, demand_id=demand["id"])
    deal.opening(100, YEAR - 1)
    first = deal.dispatch(30, f"{JANUARY}-10")
    second = deal.dispatch(10, f"{JANUARY}-20")
    deal.declare(JANUARY, 50)
    deal.receive(first, f"{JANUARY}-11")
    deal.use(12, f"{JANUARY}-25")
    deal.declare(FEBRUARY, 20, self_utilised_t=25, self_utilised_from_prior_t=15, self_use_method="井下充填")
    deal.receive(second, f"{FEBRUARY}-02")
    deal.use(28, f"{FEBRUARY}-20")
    return deal


def test_table_2_counts_at_dispatch_and_at_the_producers_storage(lived: Deal) -> None:
    january, february = (only_row(month_table(lived, 2, month)) for month in (JANUARY, FEBRUARY))
    assert filled(january) == {
        "generated": 50,
        "stored": 10,
        "stored_cumulative": 110,
        "own_use_amount": 0,
        "entrusted_use_method": "水泥缓凝剂",
        "entrusted_use_amount": 40,
        "own_disposal_amount": 0,
        "entrusted_disposal_amount": 0,
    }
    assert january["waste_name"] == "磷石膏"
    assert filled(february) == {
        "generated": 20,
        "stored": -5,
        "stored_cumulative": 105,
        "own_use_method": "井下充填",
        "own_use_amount": 25,
        "entrusted_use_amount": 0,
        "own_disposal_amount": 0,
        "entrusted_disposal_amount": 0,
    }


@pytest.mark.parametrize("month", [JANUARY, FEBRUARY, MARCH])
def test_table_2_ends_with_what_the_statistics_say(lived: Deal, world: World, month: str) -> None:
    line = month_table(lived, 2, month)["reconciliation"]
    period = {"from": month, "to": month, "scope": "all"}
    statistics = world.government("50").get("/statistics/utilisation", **period)["total"]
    for name in ("generated_t", "utilised_t", "discarded_t"):
        assert line[name] == statistics[name], name
    assert line["statistics_closing_t"] == statistics["closing_t"]
    assert line["stock_gap_t"] == line["use_gap_t"] == 0
    if month == JANUARY:
        assert (line["opening_t"], line["closing_t"], line["entrusted_t"]) == (100, 110, 40)
        assert (line["in_transit_change_t"], line["held_by_recyclers_change_t"]) == (10, 18)
    assert month_table(lived, 3, month)["reconciliation"] is None


def test_a_month_without_declaration_states_no_zeros(world: World) -> None:
    deal = world.deal()
    deal.dispatch(30, f"{MARCH}-10")
    answer = month_table(deal, 2, MARCH)
    cells = {"generated": 30, "stored": 0, "stored_cumulative": 0, "entrusted_use_amount": 30}
    assert filled(only_row(answer)) == cells
    assert answer["provisional"]
    assert any("磷石膏：有月份未申报" in note for note in answer["notes"])
    deal.declare(MARCH, 30)
    declared = month_table(deal, 2, MARCH)
    assert filled(only_row(declared)) == cells | {
        "own_use_amount": 0,
        "own_disposal_amount": 0,
        "entrusted_disposal_amount": 0,
    }
    assert not declared["provisional"]


def test_refused_and_weighed_differently_the_tables_meet_the_statistics(world: World) -> None:
    deal = world.deal()
    load = deal.dispatch(30, f"{JANUARY}-30")
    away = {"discarded_t": 1, "disposed_t": 3, "entrusted_utilised_t": 5, "entrusted_disposed_t": 2}
    deal.declare(JANUARY, 50, **away, receivers="外地水泥厂", disposal_method="填埋")
    deal.receive(load, f"{FEBRUARY}-01", net_t=29.95, accepted_t=25, refused_t=4.95, reason="wet")
    row = only_row(month_table(deal, 2, JANUARY))
    assert (row["entrusted_use_amount"], row["entrusted_disposal_amount"], row["own_disposal_amount"]) == (35, 2, 3)
    assert row["own_disposal_method"] == "填埋"
    assert row["stored_cumulative"] == 50 - 30 - 11
    back = month_table(deal, 2, FEBRUARY)
    assert (only_row(back)["entrusted_use_amount"], only_row(back)["stored_cumulative"]) == (-4.95, 13.95)
    line = back["reconciliation"]
    assert (line["stock_gap_t"], line["use_gap_t"], line["weighing_difference_t"]) == (0, 0, 0.05)
    assert line["statistics_closing_t"] == 13.95 + 25 + 0.05
    assert any("4.95" in note for note in month_table(deal, 3, FEBRUARY)["notes"])
    outside = next(note for note in month_table(deal, 3, JANUARY)["notes"] if "外地水泥厂" in note)
    assert "7 吨" in outside
    assert filled(only_row(month_table(deal, 7, JANUARY))) == {
        "disposal_amount": 3,
        "disposal_method": "填埋",
        "disposal_done_time": JANUARY,
    }


def test_table_1_lists_streams_on_file_and_what_was_generated(lived: Deal) -> None:
    facts = {"waste_code": "900-099-S59", "waste_class": "II", "generation_step": "过滤", "physical_state": "固态"}
    put = lived.producer.request("PUT", f"/sites/{lived.origin}/streams/red_mud", json=facts)
    assert put.status_code == 200
    gypsum, mud = table(lived.producer, 1, lived.origin, year=YEAR)["items"]
    assert (gypsum["waste_name"], gypsum["annual_generation"], gypsum["waste_code"]) == ("磷石膏", 70, None)
    assert {key: mud[key] for key in facts} == facts
    assert (mud["waste_name"], mud["annual_generation"]) == ("赤泥", None)
    earlier = table(lived.producer, 1, lived.origin, year=YEAR - 1)
    assert [row["material"] for row in earlier["items"]] == ["red_mud"]
    assert (earlier["year"], earlier["month"]) == (YEAR - 1, None)


def test_table_3_lists_the_loads_of_the_business_month(world: World) -> None:
    deal = world.deal()
    late = f"{FEBRUARY}-01T01:00:00+08:00"  # still January in UTC
    told: Body = {"carrier": "长江运输", "driver_name": "张三", "driver_phone": "13800000000", "handler": "李四"}
    deal.dispatch(12.5, f"{FEBRUARY}-03", **told, transport_mode="road")
    deal.dispatch(10, f"{FEBRUARY}-01", dispatched_at=late)
    deal.dispatch(10, f"{JANUARY}-31")
    gone = deal.dispatch(10, f"{FEBRUARY}-02")
    deal.producer.post(f"/shipments/{gone['id']}/void", status=200)
    first, second = month_table(deal, 3, FEBRUARY)["items"]
    assert filled(first) == {
        "out_time": f"{JANUARY}-31T17:00:00Z",
        "out_amount": 10,
        "transport_info": "渝A12345",
        "receiver": deal.recycler.name,
        "flow_type": "省内转移（利用）",
    }
    assert second["transport_info"] == "渝A12345 张三 13800000000"
    assert (second["handler"], second["carrier"], second["transport_mode"]) == ("李四", "长江运输", "road")
    assert second["out_amount"] == 12.5


def test_an_inspector_sees_plates_and_no_drivers(world: World) -> None:
    deal = world.deal()
    deal.dispatch(12, f"{FEBRUARY}-03", driver_name="张三", driver_phone="13800000000")
    inspector = world.government("500115")
    answer = table(inspector, 3, deal.origin, month=FEBRUARY)
    assert only_row(answer)["transport_info"] == "渝A12345"
    for form in ("csv", "xlsx"):
        query = {"site_id": deal.origin, "month": FEBRUARY, "format": form}
        assert "张三".encode() not in inspector.request("GET", "/ledger/tables/3", params=query).content
    assert any("驾驶员" in note for note in answer["notes"])


@pytest.mark.parametrize(
    ("district", "flow"),
    [("500102", "省内转移（利用）"), ("50-liangjiang", "省内转移（利用）"), (None, "利用")],
)
def test_the_flow_type_names_the_province_that_is_on_file(world: World, district: str | None, flow: str) -> None:
    deal = world.deal()
    place = world.site(deal.recycler, **(FULING | {"district_code": district}))
    deal.offer(100).agree(100, destination_site_id=place["id"]).dispatch(12, f"{FEBRUARY}-03")
    assert only_row(month_table(deal, 3, FEBRUARY))["flow_type"] == flow


def test_tables_4_to_6_are_monthly_summaries_and_say_so(lived: Deal) -> None:
    generation = month_table(lived, 4, JANUARY)
    assert filled(only_row(generation)) == {"gen_time": JANUARY, "gen_amount": 50}
    january, february = (only_row(month_table(lived, 5, month)) for month in (JANUARY, FEBRUARY))
    # 40 of the 50 t went straight to the lorry; the ledger booked 10 into storage.
    assert filled(january) == {"in_time": JANUARY, "in_amount": 10}
    assert filled(february) == {
        "in_time": FEBRUARY,
        "in_amount": 20,
        "out_time": FEBRUARY,
        "out_amount": 25,
    }
    own = {"use_amount": 25, "use_method": "井下充填", "use_done_time": FEBRUARY}
    assert filled(only_row(month_table(lived, 6, FEBRUARY))) == own
    assert month_table(lived, 6, JANUARY)["items"] == []
    assert month_table(lived, 7, FEBRUARY)["items"] == []
    for number in (4, 5, 6, 7):
        answer = month_table(lived, number, FEBRUARY)
        assert any("按月汇总" in note for note in answer["notes"])
        empty = set(answer["empty_columns"])
        assert empty <= {entry["key"] for entry in (*answer["columns"], *answer["header"])}
        assert all(row[key] is None for row in answer["items"] for key in empty & row.keys())


def test_the_headings_show_the_facilities_on_file(world: World) -> None:
    deal = world.deal()
    path = f"/sites/{deal.origin}/streams/phosphogypsum"
    assert deal.producer.request("PUT", path, json={"facilities": "TS001 堆场"}).status_code == 200
    header = month_table(deal, 5, FEBRUARY)["header"]
    assert [(entry["key"], entry["value"]) for entry in header] == [
        ("form_no", None),
        ("facility", "磷石膏：TS001 堆场"),
        ("dept_head", None),
    ]


@pytest.mark.parametrize("stored_t", [94, 106])
def test_an_opening_stock_stated_anew_after_closing_is_an_adjustment(world: World, stored_t: int) -> None:
    deal = world.deal()
    deal.opening(100, YEAR - 1)
    world.operator().post(f"/ledger/periods/{JANUARY}/close", status=200)
    deal.opening(stored_t, YEAR - 1)
    deal.declare(FEBRUARY, 30)
    answer = month_table(deal, 2, FEBRUARY)
    row, line = only_row(answer), answer["reconciliation"]
    assert (row["stored"], row["stored_cumulative"]) == (stored_t - 70, stored_t + 30)
    assert (line["opening_t"], line["adjusted_t"], line["closing_t"]) == (100, stored_t - 100, stored_t + 30)
    assert line["stock_gap_t"] == line["use_gap_t"] == 0
