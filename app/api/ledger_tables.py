"""The statutory ledger tables as JSON, CSV and workbooks."""

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Annotated, Any

from fastapi import Depends, Path, Query, Response
from fastapi.responses import StreamingResponse

from app.api.problems import problem_responses
from app.api.routing import Router
from app.auth.actor import Actor, Role, Scope
from app.dependencies.callers import Allow
from app.dependencies.sessions import SnapshotSession
from app.imports.kinds import MEDIA_TYPES, Format
from app.statutory.schemas import LedgerTableQuery, LedgerTableRead
from app.statutory.tables import FilledTable, fill_table
from app.statutory.writing import write_csv_table, write_json_table, write_xlsx_table

router = Router(prefix="/ledger/tables", tags=["ledger"])
Reader = Annotated[Actor, Depends(Allow(Role.PRODUCER, Role.RECYCLER, Role.GOVERNMENT, scope=Scope.STATISTICS_READ))]
Number = Annotated[int, Path(ge=1, le=7, description="Number of the table in the guide.")]
_XLSX = next(media_type for media_type, form in MEDIA_TYPES.items() if form is Format.XLSX)
_WRITERS: Mapping[str, tuple[Callable[[FilledTable, IO[bytes]], None], str]] = {
    "json": (write_json_table, "application/json"),
    "csv": (write_csv_table, "text/csv"),
    "xlsx": (write_xlsx_table, _XLSX),
}
_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {
        "model": LedgerTableRead,
        "content": {
            "text/csv": {"schema": {"type": "string"}},
            _XLSX: {"schema": {"type": "string", "format": "binary"}},
        },
    }
}
_CHUNK_BYTES = 65_536
#: Tables of a few hundred rows need no file on the disk.
_IN_MEMORY_BYTES = 1_000_000


@router.get(
    "/{number}",
    response_class=Response,
    summary="Read a statutory ledger table",
    responses=_ANSWER | problem_responses(403, 404, 422),
)
def get_ledger_table(
    number: Number, query: Annotated[LedgerTableQuery, Query()], session: SnapshotSession, actor: Reader
) -> Response:
    """Read one of the seven tables of the national guide 一般工业固体废物管理台账 of one's own site.

    Table 1 is of a year, the others of a month. An authority reads those of the sites in its jurisdiction, with plates
    and without drivers. Cells are empty where the exchange keeps nothing; `notes` and `empty_columns` say which.
    """
    table = fill_table(session, actor, number, query)
    write, media_type = _WRITERS[query.format]
    with contextlib.ExitStack() as opened:
        # Written whole before it is sent: what goes wrong is an answer, and no slow reader keeps the snapshot open.
        file = opened.enter_context(tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES))
        write(table, file)
        headers = {"Content-Length": str(file.tell())}
        if query.format != "json":
            name = f"ledger_table_{number}_{table.period}.{query.format}"
            headers["Content-Disposition"] = f'attachment; filename="{name}"'
        file.seek(0)
        opened.pop_all()  # from here on it is open until it has been sent
    return StreamingResponse(_chunks(file), media_type=media_type, headers=headers)


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk
