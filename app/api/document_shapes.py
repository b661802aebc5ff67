"""Schemas of the document as people and generators of clients read them best: types named once, no `anyOf` for null."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

Json = dict[str, Any]
_REFERENCE = "#/components/schemas/"
#: What FastAPI calls the two faces of one model, and what bodies and answers are called here.
_FACES = {"-Input": "Post", "-Output": "Read"}
_UNION = "anyOf"
#: Decimals as text, which keeps digits that a JSON number may lose.
_DECIMAL_TEXT = r"^-?[0-9]+(\.[0-9]+)?$"


def simplify(document: Json) -> None:
    """Give the schemas of a document, wherever they stand, their short form and their plain names."""
    schemas = document["components"]["schemas"]
    for place in (schemas, document["paths"]):
        for schema in _schemas(place):
            _shorten(schema)
    names = {name: _plain_name(name) for name in schemas}
    if len(set(names.values())) < len(names):
        raise ValueError(f"Two schemas have one name: {sorted(names.values())}")
    document["components"]["schemas"] = {names[name]: schema for name, schema in sorted(schemas.items())}
    _rename(document, {_REFERENCE + name: _REFERENCE + plain for name, plain in names.items()})
    for schema in _asked(document):
        if {"number", "string"} <= set(schema.get("type", [])) and "boolean" not in schema["type"]:
            schema["pattern"] = _DECIMAL_TEXT


def _plain_name(name: str) -> str:
    for ending, face in _FACES.items():
        name = name.removesuffix(ending) + face if name.endswith(ending) else name
    return re.sub(r"_(\w)?", lambda found: (found[1] or "").upper(), name)


def _rename(node: Any, names: Mapping[str, str]) -> None:  # noqa: ANN401 - JSON
    if isinstance(node, list):
        for item in node:
            _rename(item, names)
    elif isinstance(node, dict):
        if "$ref" in node:
            node["$ref"] = names.get(node["$ref"], node["$ref"])
        for item in node.values():
            _rename(item, names)


def _schemas(node: Any) -> Iterator[Json]:  # noqa: ANN401 - JSON
    """Yield every schema below a node, inner ones first; examples are values and no schemas."""
    if isinstance(node, list):
        for item in node:
            yield from _schemas(item)
    elif isinstance(node, dict):
        for name, item in node.items():
            if name not in {"example", "examples", "enum", "const", "default"}:
                yield from _schemas(item)
        yield node


def _asked(document: Json) -> Iterator[Json]:
    """Yield the schemas of what is sent: of bodies, of parameters, and those that they name."""
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    waiting: list[Any] = [[operation.get("requestBody"), operation.get("parameters")] for operation in operations]
    seen: set[str] = set()
    while waiting:
        for schema in _schemas(waiting.pop()):
            yield schema
            name = schema.get("$ref", "").removeprefix(_REFERENCE)
            if name and name not in seen:
                seen.add(name)
                waiting.append(document["components"]["schemas"][name])


def _shorten(schema: Json) -> None:
    if isinstance(schema.get("title"), str):
        del schema["title"]  # the name in other words
    if "prefixItems" in schema:  # generators know no tuples: all of ours are pairs of one kind
        schema["items"] = schema.pop("prefixItems")[0]
    if _UNION not in schema:
        return
    members = schema[_UNION]  # of which each has its short form already
    named = [member for member in members if "type" not in member]
    if not named:
        del schema[_UNION]
        schema |= _one_of_types(members) | schema
        if "exclusiveMinimum" in schema:
            schema.pop("minimum", None)  # of a type that is bounded further: the stricter one says it
    elif len(members) == len(named) + 1:
        del schema[_UNION]
        schema["oneOf"] = [*named, {"type": "null"}]


def _one_of_types(members: list[Json]) -> Json:
    """Return one schema for values of several types: a keyword bears on its own type alone, so they stand together."""
    types: list[str] = []
    merged: Json = {}
    for member in members:
        kinds = member["type"] if isinstance(member["type"], list) else [member["type"]]
        types += [kind for kind in kinds if kind not in types]
        merged |= {name: value for name, value in member.items() if name != "type"}
    if "enum" in merged and "null" in types:
        merged["enum"] = [*merged["enum"], None]
    return {"type": types} | merged
