"""What lots can be asked for, as one JSON Schema: parameters by material, with unit, basis, bounds and range seen."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from app.catalogue.reference import reference
from app.catalogue.schemas import Parameter, ParameterKind
from app.lots.assays import MAX_TEXT
from app.lots.ranges import Ranges, read_ranges

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]


def describe_queryables(session: Session, materials: Sequence[str], identifier: str) -> Schema:
    """Return the schema of current assays, material → parameter → value; no `materials` means all of them.

    It speaks as the queryables of OGC API - Features, Part 3, do; what JSON Schema has no word for is `x-unit`,
    `x-basis`, `x-title-zh` and `x-range-seen`: the lowest and highest value of all assays so far, null for none.
    """
    chosen = {key: entry for key, entry in reference().materials.items() if not materials or key in materials}
    seen = read_ranges(session, list(chosen))
    return {
        "$schema": DIALECT,
        "$id": identifier,
        "title": "What lots can be asked for, by material",
        "type": "object",
        "properties": {
            key: {
                "title": entry.name_en,
                "x-title-zh": entry.name_zh,
                "type": "object",
                "properties": _describe_parameters(key, seen[key]),
                "additionalProperties": False,
            }
            for key, entry in chosen.items()
        },
        "additionalProperties": False,
    }


def _describe_parameters(material: str, seen: Ranges) -> Mapping[str, Schema]:
    """Return those that the catalogue gives for the material, and others that were measured on it."""
    given = {parameter.key for parameter in reference().parameters_for(material)}
    return {
        key: _describe_parameter(parameter, seen)
        for key, parameter in reference().parameters.items()
        if key in given or key in seen
    }


def _describe_parameter(parameter: Parameter, seen: Ranges) -> Schema:
    extent = seen.get(parameter.key)
    return {
        "title": parameter.name_en,
        "x-title-zh": parameter.name_zh,
        "description": parameter.meaning,
        **_describe_value(parameter),
        "x-unit": parameter.unit,
        "x-basis": parameter.basis.value,
        "x-range-seen": None if extent is None else {"min": extent[0], "max": extent[1]},
    }


def _describe_value(parameter: Parameter) -> Schema:
    if parameter.kind is ParameterKind.NUMERIC:
        bounds = {"minimum": parameter.possible_min, "maximum": parameter.possible_max}
        return {"type": "number"} | {name: float(bound) for name, bound in bounds.items() if bound is not None}
    if parameter.kind is ParameterKind.BOOLEAN:
        return {"type": "boolean"}
    if parameter.values:
        return {"type": "string", "enum": list(parameter.values)}
    return {"type": "string", "minLength": 1, "maxLength": MAX_TEXT}
