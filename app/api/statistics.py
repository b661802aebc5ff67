"""Statistics: utilisation rates and balances of what the caller may see."""

from typing import Annotated, Any

from fastapi import Depends, Query, Response

from app.api.problems import problem_responses
from app.api.routing import Router
from app.auth.actor import Actor, Scope
from app.dependencies.callers import Allow
from app.dependencies.sessions import SnapshotSession
from app.statistics.exports import make_table, write_csv, write_xlsx
from app.statistics.parquet import write_parquet
from app.statistics.queries import read_utilisation
from app.statistics.schemas import UtilisationQuery, UtilisationStatistics

router = Router(prefix="/statistics", tags=["statistics"])
Reader = Annotated[Actor, Depends(Allow(scope=Scope.STATISTICS_READ))]
_MEDIA_TYPES = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}
_FILES: dict[str, Any] = {
    "content": {
        media_type: {"schema": {"type": "string"} | ({} if form == "csv" else {"format": "binary"})}
        for form, media_type in _MEDIA_TYPES.items()
    }
}


@router.get(
    "/utilisation",
    response_model=UtilisationStatistics,
    summary="Read utilisation rates",
    responses={200: _FILES, **problem_responses(403, 422)},
)
def get_utilisation_statistics(
    query: Annotated[UtilisationQuery, Query()], session: SnapshotSession, actor: Reader
) -> Response:
    """Read rates and balances: an authority those of its jurisdiction, a producer or recycler its own.

    As a file (`format`), each key has its Chinese name beside it; CSV and XLSX end with the total, Parquet has it in
    its metadata `statistics`. What a rate is of, its formula and streams and the rest that the JSON says beside its
    rows, stands there too, in the workbook on its second sheet, in CSV in the columns `about_…` of every line.
    """
    answer = read_utilisation(session, actor, query)
    if query.format == "json":
        # Validating and converting what is known to be right would take as long as reading it.
        content = answer.model_dump_json(by_alias=True, exclude_unset=True)
        return Response(content, media_type="application/json")
    table = make_table(answer, query)
    if query.format == "csv":
        file = write_csv(table, answer)
    else:
        file = (write_xlsx if query.format == "xlsx" else write_parquet)(table, answer)
    name = f"utilisation_{query.from_month}_{query.to_month}.{query.format}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(file, media_type=_MEDIA_TYPES[query.format], headers=headers)
