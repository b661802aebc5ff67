"""Limits as balances: edges after rounding, dry and wet mass, what is not known; worked by hand."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from app.blends.mixtures import Row
from app.blends.requirements import list_requirements, make_rows
from app.catalogue.schemas import FigureStatus, Rounding
from app.matching.limits import Criterion
from app.matching.specification import make_criterion
from app.matching.verdict import LotFacts, Specification

DAY = date(2026, 7, 1)


def _lot(on: date | None = DAY, **assay: float | str) -> LotFacts:
    return LotFacts("phosphogypsum", None, assay, on)


def _rows(criterion: Criterion, *lots: LotFacts, takes_unknown: bool = False) -> tuple[Row, ...]:
    (requirement,) = list_requirements(
        Specification(criteria=(criterion,), assays_since=DAY), takes_unknown=takes_unknown
    )
    return make_rows(requirement, lots)


def _loads(*loads: str | None, strict: bool = False) -> Row:
    return Row(tuple(None if load is None else Fraction(load) for load in loads), strict)


def test_a_content_counts_by_dry_mass() -> None:
    limit = make_criterion("soluble_p2o5", "demand", maximum=Decimal("0.2"))
    lots = _lot(soluble_p2o5=0.3, moisture=10.0), _lot(soluble_p2o5=0.15, moisture=40.0)
    assert _rows(limit, *lots) == (_loads("0.09", "-0.03"),)


def test_moisture_counts_by_wet_mass() -> None:
    limit = make_criterion("moisture", "demand", minimum=Decimal(5), maximum=Decimal(20))
    assert _rows(limit, _lot(moisture=25.0), _lot(moisture=10.0)) == (_loads("-20", "-5"), _loads("5", "-10"))


def test_a_limit_of_a_standard_that_rounds_reaches_half_a_step_farther() -> None:
    lot = _lot(igamma=1.3, moisture=0.0)
    even = make_criterion("igamma", "grade x", maximum=Decimal("1.0"), rounding=Rounding.GBT8170)
    odd = make_criterion("igamma", "grade x", maximum=Decimal("1.3"), rounding=Rounding.GBT8170)
    assert _rows(even, lot) == (_loads("0.25"),)
    assert _rows(odd, lot) == (_loads("-0.05", strict=True),)


def test_without_moisture_a_lot_takes_in_full_and_gives_nothing() -> None:
    limit = make_criterion("soluble_p2o5", "demand", maximum=Decimal("0.2"))
    assert _rows(limit, _lot(soluble_p2o5=0.3), _lot(soluble_p2o5=0.1)) == (_loads("0.1", "0"),)
    odd = make_criterion("igamma", "grade x", maximum=Decimal("1.3"), rounding=Rounding.GBT8170)
    assert _rows(odd, _lot(igamma=1.3)) == (_loads("-0.000005", strict=True),)


def test_what_is_not_measured_or_too_old_keeps_a_lot_out() -> None:
    limit = make_criterion("soluble_p2o5", "demand", maximum=Decimal("0.2"))
    old = _lot(DAY - timedelta(1), soluble_p2o5=0.1, moisture=10.0)
    assert _rows(limit, _lot(moisture=10.0), old, takes_unknown=True) == (_loads(None, None),)


def test_what_does_not_mix_is_asked_of_each_lot() -> None:
    limit = make_criterion("ph", "demand", minimum=Decimal(6), maximum=Decimal(9))
    assert _rows(limit, _lot(ph=7.0), _lot(ph=5.0), _lot()) == (_loads("0", None, None),)
    wanted = make_criterion("waste_class", "demand", equals="I")
    assert _rows(wanted, _lot(waste_class="I"), _lot(waste_class="II")) == (_loads("0", None),)


def test_a_draft_rejects_only_who_wants_certainty() -> None:
    limit = make_criterion("moisture", "grade x", maximum=Decimal(15), status=FigureStatus.DRAFT)
    assert _rows(limit, _lot(moisture=20.0)) == (_loads("5"),)
    assert _rows(limit, _lot(moisture=20.0), takes_unknown=True) == ()
