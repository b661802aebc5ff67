"""The headers of answers that programs may count on, named in the document."""

from typing import Any

Json = dict[str, Any]
_TEXT = {"type": "string"}
_HEADERS: dict[str, tuple[str, Json]] = {
    "X-Request-Id": ("Id of the request, as logs know it: the client's own when it sent one.", _TEXT),
    "Location": ("Where the new object is read.", {"type": "string", "format": "uri-reference"}),
    "ETag": ("Version of the object, for `If-Match`.", _TEXT),
    "Retry-After": ("Seconds after which to try again.", {"type": "integer", "minimum": 0}),
}
_ALWAYS = {"X-Request-Id", "Location", "ETag"}


def name_headers(document: Json) -> None:
    """Name the headers of every answer: `Location` of what is new, `ETag` of what changes, when to try again."""
    components = document["components"]
    components["headers"] = {
        name: {"description": words, "schema": schema, "required": name in _ALWAYS}
        for name, (words, schema) in _HEADERS.items()
    }
    for name, answer in components["responses"].items():
        _name(answer, "X-Request-Id", *_of_haste(name.removeprefix("Problem")))
    for methods in document["paths"].values():
        for operation in methods.values():
            for status, answer in operation["responses"].items():
                if "$ref" not in answer:
                    _name(
                        answer, "X-Request-Id", *_of_haste(status), *_of_objects(status, answer, components["schemas"])
                    )


def _of_haste(status: str) -> list[str]:
    return ["Retry-After"] * (status in {"429", "503"})


def _of_objects(status: str, answer: Json, schemas: Json) -> list[str]:
    schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
    name = schema.get("$ref", "").rpartition("/")[2]
    is_versioned = "version" in schemas.get(name, {}).get("properties", {})
    return ["Location"] * (status == "201") + ["ETag"] * is_versioned


def _name(answer: Json, *names: str) -> None:
    headers = answer.setdefault("headers", {})
    for name in names:
        headers.setdefault(name, {"$ref": f"#/components/headers/{name}"})
