"""Heads of tables: English and Chinese names of columns, parameters with their unit and basis in brackets."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache

from app.catalogue.parameters import Basis, Parameter, ParameterKind
from app.catalogue.reference import reference
from app.imports.cells import read_boolean, read_text
from app.imports.limits import Unreadable
from app.lots.assays import ReportedText

_HEAD = re.compile(r"(.*?)\s*\[([^\[\]]*)\]")
_BASES: Mapping[str, str] = {"干基": Basis.DRY, "收到基": Basis.AS_RECEIVED} | {basis: basis for basis in Basis}


@dataclass(frozen=True)
class Field:
    """A column that a kind of file can have; `path` is its place in the body."""

    name: str
    name_zh: str
    path: tuple[str, ...]
    note: str
    example: str = ""
    read: Callable[[str], object] = read_text


@dataclass(frozen=True)
class Column:
    """A column of one file: its head as written, and what its cells are: a field at `path`, or results of the assay."""

    head: str
    read: Callable[[str], object]
    path: tuple[str, ...] = ()
    parameter: str | None = None


def read_head(cells: Sequence[str], fields: Sequence[Field], *, with_parameters: bool) -> list[Column | None]:
    """Return the columns of a table, None for one without a head; raises Unreadable for all wrong heads at once."""
    named = {name: field for field in fields for name in _names(field.name, field.name_zh)}
    measured: dict[str, Parameter] = {}
    if with_parameters:
        known = reference().parameters.values()
        measured = {name: parameter for parameter in known for name in _names(parameter.key, parameter.name_zh)}
    columns = [_read_column(head, named, measured) if head else None for head in cells]
    unknown = [head for head, column in zip(cells, columns, strict=True) if head and column is None]
    if unknown:
        choices = [*(field.name for field in fields), *(parameter.key for parameter in measured.values())]
        listed = "; ".join(_describe_unknown(head, choices) for head in unknown[:20])
        raise Unreadable("unknown_column", f"There are columns that nothing is known of: {listed}.")
    _check_twice([column for column in columns if column is not None])
    return columns


def _names(name: str, name_zh: str) -> tuple[str, str, str]:
    return _plain(name), _plain(name_zh), _plain(name + name_zh)


def _plain(text: str) -> str:
    """Return a head without what people vary: width of characters, case, spaces."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).casefold()


def _read_column(head: str, named: Mapping[str, Field], measured: Mapping[str, Parameter]) -> Column | None:
    if (field := named.get(_plain(head))) is not None:
        return Column(head, field.read, field.path)
    text = unicodedata.normalize("NFKC", head).replace("【", "[").replace("】", "]").strip()
    found = _HEAD.fullmatch(text)
    name, bracket = (text, "") if found is None else found.groups()
    parameter = measured.get(_plain(name))
    if parameter is None:
        return None
    words = bracket.split()
    basis = _BASES.get(words[-1].lower()) if words else None
    unit = " ".join(words if basis is None else words[:-1])
    read = read_boolean if parameter.kind is ParameterKind.BOOLEAN else read_text
    return Column(head, _reader_of_results(parameter.key, read, unit or None, basis), (), parameter.key)


def _reader_of_results(
    parameter: str, read: Callable[[str], object], unit: str | None, basis: str | None
) -> Callable[[str], ReportedText]:
    @lru_cache(maxsize=10_000)  # the same few digits come again and again
    def read_result(cell: str) -> ReportedText:
        return ReportedText(parameter, read(cell), unit, basis)

    return read_result


def _describe_unknown(head: str, choices: Sequence[str]) -> str:
    near = get_close_matches(_plain(head.split("[", maxsplit=1)[0])[:80], choices, n=3)
    return f"{head[:80]!r}" + (f" (did you mean {' or '.join(dict.fromkeys(near))}?)" if near else "")


def _check_twice(columns: Sequence[Column]) -> None:
    seen: dict[object, str] = {}
    for column in columns:
        twin = seen.setdefault(column.parameter or column.path, column.head)
        if twin is not column.head:
            detail = f"The columns {twin[:80]!r} and {column.head[:80]!r} say the same; leave one."
            raise Unreadable("duplicate_column", detail)
