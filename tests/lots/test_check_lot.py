"""A lot of a table is checked in parts: it must come out as the same lot posted alone."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from app.core.bodies import faults_of_error
from app.lots.assays import ReportedText
from app.lots.landing import CheckedLot, check_lot, check_lot_of_table

SITE = "01990000-0000-7000-8000-000000000001"
GOOD: dict[str, Any] = {
    "site_id": SITE,
    "material": "phosphogypsum",
    "quantity_t": "12000.5",
    "available_from": "2020-01-01",
    "available_to": "2199-12-31",
    "price_cny_per_t": "-15",
}
HEAD = {"sampled_on": "2020-02-03", "laboratory": "检测中心"}
TERMS = {
    "site_id": st.sampled_from([SITE, "here", ""]),
    "material": st.sampled_from(["phosphogypsum", "steel_slag", "gold"]),
    "quantity_t": st.sampled_from(["12000", "0", "-3", "1e3", "1.2345", "many"]),
    "min_order_t": st.sampled_from(["500", "20000", "x"]),
    "available_to": st.sampled_from(["2199-12-31", "2019-01-01", "2026-02-30"]),
    "price_cny_per_t": st.sampled_from(["-15", "0.001", "x"]),
    "stock_year": st.sampled_from(["2019", "2999", "old"]),
    "origin": st.sampled_from([{"process": "dihydrate"}, {"process": ""}]),
    "colour": st.just("red"),
}
HEADS = {
    "sampled_on": st.sampled_from(["2020-02-03", "2199-01-01", "spring"]),
    "laboratory": st.sampled_from(["检测中心", "x" * 300]),
    "report_no": st.just("R-1"),
}
RESULTS = st.builds(
    ReportedText,
    st.sampled_from(["moisture", "caso4_2h2o", "soluble_p2o5", "ph", "sio2", "al2o3", "fe2o3", "na2o", "k2o", "gold"]),
    st.sampled_from(["14.5", "0", "91.2", "1e2", "250", "trace", "", True]),
    st.sampled_from([None, "%", "mg/kg", "pounds"]),
    st.sampled_from([None, "dry", "as_received", "wet"]),
)


def _outcome(check: Any, *given: Any) -> CheckedLot | list[Any]:  # noqa: ANN401 - either of the two checks
    try:
        checked: CheckedLot = check(*given)
    except ValidationError as error:
        return faults_of_error(error)
    return checked


@settings(max_examples=300, deadline=None)
@given(
    st.fixed_dictionaries({}, optional=TERMS),
    st.none() | st.fixed_dictionaries({}, optional=HEADS),
    st.lists(RESULTS, max_size=6),
)
def test_a_lot_of_a_table_is_what_it_is_when_posted_alone(
    change: dict[str, Any], head: dict[str, Any] | None, results: list[ReportedText]
) -> None:
    report = None if head is None else {**HEAD, **head}
    body = GOOD | change | ({} if report is None else {"assay": report})
    values = [result._asdict() for result in results]
    whole = body if report is None and not results else body | {"assay": {**(report or {}), "results": values}}
    if not results:
        whole = body
    assert _outcome(check_lot_of_table, body, results) == _outcome(check_lot, whole)


@pytest.mark.parametrize(
    "results",
    [
        [ReportedText("caso4_2h2o", "91.2"), ReportedText("ph", "5.5")],
        [ReportedText("moisture", "14.5"), ReportedText("soluble_p2o5", "2400", "mg/kg", "as_received")],
        [ReportedText("sio2", "50"), ReportedText("al2o3", "25"), ReportedText("fe2o3", "8")],
    ],
)
def test_good_results_of_a_table_are_kept_as_those_posted_alone(results: list[ReportedText]) -> None:
    checked = check_lot_of_table(GOOD | {"assay": HEAD}, results)
    alone = check_lot(GOOD | {"assay": HEAD | {"results": [result._asdict() for result in results]}})
    assert checked == alone
    assert checked.assay is not None
    assert set(checked.assay.current) >= {result.parameter for result in results}


def test_a_parameter_reported_twice_is_told() -> None:
    results = [ReportedText("ph", "5.5"), ReportedText("ph", "5.6")]
    with pytest.raises(ValidationError) as told:
        check_lot_of_table(GOOD | {"assay": HEAD}, results)
    assert [fault.pointer for fault in faults_of_error(told.value)] == ["/assay/results/1/parameter"]
