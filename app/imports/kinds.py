"""What can be imported, and from which formats."""

from collections.abc import Mapping
from enum import StrEnum

from app.auth.actor import Scope


class ImportKind(StrEnum):
    """What the rows of a file are."""

    LOTS = "lots_import"
    SHIPMENTS = "shipments_import"
    DECLARATIONS = "declarations_import"


#: What handing in and cancelling a file of each kind needs; whoever lacks it later, its file lands no further.
SCOPES: Mapping[str, Scope] = {
    ImportKind.LOTS: Scope.LOTS_WRITE,
    ImportKind.SHIPMENTS: Scope.SHIPMENTS_WRITE,
    ImportKind.DECLARATIONS: Scope.LEDGER_WRITE,
}


class Format(StrEnum):
    """How a file is written."""

    CSV = "csv"
    NDJSON = "ndjson"
    XLSX = "xlsx"


#: By the media type of a request.
MEDIA_TYPES: Mapping[str, Format] = {
    "text/csv": Format.CSV,
    "application/x-ndjson": Format.NDJSON,
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": Format.XLSX,
}
