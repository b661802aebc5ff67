"""What of a changed schema breaks programs: of what they send, anything narrower; of what they read, anything wider."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Json = Mapping[str, Any]
_REFERENCE = "#/components/schemas/"
#: Keywords whose value may only go down, or up, where a program sends values.
_LEASTS = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_MOSTS = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_NOTHING = float("inf")


@dataclass(frozen=True)
class Documents:
    """The document before and after; pairs of schemas that were compared already are not compared again."""

    old: Json
    new: Json
    seen: set[tuple[str, str]] = field(default_factory=set)

    def resolve(self, old: Json, new: Json) -> tuple[Json, Json] | None:
        """Return what two schemas refer to, or None where this pair was met on the way here."""
        names = (old.get("$ref", ""), new.get("$ref", ""))
        if all(names):
            if names in self.seen:
                return None
            self.seen.add(names)
        return _followed(self.old, old), _followed(self.new, new)


def _followed(document: Json, schema: Json) -> Json:
    name = schema.get("$ref")
    return schema if name is None else document["components"]["schemas"][name.removeprefix(_REFERENCE)]


def asked_changes(documents: Documents, old: Json, new: Json) -> Iterator[str]:
    """Yield what a program may no longer send."""
    return _asked(Documents(documents.old, documents.new), old, new, "")


def answered_changes(documents: Documents, old: Json, new: Json) -> Iterator[str]:
    """Yield what a program can no longer rely on in what it reads."""
    return _answered(Documents(documents.old, documents.new), old, new, "")


def _asked(documents: Documents, old: Json, new: Json, where: str) -> Iterator[str]:
    resolved = documents.resolve(old, new)
    if resolved is None:
        return
    old, new = resolved
    old_types, new_types = _types(documents.old, old), _types(documents.new, new)
    if lost := old_types - new_types - ({"integer"} if "number" in new_types else set()):
        yield f"{where} takes no {', '.join(sorted(lost))} any more"
    yield from _narrower(old, new, where)
    if new.get("additionalProperties") is False and old.get("additionalProperties") is not False and old:
        yield f"{where} takes no further fields any more"
    for name in sorted(set(new.get("required", [])) - set(old.get("required", []))):
        yield f"{where}/{name} is required now"
    for name, before in old.get("properties", {}).items():
        if name not in new.get("properties", {}):
            yield f"{where}/{name} is gone"
        else:
            yield from _asked(documents, before, new["properties"][name], f"{where}/{name}")
    if "items" in old and "items" in new:
        yield from _asked(documents, old["items"], new["items"], f"{where}/-")
    for before, after in _pairs(old, new):
        yield from _asked(documents, before, after, where)


def _narrower(old: Json, new: Json, where: str) -> Iterator[str]:
    for keyword in _LEASTS:
        if new.get(keyword, -_NOTHING) > old.get(keyword, -_NOTHING):
            yield f"{where} has a {keyword} of {new[keyword]} now"
    for keyword in _MOSTS:
        if new.get(keyword, _NOTHING) < old.get(keyword, _NOTHING):
            yield f"{where} has a {keyword} of {new[keyword]} now"
    for keyword in ("pattern", "multipleOf", "format"):
        if keyword in new and new[keyword] != old.get(keyword):
            yield f"{where} has another {keyword} now: {new[keyword]}"
    if new.get("uniqueItems") and not old.get("uniqueItems"):
        yield f"{where} takes nothing twice any more"
    if "default" in old and new.get("default") != old["default"]:
        yield f"{where} has another default now: {new.get('default')}"
    values = _values(new)
    if values is not None and (lost := [value for value in _values(old) or ["any other"] if value not in values]):
        yield f"{where} takes {', '.join(map(str, lost))} no more"


def _answered(documents: Documents, old: Json, new: Json, where: str) -> Iterator[str]:
    resolved = documents.resolve(old, new)
    if resolved is None:
        return
    old, new = resolved
    old_types, new_types = _types(documents.old, old), _types(documents.new, new)
    more = new_types - old_types - ({"integer"} if "number" in old_types else set())
    if old_types and (more or not new_types):
        yield f"{where} may be {', '.join(sorted(more)) or 'anything'} now"
    before, after = _values(old), _values(new)
    if before is not None and (after is None or any(value not in before for value in after)):
        # Programs that were generated have a type of the values: another one is none of it.
        yield f"{where} has further values now"
    if old.get("format") != new.get("format"):
        yield f"{where} has another format now: {new.get('format')}"
    for name, schema in old.get("properties", {}).items():
        if name not in new.get("properties", {}):
            yield f"{where}/{name} is gone"
            continue
        if name in old.get("required", []) and name not in new.get("required", []):
            yield f"{where}/{name} may be missing now"
        yield from _answered(documents, schema, new["properties"][name], f"{where}/{name}")
    if "items" in old and "items" in new:
        yield from _answered(documents, old["items"], new["items"], f"{where}/-")
    for schema, later in _pairs(old, new):
        yield from _answered(documents, schema, later, where)


def _members(schema: Json) -> list[Json]:
    return [*schema.get("oneOf", []), *schema.get("anyOf", []), *schema.get("allOf", [])]


def _types(document: Json, schema: Json) -> set[str]:
    """Return the types of a schema; empty: any."""
    schema = _followed(document, schema)
    if members := _members(schema):
        return set().union(*(_types(document, member) for member in members))
    kinds = schema.get("type", [])
    return {kinds} if isinstance(kinds, str) else set(kinds)


def _values(schema: Json) -> list[Any] | None:
    """Return the values that a schema lists, or None where it lists none."""
    if "const" in schema:
        return [schema["const"]]
    values: list[Any] | None = schema.get("enum")
    return values


def _pairs(old: Json, new: Json) -> Iterator[tuple[Json, Json]]:
    """Yield the members of two unions that stand for one another; a schema by itself is a union of one."""
    before = [member for member in _members(old) if member.get("type") != "null"]
    after = [member for member in _members(new) if member.get("type") != "null"]
    if not before and not after:
        return
    yield from zip(before or [old], after or [new], strict=False)
