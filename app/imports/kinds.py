"""What can be imported, and from which formats."""

from collections.abc import Mapping
from enum import StrEnum


class ImportKind(StrEnum):
    """What the rows of a file are."""

    LOTS = "lots_import"
    SHIPMENTS = "shipments_import"
    DECLARATIONS = "declarations_import"


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
