"""The contract changes on purpose only: what breaks programs written against the last release turns this red."""

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from tests.contract.breaking import breaking_changes

OPENAPI = Path(__file__).parents[2] / "openapi"
RELEASED = json.loads((OPENAPI / "released.json").read_text(encoding="utf-8"))
Document = dict[str, Any]
Change = Callable[[Document], object]


def test_nothing_breaks_since_the_last_release(application: FastAPI) -> None:
    found = breaking_changes(RELEASED, application.openapi())
    told = "undo it, or release it on purpose (openapi/CHANGELOG.md says how)"
    assert not found, f"programs of version {RELEASED['info']['version']} would break; {told}:\n" + "\n".join(found)


def test_the_release_is_in_the_changelog() -> None:
    versions = re.findall(r"(?m)^## (\S+)", (OPENAPI / "CHANGELOG.md").read_text(encoding="utf-8"))
    assert versions[0] == "Unreleased"
    assert versions[1] == RELEASED["info"]["version"]


def _schema(document: Document, name: str) -> Document:
    schema: Document = document["components"]["schemas"][name]
    return schema


def _field(document: Document, schema: str, name: str) -> Document:
    field: Document = _schema(document, schema)["properties"][name]
    return field


def _operation(document: Document, method: str, path: str) -> Document:
    operation: Document = document["paths"][path][method]
    return operation


def _parameter(document: Document, path: str, name: str) -> Document:
    parameters = _operation(document, "get", path)["parameters"]
    parameter: Document = next(item for item in parameters if item["name"] == name)
    return parameter


def _answer(document: Document, method: str, path: str, status: str) -> Document:
    answer: Document = _operation(document, method, path)["responses"][status]
    return answer


#: What breaks a program, and what is said of it.
BREAKING: dict[str, tuple[Change, str]] = {
    "path gone": (lambda d: d["paths"].pop("/v1/lots"), "GET /v1/lots: is gone"),
    "method gone": (lambda d: d["paths"]["/v1/lots"].pop("post"), "POST /v1/lots: is gone"),
    "operation renamed": (
        lambda d: _operation(d, "post", "/v1/lots").update(operationId="offer_lot"),
        "is called offer_lot",
    ),
    "key asked for": (
        lambda d: _operation(d, "get", "/v1/materials").update(security=[{"HTTPBearer": []}]),
        "asks for a key now",
    ),
    "role shut out": (
        lambda d: _operation(d, "post", "/v1/lots").update({"x-roles": ["operator"]}),
        "is closed to producer",
    ),
    "another scope": (
        lambda d: _operation(d, "post", "/v1/lots").update({"x-scope": "ledger:write"}),
        "asks for the scope ledger:write",
    ),
    "parameter gone": (
        lambda d: _operation(d, "get", "/v1/lots")["parameters"].remove(_parameter(d, "/v1/lots", "near")),
        "parameter query.near is gone",
    ),
    "parameter required": (
        lambda d: _parameter(d, "/v1/lots", "near").update(required=True),
        "parameter query.near is required now",
    ),
    "new required parameter": (
        lambda d: _operation(d, "get", "/v1/lots")["parameters"].append(
            {"name": "season", "in": "query", "required": True, "schema": {"type": "string"}}
        ),
        "parameter query.season is required now",
    ),
    "parameter bounded": (
        lambda d: _parameter(d, "/v1/lots", "limit")["schema"].update(maximum=50),
        "parameter query.limit has a maximum of 50",
    ),
    "default changed": (
        lambda d: _parameter(d, "/v1/lots", "limit")["schema"].update(default=100),
        "parameter query.limit has another default",
    ),
    "body media type gone": (
        lambda d: _operation(d, "post", "/v1/lots/import")["requestBody"]["content"].pop("text/csv"),
        "body is no longer text/csv",
    ),
    "body required": (
        lambda d: _operation(d, "post", "/v1/demands/{demand_id}/blends")["requestBody"].update(required=True),
        "body is required now",
    ),
    "body gone": (lambda d: _operation(d, "post", "/v1/lots").pop("requestBody"), "takes no body any more"),
    "field gone": (lambda d: _schema(d, "LotPost")["properties"].pop("min_order_t"), "body/min_order_t is gone"),
    "field required": (lambda d: _schema(d, "LotPost")["required"].append("assay"), "body/assay is required now"),
    "field not null": (
        lambda d: _field(d, "LotPost", "stock_year").update(type="integer"),
        "body/stock_year takes no null",
    ),
    "object not null": (
        lambda d: _schema(d, "LotPost")["properties"].update(assay={"$ref": "#/components/schemas/AssayPost"}),
        "body/assay takes no null",
    ),
    "text not a number": (
        lambda d: _field(d, "LotPost", "price_cny_per_t").update(type="number"),
        "body/price_cny_per_t takes no string",
    ),
    "longer text refused": (lambda d: _field(d, "LotPost", "material").update(maxLength=10), "has a maxLength of 10"),
    "longer text asked for": (lambda d: _field(d, "SitePost", "name").update(minLength=5), "has a minLength of 5"),
    "pattern": (lambda d: _field(d, "SitePost", "name").update(pattern="^[A-Z]"), "body/name has another pattern"),
    "fewer items": (
        lambda d: _field(d, "AssayPost", "results").update(maxItems=1),
        "body/assay/results has a maxItems",
    ),
    "items bounded": (
        lambda d: _field(d, "ResultPost", "parameter").update(maxLength=3),
        "body/assay/results/-/parameter has a maxLength",
    ),
    "value refused": (lambda d: _schema(d, "Datum")["enum"].remove("bd09"), "body/datum takes bd09 no more"),
    "values listed": (
        lambda d: _field(d, "LotPost", "material").update(enum=["fly_ash"]),
        "body/material takes any other no more",
    ),
    "success gone": (
        lambda d: (
            _operation(d, "post", "/v1/lots")["responses"].update({"202": {}, "201": {}})
            or d["paths"]["/v1/lots"]["post"]["responses"].pop("201")
        ),
        "no longer answers 201",
    ),
    "answer's media type gone": (
        lambda d: _answer(d, "get", "/v1/statistics/utilisation", "200")["content"].pop("text/csv"),
        "answer 200 is no longer text/csv",
    ),
    "answer's header gone": (
        lambda d: _answer(d, "post", "/v1/lots", "201")["headers"].pop("Location"),
        "answer 201 has no header Location",
    ),
    "answer's field gone": (
        lambda d: _schema(d, "LotRead")["properties"].pop("available_t"),
        "answer 201/available_t is gone",
    ),
    "answer's field may be missing": (
        lambda d: _schema(d, "LotRead")["required"].remove("status"),
        "answer 201/status may be missing",
    ),
    "answer's field may be null": (
        lambda d: _field(d, "LotRead", "available_t").update(type=["number", "null"]),
        "answer 201/available_t may be null",
    ),
    "answer's field of another type": (
        lambda d: _field(d, "LotRead", "version").update(type="string"),
        "answer 201/version may be string",
    ),
    "answer's field of another format": (
        lambda d: _field(d, "LotRead", "created_at").update(format="date"),
        "answer 201/created_at has another format",
    ),
    "answer's further value": (
        lambda d: _schema(d, "LotStatus")["enum"].append("frozen"),
        "answer 201/status has further values",
    ),
    "deep in a page": (
        lambda d: _schema(d, "SiteBrief")["properties"].pop("latitude"),
        "answer 200/items/-/lot/site/latitude is gone",
    ),
}
#: What breaks nothing.
HARMLESS: dict[str, Change] = {
    "new path": lambda d: d["paths"].update({"/v1/new": copy.deepcopy(d["paths"]["/v1/lots"])}),
    "new method": lambda d: d["paths"]["/v1/me"].update(delete=copy.deepcopy(d["paths"]["/v1/me"]["get"])),
    "new optional parameter": lambda d: _operation(d, "get", "/v1/lots")["parameters"].append(
        {"name": "season", "in": "query", "schema": {"type": "string"}}
    ),
    "new optional field": lambda d: _schema(d, "LotPost")["properties"].update(season={"type": "string"}),
    "field no longer required": lambda d: _schema(d, "LotPost")["required"].remove("price_cny_per_t"),
    "field may be null": lambda d: _field(d, "LotPost", "material").update(type=["string", "null"]),
    "longer text": lambda d: _field(d, "LotPost", "material").update(maxLength=200),
    "wider bounds": lambda d: _parameter(d, "/v1/lots", "limit")["schema"].update(maximum=500),
    "pattern gone": lambda d: _field(d, "UtilisationPost", "batch_no").pop("pattern"),
    "further value to send": lambda d: _field(d, "StreamPut", "waste_class")["enum"].append("III"),
    "further media type": lambda d: _operation(d, "post", "/v1/lots")["requestBody"]["content"].update({"text/x": {}}),
    "answer's new field": lambda d: _schema(d, "LotRead")["properties"].update(season={"type": "string"}),
    "answer's field always there": lambda d: _schema(d, "LotRead")["required"].append("version"),
    "answer's narrower bounds": lambda d: _field(d, "LotRead", "available_t").update(minimum=0),
    "answer's value gone": lambda d: _schema(d, "LotStatus")["enum"].remove("withdrawn"),
    "further problem": lambda d: _operation(d, "post", "/v1/lots")["responses"].update({"451": {}}),
    "problem gone": lambda d: _operation(d, "post", "/v1/lots")["responses"].pop("413"),
    "words": lambda d: _field(d, "LotPost", "material").update(description="other", examples=["fly_ash"]),
    "schema renamed": lambda d: d.update(
        json.loads(
            json.dumps(d).replace("schemas/LotBrief", "schemas/LotShort").replace('"LotBrief": ', '"LotShort": ')
        )
    ),
    "order of types": lambda d: _field(d, "LotPost", "stock_year")["type"].reverse(),
    "open to another role": lambda d: _operation(d, "post", "/v1/lots")["x-roles"].append("operator"),
}


@pytest.mark.parametrize("kind", BREAKING)
def test_a_planted_break_is_found(kind: str) -> None:
    change, told = BREAKING[kind]
    changed = copy.deepcopy(RELEASED)
    change(changed)
    found = breaking_changes(RELEASED, changed)
    assert any(told in one for one in found), found


@pytest.mark.parametrize("kind", HARMLESS)
def test_a_harmless_change_passes(kind: str) -> None:
    changed = copy.deepcopy(RELEASED)
    HARMLESS[kind](changed)
    assert changed != RELEASED, "the change changes nothing"
    assert breaking_changes(RELEASED, changed) == []
