"""What of a new document breaks programs that were written against an older one; pure, by JSON alone."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.contract.schema_changes import Documents, answered_changes, asked_changes

Json = Mapping[str, Any]
_METHODS = ("get", "put", "post", "patch", "delete")


def breaking_changes(old: Json, new: Json) -> list[str]:
    """Return what a client of `old` can no longer do, or no longer rely on, with `new`; empty: nothing breaks."""
    found: list[str] = []
    for path, methods in old["paths"].items():
        for method in _METHODS:
            if method in methods:
                label = f"{method.upper()} {path}"
                after = new["paths"].get(path, {}).get(method)
                changes = (
                    ["is gone"] if after is None else _Operation(Documents(old, new), methods[method], after).changes()
                )
                found += [f"{label}: {change}" for change in changes]
    return found


@dataclass(frozen=True)
class _Operation:
    """One operation before and after."""

    documents: Documents
    old: Json
    new: Json

    def changes(self) -> Iterator[str]:
        """Yield what breaks."""
        yield from self._name_and_rights()
        yield from self._parameters()
        yield from self._body()
        yield from self._answers()

    def _name_and_rights(self) -> Iterator[str]:
        if self.old["operationId"] != self.new["operationId"]:
            yield f"is called {self.new['operationId']} in generated clients, no longer {self.old['operationId']}"
        if not self.old.get("security") and self.new.get("security"):
            yield "asks for a key now"
        if self.new.get("x-scope") not in {None, self.old.get("x-scope")}:
            yield f"asks for the scope {self.new['x-scope']} now"
        lost = set(self.old.get("x-roles", [])) - set(self.new.get("x-roles", []))
        if lost and self.new.get("x-roles") not in (None, ["any"]):
            yield f"is closed to {', '.join(sorted(lost))} now"

    def _parameters(self) -> Iterator[str]:
        before, after = _by_place(self.old), _by_place(self.new)
        for place, parameter in before.items():
            if place not in after:
                yield f"parameter {place} is gone"
                continue
            yield from _named(
                f"parameter {place}", asked_changes(self.documents, parameter["schema"], after[place]["schema"])
            )
        for place, parameter in after.items():
            was_required = place in before and before[place].get("required", False)
            if parameter.get("required", False) and not was_required:
                yield f"parameter {place} is required now"

    def _body(self) -> Iterator[str]:
        before, after = self.old.get("requestBody"), self.new.get("requestBody")
        if before is None:
            if after is not None and after.get("required", False):
                yield "asks for a body now"
            return
        if after is None:
            yield "takes no body any more"
            return
        if after.get("required", False) and not before.get("required", False):
            yield "body is required now"
        yield from _contents("body", before["content"], after["content"], self._asked)

    def _answers(self) -> Iterator[str]:
        for status, answer in self.old["responses"].items():
            if status >= "400":
                continue  # programs decide by the code of a problem, and further problems come by themselves
            after = self.new["responses"].get(status)
            if after is None:
                yield f"no longer answers {status}"
                continue
            for header in answer.get("headers", {}):
                if header not in after.get("headers", {}):
                    yield f"answer {status} has no header {header} any more"
            yield from _contents(
                f"answer {status}", answer.get("content", {}), after.get("content", {}), self._answered
            )

    def _asked(self, before: Json, after: Json) -> Iterator[str]:
        return asked_changes(self.documents, before, after)

    def _answered(self, before: Json, after: Json) -> Iterator[str]:
        return answered_changes(self.documents, before, after)


def _by_place(operation: Json) -> dict[str, Json]:
    return {f"{item['in']}.{item['name']}": item for item in operation.get("parameters", [])}


def _contents(what: str, before: Json, after: Json, compare: Callable[[Json, Json], Iterator[str]]) -> Iterator[str]:
    for media_type, content in before.items():
        if media_type not in after:
            yield f"{what} is no longer {media_type}"
        else:
            yield from _named(what, compare(content.get("schema", {}), after[media_type].get("schema", {})))


def _named(what: str, changes: Iterator[str]) -> Iterator[str]:
    yield from (f"{what}{change}" for change in changes)
