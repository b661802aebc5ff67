"""Sample values by field name, so that the document shows answers that look like answers."""

import re
from collections.abc import Mapping
from typing import Any

from app.api.example_ids import OWN_SITE, PROPOSAL

#: By field name; what is not here goes by its unit.
_BY_NAME: Mapping[str, Any] = {
    "code": "invalid_request",
    "detail": "limit: Input should be less than or equal to 100",
    "district_code": "500115",
    "id": PROPOSAL,
    "key": "phosphogypsum",
    "latitude": 29.83615,
    "longitude": 107.07041,
    "material": "phosphogypsum",
    "month": "2026-03",
    "name": "长寿厂区一号门",
    "next_cursor": None,
    "parameter": "soluble_p2o5",
    "pointer": "limit",
    "site_id": OWN_SITE,
    "stock_year": 2024,
    "unit": "%",
    "use": "cement_retarder",
    "version": 3,
}
#: By the end of the name, which is the unit; the longest one decides.
_BY_UNIT: Mapping[str, Any] = {
    "_at": "2026-03-31T09:30:00Z",
    "_cny_per_t": -15.5,
    "_id": PROPOSAL,
    "_km": 41.237,
    "_cny_per_t_km": 0.5,
    "_fixed_cny_per_t": 3.0,
    "_on": "2026-03-31",
    "_pct": 53.7,
    "_t": 1200.5,
    "max_distance_km": 300.0,
}
_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "number": (int, float),
    "integer": int,
    "null": type(None),
}


def example_of(name: str, schema: Mapping[str, Any]) -> list[Any]:
    """Return the sample values of a field: one, or none where its values are of another kind."""
    if "const" in schema or "enum" in schema:
        return [schema.get("const", schema.get("enum", [None])[0])]
    endings = [ending for ending in _BY_UNIT if name.endswith(ending)]
    value = _BY_NAME.get(name, _BY_UNIT[max(endings, key=len)] if endings else ...)
    kinds = schema.get("type", [])
    fits = any(isinstance(value, _TYPES.get(kind, ())) for kind in ([kinds] if isinstance(kinds, str) else kinds))
    if isinstance(value, str) and re.search(schema.get("pattern", ""), value) is None:
        fits = False
    return [value] if fits else []
