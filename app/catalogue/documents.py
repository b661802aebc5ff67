"""Reads one data file to plain values that know their lines, so that a fault can name file and line."""

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import NamedTuple

import yaml

_TAG_NAMES = {"int": "number", "float": "number", "bool": "true or false", "timestamp": "date"}
# A float would lose the difference between 12.0 and 12, which decides how a limit is rounded.
_SCALARS: Mapping[str, Callable[[str], object]] = {
    "str": str,
    "int": int,
    "float": Decimal,
    "bool": {"true": True, "false": False}.__getitem__,
    "null": lambda _: None,
    "timestamp": date.fromisoformat,
}
LIST_COLUMNS = frozenset({"within", "sources"})

Step = str | int
Where = Sequence[Step]


class Fault(NamedTuple):
    """One thing to correct in a data file."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        """Write the place first, as compilers do."""
        return f"{self.file}, line {self.line}: {self.text}"


class CatalogueError(Exception):
    """The data files cannot be loaded; the message names every fault with file and line."""

    def __init__(self, folder: Path, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(faults))
        places = "\n".join(f"  {fault}" for fault in self.faults)
        super().__init__(f"The catalogue in {folder} cannot be loaded. Correct and start again:\n{places}")


@dataclass(frozen=True)
class Document:
    """The values of one data file, and the line of each."""

    name: str
    values: Mapping[str, object]
    locate: Callable[[Where], int]

    def fault(self, where: Where, text: str) -> Fault:
        """Return a fault at the line of `where`, a path of keys and indices."""
        return Fault(self.name, self.locate(where), f"{'.'.join(map(str, where))}: {text}" if where else text)


class _Reader:
    """Turns YAML nodes into values, numbers with the decimals written, and collects faults on the way."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.faults: list[Fault] = []

    def fail(self, node: yaml.Node, text: str) -> None:
        self.faults.append(Fault(self.name, node.start_mark.line + 1, text))

    def read(self, node: yaml.Node) -> object:
        if isinstance(node, yaml.MappingNode):
            return self.read_mapping(node)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item) for item in node.value]
        return self.read_scalar(node)

    def read_mapping(self, node: yaml.MappingNode) -> dict[str, object]:
        values: dict[str, object] = {}
        for key, value in node.value:
            name = str(key.value)
            if name in values:
                self.fail(key, f"{name} is given twice: remove one")
            values[name] = self.read(value)
        return values

    def read_scalar(self, node: yaml.Node) -> object:
        text, tag = str(node.value), node.tag.rpartition(":")[2]
        try:
            return _SCALARS[tag](text)
        except (KeyError, ValueError, InvalidOperation):
            self.fail(node, f"{text!r} is not a plain {_TAG_NAMES.get(tag, tag)}: put quotes around a text")
            return None


def read_yaml(path: Path) -> Document:
    """Read a YAML file; raise CatalogueError when it is missing or not well formed."""
    try:
        root = yaml.compose(_read_text(path), Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        text = f"{error.problem or error.context}: correct the YAML"
        raise CatalogueError(path.parent, [Fault(path.name, line, text)]) from error
    except yaml.YAMLError as error:
        raise CatalogueError(path.parent, [Fault(path.name, 1, f"{error}: correct the YAML")]) from error
    if not isinstance(root, yaml.MappingNode):
        raise CatalogueError(path.parent, [Fault(path.name, 1, "the file holds no sections: restore it")])
    reader = _Reader(path.name)
    values = reader.read_mapping(root)
    if reader.faults:
        raise CatalogueError(path.parent, reader.faults)
    return Document(path.name, values, lambda where: _line_of(root, where))


def read_csv(path: Path, section: str) -> Document:
    """Read a CSV file as one section of rows; empty cells are left out, list cells split at semicolons."""
    reader = csv.DictReader(_read_text(path).splitlines(keepends=True), strict=True)
    rows: list[dict[str, object]] = []
    lines: list[int] = []
    faults: list[Fault] = []
    try:
        for cells in reader:
            # DictReader files surplus cells under None and fills missing ones with None.
            if None in cells or None in cells.values():
                faults.append(Fault(path.name, reader.line_num, "the row needs as many cells as the header"))
                continue
            rows.append({k: v.split(";") if k in LIST_COLUMNS else v for k, v in cells.items() if v})
            lines.append(reader.line_num)
    except csv.Error as error:
        faults.append(Fault(path.name, reader.line_num, f"{error}: correct the quotes"))
    if faults:
        raise CatalogueError(path.parent, faults)

    def line_of(where: Where) -> int:
        index = where[1] if len(where) > 1 else None
        return lines[index] if isinstance(index, int) else 1

    return Document(path.name, {section: rows}, line_of)


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise CatalogueError(path.parent, [Fault(path.name, 1, "the file is missing: restore it")]) from error
    except UnicodeDecodeError as error:
        raise CatalogueError(path.parent, [Fault(path.name, 1, "the file is not UTF-8: save it as UTF-8")]) from error


def _line_of(node: yaml.Node, where: Where) -> int:
    """Follow a path as far as it exists; a missing field is reported at the entry that lacks it."""
    for step in where:
        below: yaml.Node | None = None
        if isinstance(node, yaml.MappingNode):
            below = next((value for key, value in node.value if key.value == step), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            below = node.value[step]
        if below is None:
            break
        node = below
    return int(node.start_mark.line) + 1
