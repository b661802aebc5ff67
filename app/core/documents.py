"""JSON as it is answered: decimals as exact numbers, instants in UTC, and parts that were written before."""

from typing import Any

import msgspec
from pydantic import BaseModel

#: What becomes one JSON object: names as they are answered.
Document = dict[str, Any]


def write_json(value: Any) -> bytes:  # noqa: ANN401 - whatever makes JSON
    """Return the JSON of documents, dataclasses, lists, decimals, days, instants, ids and parts written before."""
    return _encoder.encode(value)


def written_part(text: str) -> msgspec.Raw:
    """Return JSON text that goes into a document as it is."""
    return msgspec.Raw(text)


def _plain(value: Any) -> Any:  # noqa: ANN401 - msgspec's own way to extend it
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    raise NotImplementedError(f"no JSON is known of {type(value).__name__}")


_encoder = msgspec.json.Encoder(decimal_format="number", enc_hook=_plain)
