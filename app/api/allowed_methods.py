"""Which methods a path takes: routers know one route at a time, and a refusal must name them all."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any


def find_methods(paths: Mapping[str, Mapping[str, Any]], path: str) -> list[str]:
    """Return the methods of a path by the document's `paths`; of templates that fit, the most literal counts."""
    fitting = [template for template in paths if _pattern(template).fullmatch(path)]
    if not fitting:
        return []
    return sorted(method.upper() for method in paths[min(fitting, key=lambda template: template.count("{"))])


@lru_cache(maxsize=1000)
def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(
        "".join("[^/]+" if part[0] == "{" else re.escape(part) for part in re.findall(r"{\w+}|[^{]+", template))
    )
