"""Exact tonnes and yuan: integers of kilograms and fen in the database, `Decimal` in Python, numbers in JSON."""

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Any

from pydantic import Field, PlainSerializer
from sqlalchemy import BigInteger, Dialect
from sqlalchemy.types import TypeDecorator

KILOGRAM = Decimal("0.001")
FEN = Decimal("0.01")
ZERO = Decimal(0)


def _scaled(value: Decimal, places: int) -> int:
    """Return `value` times 10**places as an integer; a finer value is an error of ours, never rounded away."""
    scaled = value.scaleb(places)
    if scaled != scaled.to_integral_value():
        msg = f"{value} is finer than {places} decimals"
        raise ValueError(msg)
    return int(scaled)


class ScaledInteger(TypeDecorator[Decimal]):
    """A decimal of fixed places, stored as BIGINT; shared by tonnes (kg) and yuan (fen)."""

    impl = BigInteger
    cache_ok = True
    places = 0

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Decimal to integer."""
        return None if value is None else _scaled(Decimal(value), self.places)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any | None], Decimal | None]:  # noqa: ARG002
        """Return what makes a Decimal of an integer, or of the numeric that PostgreSQL makes of a sum.

        By `process_result_value` each value would pass a second function.
        """
        exponent = -self.places
        zero = ZERO.scaleb(exponent)  # most figures of statistics are

        def process(value: Any | None) -> Decimal | None:  # noqa: ANN401 - of either driver
            if value is None:
                return None
            return Decimal(value).scaleb(exponent) if value else zero

        return process


class TonnesType(ScaledInteger):
    """Tonnes as received in Python, kilograms in the database."""

    cache_ok = True
    places = 3


class YuanType(ScaledInteger):
    """Yuan in Python, fen in the database."""

    cache_ok = True
    places = 2


class FreightRateType(ScaledInteger):
    """Yuan per tonne-kilometre in Python, ten-thousandths of a yuan in the database."""

    cache_ok = True
    places = 4


_as_number = PlainSerializer(float, return_type=float, when_used="json")

#: Tonnes in a body: 3 decimals, exact; bounds are added where they are used.
Tonnes = Annotated[Decimal, Field(max_digits=15, decimal_places=3, allow_inf_nan=False), _as_number]
PositiveTonnes = Annotated[Tonnes, Field(gt=0)]
NonNegativeTonnes = Annotated[Tonnes, Field(ge=0)]
#: Yuan per tonne: 2 decimals, exact; negative where the producer pays.
YuanPerTonne = Annotated[Decimal, Field(max_digits=9, decimal_places=2, allow_inf_nan=False), _as_number]
#: Freight in yuan per tonne and kilometre: 4 decimals, exact; lorries cost about half a yuan.
FreightRate = Annotated[Decimal, Field(ge=0, le=10, decimal_places=4, allow_inf_nan=False), _as_number]
#: Freight in yuan per tonne whatever the distance: 2 decimals, exact.
FreightFixed = Annotated[Decimal, Field(ge=0, le=10_000, decimal_places=2, allow_inf_nan=False), _as_number]
Percent = Annotated[Decimal, Field(ge=0, le=100, max_digits=9, decimal_places=6, allow_inf_nan=False), _as_number]
#: A number of any decimals that goes out as a JSON number.
Number = Annotated[Decimal, Field(allow_inf_nan=False), _as_number]


def half_up(value: Decimal, unit: Decimal = FEN) -> Decimal:
    """Round to a multiple of `unit` (0.01, 0.001), halves away from zero."""
    return value.quantize(unit, rounding=ROUND_HALF_UP)
