"""What the document says of every field and parameter: its meaning, a sample value, how numbers are kept."""

from collections.abc import Iterator, Mapping
from typing import Any

from app.api.document_examples import example_of
from app.api.document_words import FIELDS, PARAMETERS

Json = dict[str, Any]
#: From the registry of formats: whole numbers of up to 64 bits, and decimals that no binary fraction may stand for.
_FORMATS = {"integer": "int64", "number": "decimal"}

_WORD = {"pattern": r"^[a-z][a-z0-9_]*$"}
_MONTH = {"pattern": r"^[0-9]{4}-(0[1-9]|1[0-2])$"}
_SOME = {"minLength": 1}
#: What texts of these names look like, where they say nothing of it themselves.
_TEXTS: Mapping[str, Json] = {
    **dict.fromkeys(("kind", "material", "parameter", "source_type", "target", "treatment", "use"), _WORD),
    **dict.fromkeys(("month", "posted_in"), _MONTH),
    **dict.fromkeys(
        ("code", "detail", "name", "name_en", "name_zh", "source", "title", "title_en", "title_zh", "unit"), _SOME
    ),
}


def describe(document: Json) -> None:
    """Complete the fields of all schemas and the parameters of all operations; what they say themselves stays."""
    for owner, schema in document["components"]["schemas"].items():
        for name, field in _fields(schema):
            _describe_field(owner, name, field)
    for methods in document["paths"].values():
        for operation in methods.values():
            for parameter in operation.get("parameters", []):
                words = PARAMETERS.get(parameter["name"]) or FIELDS.get(parameter["name"])
                if words is not None:
                    parameter.setdefault("description", words)


def _fields(schema: Any) -> Iterator[tuple[str, Json]]:  # noqa: ANN401 - JSON
    """Yield the fields of a schema, and of those that lie in it."""
    if isinstance(schema, list):
        for item in schema:
            yield from _fields(item)
    elif isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict):
            yield from schema["properties"].items()
        for item in schema.values():
            yield from _fields(item)


def _describe_field(owner: str, name: str, field: Json) -> None:
    if set(field) == {"$ref"}:
        return  # its schema says it
    words = FIELDS.get(f"{owner}.{name}") or FIELDS.get(name)
    if words is not None:
        field.setdefault("description", words)
    kinds = field.get("type", [])
    for kind in [kinds] if isinstance(kinds, str) else kinds:
        if kind in _FORMATS and "enum" not in field:
            field.setdefault("format", _FORMATS[kind])
        if kind == "string" and not field.keys() & {"enum", "format", "pattern", "maxLength"}:
            field |= _TEXTS.get(name, {})
    if "examples" not in field and (values := example_of(name, field)):
        field["examples"] = values
