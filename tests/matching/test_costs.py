"""Delivered cost per dry and per active tonne: worked by hand, and alike in Python, SQL and exact fractions."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from random import Random
from uuid import UUID

import pytest
from sqlalchemy import BigInteger, literal, select

from app.core.clock import today
from app.core.database import Database
from app.core.quantities import FEN
from app.lots.models import Lot
from app.matching.costs import cny_per_active_tonne, cny_per_dry_tonne, fen_per_active_tonne, fen_per_dry_tonne
from tests.matching.market import OWN, LotMade, Market, SiteMade, make_owners

CONTENT = "caso4_2h2o"


@pytest.mark.parametrize(
    ("delivered", "moisture", "content", "dry", "active"),
    [
        ("7.18", 16.3, 91.2, "8.58", "9.41"),  # 7.18 / 0.837 = 8.5783; / 0.912 = 9.4060
        ("7.18", 20, 100, "8.98", "8.98"),  # 8.975: half goes up
        ("-7.18", 20, 100, "-8.98", "-8.98"),  # and away from zero
        ("0", 20, 85, "0.00", "0.00"),
        ("7.18", 0, 50, "7.18", "14.36"),
        ("7.18", None, 91.2, None, None),
        ("7.18", 16.3, None, "8.58", None),
        ("7.18", 16.3, 0, "8.58", None),
        ("7.18", 100, 91.2, None, None),
        ("9999999.99", 99.999999, 91.2, None, None),  # a price that nobody means
    ],
)
def test_costs_by_hand(
    delivered: str, moisture: float | None, content: float | None, dry: str | None, active: str | None
) -> None:
    assert _text(cny_per_dry_tonne(Decimal(delivered), moisture)) == dry
    assert _text(cny_per_active_tonne(Decimal(delivered), moisture, content)) == active


def _text(cost: Decimal | None) -> str | None:
    return None if cost is None else str(cost)


def _exact(fen: int, *shares_pct: float) -> Decimal:
    cost = Fraction(fen)
    for share in shares_pct:
        cost /= Fraction(repr(share)) / 100
    rounded = (Decimal(cost.numerator) / Decimal(cost.denominator)).quantize(Decimal(1), rounding=ROUND_HALF_UP)
    return rounded * FEN


def test_both_engines_compute_what_python_computes(database: Database) -> None:
    random = Random(3)
    assays: list[dict[str, float] | None] = [
        None,
        {CONTENT: 90.0},
        {"moisture": 20},
        {"moisture": 100.0, CONTENT: 90.0},
    ]
    assays += [{"moisture": 99.999999, CONTENT: 1e-6}, {"moisture": -20.0, CONTENT: 50.0}]
    assays += [{"moisture": 20.0, CONTENT: 0.0}, {"moisture": 0.0, CONTENT: 1e11}]
    assays += [
        {"moisture": round(random.uniform(0, 60), random.choice([0, 1, 4, 6, 10])), CONTENT: random.choice([50, 87.5])}
        for _ in range(60)
    ]
    market = Market(database, make_owners(database))
    market.fill([SiteMade((29.8, 107.0), None, OWN)], [_lot(assay) for assay in assays])
    with database.read() as session:
        for fen in (0, 1, -1, 718, -718, 123_456, 999_999_999, -999_999_999):
            delivered = literal(fen, BigInteger)
            columns = Lot.id, fen_per_dry_tonne(delivered), fen_per_active_tonne(delivered, CONTENT)
            found = {UUID(str(row[0])): tuple(row[1:]) for row in session.execute(select(*columns))}
            for lot_id, assay in zip(market.ids, assays, strict=True):
                moisture, content = (assay or {}).get("moisture"), (assay or {}).get(CONTENT)
                dry = cny_per_dry_tonne(fen * FEN, moisture)
                active = cny_per_active_tonne(fen * FEN, moisture, content)
                assert found[lot_id] == (_to_fen(dry), _to_fen(active)), (fen, assay)


def test_costs_are_the_exact_quotients_rounded() -> None:
    random = Random(7)
    for _ in range(2000):
        fen = random.randint(-100_000, 100_000)
        moisture = random.choice([random.randint(0, 600) / 10, random.randint(0, 6_000_000) / 100_000])
        content = random.randint(1, 10_000) / 100
        dryness = float(Decimal(100) - Decimal(repr(moisture)))
        assert cny_per_dry_tonne(fen * FEN, moisture) == _exact(fen, dryness)
        assert cny_per_active_tonne(fen * FEN, moisture, content) == _exact(fen, dryness, content)


def _to_fen(cost: Decimal | None) -> int | None:
    return None if cost is None else int(cost / FEN)


def _lot(assay: dict[str, float] | None) -> LotMade:
    return LotMade(0, "phosphogypsum", Decimal(0), Decimal(9), Decimal(0), (today(), today()), "open", None, assay)
