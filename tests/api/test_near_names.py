"""A misspelt catalogue key is refused on every route that takes one, with the field and the name that was meant."""

import pytest

from tests.api.market import OPERATIONS, Market

MEANT = {
    "material": ("phosphogipsum", "phosphogypsum"),
    "parameter": ("p2o5_soluble", "soluble_p2o5"),
    "grade": ("gbt23456_2018", "gbt23456_2018_i"),
    "use": ("cement_retarding", "cement_retarder"),
    "district": ("50-lianjiang", "50-liangjiang"),
}
#: Operation, kind of key, pointer of the fault; `{}` stands for the key where the filter is more than the key.
IN_QUERIES = [
    ("get_grades", "material", "material", "{}"),
    ("get_grades", "use", "use", "{}"),
    *(
        (name, kind, pointer, text)
        for name in ("get_lots", "get_facets")
        for kind, pointer, text in [
            ("material", "material", "{}"),
            ("parameter", "spec", "{}<=0.2"),
            ("grade", "grade", "{}"),
            ("use", "use", "{}"),
            ("district", "district", "{}"),
        ]
    ),
    ("get_queryables", "material", "material", "{}"),
    ("get_lots_template", "material", "material", "{}"),
    ("get_lot_verdict", "parameter", "spec", "{}<=0.2"),
    ("get_lot_verdict", "grade", "grade", "{}"),
    ("get_lot_verdict", "use", "use", "{}"),
    ("get_declarations", "material", "material", "{}"),
    ("get_utilisation_statistics", "material", "material", "{}"),
    ("get_utilisation_statistics", "district", "district", "{}"),
]
_RESULT = {"sampled_on": "2026-01-01", "results": [{"parameter": MEANT["parameter"][0], "value": 1}]}
IN_BODIES = [
    ("post_site", "district", "/district_code", MEANT["district"][0]),
    ("patch_site", "district", "/district_code", MEANT["district"][0]),
    ("post_lot", "material", "/material", MEANT["material"][0]),
    ("post_lot", "parameter", "/assay/results/0/parameter", _RESULT),
    ("post_assay", "parameter", "/results/0/parameter", _RESULT["results"]),
    ("post_demand", "use", "/use", MEANT["use"][0]),
    ("post_demand", "material", "/materials/0", [MEANT["material"][0]]),
    ("post_demand", "grade", "/grade", MEANT["grade"][0]),
    ("post_demand", "parameter", "/criteria/0/parameter", [{"parameter": MEANT["parameter"][0], "max": 1}]),
    ("patch_demand", "material", "/materials/0", [MEANT["material"][0]]),
    ("post_utilisation", "material", "/material", MEANT["material"][0]),
    ("post_utilisation", "use", "/use", MEANT["use"][0]),
    ("post_opening_stock", "material", "/material", MEANT["material"][0]),
    ("post_declaration", "material", "/material", MEANT["material"][0]),
    ("post_target", "material", "/materials/0", [MEANT["material"][0]]),
    ("post_target", "district", "/district", MEANT["district"][0]),
]


@pytest.mark.parametrize(("name", "kind", "pointer", "text"), IN_QUERIES)
def test_a_misspelt_key_in_a_query(market: Market, name: str, kind: str, pointer: str, text: str) -> None:
    written, meant = MEANT[kind]
    answer = market.send(name, query={**market.example(name).query, pointer: text.format(written)})
    assert answer.status_code == 422, answer.text
    (fault,) = answer.json()["errors"]
    assert (fault["pointer"], fault["code"]) == (pointer, f"unknown_{kind}")
    assert f"did you mean {meant}" in fault["detail"]


@pytest.mark.parametrize(("name", "kind", "pointer", "value"), IN_BODIES)
def test_a_misspelt_key_in_a_body(market: Market, name: str, kind: str, pointer: str, value: object) -> None:
    meant = MEANT[kind][1]
    answer = market.send(name, body={**(market.example(name).body or {}), pointer.split("/")[1]: value})
    assert answer.status_code == 422, answer.text
    (fault,) = [fault for fault in answer.json()["errors"] if fault["pointer"] == pointer]
    assert fault["code"] == f"unknown_{kind}"
    assert f"did you mean {meant}" in fault["detail"]


def test_a_misspelt_material_of_a_stream(market: Market) -> None:
    answer = market.caller.request("PUT", f"/sites/{market.site}/streams/phosphogipsum", json={"waste_class": "II"})
    assert answer.status_code == 422, answer.text
    assert "did you mean phosphogypsum" in answer.json()["errors"][0]["detail"]


def test_a_misspelt_use_of_a_capacity(market: Market) -> None:
    path = f"/sites/{market.site}/capacities/cement_retader"
    answer = market.caller.request("PUT", path, json={"capacity_t_per_year": 1})
    assert answer.status_code == 422, answer.text
    assert "did you mean cement_retarder" in answer.json()["errors"][0]["detail"]


@pytest.mark.parametrize("kind", ["material", "parameter", "grade"])
def test_a_misspelt_entry_of_reference_data(market: Market, kind: str) -> None:
    written, meant = MEANT[kind]
    answer = market.caller.request("GET", f"/{kind}s/{written}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert f"did you mean {meant}" in answer.json()["detail"]


def test_no_query_with_a_catalogue_key_is_left_out() -> None:
    kinds = {"material", "spec", "grade", "use", "district"}
    taking = {
        (name, parameter["name"])
        for name, (_, _, operation) in OPERATIONS.items()
        for parameter in operation.get("parameters", [])
        if parameter["in"] == "query" and parameter["name"] in kinds
    }
    assert taking == {(name, pointer) for name, _, pointer, _ in IN_QUERIES}
