"""What two answers to the same question differ in. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from app.statistics.schemas import FIGURES
from app.statistics.snapshot_schemas import FigureChange, RowChange

Row = Mapping[str, Any]


def compare_figures(was: Row, now: Row) -> list[FigureChange]:
    """Return the figures that differ, in the order of the answer; rows are as JSON has them."""
    changes = []
    for figure in FIGURES:
        before, after = _decimal(was.get(figure)), _decimal(now.get(figure))
        if before != after:
            change = None if before is None or after is None else after - before
            changes.append(FigureChange(figure=figure, was=before, now=after, change=change))
    return changes


def compare_rows(was: Sequence[Row], now: Sequence[Row]) -> Iterator[RowChange]:
    """Yield what differs row by row: in the order of the new answer, rows that are gone last."""
    before = {_key(row): row for row in was}
    for row in now:
        old = before.pop(_key(row), None)
        if old is None:
            yield RowChange(row=_groups(row), presence="added", figures=compare_figures({}, row))
        elif changes := compare_figures(old, row):
            yield RowChange(row=_groups(row), presence="changed", figures=changes)
    for old in before.values():
        yield RowChange(row=_groups(old), presence="gone", figures=compare_figures(old, {}))


def _groups(row: Row) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in FIGURES}


def _key(row: Row) -> tuple[tuple[str, Any], ...]:
    """Return what a row is of; names of organisations and sites may change meanwhile."""
    return tuple((name, value) for name, value in _groups(row).items() if not name.endswith("_name"))


def _decimal(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(value))
