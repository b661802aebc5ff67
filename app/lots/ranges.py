"""The range of values seen of each material and parameter; read before it is written, for few assays widen one."""

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from typing import Any

from sqlalchemy import Table, case, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import Insert

from app.lots.models import ParameterRange

#: Parameter → lowest and highest value, in the parameter's unit and basis.
Ranges = Mapping[str, tuple[float, float]]
_TABLE: Table = ParameterRange.__table__  # type: ignore[assignment]  # a mapped class has a Table


def ranges_of(assays: Iterable[Mapping[str, Any]]) -> dict[str, tuple[float, float]]:
    """Return the ranges of the finite numbers in assays of one material; each maps parameter to value."""
    values: dict[str, list[Any]] = defaultdict(list)
    for assay in assays:
        for parameter, value in assay.items():
            values[parameter].append(value)
    numbers = {parameter: list(filter(_is_number, found)) for parameter, found in values.items()}
    return {parameter: (min(found), max(found)) for parameter, found in numbers.items() if found}


def _is_number(value: object) -> bool:
    return isinstance(value, float | int) and not isinstance(value, bool) and math.isfinite(value)


def read_ranges(session: Session, materials: Collection[str]) -> dict[str, dict[str, tuple[float, float]]]:
    """Return material → parameter → lowest and highest value seen; what was never measured is not there."""
    found: dict[str, dict[str, tuple[float, float]]] = {material: {} for material in materials}
    columns = _TABLE.c
    query = select(columns.material, columns.parameter, columns.lowest, columns.highest)
    for material, parameter, lowest, highest in session.execute(query.where(columns.material.in_(materials))):
        found[material][parameter] = (lowest, highest)
    return found


def widen_ranges(session: Session, seen: Mapping[str, Ranges]) -> None:
    """Make the stored ranges take in those seen of each material, in the caller's transaction.

    What lies inside costs one read and no lock. The rest is one upsert in the order of material and parameter, so
    that two transactions which call this once each never wait for one another in turn; a transaction that stores
    many assays calls it once, for all of them.
    """
    stored = read_ranges(session, list(seen))
    rows = [
        {"material": material, "parameter": parameter, "lowest": low, "highest": high}
        for material, ranges in sorted(seen.items())
        for parameter, (low, high) in sorted(ranges.items())
        if not _holds(stored[material].get(parameter), low, high)
    ]
    if rows:
        session.execute(_widening(session.get_bind().dialect.name), rows)


def _holds(stored: tuple[float, float] | None, low: float, high: float) -> bool:
    return stored is not None and stored[0] <= low and high <= stored[1]


@cache
def _widening(dialect_name: str) -> Insert:
    """Return the upsert: another transaction may have widened the row meanwhile, so both ends are compared again."""
    dialect = postgresql if dialect_name == "postgresql" else sqlite
    adding = dialect.insert(_TABLE)
    stored, new = _TABLE.c, adding.excluded
    statement: Insert = adding.on_conflict_do_update(
        index_elements=[stored.material, stored.parameter],
        set_={
            "lowest": case((new.lowest < stored.lowest, new.lowest), else_=stored.lowest),
            "highest": case((new.highest > stored.highest, new.highest), else_=stored.highest),
        },
        where=or_(new.lowest < stored.lowest, new.highest > stored.highest),
    )
    return statement
