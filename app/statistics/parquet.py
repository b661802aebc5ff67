"""Answers of the statistics as Parquet: exact decimals, and all that the JSON says beside its rows as metadata."""

import io
import json
from typing import TYPE_CHECKING, Any

from app.core.errors import invalid
from app.statistics.exports import Table, name_in_chinese
from app.statistics.schemas import UtilisationStatistics

if TYPE_CHECKING:
    import pyarrow as pa

_DIGITS, _TONNE_PLACES, _PCT_PLACES = 18, 3, 2


def write_parquet(table: Table, answer: UtilisationStatistics) -> bytes:
    """Return the rows, or without columns the total as the one row.

    The total of rows stands in the metadata `statistics`, so that adding up a column does not count it twice. Raises
    Invalid `format_not_installed` where the library is not: it is an extra, and is loaded when it is first needed.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415 - takes half a second and 60 MB, for few answers
        import pyarrow.parquet as pq  # noqa: PLC0415 - the same
    except ImportError:
        detail = "this server is set up without Parquet; ask for csv or xlsx, or have its extra `parquet` installed"
        raise invalid("format", "format_not_installed", detail) from None
    rows = table.rows or ([] if table.columns else [table.total])
    fields = [_field(pa, name) for name in table.names]
    columns = [
        pa.array([_plain(row[number], pa, field) for row in rows], type=field.type)
        for number, field in enumerate(fields)
    ]
    facts = json.dumps(answer.model_dump(mode="json", by_alias=True, exclude={"items"}), ensure_ascii=False)
    schema = pa.schema(fields, metadata={"statistics": facts})
    file = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(columns, schema=schema), file)
    return file.getvalue()


def _field(arrow: Any, name: str) -> "pa.Field":  # noqa: ANN401 - the module
    kind = arrow.string()
    if name.endswith(("_t", "_pct")):
        kind = arrow.decimal128(_DIGITS, _TONNE_PLACES if name.endswith("_t") else _PCT_PLACES)
    return arrow.field(name, kind, metadata={"name_zh": name_in_chinese(name)})


def _plain(value: Any, arrow: Any, field: "pa.Field") -> Any:  # noqa: ANN401 - a cell
    return str(value) if value is not None and field.type == arrow.string() else value
