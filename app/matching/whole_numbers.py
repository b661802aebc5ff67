"""Rounding in SQL that both engines do alike, bit by bit: sums, products and quotients of doubles are IEEE 754 in both.

Only what the engines do differently is written out here: PostgreSQL casts a double to the nearest integer, SQLite cuts
it off; and the greatest of several values is `greatest` in one and `max` in the other.
"""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Float, case, cast, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction


class greatest(GenericFunction[Any]):  # noqa: N801 - the name of the SQL function
    """The greatest of two or more values."""

    inherit_cache = True


@compiles(greatest, "sqlite")
def _compile_greatest(element: greatest, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's
    return f"max{compiler.process(element.clause_expr, **options)}"


def floor_of(value: ColumnElement[Any]) -> ColumnElement[int]:
    """Return the greatest integer that is not above a double; its size must be below 2**63."""
    cut = cast(value, BigInteger)
    return cut - case((cast(cut, Float(53)) > value, 1), else_=0)


def nearest_to(value: ColumnElement[Any]) -> ColumnElement[int]:
    """Return the nearest integer of a double, halves upwards: `math.floor(value + 0.5)` in Python."""
    return floor_of(value + as_double(0.5))


def as_double(number: float) -> ColumnElement[float]:
    """Return a constant that the database takes for a double."""
    return literal(number, Float(53))
