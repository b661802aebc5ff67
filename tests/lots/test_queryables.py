"""The queryables: a JSON Schema of every parameter by material, which the assays of the market satisfy."""

from collections.abc import Iterator
from typing import Any

import pytest

from app.catalogue.reference import reference
from app.core.clock import today
from tests.factories import Body, World

PATH = "/lots/queryables"
#: What the meta-schema of 2020-12 allows of the words used here, by the type of the value.
_WORDS: dict[str, type | tuple[type, ...]] = {
    "title": str,
    "description": str,
    "type": str,
    "minimum": (int, float),
    "maximum": (int, float),
    "minLength": int,
    "maxLength": int,
    "enum": list,
    "properties": dict,
    "additionalProperties": bool,
}
_TYPES = {"object", "number", "string", "boolean"}


def _schemas(schema: Body) -> Iterator[Body]:
    yield schema
    for inner in schema.get("properties", {}).values():
        yield from _schemas(inner)


def _satisfies(value: Any, schema: Body) -> bool:  # noqa: ANN401 - JSON
    """Whether JSON satisfies a schema of the words above."""
    kinds: dict[str, type | tuple[type, ...]] = {"object": dict, "number": (int, float), "string": str, "boolean": bool}
    if not isinstance(value, kinds[schema["type"]]) or (schema["type"] == "number" and isinstance(value, bool)):
        return False
    if isinstance(value, dict):
        inner = schema["properties"]
        return all(name in inner and _satisfies(item, inner[name]) for name, item in value.items())
    if isinstance(value, str):
        is_long_enough = schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", 100)
        return is_long_enough and value in schema.get("enum", [value])
    return bool(schema.get("minimum", value) <= value <= schema.get("maximum", value))


def test_it_is_a_json_schema(world: World) -> None:
    response = world.recycler().request("GET", PATH)
    assert response.headers["content-type"] == "application/schema+json"
    document = response.json()
    assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert document["$id"] == "/v1/lots/queryables"
    for schema in _schemas({name: value for name, value in document.items() if not name.startswith("$")}):
        words = {name: value for name, value in schema.items() if not name.startswith("x-")}
        assert words["type"] in _TYPES
        assert words.keys() <= _WORDS.keys()
        assert all(isinstance(value, _WORDS[name]) for name, value in words.items())
        assert len(set(schema.get("enum", ["one"]))) == len(schema.get("enum", ["one"])) > 0


def test_every_material_has_every_parameter_that_the_catalogue_gives_it(world: World) -> None:
    materials = world.recycler().get(PATH)["properties"]
    assert list(materials) == list(reference().materials)
    for key, material in materials.items():
        assert material["x-title-zh"] == reference().materials[key].name_zh
        given = {parameter.key: parameter for parameter in reference().parameters_for(key)}
        assert set(material["properties"]) == set(given)
        for name, found in material["properties"].items():
            parameter = given[name]
            assert (found["title"], found["x-title-zh"]) == (parameter.name_en, parameter.name_zh)
            assert (found["x-unit"], found["x-basis"]) == (parameter.unit, parameter.basis.value)
            assert found["x-range-seen"] is None
            bounds = parameter.possible_min, parameter.possible_max
            assert (found.get("minimum"), found.get("maximum")) == tuple(
                None if bound is None else float(bound) for bound in bounds
            )


def test_kinds_of_values(world: World) -> None:
    parameters = world.recycler().get(PATH, material="medical_infusion_bottles")["properties"][
        "medical_infusion_bottles"
    ]["properties"]
    assert parameters["ph"]["type"] == "number"
    assert parameters["uncontaminated"]["type"] == "boolean"
    assert parameters["waste_class"]["enum"] == ["I", "II"]
    assert (parameters["polymer"]["type"], parameters["polymer"]["maxLength"]) == ("string", 80)


@pytest.mark.parametrize("asked", [["fly_ash"], ["steel_slag", "fly_ash"]])
def test_only_the_materials_asked_for(world: World, asked: list[str]) -> None:
    assert set(world.recycler().get(PATH, material=asked)["properties"]) == set(asked)


def test_the_range_seen_and_what_is_measured_beside_the_catalogue(world: World) -> None:
    producer = world.producer()
    for ph in (2.5, 4, 3.25):
        results = [{"parameter": "ph", "value": ph}, {"parameter": "calorific_value", "value": 100}]
        lot = world.lot(producer, assay={"sampled_on": str(today()), "results": results})
    document = world.recycler().get(PATH)
    parameters = document["properties"]["phosphogypsum"]["properties"]
    assert parameters["ph"]["x-range-seen"] == {"min": 2.5, "max": 4}
    assert parameters["calorific_value"]["x-range-seen"] == {"min": 100, "max": 100}
    assert parameters["moisture"]["x-range-seen"] is None
    assert document["properties"]["fly_ash"]["properties"]["ph"]["x-range-seen"] is None
    values = {result["parameter"]: result["value"] for result in lot["assay"]["results"]}
    assert _satisfies({lot["material"]: values}, document)
    assert not _satisfies({lot["material"]: values | {"moisture": 100}}, document)
    assert not _satisfies({"fly_ash": values}, document)


def test_who_may_ask(world: World) -> None:
    assert world.client.get(f"/v1{PATH}").status_code == 401
    producer = world.producer()
    key = producer.post("/keys", {"name": "gate", "scopes": ["shipments:write"]})["key"]
    for path in (PATH, "/lots/facets"):
        answer = world.client.get(f"/v1{path}", headers={"Authorization": f"Bearer {key}"})
        assert (answer.status_code, answer.json()["code"]) == (403, "scope_required")
