"""Delivered cost per tonne of dry matter and of its active component, in Python and, to the fen the same, in SQL.

Both compute with integers: fen, and shares of 100 % in millionths of a per cent. Quotients are rounded half away from
zero. What cannot be priced (no moisture or content, nothing dry, beyond 100 million yuan) is None, and sorts last.
"""

import math
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, and_, case, false, func, literal, null

from app.core.quantities import FEN
from app.lots.models import Lot
from app.matching.whole_numbers import as_double, nearest_to

MOISTURE = "moisture"
_MILLIONTHS = 1e6
_WHOLE = 100_000_000  # 100 % in millionths of a per cent
_BIG_WHOLE = literal(_WHOLE, BigInteger)
#: Keeps every step below 2**63, also for the hostile price of a slurry.
_MOST_FEN = 10_000_000_000


def cny_per_dry_tonne(delivered_cny_per_t: Decimal, moisture_pct: float | None) -> Decimal | None:
    """Return the cost of a tonne of dry matter in yuan."""
    fen, dryness = int(delivered_cny_per_t / FEN), _dryness(moisture_pct)
    if not _can_be_priced(fen, dryness):
        return None
    return _in_yuan(fen, (2 * abs(fen) * _WHOLE + dryness) // (2 * dryness))


def cny_per_active_tonne(
    delivered_cny_per_t: Decimal, moisture_pct: float | None, content_pct: float | None
) -> Decimal | None:
    """Return the cost of a tonne of active component in yuan; its content is per cent of the dry matter."""
    fen, dryness = int(delivered_cny_per_t / FEN), _dryness(moisture_pct)
    content = 0 if content_pct is None else _millionths(content_pct)
    if content <= 0 or not _can_be_priced(fen, dryness):
        return None
    return _in_yuan(fen, (2 * abs(fen) * _WHOLE**2 + dryness * content) // (2 * dryness * content))


def _dryness(moisture_pct: float | None) -> int:
    return 0 if moisture_pct is None else _millionths(100.0 - moisture_pct)


def _millionths(pct: float) -> int:
    return math.floor(pct * _MILLIONTHS + 0.5)


def _can_be_priced(fen: int, dryness: int) -> bool:
    return 0 < dryness <= _WHOLE and abs(fen) * _WHOLE // dryness < _MOST_FEN


def _in_yuan(sign_of: int, fen: int) -> Decimal:
    return (-fen if sign_of < 0 else fen) * FEN


def fen_per_dry_tonne(delivered_fen: ColumnElement[int]) -> ColumnElement[int | None]:
    """Return the cost of a tonne of dry matter of `lots` in fen, NULL where it has none."""
    dryness = _dryness_column()
    dividend = func.abs(delivered_fen) * _BIG_WHOLE
    cost = (2 * dividend + dryness) // (2 * dryness)
    return case((_is_priced(delivered_fen, dryness), _with_sign(delivered_fen, cost)), else_=null())


def fen_per_active_tonne(delivered_fen: ColumnElement[int], component: str) -> ColumnElement[int | None]:
    """Return the cost of a tonne of a component of `lots` in fen, NULL where it has none."""
    dryness, content = _dryness_column(), nearest_to(_pct(component) * as_double(_MILLIONTHS))
    dividend = func.abs(delivered_fen) * _BIG_WHOLE
    # Long division: the dividend at once, fen times 10**16, would not go into 64 bits.
    rest = dividend % dryness * _BIG_WHOLE
    per_dry = dividend // dryness * _BIG_WHOLE + rest // dryness
    cost = (2 * per_dry + content + 2 * (rest % dryness) // dryness) // (2 * content)
    is_priced = and_(content > 0, _is_priced(delivered_fen, dryness))
    return case((is_priced, _with_sign(delivered_fen, cost)), else_=null())


def _pct(parameter: str) -> Any:  # noqa: ANN401 - a number of the assay
    return Lot.current_assay[parameter].as_float()


def _dryness_column() -> ColumnElement[int]:
    return nearest_to((as_double(100.0) - _pct(MOISTURE)) * as_double(_MILLIONTHS))


def _is_priced(delivered_fen: ColumnElement[int], dryness: ColumnElement[int]) -> ColumnElement[bool]:
    # A CASE of its own, since AND does not say which side comes first and the other one must not divide by zero.
    can_divide = dryness.between(1, _WHOLE)
    return case((can_divide, func.abs(delivered_fen) * _BIG_WHOLE // dryness < _MOST_FEN), else_=false())


def _with_sign(of: ColumnElement[int], cost: ColumnElement[int]) -> ColumnElement[int]:
    return case((of < 0, -cost), else_=cost)
