"""From the rows of a file to chunks that can be landed, and the faults of those that cannot."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from pydantic_core import from_json

from app.core.bodies import faults_of_error
from app.core.errors import Fault
from app.imports.bodies import CHECKS, Fingerprints, Given
from app.imports.columns import Column, read_head
from app.imports.frames import Begin, Chunk, End, Failure, Refused, Request, Row
from app.imports.kinds import Format, ImportKind
from app.imports.layouts import Layout, layout_of
from app.imports.limits import MAX_FAULTS, MAX_LINE_BYTES, Unreadable
from app.imports.spreadsheets import read_xlsx
from app.imports.texts import read_csv, read_lines

Body = dict[str, Any]
_HEAD_AND_ROW = 2
#: A name that an id is put in place of.
_SITE = ("site",)
_UNKNOWN_SITE = Fault("/site_id", "unknown_site", "not a site of yours; GET /v1/sites lists them")


class BadRow(Exception):
    """A row that is no body."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__()
        self.faults = list(faults)


@dataclass
class Table:
    """Rows with their line, and how to make a body of each."""

    rows: Sequence[tuple[int, Any]]
    columns: Sequence[Column | None] | None
    ids_by_name: Mapping[str, list[UUID]]


@dataclass
class _Pending:
    """The chunk that is being filled."""

    rows: list[Row] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


def check_file(request: Request, content: bytes) -> Iterator[Begin | Chunk | Failure | End]:
    """Yield all that a file has to say, in its order."""
    kind = ImportKind(request.kind)
    layout = layout_of(kind)
    try:
        table = read_table(Format(request.format), layout, request, content)
    except Unreadable as reason:
        yield Failure(reason.code, reason.detail)
        return
    yield Begin(len(table.rows))
    yield from _check_rows(table, kind, layout.chunk_rows, frozenset(site_id for site_id, _ in request.sites))
    yield End()


def read_table(form: Format, layout: Layout, request: Request, content: bytes) -> Table:
    """Return the rows of a file; raises Unreadable."""
    by_name: dict[str, list[UUID]] = {}
    for site_id, name in request.sites:
        by_name.setdefault(name.strip(), []).append(site_id)
    if form is Format.NDJSON and (lines := read_lines(content)):
        return Table(lines, None, by_name)
    rows = [] if form is Format.NDJSON else read_csv(content) if form is Format.CSV else read_xlsx(content)
    columns = read_head(rows[0][1] if rows else [], layout.fields, with_parameters=layout.with_parameters)
    if len(rows) < _HEAD_AND_ROW:
        raise Unreadable("empty_file", "The file has no rows; the template shows what one looks like.")
    return Table(rows[1:], columns, by_name)


def _check_rows(table: Table, kind: ImportKind, size: int, own_sites: frozenset[UUID]) -> Iterator[Chunk]:
    check, prints, pending = CHECKS[kind], Fingerprints(kind), _Pending()
    for number, (line, given) in enumerate(table.rows):
        try:
            row = _read_json(given) if table.columns is None else _read_cells(table, given)
            site_id, content = check(row)
            if site_id is not None and site_id not in own_sites:
                raise BadRow(_UNKNOWN_SITE)  # noqa: TRY301 - one place that deals with faults of a row
        except (BadRow, ValidationError) as error:
            faults = error.faults if isinstance(error, BadRow) else faults_of_error(error)
            heads = {} if table.columns is None else _heads_by_pointer(table.columns, given)
            pending.refused += [
                Refused(number, line, fault.pointer, _head_of(fault.pointer, heads), fault.code, fault.detail)
                for fault in faults[:MAX_FAULTS]
            ]
        else:
            pending.rows.append(Row(number, line, prints.take(row), content))
        if (number + 1) % size == 0 or number + 1 == len(table.rows):
            yield Chunk(number + 1, pending.rows, pending.refused)
            pending = _Pending()


def _read_json(line: bytes) -> Given:
    if len(line) > MAX_LINE_BYTES:
        raise BadRow(Fault("", "row_too_long", f"a line has at most {MAX_LINE_BYTES} bytes"))
    try:
        return Given(from_json(line, allow_inf_nan=False))
    except ValueError as error:
        raise BadRow(Fault("", "json_invalid", f"the line is not JSON: {error}")) from None


def _read_cells(table: Table, cells: Sequence[str]) -> Given:
    """Return what a row stands for."""
    body: Body = {}
    results: list[Any] = []
    columns = table.columns or ()
    if len(cells) > len(columns) and any(cells[len(columns) :]):
        raise BadRow(Fault("", "too_many_cells", f"the row has {len(cells)} cells, the head only {len(columns)}"))
    for column, cell in zip(columns, cells, strict=False):
        if not cell:
            continue
        if column is None:
            raise BadRow(Fault("", "cell_without_head", f"{cell[:40]!r} stands in a column without a head"))
        if column.parameter is not None:
            results.append(column.read(cell))
        else:
            _put(body, column.path, column.read(cell))
    if _SITE[0] in body:
        _name_site(body, table.ids_by_name)
    return Given(body, results)


def _put(body: Body, path: Sequence[str], value: object) -> None:
    for step in path[:-1]:
        body = body.setdefault(step, {})
    body[path[-1]] = value


def _name_site(body: Body, ids_by_name: Mapping[str, list[UUID]]) -> None:
    """Put the id of a site in place of its name."""
    name = body.pop("site")
    found = ids_by_name.get(name, [])
    if len(found) != 1:
        detail = f"there is no site of yours called {name[:80]!r}"
        if found:
            detail = f"{len(found)} of your sites are called {name[:80]!r}; give site_id"
        raise BadRow(Fault("/site_id", "ambiguous_site" if found else "unknown_site", detail))
    if body.setdefault("site_id", str(found[0])) != str(found[0]):
        raise BadRow(Fault("/site_id", "ambiguous_site", "site and site_id name different sites"))


def _heads_by_pointer(columns: Sequence[Column | None], cells: Sequence[str]) -> dict[str, str]:
    """Return which column each part of the body came from; one that is empty stands for what is missing there."""
    heads: dict[str, str] = {}
    results = 0
    for column, cell in zip_longest(columns, cells[: len(columns)], fillvalue=""):
        if not isinstance(column, Column):
            continue
        if column.path == _SITE and (cell or "/site_id" not in heads):
            heads["/site_id"] = column.head
        elif column.parameter is None:
            heads.setdefault("/" + "/".join(column.path), column.head)
        elif cell:
            heads[f"/assay/results/{results}"] = column.head
            results += 1
    return heads


def _head_of(pointer: str, heads: Mapping[str, str]) -> str | None:
    """Return the head of the column that a pointer leads to."""
    while pointer:
        if pointer in heads:
            return heads[pointer][:200]
        pointer = pointer.rpartition("/")[0]
    return None
